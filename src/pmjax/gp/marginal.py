"""Marginal Gaussian processes: normal observations, with the function integrated out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.errors import ModelError
from pmjax.gp.cov import WhiteNoise
from pmjax.gp.covariance import BaseCovariance, as_inputs
from pmjax.gp.process import Base, conditional_cov, conditional_mean, families
from pmjax.gp.state_space import as_state_space
from pmjax.gp.util import (
    JITTER_DEFAULT,
    conditional_factor,
    conditioned_vars,
    factor,
    replace_with_values,
    stabilize,
)
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.model.named import Potential
from pmjax.numerics.cholesky import stable_cholesky


def _noise(sigma: Any) -> BaseCovariance:
    return sigma if isinstance(sigma, BaseCovariance) else WhiteNoise(sigma)


@conditioned_vars(["X", "y", "sigma"])
class Marginal(Base):
    """A Gaussian process seen through normal noise; its values are integrated out of the likelihood.

    Parameters
    ----------
    mean_func : Mean, default 0
    cov_func : Covariance

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> x = np.linspace(0, 1, 5)[:, None]
    >>> with pm.Model() as model:
    ...     ls = pm.HalfNormal("ls")
    ...     gp = pm.gp.Marginal(cov_func=pm.gp.cov.ExpQuad(1, ls))
    ...     y = gp.marginal_likelihood("y", X=x, y=np.sin(x[:, 0]), sigma=0.1)
    ...     mu, var = gp.predict(np.array([[0.5]]), point={"ls": 0.5}, diag=True)
    >>> [round(float(v), 2) for v in mu]
    [0.48]
    """

    def marginal_likelihood(
        self,
        name: str,
        X: Any,
        y: Any,
        sigma: Any,
        jitter: float = JITTER_DEFAULT,
        is_observed: bool = True,
        **kwargs: Any,
    ) -> Variable:
        """Declare the observations: normal with mean m(X) and covariance K(X, X) + noise.

        Parameters
        ----------
        name : str
        X : array or Variable, shape (n, d)
        y : array or Variable, shape (n,)
        sigma : number, Variable, or Covariance
            The standard deviation of the noise, or its covariance function.
        jitter : float
            Added to the diagonal.
        is_observed : bool
            Whether `y` is the value of the variable; without it the variable is free.

        Returns
        -------
        Variable, shape (n,)

        Notes
        -----
        A sum of Matérn functions (Exponential, Matern12, Matern32, Matern52) of one column of data, constants
        and white noise is a Markov chain: of 200 points or more its density takes time proportional to n.
        `Model.explain` says so.
        """
        self.X, self.y, self.sigma = as_inputs(X, "X"), y, _noise(sigma)
        mu = self.mean_func(self.X)
        if is_observed:
            kwargs["observed"] = y
            chain = as_state_space(self.cov_func, self.sigma, self.X, jitter)
            if chain is not None:
                return chain.likelihood(name, mu, **kwargs)
        cov = self.cov_func(self.X) + self.sigma(self.X)
        return families.MvNormal(name, mu=mu, chol=factor(cov, jitter), **kwargs)

    def conditional(
        self,
        name: str,
        Xnew: Any,
        pred_noise: bool = False,
        given: Mapping[str, Any] | None = None,
        jitter: float = JITTER_DEFAULT,
        **kwargs: Any,
    ) -> Variable:
        """Declare the values of the process at new inputs, given the observations.

        Parameters
        ----------
        name : str
        Xnew : array or Variable, shape (m, d)
        pred_noise : bool
            Whether to add the noise of new observations.
        given : dict, optional
            ``X``, ``y`` and ``sigma`` to condition on; ``gp``, the sum of processes that was observed.
        jitter : float

        Returns
        -------
        Variable, shape (m,)
        """
        mu, cov = self._predict_at(Xnew, False, pred_noise, given, jitter)
        return families.MvNormal(name, mu=mu, chol=conditional_factor(cov, 0.0), **kwargs)

    def predict(
        self,
        Xnew: Any,
        point: Mapping[str, Any] | None = None,
        diag: bool = False,
        pred_noise: bool = False,
        given: Mapping[str, Any] | None = None,
        jitter: float = JITTER_DEFAULT,
        model: Any = None,
    ) -> tuple[np.ndarray, ...]:
        """Return the mean and covariance of the process at new inputs, for values of the variables.

        Parameters
        ----------
        Xnew : array, shape (m, d)
        point : mapping of str to array
            Values of the variables of the model, by name.
        diag : bool
            Return variances instead of the covariance matrix.
        pred_noise, given, jitter
            As for `conditional`.
        model : Model, optional
            The one around this line by default.

        Returns
        -------
        mean : ndarray, shape (m,)
        covariance : ndarray, shape (m, m) or (m,)
        """
        mu, cov = self._predict_at(Xnew, diag, pred_noise, given, jitter)
        return replace_with_values([mu, cov], point, model)

    def _predict_at(
        self, Xnew: Any, diag: bool, pred_noise: bool, given: Mapping[str, Any] | None, jitter: float
    ) -> tuple[Variable, Variable]:
        cov_total, mean_total = self._total(given)
        X, y, sigma = self._values(given, "X", "y", "sigma")
        X, new, noise = as_inputs(X, "X"), as_inputs(Xnew, "Xnew"), _noise(sigma)
        Kxs, Kss = self.cov_func(X, new), self.cov_func(new, diag=diag)
        residual, mean = as_variable(y) - mean_total(X), self.mean_func(new)
        chain = as_state_space(cov_total, noise, X, jitter)
        if chain is None:
            L = factor(cov_total(X) + noise(X), jitter)
            mu, cov = conditional_mean(L, Kxs, residual, mean), conditional_cov(L, Kxs, Kss)
        else:
            mu, cov = chain.conditional(Kxs, Kss, residual, mean)
        if pred_noise:
            return mu, cov + noise(new, diag=diag)
        return mu, cov if diag else stabilize(cov, jitter)


@conditioned_vars(["X", "Xu", "y", "sigma"])
class MarginalApprox(Marginal):
    """A `Marginal` process through inducing points, in time n m² for n points and m inducing points.

    Parameters
    ----------
    approx : {"VFE", "FITC", "DTC"}
        Variational free energy (Titsias 2009), fully independent training conditional (Snelson and Ghahramani
        2006), or deterministic training conditional.
    mean_func : Mean, default 0
    cov_func : Covariance
    """

    def __init__(self, approx: str = "VFE", *, mean_func: Any = None, cov_func: Any = None) -> None:
        if approx not in ("VFE", "FITC", "DTC"):
            raise ModelError(f"MarginalApprox: approx is 'VFE', 'FITC' or 'DTC', got {approx!r}")
        self.approx = approx
        super().__init__(mean_func=mean_func, cov_func=cov_func)

    def __add__(self, other: Any) -> Any:
        total = super().__add__(other)
        if self.approx != other.approx:
            raise TypeError(
                f"processes with the approximations {self.approx} and {other.approx} cannot be added"
            )
        total.approx = self.approx
        return total

    def marginal_likelihood(  # type: ignore[override]
        self, name: str, X: Any, Xu: Any, y: Any, sigma: Any, jitter: float = JITTER_DEFAULT, **kwargs: Any
    ) -> Variable:
        """Declare the approximate likelihood, a potential named ``marginalapprox_loglik_name``.

        Parameters
        ----------
        name : str
        X : array or Variable, shape (n, d)
        Xu : array or Variable, shape (m, d)
            The inducing points.
        y : array or Variable, shape (n,)
        sigma : number or Variable
            The standard deviation of the noise.
        jitter : float
            Added to the diagonal of the covariance of the inducing points.

        Returns
        -------
        Variable, a scalar
        """
        self.X, self.Xu, self.y, self.sigma = as_inputs(X, "X"), as_inputs(Xu, "Xu"), y, sigma
        value = call(
            _log_likelihood,
            self.approx,
            as_variable(y) - self.mean_func(self.X),
            self.cov_func(self.Xu),
            self.cov_func(self.Xu, self.X),
            self.cov_func(self.X, diag=True),
            as_variable(sigma),
            jitter,
        )
        return Potential(f"marginalapprox_loglik_{name}", value, **kwargs)

    def _predict_at(
        self, Xnew: Any, diag: bool, pred_noise: bool, given: Mapping[str, Any] | None, jitter: float
    ) -> tuple[Variable, Variable]:
        cov_total, mean_total = self._total(given)
        X, Xu, y, sigma = self._values(given, "X", "Xu", "y", "sigma")
        X, Xu, new, noise = (
            as_inputs(X, "X"),
            as_inputs(Xu, "Xu"),
            as_inputs(Xnew, "Xnew"),
            as_variable(sigma),
        )
        parts = (
            self.approx,
            as_variable(y) - mean_total(X),
            cov_total(Xu),
            cov_total(Xu, X),
            cov_total(X, diag=True),
            noise,
            jitter,
            self.cov_func(Xu, new),
        )
        mu = self.mean_func(new) + call(_approximate_mean, *parts)
        cov = call(_approximate_cov, *parts, self.cov_func(new, diag=diag))
        if pred_noise:
            return mu, cov + (noise**2 if diag else WhiteNoise(noise)(new))
        return mu, cov if diag else stabilize(cov, jitter)


def _lower(L: Any, b: Any, *, transposed: bool = False) -> Any:
    columns = b[:, None] if b.ndim == 1 else b
    x = lax.linalg.triangular_solve(L, columns, left_side=True, lower=True, transpose_a=transposed)
    return x[:, 0] if b.ndim == 1 else x


def _reduced(
    approx: str, residual: Any, Kuu: Any, Kuf: Any, Kffd: Any, sigma: Any, jitter: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """Return Luu, A = Luu^-1 Kuf, the diagonal D of the noise, the factor of B = I + A D^-1 A^T, and more.

    Kff is replaced by A^T A, whose diagonal FITC corrects (Quiñonero-Candela and Rasmussen 2005).
    """
    Luu = stable_cholesky(Kuu + jitter * jnp.eye(Kuu.shape[0]))
    A = _lower(Luu, Kuf)
    explained = (A * A).sum(axis=0)
    correction = jnp.clip(Kffd - explained, 0) if approx == "FITC" else jnp.zeros_like(explained)
    D = correction + sigma**2
    LB = stable_cholesky(jnp.eye(A.shape[0]) + (A / D) @ A.T)
    return Luu, A, D, LB, _lower(LB, A @ (residual / D))


def _log_likelihood(
    approx: str, residual: Any, Kuu: Any, Kuf: Any, Kffd: Any, sigma: Any, jitter: Any
) -> Any:
    _, A, D, LB, c = _reduced(approx, residual, Kuu, Kuf, Kffd, sigma, jitter)
    lost = (Kffd.sum() - (A * A).sum()) / (2 * sigma**2) if approx == "VFE" else 0.0
    log_det = 0.5 * jnp.log(D).sum() + jnp.log(jnp.diagonal(LB)).sum()
    quadratic = 0.5 * ((residual * residual / D).sum() - (c * c).sum())
    return -(0.5 * residual.shape[0] * np.log(2 * np.pi) + log_det + quadratic + lost)


def _approximate_mean(
    approx: str, residual: Any, Kuu: Any, Kuf: Any, Kffd: Any, sigma: Any, jitter: Any, Kus: Any
) -> Any:
    Luu, _, _, LB, c = _reduced(approx, residual, Kuu, Kuf, Kffd, sigma, jitter)
    return _lower(Luu, Kus).T @ _lower(LB, c, transposed=True)


def _approximate_cov(
    approx: str, residual: Any, Kuu: Any, Kuf: Any, Kffd: Any, sigma: Any, jitter: Any, Kus: Any, Kss: Any
) -> Any:
    Luu, _, _, LB, _ = _reduced(approx, residual, Kuu, Kuf, Kffd, sigma, jitter)
    As = _lower(Luu, Kus)
    C = _lower(LB, As)
    if Kss.ndim == 1:
        return Kss - (As * As).sum(axis=0) + (C * C).sum(axis=0)
    return Kss - As.T @ As + C.T @ C

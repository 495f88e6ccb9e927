"""Latent Gaussian processes: functions that are variables of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from pmjax.errors import ModelError
from pmjax.gp.covariance import as_inputs
from pmjax.gp.process import Base, conditional_cov, conditional_mean, families
from pmjax.gp.util import JITTER_DEFAULT, conditional_factor, conditioned_vars, factor
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.model.named import Deterministic


def rotated(L: Any, v: Any, mu: Any) -> Any:
    """Return mu + L v, for each row of v."""
    return mu + (L @ v.T).T


@conditioned_vars(["X", "f"])
class Latent(Base):
    """A Gaussian process whose values at the inputs are variables of the model.

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
    ...     gp = pm.gp.Latent(cov_func=pm.gp.cov.Matern52(1, ls=0.3))
    ...     f = gp.prior("f", X=x)
    ...     f_new = gp.conditional("f_new", Xnew=np.array([[1.5]]))
    >>> f.shape, f_new.shape
    ((5,), (1,))
    """

    def prior(
        self,
        name: str,
        X: Any,
        n_outputs: int = 1,
        reparameterize: bool = True,
        jitter: float = JITTER_DEFAULT,
        **kwargs: Any,
    ) -> Variable:
        """Declare the values of the process at the inputs.

        Parameters
        ----------
        name : str
        X : array or Variable, shape (n, d)
        n_outputs : int
            So many independent functions.
        reparameterize : bool
            Write them as m + L v with standard normal v (named ``name_rotated_``).
        jitter : float
            Added to the diagonal of the covariance matrix.
        **kwargs
            ``dims=`` and other arguments of the distribution.

        Returns
        -------
        Variable, shape (n,) or (n_outputs, n)
        """
        self.X, self.n_outputs = as_inputs(X, "X"), n_outputs
        mu, L = self.mean_func(self.X), factor(self.cov_func(self.X), jitter)
        if not reparameterize:
            rows = call(jnp.broadcast_to, mu, (n_outputs, *mu.shape)) if n_outputs > 1 else mu
            self.f = families.MvNormal(name, mu=rows, chol=L, **kwargs)
            return self.f
        if "dims" not in kwargs:
            kwargs["size"] = (n_outputs, self.X.shape[0]) if n_outputs > 1 else self.X.shape[0]
        v = families.Normal(f"{name}_rotated_", 0.0, 1.0, **kwargs)
        self.f = Deterministic(name, call(rotated, L, v, mu), dims=kwargs.get("dims"))
        return self.f

    def conditional(
        self,
        name: str,
        Xnew: Any,
        given: Mapping[str, Any] | None = None,
        jitter: float = JITTER_DEFAULT,
        **kwargs: Any,
    ) -> Variable:
        """Declare the values of the process at new inputs, given those at the inputs of the prior.

        Parameters
        ----------
        name : str
        Xnew : array or Variable, shape (m, d)
        given : dict, optional
            ``X`` and ``f`` to condition on; ``gp``, the sum of processes that they belong to.
        jitter : float
            Added to the diagonal of both covariance matrices.

        Returns
        -------
        Variable, shape (m,)
        """
        cov_total, mean_total = self._total(given)
        X, f = self._values(given, "X", "f")
        X, new = as_inputs(X, "X"), as_inputs(Xnew, "Xnew")
        L, Kxs = factor(cov_total(X), jitter), self.cov_func(X, new)
        mu = conditional_mean(L, Kxs, as_variable(f) - mean_total(X), self.mean_func(new))
        cov = conditional_cov(L, Kxs, self.cov_func(new))
        kwargs.pop("method", None)  # how NumPy would draw it
        return families.MvNormal(name, mu=mu, chol=conditional_factor(cov, jitter), **kwargs)


@conditioned_vars(["X", "f", "nu"])
class TP(Latent):
    """A Student's t process whose values at the inputs are variables of the model.

    Parameters
    ----------
    mean_func : Mean, default 0
    scale_func : Covariance
    cov_func : Covariance
        An older name of `scale_func`.
    nu : number or Variable
        Degrees of freedom.
    """

    def __init__(
        self, *, mean_func: Any = None, scale_func: Any = None, cov_func: Any = None, nu: Any = None
    ) -> None:
        if nu is None:
            raise ModelError("TP: a Student's t process needs nu, its degrees of freedom")
        self.nu = nu
        super().__init__(mean_func=mean_func, cov_func=scale_func if cov_func is None else cov_func)

    def __add__(self, other: Any) -> Any:
        raise TypeError("Student's t processes cannot be added: their sum is not one")

    def prior(  # type: ignore[override]
        self, name: str, X: Any, reparameterize: bool = True, jitter: float = JITTER_DEFAULT, **kwargs: Any
    ) -> Variable:
        """Declare the values of the process at the inputs.

        As in PyMC the reparameterised prior is m + L v with independent Student's t variables v.

        Parameters
        ----------
        name, X, reparameterize, jitter, **kwargs
            As for `Latent.prior`.

        Returns
        -------
        Variable, shape (n,)
        """
        self.X = as_inputs(X, "X")
        mu, K = self.mean_func(self.X), self.cov_func(self.X)
        if not reparameterize:
            self.f = families.MvStudentT(name, nu=self.nu, mu=mu, chol=factor(K, jitter), **kwargs)
            return self.f
        if "dims" not in kwargs:
            kwargs["size"] = self.X.shape[0]
        v = families.StudentT(f"{name}_rotated_", nu=self.nu, mu=0.0, sigma=1.0, **kwargs)
        self.f = Deterministic(name, call(rotated, factor(K, jitter), v, mu), dims=kwargs.get("dims"))
        return self.f

    def conditional(  # type: ignore[override]
        self, name: str, Xnew: Any, jitter: float = JITTER_DEFAULT, **kwargs: Any
    ) -> Variable:
        """Declare the values of the process at new inputs, given those at the inputs of the prior.

        The distribution has nu + n degrees of freedom, and its scale grows with how surprising the values are
        (Shah, Wilson and Ghahramani 2014).

        Parameters
        ----------
        name, Xnew, jitter, **kwargs
            As for `Latent.conditional`.

        Returns
        -------
        Variable, shape (m,)
        """
        X, new, nu = self.X, as_inputs(Xnew, "Xnew"), as_variable(self.nu)
        L, Kxs = factor(self.cov_func(X), jitter), self.cov_func(X, new)
        residual = as_variable(self.f) - self.mean_func(X)
        mu = conditional_mean(L, Kxs, residual, self.mean_func(new))
        size = call(_scaled_square, L, residual)
        wider = (nu + size - 2.0) / (nu + X.shape[0] - 2.0)
        cov = wider * conditional_cov(L, Kxs, self.cov_func(new))
        chol = conditional_factor(cov, jitter)
        return families.MvStudentT(name, nu=nu + X.shape[0], mu=mu, chol=chol, **kwargs)


def _scaled_square(L: Any, residual: Any) -> Any:
    z = jnp.linalg.solve(L, residual)
    return (z * z).sum()

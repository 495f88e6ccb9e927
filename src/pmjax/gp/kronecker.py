"""Gaussian processes on grids: the covariance matrix is a Kronecker product of small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.gp.cov import Kron
from pmjax.gp.covariance import as_inputs
from pmjax.gp.process import Base, families
from pmjax.gp.util import (
    JITTER_DEFAULT,
    conditional_factor,
    conditioned_vars,
    factor,
    replace_with_values,
    stabilize,
)
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.model.named import Deterministic
from pmjax.tensor import linalg
from pmjax.tensor.math import cartesian, kron_diag, kron_dot, kron_solve_lower, kron_solve_upper


class _OnGrid(Base):
    """A process whose covariance function is a product, one factor for each axis of a grid."""

    def __init__(self, *, mean_func: Any = None, cov_funcs: Any = None) -> None:
        if cov_funcs is None:
            raise ModelError(
                f"{type(self).__name__}: cov_funcs is a list, one covariance function for each axis"
            )
        self.cov_funcs = list(cov_funcs) if isinstance(cov_funcs, (list, tuple)) else [cov_funcs]
        super().__init__(mean_func=mean_func, cov_func=Kron(self.cov_funcs))

    def __add__(self, other: Any) -> Any:
        raise TypeError("processes on grids cannot be added: their sum has no Kronecker structure")

    def _axes(self, Xs: Sequence[Any]) -> list[np.ndarray]:
        if len(Xs) != len(self.cov_funcs):
            raise ModelError(
                f"{type(self).__name__}: {len(Xs)} axes for {len(self.cov_funcs)} covariance functions"
            )
        axes = [np.asarray(x.get_value() if isinstance(x, Variable) else x, float) for x in Xs]
        return [a[:, None] if a.ndim == 1 else a for a in axes]


@conditioned_vars(["Xs", "f"])
class LatentKron(_OnGrid):
    """A `Latent` process on a grid, in time of the sum of the cubes of the axes' lengths.

    Parameters
    ----------
    mean_func : Mean, default 0
    cov_funcs : list of Covariance
        One for each axis.
    """

    def prior(self, name: str, Xs: Sequence[Any], jitter: float = JITTER_DEFAULT, **kwargs: Any) -> Variable:
        """Declare the values of the process at all points of the grid.

        Parameters
        ----------
        name : str
        Xs : list of arrays, each of shape (n_i, d_i)
            The axes of the grid; the last varies fastest.
        jitter : float
            Added to the diagonal of each factor.

        Returns
        -------
        Variable, shape (n_1 n_2 ...,)
        """
        self.Xs = self._axes(Xs)
        points = cartesian(*self.Xs)
        chols = [factor(cov(X), jitter) for cov, X in zip(self.cov_funcs, self.Xs, strict=True)]
        if "dims" not in kwargs:
            kwargs["size"] = len(points)
        v = families.Normal(f"{name}_rotated_", 0.0, 1.0, **kwargs)
        flat = call(jnp.ravel, v) if v.ndim > 1 else v
        f = self.mean_func(points) + kron_dot(chols, flat)[:, 0]
        self.f = Deterministic(name, f.reshape(v.shape) if v.ndim > 1 else f, dims=kwargs.get("dims"))
        return self.f

    def conditional(self, name: str, Xnew: Any, jitter: float = JITTER_DEFAULT, **kwargs: Any) -> Variable:
        """Declare the values of the process at new inputs, given those on the grid.

        Parameters
        ----------
        name : str
        Xnew : array or Variable, shape (m, d)
            Any points, with the columns of all axes.
        jitter : float

        Returns
        -------
        Variable, shape (m,)
        """
        points, new = as_variable(cartesian(*self.Xs)), as_inputs(Xnew, "Xnew")
        chols = [factor(cov(X), jitter) for cov, X in zip(self.cov_funcs, self.Xs, strict=True)]
        residual = as_variable(self.f).flatten() - self.mean_func(points)
        alpha = kron_solve_upper([c.T for c in chols], kron_solve_lower(chols, residual))
        Kxs = self.cov_func(points, new)
        mu = (Kxs.T @ alpha)[:, 0] + self.mean_func(new)
        A = kron_solve_lower(chols, Kxs)
        cov = self.cov_func(new) - A.T @ A
        return families.MvNormal(name, mu=mu, chol=conditional_factor(cov, jitter), **kwargs)


@conditioned_vars(["Xs", "y", "sigma"])
class MarginalKron(_OnGrid):
    """A `Marginal` process on a grid, in time of the sum of the cubes of the axes' lengths.

    Parameters
    ----------
    mean_func : Mean, default 0
    cov_funcs : list of Covariance
        One for each axis.
    """

    def marginal_likelihood(
        self, name: str, Xs: Sequence[Any], y: Any, sigma: Any, is_observed: bool = True, **kwargs: Any
    ) -> Variable:
        """Declare the observations at all points of the grid.

        Parameters
        ----------
        name : str
        Xs : list of arrays, each of shape (n_i, d_i)
            The axes of the grid; the last varies fastest.
        y : array, shape (n_1 n_2 ...,)
        sigma : number or Variable
            The standard deviation of the noise.
        is_observed : bool

        Returns
        -------
        Variable, shape (n_1 n_2 ...,)
        """
        self.Xs, self.y, self.sigma = self._axes(Xs), y, sigma
        points = cartesian(*self.Xs)
        if len(points) != len(y):
            raise ModelError(f"{name!r}: y has {len(y)} values for a grid of {len(points)} points")
        if is_observed:
            kwargs["observed"] = y
        covs = [cov(X) for cov, X in zip(self.cov_funcs, self.Xs, strict=True)]
        return families.KroneckerNormal(name, mu=self.mean_func(points), covs=covs, sigma=sigma, **kwargs)

    def conditional(
        self, name: str, Xnew: Any, pred_noise: bool = False, diag: bool = False, **kwargs: Any
    ) -> Variable:
        """Declare the values of the process at new inputs, given the observations.

        Parameters
        ----------
        name : str
        Xnew : array or Variable, shape (m, d)
            Any points, with the columns of all axes.
        pred_noise : bool
            Whether to add the noise of new observations.
        diag : bool
            Leave the covariances between the new inputs out.

        Returns
        -------
        Variable, shape (m,)
        """
        mu, cov = self._predict_at(Xnew, diag, pred_noise)
        full = call(jnp.diag, cov) if diag else cov
        return families.MvNormal(name, mu=mu, chol=conditional_factor(full, JITTER_DEFAULT), **kwargs)

    def predict(
        self,
        Xnew: Any,
        point: Mapping[str, Any] | None = None,
        diag: bool = False,
        pred_noise: bool = False,
        model: Any = None,
    ) -> tuple[np.ndarray, ...]:
        """Return the mean and covariance of the process at new inputs, for values of the variables.

        Parameters
        ----------
        Xnew, point, diag, pred_noise, model
            As for `Marginal.predict`.

        Returns
        -------
        mean : ndarray, shape (m,)
        covariance : ndarray, shape (m, m) or (m,)
        """
        mu, cov = self._predict_at(Xnew, diag, pred_noise)
        return replace_with_values([mu, cov], point, model)

    def _predict_at(self, Xnew: Any, diag: bool, pred_noise: bool) -> tuple[Variable, Variable]:
        points, new = as_variable(cartesian(*self.Xs)), as_inputs(Xnew, "Xnew")
        noise = as_variable(self.sigma) ** 2
        values, vectors = zip(
            *(linalg.eigh(k(X)) for k, X in zip(self.cov_funcs, self.Xs, strict=True)), strict=True
        )
        eigenvalues = (kron_diag(*values) + noise)[:, None]
        turned = [v.T for v in vectors]
        residual = as_variable(self.y) - self.mean_func(points)
        Kxs = self.cov_func(points, new)
        alpha = kron_dot(vectors, kron_dot(turned, residual) / eigenvalues)
        mu = (Kxs.T @ alpha)[:, 0] + self.mean_func(new)
        A = kron_dot(turned, Kxs) / eigenvalues**0.5
        Kss = self.cov_func(new, diag=diag)
        cov = Kss - (A * A).sum(axis=0) if diag else Kss - A.T @ A
        # The variance of the noise; PyMC adds its standard deviation here.
        return mu, (
            cov + noise if diag else stabilize(cov, 0.0) + noise * call(jnp.eye, new.shape[0])
        ) if pred_noise else cov

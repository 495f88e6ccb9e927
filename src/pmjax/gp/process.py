"""What all Gaussian processes have: a mean function, a covariance function, and sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import lax

from pmjax import distributions
from pmjax.errors import ModelError
from pmjax.gp.cov import Constant
from pmjax.gp.covariance import BaseCovariance
from pmjax.gp.mean import Mean, Zero
from pmjax.graph.variable import Variable, as_variable, call

# Families are objects that are called, which their types do not say.
families: Any = distributions


class Base:
    """A Gaussian process.

    Parameters
    ----------
    mean_func : Mean, default 0
    cov_func : Covariance
    """

    def __init__(self, *, mean_func: Mean | None = None, cov_func: Any = None) -> None:
        self.mean_func: Any = Zero() if mean_func is None else mean_func
        self.cov_func: Any = Constant(0.0) if cov_func is None else cov_func
        if not isinstance(self.cov_func, BaseCovariance):
            raise ModelError(
                f"{type(self).__name__}: cov_func is a covariance function (pm.gp.cov), got "
                f"{type(self.cov_func).__name__}"
            )

    def __add__(self, other: Any) -> Any:
        if type(self) is not type(other):
            raise TypeError(
                f"a {type(self).__name__} and a {type(other).__name__} cannot be added; types must agree"
            )
        return type(self)(mean_func=self.mean_func + other.mean_func, cov_func=self.cov_func + other.cov_func)

    def _total(self, given: Mapping[str, Any] | None) -> tuple[Any, Any]:
        """Return the covariance and mean functions of the process that was observed."""
        whole = (given or {}).get("gp", self)
        return whole.cov_func, whole.mean_func

    def _values(self, given: Mapping[str, Any] | None, *names: str) -> list[Any]:
        """Return what the process is conditioned on: all from `given`, or all as it was set."""
        known = given or {}
        if all(name in known for name in names):
            return [known[name] for name in names]
        return [getattr(self, name) for name in names]


def conditional_mean(L: Variable, Kxs: Variable, residual: Variable, mean: Variable) -> Variable:
    """Return m* + K*x K^-1 (f - m), from the factor of K; `residual` may hold several rows."""
    return call(_conditional_mean, L, Kxs, as_variable(residual), mean)


def _conditional_mean(L: Any, Kxs: Any, residual: Any, mean: Any) -> Any:
    return whitened_mean(_solve(L, Kxs), _solve(L, residual.T), mean)


def whitened_mean(A: Any, z: Any, mean: Any) -> Any:
    """Return m* + A^T z, from A = L^-1 Kx* and z = L^-1 (f - m) (JAX); `z` may hold several columns."""
    return mean + (A.T @ z).T


def conditional_cov(L: Variable, Kxs: Variable, Kss: Variable) -> Variable:
    """Return K** - K*x K^-1 Kx*, or its diagonal if `Kss` is one."""
    return call(_conditional_cov, L, Kxs, Kss)


def _conditional_cov(L: Any, Kxs: Any, Kss: Any) -> Any:
    return whitened_cov(_solve(L, Kxs), Kss)


def whitened_cov(A: Any, Kss: Any) -> Any:
    """Return K** - A^T A, from A = L^-1 Kx*, or its diagonal if `Kss` is one (JAX)."""
    return Kss - (A * A).sum(axis=0) if Kss.ndim == 1 else Kss - A.T @ A


def _solve(L: Any, b: Any) -> Any:
    b = jnp.asarray(b, L.dtype)
    columns = b[:, None] if b.ndim == 1 else b
    x = lax.linalg.triangular_solve(L, columns, left_side=True, lower=True)
    return x[:, 0] if b.ndim == 1 else x

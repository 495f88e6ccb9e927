"""``pm.gp.cov``: covariance functions, by PyMC's names."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.gp.covariance import BaseCovariance, Combination, Covariance, Power, Product, Sum
from pmjax.gp.stationary import (
    Circular,
    Cosine,
    Exponential,
    ExpQuad,
    Matern12,
    Matern32,
    Matern52,
    Periodic,
    RatQuad,
    Stationary,
    WrappedPeriodic,
    constant_like,
    square_dist,
)
from pmjax.graph.variable import Variable, as_variable, call

Add, Prod, Exponentiated = Sum, Product, Power


class Constant(BaseCovariance):
    """The same covariance for all pairs of inputs.

    Parameters
    ----------
    c : number or Variable
    """

    def __init__(self, c: Any) -> None:
        self.c = as_variable(c)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        return call(_everywhere, X, X if Xs is None else Xs, self.c)

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        return constant_like(X, self.c)


class WhiteNoise(BaseCovariance):
    """Noise that is independent at each input; its covariance with other inputs is 0.

    Parameters
    ----------
    sigma : number or Variable
        Standard deviation.
    """

    def __init__(self, sigma: Any) -> None:
        self.sigma = as_variable(sigma)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        return call(jnp.diag, self.diag(X)) if Xs is None else call(_everywhere, X, Xs, 0.0)

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        return constant_like(X, self.sigma**2)


def _everywhere(X: Any, Xs: Any, value: Any) -> Any:
    return jnp.full((X.shape[0], Xs.shape[0]), value, jnp.result_type(float))


class Linear(Covariance):
    r"""Linear: :math:`(x - c) \cdot (x' - c)`; straight lines through c.

    Parameters
    ----------
    input_dim, active_dims
        As for all covariance functions.
    c : number, array or Variable
    """

    def __init__(self, input_dim: int, c: Any, active_dims: Sequence[int] | None = None) -> None:
        super().__init__(input_dim, active_dims)
        self.c = as_variable(c)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        return call(_products, X - self.c, X - self.c if Xs is None else Xs - self.c)

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        X, _ = self._slice(X)
        return ((X - self.c) ** 2).sum(axis=1)


def _products(X: Any, Xs: Any) -> Any:
    return X @ Xs.T


class Polynomial(Linear):
    r"""Polynomial: :math:`((x - c) \cdot (x' - c) + o)^d`.

    Parameters
    ----------
    input_dim, c, active_dims
        As for `Linear`.
    d : number or Variable
        The degree.
    offset : number or Variable
    """

    def __init__(
        self, input_dim: int, c: Any, d: Any, offset: Any, active_dims: Sequence[int] | None = None
    ) -> None:
        super().__init__(input_dim, c, active_dims)
        self.d, self.offset = as_variable(d), as_variable(offset)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        return (super().full(X, Xs) + self.offset) ** self.d

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        return (super().diag(X) + self.offset) ** self.d


def _with_args(function: Any, args: Any, what: str) -> Callable[[Variable], Variable]:
    if not callable(function):
        raise ModelError(f"{what} is a function of the inputs, got {type(function).__name__}")
    more = () if args is None else args if isinstance(args, tuple) else (args,)
    return lambda X: as_variable(function(X, *more))


def _flat(values: Variable) -> Variable:
    return call(jnp.ravel, values) if values.ndim != 1 else values


class WarpedInput(Covariance):
    """A covariance function of warped inputs, k(w(x), w(x')).

    Parameters
    ----------
    input_dim, active_dims
        As for all covariance functions.
    cov_func : Covariance
    warp_func : callable
        Takes the inputs and `args`, returns inputs.
    args : tuple, optional
    """

    def __init__(
        self,
        input_dim: int,
        cov_func: Covariance,
        warp_func: Callable[..., Any],
        args: Any = None,
        active_dims: Sequence[int] | None = None,
    ) -> None:
        super().__init__(input_dim, active_dims)
        self.cov_func = _covariance(cov_func, "WarpedInput")
        self.w = _with_args(warp_func, args, "WarpedInput: warp_func")

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        return self.cov_func(self.w(X), None if Xs is None else self.w(Xs))

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        X, _ = self._slice(X)
        return self.cov_func(self.w(X), diag=True)


def _covariance(cov_func: Any, who: str) -> BaseCovariance:
    if not isinstance(cov_func, BaseCovariance):
        raise ModelError(f"{who}: cov_func is a covariance function, got {type(cov_func).__name__}")
    return cov_func


class ScaledCov(Covariance):
    """A covariance function times a function of each input, s(x) k(x, x') s(x').

    Parameters
    ----------
    input_dim, active_dims
        As for all covariance functions.
    cov_func : Covariance
    scaling_func : callable
        Takes the inputs and `args`, returns one number for each.
    args : tuple, optional
    """

    def __init__(
        self,
        input_dim: int,
        cov_func: Covariance,
        scaling_func: Callable[..., Any],
        args: Any = None,
        active_dims: Sequence[int] | None = None,
    ) -> None:
        super().__init__(input_dim, active_dims)
        self.cov_func = _covariance(cov_func, "ScaledCov")
        self.scaling_func = _with_args(scaling_func, args, "ScaledCov: scaling_func")

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        left = _flat(self.scaling_func(X))
        right = left if Xs is None else _flat(self.scaling_func(Xs))
        return call(jnp.outer, left, right) * self.cov_func(X, Xs)

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        X, _ = self._slice(X)
        return _flat(self.scaling_func(X)) ** 2 * self.cov_func(X, diag=True)


class Gibbs(Covariance):
    r"""Gibbs: a length scale that changes with the input.

    :math:`\sqrt{2 l(x) l(x') / (l(x)^2 + l(x')^2)} \exp(-(x - x')^2 / (l(x)^2 + l(x')^2))`.

    Parameters
    ----------
    input_dim, active_dims
        As for all covariance functions; one column.
    lengthscale_func : callable
        Takes the inputs and `args`, returns one length scale for each.
    args : tuple, optional
    """

    def __init__(
        self,
        input_dim: int,
        lengthscale_func: Callable[..., Any],
        args: Any = None,
        active_dims: Sequence[int] | None = None,
    ) -> None:
        super().__init__(input_dim, active_dims)
        if self.n_dims != 1:
            raise ModelError(f"Gibbs uses one column of the inputs, got {self.n_dims}; set active_dims")
        self.lfunc = _with_args(lengthscale_func, args, "Gibbs: lengthscale_func")

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        left = _flat(self.lfunc(X))
        right = left if Xs is None else _flat(self.lfunc(Xs))
        return call(_gibbs, X, X if Xs is None else Xs, left, right)

    def diag(self, X: Variable) -> Variable:
        """Return the variances: 1."""
        return constant_like(X, 1.0)


def _gibbs(X: Any, Xs: Any, left: Any, right: Any) -> Any:
    total = left[:, None] ** 2 + right[None, :] ** 2
    return jnp.sqrt(2.0 * jnp.outer(left, right) / total) * jnp.exp(-square_dist(X, Xs, 1.0) / total)


class Coregion(Covariance):
    r"""Covariance between outputs, :math:`B = W W^\top + \mathrm{diag}(\kappa)`, by the output's number.

    Parameters
    ----------
    input_dim : int
    W : array or Variable, shape (outputs, rank)
    kappa : array or Variable, shape (outputs,)
    B : array or Variable, shape (outputs, outputs)
        Instead of W and kappa.
    active_dims : sequence of one int
        The column that holds the output's number.
    """

    def __init__(
        self,
        input_dim: int,
        W: Any = None,
        kappa: Any = None,
        B: Any = None,
        active_dims: Sequence[int] | None = None,
    ) -> None:
        super().__init__(input_dim, active_dims)
        if self.n_dims != 1:
            raise ModelError(f"Coregion uses one column, the number of the output, got {self.n_dims} columns")
        if (B is None) == (W is None) or (W is None) != (kappa is None):
            raise ModelError("Coregion: give W and kappa, or B")
        if B is None:
            w = as_variable(W)
            B = call(jnp.dot, w, w.T) + call(jnp.diag, as_variable(kappa))
        self.B = as_variable(B)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        return call(_coregion, self.B, X, X if Xs is None else Xs)

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        X, _ = self._slice(X)
        return call(_coregion_variances, self.B, X)


def _coregion(B: Any, X: Any, Xs: Any) -> Any:
    return B[X[:, 0].astype(int)[:, None], Xs[:, 0].astype(int)[None, :]]


def _coregion_variances(B: Any, X: Any) -> Any:
    return jnp.diagonal(B)[X[:, 0].astype(int)]


class Kron(Covariance):
    """The product of covariance functions of separate columns: the first of the first columns, and so on.

    Parameters
    ----------
    factor_list : sequence of Covariance
    """

    def __init__(self, factor_list: Sequence[Covariance]) -> None:
        self.input_dims = [factor.input_dim for factor in factor_list]
        super().__init__(input_dim=sum(self.input_dims))
        self._factor_list = list(factor_list)

    def __call__(self, X: Any, Xs: Any = None, diag: bool = False) -> Variable:
        ends = np.cumsum(self.input_dims)
        X, Xs = as_variable(X), None if Xs is None else as_variable(Xs)
        parts = [
            cov(X[:, e - d : e], None if Xs is None else Xs[:, e - d : e], diag)
            for cov, d, e in zip(self._factor_list, self.input_dims, ends, strict=True)
        ]
        return functools.reduce(operator.mul, parts)


__all__ = [
    "Add", "BaseCovariance", "Circular", "Combination", "Constant", "Coregion", "Cosine", "Covariance",
    "ExpQuad", "Exponential", "Exponentiated", "Gibbs", "Kron", "Linear", "Matern12", "Matern32", "Matern52",
    "Periodic", "Polynomial", "Prod", "RatQuad", "ScaledCov", "Stationary", "WarpedInput", "WhiteNoise",
    "WrappedPeriodic",
]  # fmt: skip

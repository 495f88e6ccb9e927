"""Sums, extremes and other functions that take an axis away, or work along one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp

from pmjax.graph.variable import Variable, apply, as_variable
from pmjax.numerics import functions
from pmjax.tensor.elementwise import cast
from pmjax.tensor.plain import given


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduced(
    function: Callable[..., Any], x: Any, axis: Any, dtype: Any = None, acc_dtype: Any = None, **options: Any
) -> Variable:
    node = as_variable(x)
    if acc_dtype is not None:
        node = cast(node, acc_dtype)
    result = apply(function, node, **given(axis=_axes(axis), **options))
    return result if dtype is None else cast(result, dtype)


def sum(
    input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
) -> Variable:
    """Return the sum over all elements or along axes."""
    return _reduced(jnp.sum, input, axis, dtype, acc_dtype, keepdims=keepdims)


def prod(
    input: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    acc_dtype: Any = None,
    no_zeros_in_input: bool = False,
) -> Variable:
    """Return the product over all elements or along axes."""
    return _reduced(jnp.prod, input, axis, dtype, acc_dtype, keepdims=keepdims)


def mean(
    input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
) -> Variable:
    """Return the mean over all elements or along axes."""
    return _reduced(jnp.mean, input, axis, dtype, acc_dtype, keepdims=keepdims)


def var(
    input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Variable:
    """Return the variance over all elements or along axes; sums of squares are divided by n - ddof."""
    return _reduced(jnp.var, input, axis, ddof=ddof or None, keepdims=keepdims)


def std(
    input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Variable:
    """Return the standard deviation over all elements or along axes."""
    return _reduced(jnp.std, input, axis, ddof=ddof or None, keepdims=keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Variable:
    """Return the largest element, of all or along axes."""
    return _reduced(jnp.max, x, axis, keepdims=keepdims, initial=initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Variable:
    """Return the smallest element, of all or along axes."""
    return _reduced(jnp.min, x, axis, keepdims=keepdims, initial=initial)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Return whether all elements are true."""
    return _reduced(jnp.all, x, axis, keepdims=keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Return whether some element is true."""
    return _reduced(jnp.any, x, axis, keepdims=keepdims)


def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Return the position of the largest element."""
    return _reduced(jnp.argmax, x, axis, keepdims=keepdims)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Return the position of the smallest element."""
    return _reduced(jnp.argmin, x, axis, keepdims=keepdims)


def max_and_argmax(a: Any, axis: Any = None, keepdims: bool = False) -> tuple[Variable, Variable]:
    """Return the largest element and its position."""
    return max(a, axis, keepdims), argmax(a, axis, keepdims)


def ptp(a: Any, axis: Any = None) -> Variable:
    """Return the largest less the smallest element."""
    return max(a, axis) - min(a, axis)


def median(x: Any, axis: Any = None) -> Variable:
    """Return the median of all elements or along axes."""
    return _reduced(jnp.median, x, axis)


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Variable:
    """Return the covariance matrix of rows of observations, as NumPy's."""
    other = None if y is None else as_variable(y)
    return apply(jnp.cov, as_variable(m), other, rowvar, bias, ddof, fweights, aweights)


def cumsum(x: Any, axis: int | None = None) -> Variable:
    """Return the sums of the first elements along an axis (of the flattened array without one)."""
    return _reduced(jnp.cumsum, x, axis)


def cumprod(x: Any, axis: int | None = None) -> Variable:
    """Return the products of the first elements along an axis (of the flattened array without one)."""
    return _reduced(jnp.cumprod, x, axis)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Return log(sum(exp(x))) over all elements or along axes, without overflow."""
    return _reduced(jsp.logsumexp, x, axis, keepdims=keepdims)


def softmax(c: Any, axis: int | None = None) -> Variable:
    """Return exp(c) / sum(exp(c)), over all elements or along an axis."""
    return apply(jax.nn.softmax, as_variable(c), axis=axis)


def log_softmax(c: Any, axis: int | None = None) -> Variable:
    """Return c - log(sum(exp(c))), over all elements or along an axis."""
    return apply(jax.nn.log_softmax, as_variable(c), axis=axis)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Variable:
    """Return the norm of a vector or a matrix, as `numpy.linalg.norm`."""
    return _reduced(jnp.linalg.norm, x, axis, ord=ord, keepdims=keepdims)


def batched_diag(C: Any) -> Variable:
    """Return matrices with the rows of a matrix on their diagonals, or the diagonals of many matrices."""
    node = as_variable(C)
    return apply(functions.extract_diag if node.ndim == 3 else functions.batched_diag, node)


__all__ = [
    "all", "any", "argmax", "argmin", "batched_diag", "cov", "cumprod", "cumsum", "log_softmax",
    "logsumexp", "max", "max_and_argmax", "mean", "median", "min", "norm", "prod", "ptp", "softmax",
    "std", "sum", "var",
]  # fmt: skip

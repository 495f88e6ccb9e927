"""What NumPy has besides arithmetic (``pytensor.tensor.extra_ops``)."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.numerics import functions
from pmjax.tensor.creation import bartlett, geomspace, linspace, logspace
from pmjax.tensor.plain import given, plain, plain_shape
from pmjax.tensor.reduction import cumprod, cumsum
from pmjax.tensor.shaping import (
    broadcast_arrays,
    broadcast_shape,
    broadcast_to,
    compress,
    concat_with_broadcast,
    repeat,
    squeeze,
)


def diff(x: Any, n: int = 1, axis: int = -1) -> Variable:
    """Return the differences of neighbours along an axis, n times."""
    return call(jnp.diff, as_variable(x), **given(n=None if n == 1 else n, axis=None if axis == -1 else axis))


def bincount(x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = False) -> Variable:
    """Return how often each integer from 0 on occurs (the sum of its weights).

    The length of the result must be known while the model is built: from constants and data, or `minlength`.
    """
    node = as_variable(x)
    try:
        known = plain(node, "x")
        length = int(np.max(known, initial=-1)) + 1
    except ModelError:
        if minlength is None:
            raise ModelError(
                f"bincount: {node.label} is random, so the length of the result is unknown; give minlength="
            ) from None
        length = 0
    length = max(length, int(plain(minlength or 0, "minlength")))
    return call(jnp.bincount, node, None if weights is None else as_variable(weights), length=length)


def fill_diagonal(a: Any, val: Any) -> Variable:
    """Return the matrix with a value on its diagonal."""
    return call(functions.fill_diagonal, as_variable(a), as_variable(val), 0)


def fill_diagonal_offset(a: Any, val: Any, offset: Any) -> Variable:
    """Return the matrix with a value on a diagonal beside the main one."""
    return call(functions.fill_diagonal, as_variable(a), as_variable(val), int(plain(offset, "offset")))


def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> Variable:
    """Return where values would have to be inserted in a sorted vector."""
    ordered = as_variable(x) if sorter is None else as_variable(x)[sorter]
    return call(jnp.searchsorted, ordered, as_variable(v), side=side)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
) -> Any:
    """Return the different elements of an array that constants and data determine, in ascending order."""
    values = np.asarray(plain(as_variable(ar), "the argument of unique"))
    numpys: Any = np.unique
    found = numpys(values, return_index, return_inverse, return_counts, axis=axis)
    return tuple(map(as_variable, found)) if isinstance(found, tuple) else as_variable(found)


def ravel_multi_index(multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Variable:
    """Return the positions in the flattened array of index arrays."""
    nodes = [as_variable(i) for i in multi_index]
    return call(
        jnp.ravel_multi_index, tuple(nodes), plain_shape(dims), "clip" if mode == "raise" else mode, order
    )


def unravel_index(indices: Any, dims: Any, order: str = "C") -> tuple[Variable, ...]:
    """Return the index arrays of positions in the flattened array."""
    node, sizes = as_variable(indices), plain_shape(dims)
    return tuple(call(functions.unravel_index, node, sizes, order, i) for i in range(len(sizes)))


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Variable:
    """Return the piecewise linear function through given points, at x."""
    return call(jnp.interp, *map(as_variable, (x, xp, fp)), **given(left=left, right=right, period=period))


def inverse_permutation(perm: Any) -> Variable:
    """Return the permutation that undoes another."""
    return call(jnp.argsort, as_variable(perm))


def permute_row_elements(x: Any, y: Any, inverse: bool = False) -> Variable:
    """Return the rows of a matrix with their elements in other orders."""
    order = as_variable(y) if not inverse else call(jnp.argsort, as_variable(y))
    return call(jnp.take_along_axis, as_variable(x), order, axis=-1)


__all__ = [
    "bartlett", "bincount", "broadcast_arrays", "broadcast_shape", "broadcast_to", "compress",
    "concat_with_broadcast", "cumprod", "cumsum", "diff", "fill_diagonal", "fill_diagonal_offset",
    "geomspace", "interp", "inverse_permutation", "linspace", "logspace", "permute_row_elements",
    "ravel_multi_index", "repeat", "searchsorted", "squeeze", "unique", "unravel_index",
]  # fmt: skip

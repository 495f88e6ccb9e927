"""Arrays made of sizes and numbers."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.tensor.elementwise import cast
from pmjax.tensor.plain import plain, plain_shape


def as_tensor_variable(
    x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None
) -> Variable:
    """Return numbers, arrays, lists of variables, or variables as a variable.

    Parameters
    ----------
    x : array_like or Variable
    name : str, optional
        Taken for PyTensor's sake; only the model names variables.
    ndim : int, optional
        At least so many dimensions: ones are added at the front.
    dtype : optional
        Convert to it.
    """
    node = as_variable(x)
    if ndim is not None and node.ndim > ndim:
        raise ModelError(
            f"as_tensor_variable: {node.label} has {node.ndim} dimensions, more than ndim={ndim}"
        )
    if ndim is not None and node.ndim < ndim:
        node = node.reshape((1,) * (ndim - node.ndim) + node.shape)
    return node if dtype is None else cast(node, dtype)


as_tensor = as_tensor_variable


def constant(x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None) -> Variable:
    """Return numbers as a constant."""
    return as_tensor_variable(plain(x, "a constant"), name, ndim, dtype)


def _filled(value: Any, shape: tuple[int, ...], dtype: Any) -> Variable:
    node = as_variable(value)
    if node.data_value is not None and not node.ndim:
        kind = None if dtype is None else np.dtype("float64" if dtype == "floatX" else dtype)
        return as_variable(np.full(shape, node.data_value, kind))
    filled = call(jnp.broadcast_to, node, shape)
    return filled if dtype is None else cast(filled, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Variable:
    """Return an array of a shape with one value everywhere."""
    return _filled(fill_value, plain_shape(shape), dtype)


def zeros(shape: Any, dtype: Any = None) -> Variable:
    """Return zeros (float64 by default)."""
    return full(shape, 0.0, dtype or "float64")


def ones(shape: Any, dtype: Any = None) -> Variable:
    """Return ones (float64 by default)."""
    return full(shape, 1.0, dtype or "float64")


def empty(shape: Any, dtype: Any = None) -> Variable:
    """Return an array to be filled: zeros."""
    return zeros(shape, dtype)


def alloc(value: Any, *shape: Any) -> Variable:
    """Return a value broadcast to a shape."""
    return _filled(value, plain_shape(shape), None)


def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Variable:
    """Return an array of the shape and dtype of `a` with one value everywhere."""
    node = as_variable(a)
    return _filled(fill_value, node.shape, dtype or node.dtype)


def zeros_like(model: Any, dtype: Any = None, opt: bool = False) -> Variable:
    """Return zeros of the shape and dtype of an array."""
    return full_like(model, 0, dtype)


def ones_like(model: Any, dtype: Any = None, opt: bool = False) -> Variable:
    """Return ones of the shape and dtype of an array."""
    return full_like(model, 1, dtype)


def empty_like(prototype: Any, dtype: Any = None) -> Variable:
    """Return an array to be filled, of the shape and dtype of another: zeros."""
    return zeros_like(prototype, dtype)


def eye(n: Any, m: Any = None, k: Any = 0, dtype: Any = None) -> Variable:
    """Return ones on the k-th diagonal of an n x m matrix, zeros elsewhere."""
    n, m, k = plain(n, "n"), plain(m, "m"), plain(k, "k")
    return cast(np.eye(int(n), None if m is None else int(m), int(k)), dtype or "float64")


def identity_like(x: Any, dtype: Any = None) -> Variable:
    """Return the identity matrix of the shape of a matrix."""
    node = as_variable(x)
    rows, columns = node.shape
    return eye(rows, columns, dtype=dtype or node.dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Variable:
    """Return ones at and below the k-th diagonal, zeros elsewhere."""
    N, M = plain(N, "N"), plain(M, "M")
    return cast(np.tri(int(N), None if M is None else int(M), k), dtype or "float64")


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Variable:
    """Return numbers from `start` (0 if only one bound is given) to below `stop`."""
    if stop is None:
        start, stop = 0, start
    bounds = [plain(v, "a bound of arange") for v in (start, stop, step)]
    return as_variable(np.arange(*bounds, dtype=dtype))


def linspace(
    start: Any,
    stop: Any = None,
    num: Any = None,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    end: Any = None,
    steps: Any = None,
) -> Any:
    """Return evenly spaced numbers; `end` and `steps` are older names of `stop` and `num`."""
    stop, num = (end if stop is None else stop), (steps if num is None else num)
    count = int(plain(50 if num is None else num, "num"))
    low, high = as_variable(start), as_variable(stop)
    values = call(jnp.linspace, low, high, count, endpoint=endpoint, axis=axis)
    values = values if dtype is None else cast(values, dtype)
    return (values, (high - low) / (count - 1 if endpoint else count)) if retstep else values


def geomspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    base: float = 10.0,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Variable:
    """Return numbers whose quotients are equal."""
    count = int(plain(num, "num"))
    values = call(jnp.geomspace, as_variable(start), as_variable(stop), count, endpoint=endpoint, axis=axis)
    return values if dtype is None else cast(values, dtype)


def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    base: float = 10.0,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Variable:
    """Return `base` to the power of evenly spaced numbers."""
    count = int(plain(num, "num"))
    values = call(
        jnp.logspace, as_variable(start), as_variable(stop), count, base=base, endpoint=endpoint, axis=axis
    )
    return values if dtype is None else cast(values, dtype)


class _Grid:
    """``mgrid[0:3, 0:2]``: index grids by slices, as NumPy's."""

    def __init__(self, name: str) -> None:
        self._grid = getattr(np, name)

    def __getitem__(self, key: Any) -> Any:
        made = self._grid[key]
        return [as_variable(a) for a in made] if isinstance(made, tuple) else as_variable(made)


mgrid, ogrid = _Grid("mgrid"), _Grid("ogrid")


def tril_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[Variable, ...]:
    """Return the positions at and below the k-th diagonal of an n x m matrix."""
    n, k, m = plain(n, "n"), plain(k, "k"), plain(m, "m")
    return tuple(as_variable(i) for i in np.tril_indices(int(n), int(k), m))


def triu_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[Variable, ...]:
    """Return the positions at and above the k-th diagonal of an n x m matrix."""
    n, k, m = plain(n, "n"), plain(k, "k"), plain(m, "m")
    return tuple(as_variable(i) for i in np.triu_indices(int(n), int(k), m))


def tril_indices_from(a: Any, k: Any = 0) -> tuple[Variable, ...]:
    """Return the positions at and below the k-th diagonal of a matrix."""
    rows, columns = as_variable(a).shape
    return tril_indices(rows, k, columns)


def triu_indices_from(a: Any, k: Any = 0) -> tuple[Variable, ...]:
    """Return the positions at and above the k-th diagonal of a matrix."""
    rows, columns = as_variable(a).shape
    return triu_indices(rows, k, columns)


def bartlett(M: Any) -> Variable:
    """Return the Bartlett (triangular) window of M points."""
    return as_variable(np.bartlett(int(plain(M, "M"))))


def identity(x: Any) -> Variable:
    """Return the variable."""
    return as_variable(x)


def tensor_copy(x: Any) -> Variable:
    """Return the variable: variables never change."""
    return as_variable(x)


__all__ = [
    "alloc",
    "arange",
    "as_tensor",
    "as_tensor_variable",
    "bartlett",
    "constant",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "identity_like",
    "linspace",
    "logspace",
    "mgrid",
    "ogrid",
    "ones",
    "ones_like",
    "tensor_copy",
    "tri",
    "tril_indices",
    "tril_indices_from",
    "triu_indices",
    "triu_indices_from",
    "zeros",
    "zeros_like",
]  # fmt: skip

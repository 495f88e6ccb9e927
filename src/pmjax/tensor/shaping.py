"""Other shapes of the same elements: join, split, reorder, select."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, apply, as_variable, call
from pmjax.tensor.plain import given, plain, plain_shape


def reshape(x: Any, newshape: Any, *, ndim: int | None = None) -> Variable:
    """Return the elements in another shape of the same size; one length may be -1."""
    return call(jnp.reshape, as_variable(x), plain_shape(newshape))


def flatten(x: Any, ndim: int = 1) -> Variable:
    """Return the elements with all but the first `ndim` - 1 dimensions made one."""
    node = as_variable(x)
    if ndim == 1:
        return call(jnp.ravel, node)
    if ndim > node.ndim:
        raise ModelError(f"flatten: {node.label} has {node.ndim} dimensions, fewer than ndim={ndim}")
    return reshape(node, (*node.shape[: ndim - 1], -1))


def ravel(x: Any) -> Variable:
    """Return all elements as one vector."""
    return flatten(x)


def join_dims(x: Any, start_axis: int = 0, n_axes: int | None = None) -> Variable:
    """Return the array with neighbouring dimensions made one."""
    node = as_variable(x)
    start = start_axis % (node.ndim + 1)
    end = node.ndim if n_axes is None else start + n_axes
    return reshape(
        node, (*node.shape[:start], int(np.prod(node.shape[start:end], dtype=int)), *node.shape[end:])
    )


def split_dims(x: Any, shape: Any, axis: int = 0) -> Variable:
    """Return the array with one dimension made several."""
    node = as_variable(x)
    axis %= node.ndim
    return reshape(node, (*node.shape[:axis], *plain_shape(shape), *node.shape[axis + 1 :]))


def stack(tensors: Any, axis: int = 0) -> Variable:
    """Return arrays of equal shape joined along a new axis."""
    return call(jnp.stack, _nodes(tensors), **given(axis=axis or None))


def concatenate(tensor_list: Any, axis: int = 0) -> Variable:
    """Return arrays joined along an axis they have."""
    return call(jnp.concatenate, _nodes(tensor_list), **given(axis=axis or None))


def join(axis: Any, *tensors_list: Any) -> Variable:
    """Return arrays joined along an axis: `concatenate` with the axis first."""
    return concatenate(tensors_list, int(plain(axis, "axis")))


def _nodes(tensors: Any) -> list[Variable]:
    if isinstance(tensors, Variable):
        return list(tensors)
    return [as_variable(t) for t in tensors]


def concat_with_broadcast(tensor_list: Any, axis: int = 0) -> Variable:
    """Return arrays joined along an axis, broadcast along the others."""
    nodes = _nodes(tensor_list)
    axis %= nodes[0].ndim
    others = [(*n.shape[:axis], 1, *n.shape[axis + 1 :]) for n in nodes]
    common = np.broadcast_shapes(*others)
    return concatenate(
        [broadcast_to(n, common[:axis] + n.shape[axis : axis + 1] + common[axis + 1 :]) for n in nodes], axis
    )


def horizontal_stack(*args: Any) -> Variable:
    """Return matrices side by side."""
    return concatenate(args, 1)


def vertical_stack(*args: Any) -> Variable:
    """Return matrices on top of each other."""
    return concatenate(args, 0)


def stacklists(arg: Any) -> Variable:
    """Return nested lists of arrays as one array."""
    return stack([stacklists(a) for a in arg]) if isinstance(arg, (list, tuple)) else as_variable(arg)


def flatten_list(tensors: Any) -> Variable:
    """Return the elements of several arrays as one vector."""
    return concatenate([flatten(t) for t in tensors])


def split(x: Any, splits_size: Any, *, n_splits: int | None = None, axis: int = 0) -> list[Variable]:
    """Return consecutive parts of an array, of the given sizes."""
    node = as_variable(x)
    axis = int(plain(axis, "axis")) % node.ndim
    sizes = plain_shape(splits_size, "splits_size")
    if builtins.sum(sizes) != node.shape[axis]:
        raise ModelError(
            f"split: the sizes {sizes} do not add up to {node.shape[axis]}, the length of axis {axis}"
        )
    ends = list(itertools.accumulate(sizes))
    return [node[(slice(None),) * axis + (slice(e - n, e),)] for n, e in zip(sizes, ends, strict=True)]


def expand_dims(a: Any, axis: Any) -> Variable:
    """Return the array with new axes of length 1."""
    return call(jnp.expand_dims, as_variable(a), axis)


def squeeze(x: Any, axis: Any = None) -> Variable:
    """Return the array without axes of length 1."""
    return call(jnp.squeeze, as_variable(x), **given(axis=axis))


def shape_padleft(t: Any, n_ones: int = 1) -> Variable:
    """Return the array with new axes at the front."""
    node = as_variable(t)
    return node.reshape((1,) * n_ones + node.shape)


def shape_padright(t: Any, n_ones: int = 1) -> Variable:
    """Return the array with new axes at the end."""
    node = as_variable(t)
    return node.reshape(node.shape + (1,) * n_ones)


def shape_padaxis(t: Any, axis: int) -> Variable:
    """Return the array with one new axis."""
    return expand_dims(t, axis)


def atleast_Nd(arry: Any, *, n: int = 1, left: bool = True) -> Variable:
    """Return the array with at least n dimensions; ones are added at the front, or at the end."""
    node = as_variable(arry)
    missing = builtins.max(n - node.ndim, 0)
    return shape_padleft(node, missing) if left else shape_padright(node, missing)


def atleast_1d(arry: Any, *, n: int = 1, left: bool = True) -> Variable:
    """Return the array with at least 1 dimension."""
    return atleast_Nd(arry, n=n, left=left)


def atleast_2d(arry: Any, *, n: int = 2, left: bool = True) -> Variable:
    """Return the array with at least 2 dimensions."""
    return atleast_Nd(arry, n=n, left=left)


def atleast_3d(arry: Any, *, n: int = 3, left: bool = True) -> Variable:
    """Return the array with at least 3 dimensions."""
    return atleast_Nd(arry, n=n, left=left)


def broadcast_to(x: Any, shape: Any) -> Variable:
    """Return the array repeated along axes of length 1 until it has a shape."""
    return call(jnp.broadcast_to, as_variable(x), plain_shape(shape))


def broadcast_arrays(*args: Any) -> tuple[Variable, ...]:
    """Return the arrays broadcast to their common shape."""
    nodes = [as_variable(a) for a in args]
    common = broadcast_shape(*nodes)
    return tuple(n if n.shape == common else broadcast_to(n, common) for n in nodes)


def broadcast_shape(*arrays: Any, arrays_are_shapes: bool = False) -> tuple[int, ...]:
    """Return the shape that arrays (or shapes) broadcast to."""
    shapes = [plain_shape(a) if arrays_are_shapes else as_variable(a).shape for a in arrays]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ModelError(f"the shapes {', '.join(map(str, shapes))} do not broadcast") from None


def transpose(x: Any, axes: Any = None) -> Variable:
    """Return the array with its axes permuted, reversed by default."""
    return call(jnp.transpose, as_variable(x), **given(axes=None if axes is None else tuple(axes)))


def matrix_transpose(x: Any) -> Variable:
    """Return the array with its last two axes exchanged."""
    return swapaxes(x, -1, -2)


def swapaxes(y: Any, axis1: int, axis2: int) -> Variable:
    """Return the array with two axes exchanged."""
    return call(jnp.swapaxes, as_variable(y), axis1, axis2)


def moveaxis(a: Any, source: Any, destination: Any) -> Variable:
    """Return the array with axes moved to other places."""
    return call(jnp.moveaxis, as_variable(a), source, destination)


def tile(A: Any, reps: Any) -> Variable:
    """Return the array repeated as a whole."""
    return call(jnp.tile, as_variable(A), plain_shape(reps, "reps"))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Variable:
    """Return the array with each element repeated, a number of times that constants and data determine."""
    node, counts = as_variable(a), np.asarray(plain(repeats, "repeats"))
    length = node.size if axis is None else node.shape[axis]
    if counts.ndim and counts.size not in (1, length):
        raise ModelError(f"repeat: {counts.size} counts for {length} elements of {node.label}")
    if not counts.ndim:
        return call(jnp.repeat, node, int(counts), **given(axis=axis))
    rows = np.repeat(np.arange(length), counts)
    return take(node, rows, axis)


def roll(x: Any, shift: Any, axis: Any = None) -> Variable:
    """Return the array with elements moved along an axis; those that leave come in at the other end."""
    shift = plain(shift, "shift")
    return call(jnp.roll, as_variable(x), shift if np.ndim(shift) else int(shift), axis=axis)


def flip(arr: Any, axis: Any = None) -> Variable:
    """Return the array with the order of elements reversed along axes."""
    return call(jnp.flip, as_variable(arr), **({} if axis is None else {"axis": axis}))


def pad(x: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Variable:
    """Return the array with edges added, as `numpy.pad`."""
    return call(jnp.pad, as_variable(x), plain(pad_width, "pad_width"), mode, **kwargs)


def sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None
) -> Variable:
    """Return the elements in ascending order along an axis (of the flattened array for None)."""
    return apply(
        jnp.sort,
        flatten(a) if axis is None else as_variable(a),
        **({} if axis in (-1, None) else {"axis": axis}),
    )


def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, stable: bool | None = None
) -> Variable:
    """Return the positions that would sort the array along an axis."""
    return apply(
        jnp.argsort,
        flatten(a) if axis is None else as_variable(a),
        **({} if axis in (-1, None) else {"axis": axis}),
    )


def diag(v: Any, k: int = 0) -> Variable:
    """Return the diagonal of a matrix, or a matrix with a vector on its diagonal."""
    return call(jnp.diag, as_variable(v), **given(k=int(plain(k, "k")) or None))


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """Return the diagonal of two axes of an array."""
    return call(jnp.diagonal, as_variable(a), offset, axis1, axis2)


def extract_diag(x: Any) -> Variable:
    """Return the diagonal of a matrix."""
    return diagonal(x)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """Return the sum of the diagonal."""
    return call(
        jnp.trace,
        as_variable(a),
        **given(offset=offset or None, axis1=axis1 or None, axis2=None if axis2 == 1 else axis2),
    )


def tril(m: Any, k: int = 0) -> Variable:
    """Return the lower triangle, zeros above the k-th diagonal."""
    return call(jnp.tril, as_variable(m), **given(k=k or None))


def triu(m: Any, k: int = 0) -> Variable:
    """Return the upper triangle, zeros below the k-th diagonal."""
    return call(jnp.triu, as_variable(m), **given(k=k or None))


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Variable:
    """Return the elements at positions along an axis (of the flattened array without one)."""
    node = as_variable(a)
    if mode != "raise":
        return call(jnp.take, node, as_variable(indices), axis=axis, mode=mode)
    return flatten(node)[indices] if axis is None else node[(slice(None),) * (axis % node.ndim) + (indices,)]


def take_along_axis(arr: Any, indices: Any, axis: Any = 0) -> Variable:
    """Return elements at positions that differ by row, as `numpy.take_along_axis`."""
    return call(jnp.take_along_axis, as_variable(arr), as_variable(indices), axis=axis)


def choose(a: Any, choices: Any, mode: str = "raise") -> Variable:
    """Return for each element of `a` the choice of that number."""
    return call(jnp.choose, as_variable(a), _nodes(choices), mode="clip" if mode == "raise" else mode)


def compress(condition: Any, x: Any, axis: int | None = None) -> Variable:
    """Return the rows for which a constant condition holds."""
    rows = np.flatnonzero(plain(condition, "the condition of compress"))
    return take(x, rows, axis)


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Return the positions of the elements that are not zero; constants and data must determine them."""
    found = [as_variable(i) for i in np.nonzero(plain(as_variable(a), "the argument of nonzero"))]
    return stack(found) if return_matrix else tuple(found)


def flatnonzero(a: Any) -> Variable:
    """Return the positions in the flattened array of the elements that are not zero."""
    return as_variable(np.flatnonzero(plain(as_variable(a), "the argument of flatnonzero")))


def nonzero_values(a: Any) -> Variable:
    """Return the elements that are not zero."""
    return flatten(a)[flatnonzero(a)]


def shape(x: Any) -> Variable:
    """Return the shape as a constant vector."""
    return as_variable(np.array(as_variable(x).shape, dtype=int))


def specify_shape(x: Any, shape: Any) -> Variable:
    """Return the array, after checking its shape; None stands for any length."""
    node = as_variable(x)
    wanted = tuple(
        None if n is None else int(plain(n, "shape"))
        for n in (shape if isinstance(shape, Sequence) else [shape])
    )
    fits = len(wanted) == node.ndim and builtins.all(
        w in (None, n) for w, n in zip(wanted, node.shape, strict=True)
    )
    if not fits:
        raise ModelError(f"specify_shape: {node.label} has shape {node.shape}, not {wanted}")
    return node


def specify_broadcastable(x: Any, *axes: int) -> Variable:
    """Return the array, after checking that axes have length 1."""
    node = as_variable(x)
    long = [a for a in axes if node.shape[a] != 1]
    if long:
        raise ModelError(
            f"specify_broadcastable: axis {long[0]} of {node.label} has length {node.shape[long[0]]}, not 1"
        )
    return node


def get_vector_length(v: Any) -> int:
    """Return the length of a vector."""
    return len(as_variable(v))


def is_flat(var: Any, ndim: int = 1) -> bool:
    """Return whether the array has so many dimensions."""
    return as_variable(var).ndim == ndim


def slice_at_axis(sl: slice, axis: int) -> tuple[Any, ...]:
    """Return the key that slices one axis and keeps the others."""
    return (slice(None),) * axis + (sl,) if axis >= 0 else (..., sl, *(slice(None),) * (-axis - 1))


def set_subtensor(x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False) -> Variable:
    """Return the array behind ``x = a[key]`` with `y` in the place of `x`.

    Examples
    --------
    >>> import pmjax.tensor as pt
    >>> a = pt.zeros(3)
    >>> pt.set_subtensor(a[1:], [5.0, 6.0]).eval()
    array([0., 5., 6.])
    """
    return as_variable(x).set(y)


def inc_subtensor(
    x: Any,
    y: Any,
    inplace: bool = False,
    set_instead_of_inc: bool = False,
    tolerate_inplace_aliasing: bool = False,
    ignore_duplicates: bool = False,
) -> Variable:
    """Return the array behind ``x = a[key]`` with `y` added in the place of `x`; repeated places add up."""
    return as_variable(x).set(y) if set_instead_of_inc else as_variable(x).inc(y)


__all__ = [
    "argsort", "atleast_1d", "atleast_2d", "atleast_3d", "atleast_Nd", "broadcast_arrays",
    "broadcast_shape", "broadcast_to", "choose", "compress", "concat_with_broadcast", "concatenate",
    "diag", "diagonal", "expand_dims", "extract_diag", "flatnonzero", "flatten", "flatten_list",
    "flip", "get_vector_length", "horizontal_stack", "inc_subtensor", "is_flat", "join", "join_dims",
    "matrix_transpose", "moveaxis", "nonzero", "nonzero_values", "pad", "ravel", "repeat", "reshape",
    "roll", "set_subtensor", "shape", "shape_padaxis", "shape_padleft", "shape_padright",
    "slice_at_axis", "sort", "specify_broadcastable", "specify_shape", "split", "split_dims",
    "squeeze", "stack", "stacklists", "swapaxes", "take", "take_along_axis", "tile", "trace",
    "transpose", "tril", "triu", "vertical_stack",
]  # fmt: skip

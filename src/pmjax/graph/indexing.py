"""Keys of ``x[key]``, by NumPy's rules, as an operation and the arrays of integers that it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import of_data
from pmjax.graph.node import N, Node
from pmjax.graph.ops import Constant, Index, Positions, negative_index
from pmjax.graph.slots import Slot


def parse_key(x: N, key: Any, as_node: Callable[[Any], N]) -> tuple[Index, list[N]]:
    """Return the operation of ``x[key]`` and the arrays in the key.

    Parameters
    ----------
    x : Node
    key : integers, slices, arrays, masks, None and ellipsis, or a tuple of them
    as_node : callable
        Returns an array as a node.

    Raises
    ------
    ModelError
        If the key is none of x, whatever the values of the random variables are.
    """
    parts = key if isinstance(key, tuple) else (key,)
    inputs: list[N] = []
    template: list[Any] = []
    axis = 0
    for position, part in enumerate(parts):
        if part is None:
            template.append(part)
        elif part is Ellipsis:
            template.append(part)
            axis = x.ndim - sum(_axes_taken(p) for p in parts[position + 1 :])
        elif isinstance(part, slice):
            template.append(part)
            axis += 1
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            template.append(int(_from_start(np.asarray(int(part)), x, axis)))
            axis += 1
        else:
            for array in _index_arrays(x, part, axis, as_node):
                template.append(Slot(len(inputs)))
                inputs.append(array)
                axis += 1
    in_bounds = all(isinstance(i.op, Constant) for i in inputs)
    return Index(tuple(template), in_bounds), inputs


def _axes_taken(part: Any) -> int:
    if part is None:
        return 0
    if isinstance(part, (slice, int, np.integer)):
        return 1
    array = part if isinstance(part, Node) else np.asarray(part)
    return array.ndim if array.dtype == bool else 1


def _index_arrays(x: N, part: Any, axis: int, as_node: Callable[[Any], N]) -> list[N]:
    """Return the integer arrays that an index part stands for (a mask stands for one per axis)."""
    by_hand = isinstance(part, (list, tuple, range))
    try:
        part = as_node(part)
    except ModelError as error:
        raise ModelError(f"the index of {x.label}: {error}") from None
    if isinstance(part.op, Constant) and not part.size:
        return [as_node(np.zeros(part.shape, int))]
    if part.dtype == bool:
        if not of_data(part):
            raise ModelError(
                f"the mask in {x.label}[...] is not constant, so the result has no length; use pm.math.switch"
            )
        if not part.ndim or part.shape != x.shape[axis : axis + part.ndim]:
            raise ModelError(
                f"the mask of shape {part.shape} does not fit {x.label} of shape {x.shape}; "
                "a mask has the shape of the dimensions it selects from"
            )
        if isinstance(part.op, Constant):
            return [as_node(i) for i in np.nonzero(part.op.value)]
        return [type(part)(Positions(k), [part]) for k in range(part.ndim)]
    if not np.issubdtype(part.dtype, np.integer):
        raise ModelError(
            f"{x.label} is indexed by {part.dtype} values; index with integers (x.astype(int)) or a mask"
        )
    if isinstance(part.op, Constant):
        position = np.asarray(part.op.value)
        # A list is written by hand; in an array -1 is how pandas codes a missing category.
        if not by_hand and position.ndim and np.any(position == -1) and np.any(position >= 0):
            raise ModelError(negative_index(x, position))
        return [as_node(_from_start(position, x, axis))] if np.any(position < 0) else [part]
    return [part]


def _from_start(position: np.ndarray, x: Node, axis: int) -> np.ndarray:
    """Return positions counted from the start; those out of bounds stay as they are, for the message."""
    length = x.shape[axis] if axis < x.ndim else 0
    return np.where((position < 0) & (position >= -length), position + length, position)

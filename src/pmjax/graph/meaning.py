"""What the function of a node means for the elements of its inputs, said once for every reader of the graph.

A reader asks `meaning` and matches on the answer. `Opaque` is always right: every element of the result may
depend on every element of every input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.elementwise_table import identity, is_elementwise
from pmjax.graph.node import Node
from pmjax.graph.ops import Call, Elementwise, Index
from pmjax.graph.slots import Slot
from pmjax.laws.law import Law


@dataclass(frozen=True)
class Pointwise:
    """Each element is a function of the elements at its place, inputs being broadcast.

    Attributes
    ----------
    kind : str or None
        What is computed, where a reader knows it: "sum", "difference", "product", "quotient", "negative",
        "same" or "exponential" of the inputs in their order.
    """

    kind: str | None = None


@dataclass(frozen=True)
class Gather:
    """``x[key]``: elements of the first input, at places that the key and the other inputs say.

    Attributes
    ----------
    key : tuple
        One entry for each axis of x, and None for each new axis; a `Slot` for an index array.
    """

    key: tuple[Any, ...]


@dataclass(frozen=True)
class Reduce:
    """Each element is a function of all elements along some axes.

    Attributes
    ----------
    axes : tuple of int
        At least 0, of the input.
    keepdims : bool
    kind : str or None
        "sum" or "mean", or None for another function.
    """

    axes: tuple[int, ...]
    keepdims: bool
    kind: str | None = None


@dataclass(frozen=True)
class Along:
    """The shape is kept, and the values along one axis (at least 0) are mixed."""

    axis: int


@dataclass(frozen=True)
class Contract:
    """The product of two vectors or matrices."""


@dataclass(frozen=True)
class Join:
    """Parts side by side along an axis of the result.

    Attributes
    ----------
    axis : int
        At least 0.
    new : bool
        Whether the axis is a new one (`stack`) or one that the parts have (`concatenate`).
    parts : tuple of (int or None)
        Which input each part is; None for a number that is written in the model.
    """

    axis: int
    new: bool
    parts: tuple[int | None, ...]


@dataclass(frozen=True)
class Rearrange:
    """Elements of the only input at other places, some perhaps more than once.

    Attributes
    ----------
    function : callable
        What NumPy does with the input.
    axes : tuple of (int or None) or None
        Which axis of the input each axis of the result is, None for a new one, where axes alone are moved and
        no length is named; None otherwise.
    """

    function: Callable[[np.ndarray], np.ndarray]
    axes: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Density:
    """The log density of a distribution: one number for each event and its parameters."""

    law: Law


@dataclass(frozen=True)
class Opaque:
    """Nothing is known."""


Meaning = Pointwise | Gather | Reduce | Along | Contract | Join | Rearrange | Density | Opaque

KINDS: dict[Callable[..., Any], str] = {
    jnp.add: "sum",
    jnp.subtract: "difference",
    jnp.multiply: "product",
    jnp.true_divide: "quotient",
    jnp.divide: "quotient",
    jnp.negative: "negative",
    jnp.positive: "same",
    identity: "same",
    jnp.exp: "exponential",
}
REDUCTIONS: dict[Callable[..., Any], str | None] = {
    jnp.sum: "sum",
    jnp.mean: "mean",
    **dict.fromkeys([jnp.prod, jnp.std, jnp.var, jnp.min, jnp.max, jnp.any, jnp.all]),
    **dict.fromkeys([jnp.argmin, jnp.argmax, jax.scipy.special.logsumexp, jax.nn.logsumexp]),
}
# The default of `axis`; None is the only axis of a vector.
ALONG: dict[Callable[..., Any], int | None] = {
    jnp.cumsum: None,
    jnp.cumprod: None,
    jax.nn.softmax: -1,
    jax.nn.log_softmax: -1,
}
JOINS: dict[Callable[..., Any], bool] = {jnp.stack: True, jnp.concatenate: False}
PRODUCTS: tuple[Callable[..., Any], ...] = (jnp.matmul, jnp.dot)
# Whether the function only moves, adds or drops axes.
REARRANGEMENTS: dict[Callable[..., Any], bool] = {
    **dict.fromkeys([jnp.transpose, jnp.squeeze, jnp.expand_dims, jnp.moveaxis, jnp.swapaxes], True),
    **dict.fromkeys([jnp.reshape, jnp.ravel, jnp.broadcast_to, jnp.flip, jnp.tile, jnp.repeat], False),
    jnp.roll: False,
}


def meaning(node: Node) -> Meaning:
    """Return what the function of a node means for the elements of its inputs.

    Parameters
    ----------
    node : Node

    Returns
    -------
    Meaning

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Normal.dist(shape=(3, 2))
    >>> meaning(x.sum(axis=-1)), meaning(x + 1.0)
    (Reduce(axes=(1,), keepdims=False, kind='sum'), Pointwise(kind='sum'))
    """
    op = node.op
    if isinstance(op, Elementwise):
        return Pointwise(KINDS.get(op.function))
    if isinstance(op, Index):
        return Gather(_whole_key(op.template, node.inputs[0].ndim))
    if not isinstance(op, Call):
        return Opaque()
    law = getattr(op.function, "__self__", None)
    if isinstance(law, Law):
        return Density(law) if op.function.__name__ == "log_density" else Opaque()
    try:
        hash(op.function)
    except TypeError:
        return Opaque()
    for read in (_pointwise, _contract, _join, _reduce, _along, _rearrange):
        found = read(node, op)
        if found is not None:
            return found
    return Opaque()


def _whole_key(template: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    key = list(template)
    at = next((i for i, part in enumerate(key) if part is Ellipsis), None)
    if at is not None:
        taken = sum(part is not None for part in key) - 1
        key[at : at + 1] = [slice(None)] * (ndim - taken)
    return (*key, *[slice(None)] * (ndim - sum(part is not None for part in key)))


def _pointwise(node: Node, op: Call) -> Pointwise | None:
    args, kwargs = op.template
    if op.function is jnp.astype and len(args) == 2 and args[0] == Slot(0):
        return Pointwise()
    listed = any(isinstance(a, (list, tuple, dict)) for a in args)
    return Pointwise() if is_elementwise(op.function) and not kwargs and not listed else None


def _contract(node: Node, op: Call) -> Contract | None:
    if op.function not in PRODUCTS or op.template != ((Slot(0), Slot(1)), {}):
        return None
    return Contract() if all(1 <= v.ndim <= 2 for v in node.inputs) else None


def _join(node: Node, op: Call) -> Join | None:
    args, kwargs = op.template
    if op.function not in JOINS or not args or not isinstance(args[0], (list, tuple)):
        return None
    axis = _argument("axis", args, kwargs, 0)
    if not isinstance(axis, int) or not all(isinstance(p, (Slot, int, float)) for p in args[0]):
        return None
    parts = tuple(p.number if isinstance(p, Slot) else None for p in args[0])
    return Join(axis % node.ndim, JOINS[op.function], parts)


def _argument(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], default: Any, *others: str) -> Any:
    """Return the second argument of a call; Ellipsis if there are more than it and the others."""
    if len(args) > 2 or not set(kwargs) <= {name, *others} or (len(args) == 2 and name in kwargs):
        return Ellipsis
    return kwargs.get(name, args[1] if len(args) == 2 else default)


def _of_one(node: Node, op: Call) -> bool:
    return len(node.inputs) == 1 and op.template[0][:1] == (Slot(0),)


def _reduce(node: Node, op: Call) -> Reduce | None:
    if op.function not in REDUCTIONS or not _of_one(node, op):
        return None
    args, kwargs = op.template
    axis, ndim = _argument("axis", args, kwargs, None, "keepdims"), node.inputs[0].ndim
    if axis is None:
        axis = tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(a, int) for a in axes):
        return None
    return Reduce(tuple(a % ndim for a in axes), bool(kwargs.get("keepdims")), REDUCTIONS[op.function])


def _along(node: Node, op: Call) -> Along | None:
    if op.function not in ALONG or not _of_one(node, op):
        return None
    axis = _argument("axis", *op.template, ALONG[op.function])
    if axis is None and node.inputs[0].ndim == 1:
        axis = 0
    return Along(axis % node.ndim) if isinstance(axis, int) else None


def _rearrange(node: Node, op: Call) -> Rearrange | None:
    if op.function not in REARRANGEMENTS or not _of_one(node, op):
        return None
    (_, *args), kwargs = op.template
    plain = getattr(np, op.name)

    def function(x: np.ndarray) -> np.ndarray:
        return np.asarray(plain(x, *args, **kwargs))

    x = node.inputs[0]
    try:  # an argument may be one that only JAX's function has
        function(np.broadcast_to(np.zeros((), np.int8), x.shape))
    except TypeError:
        return None
    if op.function is jnp.ravel and x.ndim == 1:
        return Rearrange(function, (0,))
    return Rearrange(function, _moved(function, x.shape) if REARRANGEMENTS[op.function] else None)


def _moved(function: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]) -> tuple[int | None, ...]:
    """Return which axis of the input each axis of the result is: the one with which it grows."""
    lengths = function(np.broadcast_to(np.zeros((), np.int8), shape)).shape
    axes: list[int | None] = [None] * len(lengths)
    for axis, length in enumerate(shape):
        if length == 1:  # a row of one is repeated, and may have been dropped
            continue
        longer = (*shape[:axis], length + 1, *shape[axis + 1 :])
        grown = function(np.broadcast_to(np.zeros((), np.int8), longer)).shape
        axes[next(i for i, (a, b) in enumerate(zip(lengths, grown, strict=True)) if a != b)] = axis
    return tuple(axes)

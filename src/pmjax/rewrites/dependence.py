"""Which element of a variable each element of an expression depends on.

The answer is an array of the shape of the expression that holds the flat position of that element, or
NONE where there is none: its *owners*. It is computed by sending the positions themselves through the graph:
what rearranges values rearranges owners, what combines values must find the same owner in all of them.
An expression that combines different elements, or that is not surely understood, has no owners.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.elementwise_table import is_elementwise
from pmjax.graph.evaluate import ancestors, evaluate_host, is_random
from pmjax.graph.ops import Call, Elementwise, Index
from pmjax.graph.slots import Slot, fill_slots
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.rewrites.row_analysis import not_data

NONE = -1
Owners = np.ndarray

_REARRANGE: tuple[Callable[..., Any], ...] = (
    *(jnp.reshape, jnp.ravel, jnp.transpose, jnp.squeeze, jnp.expand_dims, jnp.broadcast_to),
    *(jnp.flip, jnp.tile, jnp.repeat, jnp.moveaxis, jnp.swapaxes, jnp.roll),
)
_JOIN: tuple[Callable[..., Any], ...] = (jnp.stack, jnp.concatenate)
_REDUCE: tuple[Callable[..., Any], ...] = (
    *(jnp.sum, jnp.prod, jnp.mean, jnp.std, jnp.var, jnp.min, jnp.max, jnp.any, jnp.all),
    *(jax.scipy.special.logsumexp, jax.nn.logsumexp),
)
_ALONG: dict[Callable[..., Any], int | None] = {
    jnp.cumsum: None,
    jnp.cumprod: None,
    jax.nn.softmax: -1,
    jax.nn.log_softmax: -1,
}


class Mixed(Exception):
    """An expression combines several elements of the variable, or may do so; the message says where."""


class Dependence:
    """The owners of expressions among the elements of one variable.

    Parameters
    ----------
    variable : Variable
        A random variable. Other random variables are given: nothing behind them counts.
    """

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        positions = np.arange(variable.size).reshape(variable.shape)
        self._owners: dict[Variable, Owners | None] = {variable: positions}
        self._broadcasts: dict[Variable, bool] = {variable: True}

    def of(self, expression: Variable) -> Owners | None:
        """Return the owners of an expression; None if it does not depend on the variable.

        Raises
        ------
        Mixed
            If one element of the expression depends on several elements of the variable, or may do so.
        """
        self._walk(expression)
        return self._owners[expression]

    def broadcasts(self, expression: Variable) -> bool:
        """Return whether the variable's axes are only ever broadcast in the expression.

        Then the expression may be computed for one value of all elements from an array of size 1.
        """
        self._walk(expression)
        return self._broadcasts[expression]

    def _walk(self, expression: Variable) -> None:
        for node in ancestors([expression], stop=self._is_known):
            if node in self._owners:
                continue
            inputs = [] if is_random(node) else [self._owners[v] for v in node.inputs]
            if all(owners is None for owners in inputs):
                self._owners[node], self._broadcasts[node] = None, True
                continue
            self._owners[node] = self._combined(node, inputs)
            plain = _is_plain(node, [owners is not None for owners in inputs])
            self._broadcasts[node] = plain and all(self._broadcasts[v] for v in node.inputs)

    def _is_known(self, node: Variable) -> bool:
        return node in self._owners or is_random(node)

    def _combined(self, node: Variable, inputs: Sequence[Owners | None]) -> Owners:
        single = np.unique(np.concatenate([_extremes(o) for o in inputs if o is not None]))
        if single[-1] == NONE:
            return np.full(node.shape, NONE)
        if len(single[single != NONE]) == 1:
            return np.full(node.shape, single[-1])
        full = [np.full(v.shape, NONE) if o is None else o for v, o in zip(node.inputs, inputs, strict=True)]
        try:
            found = self._answer(node, full)
        except _Conflict:
            found = None
        if found is None or found.shape != node.shape:
            raise Mixed(f"{_describe(node)} combines several elements of {self.variable.label}, or may do so")
        return found

    def _answer(self, node: Variable, inputs: list[Owners]) -> Owners | None:
        op = node.op
        if isinstance(op, Elementwise):
            return _merge(node.shape, inputs)
        if isinstance(op, Index):
            return _index_owners(node, op, inputs)
        if isinstance(op, Call):
            return _call_owners(node, op, inputs)
        return None


class _Conflict(Exception):
    pass


def _describe(node: Variable) -> str:
    if node.name is not None:
        return repr(node.name)
    if isinstance(node.op, Call):
        law = law_of_density(node.op)
        return f"a parameter of {law.name}" if law is not None else f"{node.op.name}(...)"
    return "an index" if isinstance(node.op, Index) else "an expression"


def _extremes(owners: Owners) -> np.ndarray:
    """Return the values that decide whether there is one owner at most: NONE, the least and the greatest."""
    some = owners[owners != NONE]
    return np.array([NONE, *([some.min(), some.max()] if some.size else [])])


def _merge(shape: tuple[int, ...], parts: Sequence[Owners]) -> Owners:
    merged = np.full(shape, NONE)
    for part in parts:
        own = np.broadcast_to(part, shape)
        if np.any((own != NONE) & (merged != NONE) & (own != merged)):
            raise _Conflict
        merged = np.maximum(merged, own)
    return merged


def _reduced(owners: Owners, axes: int | tuple[int, ...] | None, keepdims: bool = False) -> Owners:
    """Return the only owner along some axes."""
    over = tuple(range(owners.ndim)) if axes is None else (axes,) if isinstance(axes, int) else axes
    greatest = np.max(owners, axis=over, keepdims=True, initial=NONE)
    if np.any((owners != NONE) & (owners != greatest)):
        raise _Conflict
    return greatest if keepdims else np.squeeze(greatest, axis=over)


def _index_owners(node: Variable, op: Index, inputs: list[Owners]) -> Owners | None:
    x, *keys = inputs
    key_nodes = node.inputs[1:]
    if all(np.all(k == NONE) for k in keys):
        if not_data(key_nodes):
            return None
        return np.asarray(x[fill_slots(op.template, evaluate_host(key_nodes, {}))])
    if np.any(x != NONE):
        return None
    # The axes of the index arrays in the result are those that grow when the arrays do.
    shape = np.broadcast_shapes(*(k.shape for k in keys))
    dummy = np.broadcast_to(np.zeros((), np.int8), node.inputs[0].shape)
    grown = dummy[fill_slots(op.template, [np.zeros([n + 1 for n in shape], int) for _ in keys])].shape
    at = [axis for axis, (a, b) in enumerate(zip(node.shape, grown, strict=True)) if a != b]
    spread = np.expand_dims(_merge(shape, keys), tuple(axis for axis in range(node.ndim) if axis not in at))
    return np.broadcast_to(spread, node.shape)


def law_of_density(op: Call) -> Law | None:
    """Return the distribution whose log density a call computes, or None."""
    law = getattr(op.function, "__self__", None)
    is_density = isinstance(law, Law) and op.function.__name__ == "log_density"
    return law if is_density else None


def _call_owners(node: Variable, op: Call, inputs: list[Owners]) -> Owners | None:
    args, kwargs = op.template
    law = law_of_density(op)
    if law is not None:
        ndims = (law.event_ndim, *(law.param_ndims.get(name, 0) for name in law.param_names))
        events = [_reduced(o, tuple(range(o.ndim - n, o.ndim))) for o, n in zip(inputs, ndims, strict=True)]
        return _merge(node.shape, events)
    if is_elementwise(op.function) and not kwargs and all(isinstance(a, Slot) for a in args):
        return _merge(node.shape, inputs)
    if op.function in (jnp.matmul, jnp.dot) and args == (Slot(0), Slot(1)) and not kwargs:
        return _product_owners(node, inputs)
    if op.function is jnp.astype:
        return inputs[0]
    if op.function in _JOIN or (op.function in _REARRANGE and len(inputs) == 1 and args[:1] == (Slot(0),)):
        filled, named = fill_slots(op.template, inputs)
        try:
            return np.asarray(getattr(np, op.name)(*filled, **named))
        except TypeError:  # an argument that only JAX's function has
            return None
    if op.function in _REDUCE or op.function in _ALONG:
        return _reduction_owners(op, inputs)
    return None


def _product_owners(node: Variable, inputs: list[Owners]) -> Owners | None:
    a, b = inputs
    if not 1 <= a.ndim <= 2 or not 1 <= b.ndim <= 2:
        return None
    rows, columns = _reduced(a, -1), _reduced(b, 0)
    return _merge(node.shape, [rows[:, None] if a.ndim == b.ndim == 2 else rows, columns])


def _reduction_owners(op: Call, inputs: list[Owners]) -> Owners | None:
    args, kwargs = op.template
    if len(inputs) != 1 or not args or args[0] != Slot(0) or len(args) > 2:
        return None
    if not set(kwargs) <= {"axis", "keepdims"}:
        return None
    default = _ALONG.get(op.function)
    axis = kwargs.get("axis", args[1] if len(args) == 2 else default)
    if op.function in _REDUCE:
        return _reduced(inputs[0], axis, bool(kwargs.get("keepdims")))
    if not isinstance(axis, int):
        return None
    return np.broadcast_to(_reduced(inputs[0], axis, keepdims=True), inputs[0].shape)


def _is_plain(node: Variable, depends: list[bool]) -> bool:
    """Return whether a size of 1 along the axes of the variable gives the result up to broadcasting."""
    op = node.op
    if isinstance(op, Elementwise):
        return True
    if isinstance(op, Index):
        return not depends[0] or all(part is None or part == slice(None) for part in op.template)
    return isinstance(op, Call) and law_of_density(op) is not None

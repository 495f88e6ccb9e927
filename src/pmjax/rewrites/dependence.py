"""Which element of a variable each element of an expression depends on.

The answer is an array of the shape of the expression that holds the flat position of that element, or
NONE where there is none: its *owners*. It is computed by sending the positions themselves through the graph:
what rearranges values rearranges owners, what combines values must find the same owner in all of them.
An expression that combines different elements, or that is not surely understood, has no owners.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmjax.graph.evaluate import ancestors, evaluate_host, is_random
from pmjax.graph.meaning import Along, Contract, Density, Gather, Join, Pointwise, Rearrange, Reduce, meaning
from pmjax.graph.ops import Call, Elementwise, Index
from pmjax.graph.slots import fill_slots
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.rewrites.row_analysis import not_data

NONE = -1
Owners = np.ndarray


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
        match meaning(node):
            case Pointwise():
                return _merge(node.shape, inputs)
            case Gather():
                assert isinstance(node.op, Index)
                return _index_owners(node, node.op, inputs)
            case Density(law):
                return _merge(node.shape, _by_event(law, inputs))
            case Contract():
                return _product_owners(node, inputs)
            case Join(axis, new, parts):
                owners = [np.asarray(NONE) if i is None else inputs[i] for i in parts]
                return (np.stack if new else np.concatenate)(owners, axis)
            case Rearrange(function):
                return function(inputs[0])
            case Reduce(axes, keepdims):
                return _reduced(inputs[0], axes, keepdims)
            case Along(axis):
                return np.broadcast_to(_reduced(inputs[0], (axis,), keepdims=True), inputs[0].shape)
        return None


class _Conflict(Exception):
    pass


def _describe(node: Variable) -> str:
    if node.name is not None:
        return repr(node.name)
    match meaning(node):
        case Density(law):
            return f"a parameter of {law.name}"
        case Gather():
            return "an index"
    return f"{node.op.name}(...)" if isinstance(node.op, Call) else "an expression"


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


def _reduced(owners: Owners, over: tuple[int, ...], keepdims: bool = False) -> Owners:
    """Return the only owner along some axes."""
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


def _by_event(law: Law, inputs: list[Owners]) -> list[Owners]:
    """Return the only owners of the events and of the parameters of each."""
    ndims = (law.event_ndim, *(law.param_ndims.get(name, 0) for name in law.param_names))
    return [_reduced(o, tuple(range(o.ndim - n, o.ndim))) for o, n in zip(inputs, ndims, strict=True)]


def _product_owners(node: Variable, inputs: list[Owners]) -> Owners:
    a, b = inputs
    rows, columns = _reduced(a, (a.ndim - 1,)), _reduced(b, (0,))
    return _merge(node.shape, [rows[:, None] if a.ndim == b.ndim == 2 else rows, columns])


def _is_plain(node: Variable, depends: list[bool]) -> bool:
    """Return whether a size of 1 along the axes of the variable gives the result up to broadcasting."""
    if isinstance(node.op, Index):
        return not depends[0] or all(part is None or part == slice(None) for part in node.op.template)
    return isinstance(node.op, Elementwise) or isinstance(meaning(node), Density)

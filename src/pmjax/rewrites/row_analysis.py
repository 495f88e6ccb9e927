"""Which parts of an expression depend on the rows of an observed variable, and only through data.

The question is asked from the top: "the rows of this node, along this axis, are needed for some row
numbers only; the rows of which inputs, along which axes, does that take?" An operation answers for itself.
Where all answers end in data, rows whose data are equal have equal values. An operation without an
answer ends the analysis: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.graph.evaluate import ancestors, evaluate_host
from pmjax.graph.meaning import Along, Contract, Gather, Join, Pointwise, Rearrange, Reduce, meaning
from pmjax.graph.ops import Call, Constant, DataCell, Index, Input, Op, RandomVariable
from pmjax.graph.slots import Slot
from pmjax.graph.variable import Variable

Axes = tuple[int | None, ...]
RowKey = tuple[int, int]


class NotByRows(Exception):
    """The rows of a node are not understood; the message says in words what stands in the way."""


def not_data(outputs: Sequence[Variable]) -> set[int]:
    """Return the ids of the nodes behind the outputs whose value does not follow from data alone."""
    found: set[int] = set()
    for node in ancestors(outputs):
        if isinstance(node.op, (RandomVariable, Input)) or any(id(v) in found for v in node.inputs):
            found.add(id(node))
    return found


def depends_on_data_cell(node: Variable) -> bool:
    """Return whether the value of a node changes with named data (``pm.Data``)."""
    return any(isinstance(v.op, DataCell) for v in ancestors([node]))


def input_axes(node: Variable, axis: int) -> Axes:
    """Return for each input the axis whose rows give the rows of `node` along `axis`; None: all of the input.

    Raises
    ------
    NotByRows
        If the operation is not surely understood.
    """
    match meaning(node):
        case Pointwise():
            return _broadcast_axes(node, axis)
        case Gather(key):
            return _gather_axes(node, key, axis)
        case Contract():
            return (0, None) if node.inputs[0].ndim == 2 and axis == 0 else (None, 1)
        case Join(joined, new, parts) if axis != joined and None not in parts:
            return tuple(axis - (new and joined < axis) for _ in node.inputs)
        case Reduce(axes, keepdims) if not (keepdims and axis in axes):
            kept = [a for a in range(node.inputs[0].ndim) if a not in axes]
            return (axis if keepdims else kept[axis],)
        case Along(mixed) if mixed != axis:
            return (axis,)
        case Rearrange(_, axes) if axes is not None and axes[axis] is not None:
            return (axes[axis],)
    if isinstance(node.op, RandomVariable):
        raise NotByRows(f"{node.label} has one random value for each row")
    raise NotByRows(
        f"{node.op.name}(...) may mix rows" if isinstance(node.op, Call) else f"{node.label} is opaque"
    )


def _broadcast_axes(node: Variable, axis: int) -> Axes:
    return tuple(_aligned(v.shape, node.ndim, axis) for v in node.inputs)


def _aligned(shape: tuple[int, ...], ndim: int, axis: int) -> int | None:
    """Return the axis of an input, broadcast to `ndim` dimensions, that becomes `axis`; None if repeated."""
    own = axis - (ndim - len(shape))
    return None if own < 0 or shape[own] == 1 else own


def _gather_axes(node: Variable, key: tuple[Any, ...], axis: int) -> Axes:
    """Rows of ``x[key]``: rows of the index arrays, or of x where the key takes a whole axis."""
    x, *indices = node.inputs
    # With arrays in the key, NumPy counts integers among them.
    arrays = [i for i, t in enumerate(key) if isinstance(t, Slot) or (indices and isinstance(t, int))]
    if arrays and arrays != list(range(arrays[0], arrays[-1] + 1)):
        raise NotByRows(f"{node.label} mixes index arrays and slices")
    width = max((v.ndim for v in indices), default=0)
    position, source = 0, 0
    for i, part in enumerate(key):
        if arrays and i == arrays[0] and position <= axis < position + width:
            return (None, *(_aligned(v.shape, width, axis - position) for v in indices))
        if i in arrays:
            position, source = position + (width if i == arrays[0] else 0), source + 1
        elif part is None:
            position += 1
        elif isinstance(part, slice):
            if position == axis:
                if part != slice(None):
                    raise NotByRows(f"{x.label} is cut along its rows")
                return (source, *(None for _ in indices))
            position, source = position + 1, source + 1
        else:
            source += 1
    raise NotByRows(f"the key of {x.label}[...] is not understood")


class RowExpressions:
    """Expressions whose rows, along given axes, follow from rows of data.

    Parameters
    ----------
    outputs : sequence of (Variable, int or None)
        Each expression with its row axis; None if it is the same for all rows.

    Attributes
    ----------
    columns : dict
        The data behind the rows: for each (node, axis) an array whose first axis is the rows.
    replaceable : bool
        Whether some of these data are named ones, which the user may replace.

    Raises
    ------
    NotByRows
        If some expression is not understood.
    """

    def __init__(self, outputs: Sequence[tuple[Variable, int | None]]) -> None:
        self.outputs = list(outputs)
        self.columns: dict[RowKey, np.ndarray] = {}
        self.replaceable = False
        self._axes: dict[RowKey, Axes] = {}
        self._not_data = not_data([node for node, _ in outputs])
        for node, axis in self.outputs:
            if axis is not None:
                self._visit(node, axis)

    def _visit(self, node: Variable, axis: int) -> None:
        stack = [(node, axis)]
        while stack:
            node, axis = stack.pop()
            key = (id(node), axis)
            if key in self._axes or key in self.columns:
                continue
            if id(node) not in self._not_data:
                self.columns[key] = np.moveaxis(evaluate_host([node], {})[0], axis, 0)
                self.replaceable |= depends_on_data_cell(node)
                continue
            self._axes[key] = input_axes(node, axis)
            stack.extend((v, a) for v, a in zip(node.inputs, self._axes[key], strict=True) if a is not None)

    def at_rows(self, rows: np.ndarray) -> list[Variable]:
        """Return the expressions rebuilt for some rows only (an array of row numbers)."""
        made: dict[RowKey, Variable] = {}

        def build(node: Variable, axis: int | None) -> Variable:
            if axis is None:
                return node
            key = (id(node), axis)
            if key in self.columns and key not in made:
                made[key] = Variable(Constant(_taken(self.columns[key], rows, axis)))
            elif key not in made:
                inputs = [build(v, a) for v, a in zip(node.inputs, self._axes[key], strict=True)]
                made[key] = Variable(_in_bounds(node.op, inputs), inputs)
            return made[key]

        return [build(node, axis) for node, axis in self.outputs]


def _in_bounds(op: Op, inputs: Sequence[Variable]) -> Op:
    """Return an index operation that need not wrap, if its arrays have become constants of at least 0."""
    if not isinstance(op, Index) or op.in_bounds or len(inputs) == 1:
        return op
    constant = all(isinstance(v.op, Constant) and np.all(v.op.value >= 0) for v in inputs[1:])
    return Index(op.template, constant)


def _taken(column: np.ndarray, rows: np.ndarray, axis: int) -> np.ndarray:
    array = np.ascontiguousarray(np.moveaxis(column[rows], 0, axis))
    array.setflags(write=False)
    return array

"""Gathers by the same index share one: ``a[idx] + b[idx] * x`` reads the rows of (a, b) once.

The gradient of a gather is a scatter, which XLA runs index by index on a CPU; two columns scattered
together cost as much as one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import own_nodes
from pmjax.graph.ops import Index
from pmjax.graph.rewrite import rewrite_expressions
from pmjax.graph.slots import Slot
from pmjax.graph.variable import Variable, call


def merge_gathers(outputs: Sequence[Variable]) -> list[Variable]:
    """Return the same expressions, with one gather for all vectors gathered by equal indices.

    Parameters
    ----------
    outputs : sequence of Variable

    Returns
    -------
    list of Variable
        With the same values, shapes and dtypes.
    """
    merged = list(outputs)
    while group := _next_group(merged):
        merged = rewrite_expressions(merged, _joined(group))
    return merged


def _next_group(outputs: Sequence[Variable]) -> list[Variable]:
    """Return gathers that can share one, none of which needs another of them; empty if there are none."""
    groups: dict[Hashable, list[Variable]] = {}
    for node in own_nodes(outputs):
        key = _key(node)
        if key is not None:
            groups.setdefault(key, []).append(node)
    for group in groups.values():
        members = set(map(id, group))
        behind = own_nodes([node.inputs[0] for node in group])
        if len(group) > 1 and not any(id(node) in members for node in behind):
            return group
    return []


def _key(node: Variable) -> Hashable | None:
    """Return what gathers must agree in; None for anything but a float vector gathered by data."""
    if not isinstance(node.op, Index) or node.op.template != (Slot(0),):
        return None
    source, index = node.inputs
    if source.ndim != 1 or source.dtype.kind != "f" or index.data_value is None:
        return None
    values = np.asarray(index.data_value)
    return (source.shape, source.dtype, values.shape, values.dtype, node.op.in_bounds, values.tobytes())


def _joined(group: Sequence[Variable]) -> dict[Variable, Variable]:
    columns = call(jnp.stack, [node.inputs[0] for node in group], axis=1)
    rows = Variable(group[0].op, [columns, group[0].inputs[1]])
    return {node: rows[..., i] for i, node in enumerate(group)}

"""Rebuilding a graph with other nodes, and its identity across processes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pmjax.graph.evaluate import ancestors, is_random, own_nodes
from pmjax.graph.ops import Constant, DataCell, Input, RandomVariable
from pmjax.graph.variable import Variable


def rewrite_expressions(
    outputs: Sequence[Variable], replacements: Mapping[Variable, Variable]
) -> list[Variable]:
    """Return expressions of random variables with some nodes replaced; the variables stay what they are."""
    kept = {node: node for node in own_nodes(outputs) if is_random(node)}
    return substitute(outputs, {**replacements, **kept})


def substitute(outputs: Sequence[Variable], replacements: Mapping[Variable, Variable]) -> list[Variable]:
    """Return the outputs rebuilt with some nodes replaced; shapes are inferred anew, names are kept.

    Parts of the graph that do not depend on a replaced node are shared, not copied.
    """
    new: dict[int, Variable] = {id(k): v for k, v in replacements.items()}
    for node in ancestors(outputs, stop=lambda v: id(v) in new):
        if id(node) in new:
            continue
        inputs = [new[id(v)] for v in node.inputs]
        unchanged = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        new[id(node)] = node if unchanged else Variable(node.op, inputs, node.name)
    return [new[id(v)] for v in outputs]


def fingerprint(outputs: Sequence[Variable]) -> tuple[Any, ...] | None:
    """Return the structure of a graph as nested tuples of strings and numbers, the same in every process.

    Two graphs with equal fingerprints trace to the same program, up to the shapes of their data arguments.
    None if some function has no address that another process could find (a lambda, say).
    """
    number: dict[int, int] = {}
    lines: list[Any] = []
    for node in ancestors(outputs):
        own = node.op.fingerprint()
        if own is None:
            return None
        number[id(node)] = len(lines)
        lines.append((own, tuple(number[id(v)] for v in node.inputs), node.shape, str(node.dtype)))
    return (tuple(lines), tuple(number[id(v)] for v in outputs))


def value_numbers(outputs: Sequence[Variable]) -> list[int]:
    """Return a number for each output: equal ones have one value, however often it is written.

    Random variables, inputs and arrays are themselves alone; what is computed from equal things in the same
    way is equal.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Normal.dist()
    >>> value_numbers([x + 1, x + 1, x + 2])
    [2, 2, 4]
    """
    numbers: dict[Hashable, int] = {}
    found: dict[int, int] = {}
    for node in own_nodes(outputs):
        op = node.op
        own = None if isinstance(op, (RandomVariable, Input, DataCell)) else op.fingerprint()
        if own is None or (isinstance(op, Constant) and op.is_argument):
            own = id(node)
        key = (own, () if is_random(node) else tuple(found[id(v)] for v in node.inputs))
        found[id(node)] = numbers.setdefault(key, len(numbers))
    return [found[id(v)] for v in outputs]

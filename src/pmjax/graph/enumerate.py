"""An expression at every combination of values of some of its nodes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import Reading, ancestors, is_random
from pmjax.graph.node import Node
from pmjax.graph.ops import Constant, Input, Op, Shape
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable


@dataclass(frozen=True, eq=False)
class Enumerated(Op):
    """The values of `body` for all combinations of values of its `bound` inputs.

    The inputs of the node are the values of each bound input along a first axis, then what stands for the
    `captured` inputs, which are the same for all combinations. The result has one leading axis for each
    bound input. The body is traced once (`jax.vmap`), whatever the number of values.
    """

    body: Variable
    bound: tuple[Variable, ...]
    captured: tuple[Variable, ...]

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        lengths = tuple(v.shape[0] for v in inputs[: len(self.bound)])
        return (*lengths, *self.body.shape), self.body.dtype

    def evaluate(self, *values: Any) -> Any:
        inside = (*self.bound, *self.captured)

        def at(*given: Any) -> Any:
            return jnp.asarray(Reading(dict(zip(inside, given, strict=True))).read([self.body])[0])

        function: Callable[..., Any] = at
        for i in reversed(range(len(self.bound))):
            function = jax.vmap(function, in_axes=tuple(0 if j == i else None for j in range(len(inside))))
        return function(*(jnp.asarray(v) for v in values))

    def fingerprint(self) -> Hashable | None:
        inner = fingerprint([self.body, *self.bound, *self.captured])
        return None if inner is None else ("enumerated", inner)


def enumerated(
    expression: Variable,
    values: Mapping[Variable, Variable],
    fixed: Mapping[Variable, Variable] | None = None,
) -> Variable:
    """Return an expression at every combination of values of some nodes behind it.

    Parameters
    ----------
    expression : Variable
    values : mapping from Variable to Variable
        For each such node its values along a first axis; the other axes need only broadcast to the
        node's shape, and then the result need only broadcast to the expression's.
    fixed : mapping from Variable to Variable, optional
        Nodes that are replaced by one value.

    Returns
    -------
    Variable, shape (values of the first node, values of the second, ..., *shape of the expression)

    Examples
    --------
    >>> import pmjax as pm
    >>> from pmjax.graph.variable import as_variable
    >>> z, x = pm.Bernoulli.dist(0.5), pm.Normal.dist(shape=3)
    >>> enumerated(x * z + 1, {z: as_variable([0, 1])}).shape
    (2, 3)
    """
    inside: dict[int, Variable] = {
        id(node): Variable(Input(v.shape[1:], v.dtype), (), node.name) for node, v in values.items()
    }
    bound = tuple(inside.values())
    inside |= {id(node): v for node, v in (fixed or {}).items()}
    depends = set(inside)
    captured: dict[Variable, Variable] = {}

    def placeholder(node: Variable) -> Variable:
        if isinstance(node.op, Constant) and not node.op.is_argument:
            return node
        if node not in captured:
            captured[node] = Variable(Input(node.shape, node.dtype), (), node.name)
        return captured[node]

    for node in ancestors([expression], stop=lambda v: id(v) in depends or is_random(v)):
        if id(node) not in depends and any(id(v) in depends for v in node.inputs):
            if is_random(node):
                continue
            depends.add(id(node))
            inputs = [inside[id(v)] if id(v) in depends else placeholder(v) for v in node.inputs]
            inside[id(node)] = Variable(node.op, inputs, node.name)
    body = inside[id(expression)]
    return Variable(Enumerated(body, bound, tuple(captured.values())), [*values.values(), *captured])

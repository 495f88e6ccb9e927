"""A part of a graph as a function: of arguments, and of the nodes of a model that it reads."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from pmjax.graph.evaluate import Reading, ancestors, evaluate_host
from pmjax.graph.ops import Constant, Input
from pmjax.graph.rewrite import fingerprint, substitute
from pmjax.graph.variable import Variable


class Expression:
    """A function of `arguments` whose other inputs are nodes of a model.

    Parameters
    ----------
    arguments : sequence of Variable
        `Input` nodes.
    output : Variable
        An expression of them and of other nodes.

    Attributes
    ----------
    parents : tuple of Variable
        The largest parts of the expression that do not depend on the arguments: what it needs of the model.
        Numbers that are written in it are no parents.

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> x = Variable(Input((), np.dtype(float)))
    >>> with pm.Model():
    ...     mu = pm.Normal("mu")
    >>> expression = Expression([x], (x - 2 * mu) ** 2)
    >>> float(expression.on_host([5.0], [2.0]))
    9.0
    """

    def __init__(self, arguments: Sequence[Variable], output: Variable) -> None:
        of_arguments = {id(a) for a in arguments}
        for node in ancestors([output]):
            if any(id(v) in of_arguments for v in node.inputs):
                of_arguments.add(id(node))
        border = [
            node
            for node in ancestors([output], stop=lambda v: id(v) not in of_arguments)
            if id(node) not in of_arguments and not _is_number(node)
        ]
        self.parents = tuple(border)
        self._arguments = tuple(arguments)
        self._inputs = tuple(Variable(Input(v.shape, v.dtype)) for v in border)
        self._output = substitute([output], dict(zip(border, self._inputs, strict=True)))[0]
        self.shape = output.shape

    def __call__(self, arguments: Sequence[Any], parents: Sequence[Any]) -> Any:
        """Return the value, from values of the arguments and the parents (JAX)."""
        return Reading(self._given(arguments, parents)).read([self._output])[0]

    def on_host(self, arguments: Sequence[Any], parents: Sequence[Any]) -> Any:
        """Return the value, with nothing compiled where NumPy suffices."""
        return evaluate_host([self._output], self._given(arguments, parents))[0]

    def _given(self, arguments: Sequence[Any], parents: Sequence[Any]) -> dict[Variable, Any]:
        given = dict(zip(self._arguments, arguments, strict=True))
        return given | dict(zip(self._inputs, parents, strict=True))

    def fingerprint(self) -> Hashable | None:
        """Return what identifies the function in any process, or None if nothing does."""
        return fingerprint([*self._arguments, *self._inputs, self._output])


def _is_number(node: Variable) -> bool:
    return isinstance(node.op, Constant) and not node.op.is_argument

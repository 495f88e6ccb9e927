"""Reading a graph: walk it in order, give it values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.node import N, Node, ancestors, computed
from pmjax.graph.ops import Constant, DataCell, Input, RandomVariable
from pmjax.runtime.types import Array

# Elements of an expression of data that is kept although it is larger than the data.
EXPANDED = 2**20

OnRandom = Callable[[Any, Sequence[Array]], Array]


def random_ancestors(outputs: Iterable[N]) -> list[N]:
    """Return the random variables that the outputs depend on, parents first."""
    return [v for v in ancestors(outputs) if is_random(v)]


def own_nodes(outputs: Iterable[N]) -> list[N]:
    """Return the nodes of expressions in the order of `ancestors`; random variables count as given."""
    return ancestors(outputs, stop=is_random)


def is_random(node: Node) -> bool:
    """Return whether a node is a random variable."""
    return isinstance(node.op, RandomVariable)


def arguments(outputs: Iterable[N]) -> list[N]:
    """Return the constant arrays and data that the outputs need: the data arguments of a program."""
    return [v for v in ancestors(outputs) if _is_argument(v)]


def of_data(variable: Node) -> bool:
    """Return whether constants and data alone determine a node."""
    return not any(isinstance(v.op, (RandomVariable, Input)) for v in ancestors([variable]))


def data_arguments(outputs: Iterable[N]) -> list[N]:
    """Return the nodes that constants and data determine, and that the outputs are computed from.

    They are evaluated once, on the host, and are the data arguments of a program that is given the values
    of the random variables: what lies behind those is not looked at. An expression
    that is much larger than the data it is made of (a table of distances) is left to the program, which
    need not keep it.
    """
    leaves: dict[N, frozenset[N] | None] = {}
    for node in ancestors(outputs):
        own = {node} if _is_argument(node) else set()
        behind = [leaves[v] for v in node.inputs]
        if isinstance(node.op, (RandomVariable, Input)) or None in behind:
            leaves[node] = None
        else:
            leaves[node] = frozenset(own.union(*(b for b in behind if b is not None)))

    def held(node: N) -> bool:
        made_of = leaves[node]
        if not made_of:
            return False
        return node.size <= max(sum(leaf.size for leaf in made_of), EXPANDED)

    def given(node: N) -> bool:
        return held(node) or is_random(node)

    return [v for v in ancestors(outputs, stop=given) if held(v)]


def _is_argument(node: Node) -> bool:
    return isinstance(node.op, DataCell) or (isinstance(node.op, Constant) and node.op.is_argument)


class Reading:
    """One reading of a graph: values for some nodes, from which the values of others follow.

    Nothing is computed twice: values that were read once are kept.

    Parameters
    ----------
    values : mapping from Variable to array
        Nodes whose value is given; nothing behind them is looked at.
    on_random : callable, optional
        ``on_random(variable, parameter_values)`` returns what stands for a random variable without a
        given value; without it such a variable is an error.
    host : bool
        Evaluate with NumPy where it knows the function, instead of tracing with JAX.
    """

    def __init__(
        self, values: Mapping[Any, Array], on_random: OnRandom | None = None, *, host: bool = False
    ) -> None:
        self._known: dict[int, Array] = {id(k): v for k, v in values.items()}
        self._on_random = on_random
        self._host = host

    def give(self, variable: Node, value: Array) -> None:
        """Give the value of one more node."""
        self._known[id(variable)] = value

    def read(self, outputs: Sequence[Node]) -> list[Array]:
        """Return the values of the outputs."""
        known = self._known
        for node in ancestors(outputs, stop=lambda v: id(v) in known):
            if id(node) in known:
                continue
            inputs = [known[id(v)] for v in node.inputs]
            if is_random(node):
                if self._on_random is None:
                    raise ModelError(
                        f"{node.label} is random and has no value here; give one, or use pm.draw"
                    )
                known[id(node)] = self._on_random(node, inputs)
            elif self._host:
                known[id(node)] = computed(node.op, inputs)
            else:
                known[id(node)] = node.op.evaluate(*inputs)
        return [known[id(v)] for v in outputs]


def evaluate_host(outputs: Sequence[Node], values: Mapping[Any, Array]) -> list[np.ndarray]:
    """Return the values of the outputs as NumPy arrays, with nothing compiled where NumPy suffices."""
    return Reading(values, host=True).read(outputs)

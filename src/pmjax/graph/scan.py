"""A loop over the first axis of arrays: the body is traced once, whatever the number of steps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import Reading, ancestors, is_random
from pmjax.graph.node import Node
from pmjax.graph.ops import Constant, Input, Op, RandomVariable, Shape
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law, NoClosedForm


@dataclass(frozen=True)
class RandomKey(Law):
    """The law of a random number key: what a loop draws its random variables with.

    It has no density: a reading that needs one must take the loop apart.
    """

    signature = "->(two)"
    discrete = True

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        return (2,), np.dtype("uint32")

    def log_density(self, x: Any) -> Any:
        raise NoClosedForm("a loop that draws random variables has no density")

    def draw(self, key: Any, shape: Shape) -> Any:
        return jax.random.key_data(key)


RANDOM_KEY = RandomKey()


@dataclass(frozen=True, eq=False)
class Scan(Op):
    """The values of `body` at each step of a loop, side by side as the rows of a matrix.

    With one body the result has the shape (steps, *shape of the body); with several, each is flattened and
    they are joined: (steps, sum of their sizes).

    The inputs of the node are the sequences (their first axis is the step), the initial values, what stands
    for the `captured` inputs, and, if the body draws random variables, a random number key.

    Attributes
    ----------
    body : tuple of Variable
        The new values, one for each output.
    elements : tuple of Input
        Stand for the elements of the sequences at a step.
    states : tuple of tuple of Input
        For each output what stands for its earlier values; empty if the body does not use them.
    taps : tuple of tuple of int
        For each output how far back they are: -1 is the step before.
    captured : tuple of Input
        Stand for what is the same at each step.
    random : tuple of Variable
        The random variables that the body draws anew at each step.
    steps : int
    """

    body: tuple[Variable, ...]
    elements: tuple[Variable, ...]
    states: tuple[tuple[Variable, ...], ...]
    taps: tuple[tuple[int, ...], ...]
    captured: tuple[Variable, ...]
    random: tuple[Variable, ...]
    steps: int

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        if len(self.body) == 1:
            return (self.steps, *self.body[0].shape), self.body[0].dtype
        return (self.steps, sum(b.size for b in self.body)), np.result_type(*(b.dtype for b in self.body))

    def parts(self, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any], Any]:
        """Return the sequences, the initial values, the captured values and the key among the inputs."""
        first = len(self.elements)
        second = first + sum(1 for s in self.states if s)
        third = second + len(self.captured)
        return (
            values[:first],
            values[first:second],
            values[second:third],
            values[third] if self.random else None,
        )

    def evaluate(self, *values: Any) -> Any:
        sequences, initial, captured, key = self.parts(values)
        fixed = dict(zip(self.captured, captured, strict=True))
        number = {id(v): i for i, v in enumerate(self.random)}

        def step(windows: Sequence[Any], at: Any) -> tuple[Any, Any]:
            own_key, elements = at
            known = {**fixed, **dict(zip(self.elements, elements, strict=True))}
            rest = iter(windows)
            for inputs, taps in zip(self.states, self.taps, strict=True):
                if inputs:
                    window = next(rest)
                    known |= {node: window[tap] for node, tap in zip(inputs, taps, strict=True)}

            def draw(variable: Variable, params: Sequence[Any]) -> Any:
                law: Any = variable.op.law  # type: ignore[attr-defined]
                place = jax.random.fold_in(own_key, number[id(variable)])
                return law.draw(place, variable.shape, *map(jnp.asarray, params))

            new = [jnp.asarray(v) for v in Reading(known, draw).read(self.body)]
            fed = [v for v, inputs in zip(new, self.states, strict=True) if inputs]
            moved = tuple(
                jnp.concatenate([w[1:], v[None].astype(w.dtype)]) for w, v in zip(windows, fed, strict=True)
            )
            return moved, new[0] if len(new) == 1 else jnp.concatenate([v.ravel() for v in new])

        keys = None
        if self.random:
            keys = jax.random.split(jax.random.wrap_key_data(jnp.asarray(key)), self.steps)
        along = (keys, tuple(jnp.asarray(s)[: self.steps] for s in sequences))
        windows = tuple(self._window(v, i) for i, v in zip(self._fed, initial, strict=True))
        _, rows = jax.lax.scan(step, windows, along, length=self.steps)
        return rows

    @property
    def _fed(self) -> list[int]:
        return [i for i, inputs in enumerate(self.states) if inputs]

    def _window(self, value: Any, output: int) -> Any:
        """Return the last values before the loop, as many as the body looks back, along a first axis."""
        value = jnp.asarray(value)
        if jnp.issubdtype(self.body[output].dtype, jnp.floating) and not jnp.issubdtype(
            value.dtype, jnp.floating
        ):
            value = value.astype(float)
        return value

    def fingerprint(self) -> Hashable | None:
        states = [node for inputs in self.states for node in inputs]
        inner = fingerprint([*self.body, *self.elements, *states, *self.captured, *self.random])
        return None if inner is None else ("scan", inner, self.taps, self.steps)


def scanned(
    body: Sequence[Variable],
    sequences: dict[Variable, Variable],
    states: Sequence[Sequence[Variable]],
    taps: Sequence[Sequence[int]],
    initial: Sequence[Variable],
    outer: Sequence[Variable],
    steps: int,
) -> list[Variable]:
    """Return the outputs of a loop, each of shape (steps, *shape of its body).

    Parameters
    ----------
    body : sequence of Variable
        The new values, made of the inputs below and of anything else, which is the same at each step.
    sequences : mapping from Input to Variable
        For each element the array whose first axis is the step.
    states, taps : sequence of sequences
        For each output what stands for its earlier values, and how far back they are.
    initial : sequence of Variable
        For each output with states its values before the loop, along a first axis.
    outer : sequence of Variable
        Nodes that are the same at each step, even if they are random variables without a name.
    steps : int
    """
    bound = [*sequences, *(node for inputs in states for node in inputs)]
    inside: dict[int, Variable] = {id(node): node for node in bound}
    outside = {id(node) for node in outer}
    captured: dict[Variable, Variable] = {}
    random: list[Variable] = []

    def own(node: Variable) -> bool:
        return is_random(node) and node.name is None and id(node) not in outside

    def placeholder(node: Variable) -> Variable:
        if isinstance(node.op, Constant) and not node.op.is_argument:
            return node
        if node not in captured:
            captured[node] = Variable(Input(node.shape, node.dtype), (), node.name)
        return captured[node]

    def stop(node: Variable) -> bool:
        return id(node) in inside or id(node) in outside or (is_random(node) and not own(node))

    for node in ancestors(body, stop=stop):
        if id(node) in inside or stop(node):
            continue
        if own(node) or any(id(v) in inside for v in node.inputs):
            inputs = [inside[id(v)] if id(v) in inside else placeholder(v) for v in node.inputs]
            inside[id(node)] = Variable(node.op, inputs, node.name)
            if is_random(node):
                random.append(inside[id(node)])
    results = tuple(inside[id(b)] if id(b) in inside else placeholder(b) for b in body)
    op = Scan(
        results,
        tuple(sequences),
        tuple(map(tuple, states)),
        tuple(map(tuple, taps)),
        tuple(captured.values()),
        tuple(random),
        steps,
    )
    key = [Variable(RandomVariable(RANDOM_KEY, None))] if random else []
    node = Variable(op, [*sequences.values(), *initial, *captured, *key])
    if len(results) == 1:
        return [node]
    ends = np.cumsum([b.size for b in results])
    columns = [node[:, e - b.size : e].reshape(steps, *b.shape) for b, e in zip(results, ends, strict=True)]
    return [c if c.dtype == b.dtype else c.astype(b.dtype) for c, b in zip(columns, results, strict=True)]

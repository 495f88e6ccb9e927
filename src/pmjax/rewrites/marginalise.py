"""Marginalise: discrete variables are summed out of the density, and drawn again after sampling.

What NUTS samples is p(x, y) = sum over z of p(x, y, z), a smooth function of the continuous variables x.
Given a draw of x, a draw of z from p(z | x, y) makes a draw of the whole posterior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import own_nodes
from pmjax.graph.meaning import Pointwise, Reduce, meaning
from pmjax.graph.ops import Index, Input
from pmjax.graph.slots import Slot
from pmjax.graph.variable import Variable, call
from pmjax.model.spec import FreeVariable, ModelSpec, SummedOut, distribution_of, name_of
from pmjax.rewrites.elimination import Discrete, Refused, draws, eliminate, factors_of
from pmjax.rewrites.finite_support import CannotSum
from pmjax.rewrites.rewritten import Report, Rewritten

NAME = "marginalise"
OPTIONS = (
    "write the sum yourself (pm.math.logsumexp in a Potential), give it finitely many independent values, "
    "or make it continuous"
)


def marginalise(spec: ModelSpec) -> Rewritten:
    """Sum discrete variables out of the density where that is exact, with the means to draw them again.

    What depends on them directly (other variables, observed ones, potentials) is absorbed in the terms of
    the sums. A variable that cannot be summed out stays as it is, and its report says why.
    """
    reports: dict[str, Report] = {}
    discretes: list[Discrete] = []
    for free in spec.free:
        if distribution_of(free.variable).discrete:
            try:
                discretes.append(Discrete.of(free))
            except CannotSum as reason:
                reports[free.name] = _refusal(free, str(reason))
    while discretes:
        try:
            summed = _summed(spec, discretes)
        except Refused as refused:
            reports[refused.variable.free.name] = _refusal(refused.variable.free, str(refused))
            discretes.remove(refused.variable)
            continue
        reports |= {z.free.name: Report(NAME, z.free.name, True, _sentence(z)) for z in discretes}
        spec = summed
        break
    return Rewritten(spec, tuple(reports[v.name] for v in spec.declared if v.name in reports))


def _refusal(free: FreeVariable, reason: str) -> Report:
    return Report(NAME, free.name, False, f"it cannot be summed out, because {reason}; {OPTIONS}")


def _sentence(z: Discrete) -> str:
    size, shape = z.variable.size, z.variable.shape
    if z.is_chain:
        chains = f" of each of its {size // shape[-1]} chains" if len(shape) > 1 else ""
        where = f" along the {shape[-1]} steps{chains} by the forward algorithm"
    else:
        where = f" for each of its {size} elements" if shape else ""
    return f"its {len(z.values)} states are summed out{where}; its draws are recovered after sampling"


@dataclass(frozen=True)
class _Term:
    """A term that depends on a discrete variable; `node` is None for a Markov chain's own."""

    name: str
    node: Variable | None


def _terms(spec: ModelSpec, discretes: Sequence[Discrete]) -> list[_Term]:
    nodes = {z.variable: z for z in discretes}

    def depends(expressions: Sequence[Variable]) -> bool:
        return any(node in nodes for e in expressions for node in own_nodes([e]))

    terms = []
    given = [(v.variable, v.variable) for v in spec.free] + [(v.variable, v.value) for v in spec.observed]
    for variable, value in given:
        own = nodes.get(variable)
        if own is not None and own.is_chain:
            terms.append(_Term(name_of(variable), None))
            if depends(variable.inputs):
                raise Refused(own, "the parameters of its chain depend on another discrete variable")
        elif own is not None or depends(variable.inputs):
            density = call(distribution_of(variable).log_density, value, *variable.inputs)
            terms.append(_Term(name_of(variable), density))
    terms += [_Term(name_of(p), _summands(p)) for p in spec.potentials if depends([p])]
    return terms


def _summands(potential: Variable) -> Variable:
    """Return what a potential is the sum of: its elements are added up in any case."""
    node = potential
    while True:
        match meaning(node):
            case Reduce(_, _, "sum") | Pointwise("same"):
                node = node.inputs[0]
            case _:
                return node


def _check_bounds(expression: Variable, nodes: Mapping[Variable, Discrete]) -> None:
    """Raise ModelError if a discrete variable indexes an array that is shorter than its values reach."""
    for node in own_nodes([expression]):
        if not isinstance(node.op, Index):
            continue
        x, *keys = node.inputs
        parts = [part for part in node.op.template if part is not None]
        after_ellipsis = False
        for position, part in enumerate(parts):
            after_ellipsis = after_ellipsis or part is Ellipsis
            axis = position - len(parts) + x.ndim if after_ellipsis else position
            z = nodes.get(keys[part.number]) if isinstance(part, Slot) else None
            if z is None:
                continue
            low, high = z.values.values.min(), z.values.values.max()
            if high >= x.shape[axis] or low < -x.shape[axis]:
                raise ModelError(
                    f"{z.free.name!r} takes values from {low} to {high}, and indexes {x.label}, which has "
                    f"{x.shape[axis]} element(s) along that axis; give it as many as there are values"
                )


def _summed(spec: ModelSpec, discretes: Sequence[Discrete]) -> ModelSpec:
    """Return the model with these variables summed out; raise Refused if one of them cannot be."""
    nodes = {z.variable: z for z in discretes}
    for free in spec.free:
        for node in free.bijector.inputs if free.bijector is not None else ():
            behind = [nodes[v] for v in own_nodes([node]) if v in nodes]
            if behind:
                raise Refused(behind[0], f"the support of {free.name!r} depends on it")
    terms = _terms(spec, discretes)
    for term in terms:
        if term.node is not None:
            _check_bounds(term.node, nodes)
    factors = [f for t in terms if t.node is not None for f in factors_of(t.name, t.node, discretes)]
    eliminated, sums = eliminate(discretes, factors)
    key = Variable(Input((2,), np.dtype(np.uint32)), (), "recovery key")
    drawn = draws(eliminated, key)
    absorbed = {term.name for term in terms}
    return replace(
        spec,
        free=tuple(v for v in spec.free if v.variable not in nodes),
        potentials=(*(p for p in spec.potentials if p.name not in absorbed), *sums),
        absorbed=frozenset(absorbed - {z.free.name for z in discretes}),
        summed_out=tuple(
            SummedOut(free, position, drawn[free.variable])
            for position, free in enumerate(spec.free)
            if free.variable in nodes
        ),
        recovery_key=key,
    )

"""Variable elimination: sums over discrete variables, one after the other, as expressions of the graph.

The log density is a sum of factors. A factor is a table with one axis for the states of each variable it
depends on, and rows: a row belongs to one element of each of these variables. To eliminate a variable is to
add the factors that depend on it, row by row, and to replace them by the log-sum-exp over its states: a new
factor of the variables that are left (Zhang & Poole 1996; Obermeyer et al. 2019, arXiv:1902.03210).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import jax.numpy as jnp
import numpy as np

from pmjax.graph.enumerate import enumerated
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.model.spec import FreeVariable, distribution_of
from pmjax.rewrites.dependence import NONE, Dependence, Mixed
from pmjax.rewrites.finite_support import MAX_STATES, Values, values_of
from pmjax.rewrites.summation import (
    as_rows,
    chain_log_sum,
    draw_chain,
    draw_states,
    joined,
    log_sum_exp,
    looked_up,
    uniforms,
)

MAX_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Discrete:
    """A discrete variable to be summed out: what was declared, its values, and what depends on it."""

    free: FreeVariable
    values: Values
    dependence: Dependence

    @classmethod
    def of(cls, free: FreeVariable) -> Discrete:
        """Return the variable with its values; raise CannotSum if they are not finitely many."""
        return cls(free, values_of(free), Dependence(free.variable))

    @property
    def variable(self) -> Variable:
        """The random node."""
        return self.free.variable

    @property
    def is_chain(self) -> bool:
        """Whether its elements are the steps of Markov chains."""
        return distribution_of(self.variable).is_markov_chain

    def points(self, expression: Variable) -> Variable:
        """Return the values along a first axis, in a shape that may be substituted in an expression."""
        shape, values = self.variable.shape, self.values.values
        count = len(values)
        if values.shape[1] == 1 and self.dependence.broadcasts(expression):
            return as_variable(values.reshape(count, *(1,) * len(shape)))
        return as_variable(np.broadcast_to(values, (count, self.variable.size)).reshape(count, *shape))

    def at(self, states: Variable) -> Variable:
        """Return the variable's value from the state of each element."""
        if self.values.numbered:
            return call(jnp.reshape, states, self.variable.shape)
        return call(looked_up, as_variable(self.values.values), states, self.variable.shape)


class Refused(Exception):
    """A variable cannot be summed out together with the others.

    Attributes
    ----------
    variable : Discrete
    """

    def __init__(self, variable: Discrete, reason: str) -> None:
        self.variable = variable
        super().__init__(reason)


@dataclass(frozen=True, eq=False)
class Factor:
    """A table of log densities.

    Attributes
    ----------
    name : str
        Of the term that it stands for.
    scope : tuple of Discrete
        The variables it depends on.
    owners : ndarray of int, shape (rows, variables)
        The element of each variable that a row depends on.
    table : Variable, shape (states of the first variable, ..., rows)
    """

    name: str
    scope: tuple[Discrete, ...]
    owners: np.ndarray
    table: Variable


def factors_of(name: str, term: Variable, among: Sequence[Discrete]) -> list[Factor]:
    """Return a term of the log density, which depends on some of the variables, as factors.

    Rows that depend on different variables (a likelihood of ``stack([z_0, z_1, ...])``) are factors apart.

    Raises
    ------
    Refused
        If a row of the term depends on several elements of a variable, or there are too many states.
    """
    scope, owners = [], []
    for z in among:
        try:
            own = z.dependence.of(term)
        except Mixed as mixed:
            raise Refused(z, f"its elements are not independent given the rest ({name!r}: {mixed})") from None
        if own is not None:
            scope.append(z)
            owners.append(own.ravel())
    positions = np.stack(owners, axis=-1)
    patterns, pattern = np.unique(positions != NONE, axis=0, return_inverse=True)
    pattern = pattern.ravel()
    if len(patterns) > 1 and not patterns[0].any():
        # Rows that depend on no variable may belong to any of its elements: they add a constant.
        patterns, pattern = patterns[1:], np.maximum(pattern - 1, 0)
    factors = []
    for i, used in enumerate(patterns):
        kept = tuple(z for z, is_used in zip(scope, used, strict=True) if is_used) or (scope[0],)
        columns = [scope.index(z) for z in kept]
        rows = np.flatnonzero(pattern == i)
        _check_work(kept[0], kept, len(rows))
        table = _table(term, kept, [z for z in scope if z not in kept])
        if len(rows) < term.size:
            table = table[..., rows]
        factors.append(Factor(name, kept, np.maximum(positions[rows][:, columns], 0), table))
    return factors


def _table(term: Variable, scope: Sequence[Discrete], others: Sequence[Discrete]) -> Variable:
    """Return a term at all states of some variables, shape (states ..., rows), and the first of others."""
    fixed = {z.variable: as_variable(np.broadcast_to(z.values.values[0], (z.variable.size,))) for z in others}
    shaped = {node: call(jnp.reshape, value, node.shape) for node, value in fixed.items()}
    table = enumerated(term, {z.variable: z.points(term) for z in scope}, shaped)
    return call(as_rows, table, count=len(scope), shape=term.shape)


def _check_work(z: Discrete, scope: Sequence[Discrete], rows: int) -> None:
    states = prod(len(a.values) for a in scope)
    if states > MAX_STATES or states * rows > MAX_CELLS:
        names = ", ".join(repr(a.free.name) for a in scope if a is not z)
        joint = f"it has, together with {names}," if names else "it has"
        raise Refused(z, f"{joint} {states} states for each of {rows} terms, which is too much work")


@dataclass(frozen=True, eq=False)
class Plan:
    """How a variable is eliminated.

    Attributes
    ----------
    variable : Discrete
    factors : tuple of Factor
        Those that depend on it.
    others : tuple of Discrete
        The other variables that these depend on.
    owners : ndarray of int, shape (elements of the variable, others)
        The element of each of the others that an element depends on.
    """

    variable: Discrete
    factors: tuple[Factor, ...]
    others: tuple[Discrete, ...]
    owners: np.ndarray

    @property
    def states(self) -> int:
        """The number of joint states."""
        return prod(len(z.values) for z in (self.variable, *self.others))

    @property
    def joint(self) -> Variable:
        """The sum of the factors, shape (states, states of the others ..., elements)."""
        size, scope = self.variable.variable.size, (self.variable, *self.others)
        rows = [_places(f.owners[:, f.scope.index(self.variable)], size) for f in self.factors]
        axes = tuple(tuple(scope.index(z) for z in f.scope) for f in self.factors)
        tables = [f.table for f in self.factors]
        return call(joined, tables, rows, self.variable.values.valid, axes=axes, length=size)


def plan(z: Discrete, factors: Sequence[Factor]) -> Plan:
    """Return how a variable is eliminated.

    Raises
    ------
    Refused
        If one of its elements is tied to several elements of another variable, or there are too many states.
    """
    own = tuple(f for f in factors if z in f.scope)
    others = tuple({id(a): a for f in own for a in f.scope if a is not z}.values())
    owners = np.full((z.variable.size, len(others)), NONE)
    for f in own:
        element = f.owners[:, f.scope.index(z)]
        for i, a in enumerate(others):
            if a not in f.scope:
                continue
            theirs = f.owners[:, f.scope.index(a)]
            known = owners[element, i]
            owners[element, i] = theirs
            if np.any((known != NONE) & (known != theirs)) or np.any(owners[element, i] != theirs):
                reason = f"one element of it is tied to several elements of {a.free.name!r}"
                raise Refused(z, f"{reason} by {f.name!r}")
    _check_work(z, (z, *others), z.variable.size)
    if z.is_chain and others:
        names = ", ".join(repr(a.free.name) for a in others)
        raise Refused(z, f"a Markov chain is summed out by itself, and it is tied to {names}")
    return Plan(z, own, others, np.where(owners == NONE, 0, owners))


def _places(element: np.ndarray, size: int) -> np.ndarray | int | None:
    """Return where rows go, as `sum_rows` wants to be told."""
    if np.array_equal(element, np.arange(size)):
        return None
    if len(element) % size == 0 and np.array_equal(element, np.repeat(np.arange(size), len(element) // size)):
        return len(element) // size
    return element


@dataclass(frozen=True, eq=False)
class Eliminated:
    """A variable that has been eliminated, with the sum of the factors that depended on it."""

    plan: Plan
    joint: Variable

    @property
    def discrete(self) -> Discrete:
        """The variable."""
        return self.plan.variable


def eliminate(
    variables: Sequence[Discrete], factors: Sequence[Factor]
) -> tuple[list[Eliminated], list[Variable]]:
    """Sum variables out of a sum of factors.

    Each time the variable with the fewest joint states is taken; of several, the one declared last.

    Returns
    -------
    eliminated : list of Eliminated
        In the order of elimination.
    terms : list of Variable
        Their sum is the log of the sum over all states; each bears the name of the variable that was
        eliminated last of those it sums over.

    Raises
    ------
    Refused
        If no variable that is left can be eliminated.
    """
    remaining, left = list(variables), list(factors)
    eliminated: list[Eliminated] = []
    terms: list[Variable] = []
    while remaining:
        plans, refusals = [], []
        for z in reversed(remaining):
            try:
                plans.append(plan(z, left))
            except Refused as refusal:
                refusals.append(refusal)
        if not plans:
            raise refusals[0]
        best = min(plans, key=lambda p: p.states)
        done = Eliminated(best, _joint_of(best))
        eliminated.append(done)
        remaining.remove(best.variable)
        left = [f for f in left if f not in best.factors]
        message = _message(done)
        if best.others:
            left.append(Factor(best.variable.free.name, best.others, best.owners, message))
        else:
            terms.append(Variable(message.op, message.inputs, best.variable.free.name))
    return eliminated, terms


def _joint_of(best: Plan) -> Variable:
    z = best.variable
    if best.factors:
        return best.joint
    return as_variable(np.zeros((len(z.values), z.variable.size)))


def _message(done: Eliminated) -> Variable:
    z = done.discrete
    if z.is_chain:
        return call(chain_log_sum, done.joint, *z.variable.inputs, shape=z.variable.shape)
    summed = call(log_sum_exp, done.joint, 0)
    return summed if done.plan.others else call(jnp.reshape, summed, z.variable.shape)


def draws(eliminated: Sequence[Eliminated], key: Variable) -> dict[Variable, Variable]:
    """Return for each variable the expression of a draw from its distribution given the continuous ones.

    The variable eliminated last is drawn first; then each given those eliminated after it.

    Parameters
    ----------
    eliminated : sequence of Eliminated
        In the order of elimination.
    key : Variable
        The node of a random key.
    """
    states: dict[Discrete, Variable] = {}
    found: dict[Variable, Variable] = {}
    uniform = call(uniforms, key, count=sum(done.discrete.variable.size for done in eliminated))
    start = 0
    for done in reversed(eliminated):
        z = done.discrete
        if z.is_chain:
            shape = z.variable.shape
            drawn = call(draw_chain, uniform, done.joint, *z.variable.inputs, shape=shape, start=start)
        else:
            given = [states[a] for a in done.plan.others]
            owners = [np.ascontiguousarray(column) for column in done.plan.owners.T]
            drawn = call(draw_states, uniform, done.joint, given, owners, start=start)
        states[z], start = drawn, start + z.variable.size
        found[z.variable] = z.at(drawn)
    return found

"""The frozen description of a model: what rewrites read and write, and what the density is built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.transforms.bijector import Bijector


def distribution_of(variable: Variable) -> Law:
    """Return the law of a random variable."""
    assert isinstance(variable.op, RandomVariable)
    return variable.op.law


def name_of(variable: Variable) -> str:
    """Return the name of a named node."""
    assert variable.name is not None
    return variable.name


@dataclass(frozen=True, eq=False)
class UnconstrainedStart:
    """A start that is given as unconstrained values.

    Attributes
    ----------
    bijector : Bijector
    value : array
        ``log(x)`` of a positive variable, say.
    """

    bijector: Bijector
    value: Any


@dataclass(frozen=True, eq=False)
class FreeVariable:
    """A random variable to be sampled.

    Attributes
    ----------
    variable : Variable
        The random node.
    bijector : Bijector or None
        The map between its support and the unconstrained vector.
    initval : array, UnconstrainedStart, str or None
        Where chains start: a value, ``"prior"`` for a draw, None for the centre of the distribution.
    """

    variable: Variable
    bijector: Bijector | None
    initval: Any = None

    @property
    def name(self) -> str:
        """The user's name."""
        return name_of(self.variable)

    @property
    def value_name(self) -> str:
        """The name of the unconstrained variable, as in PyMC: ``sigma_log__``."""
        if self.bijector is None or not self.bijector.name:
            return self.name
        return f"{self.name}_{self.bijector.name}__"

    @property
    def unconstrained_shape(self) -> tuple[int, ...]:
        """The shape of the unconstrained variable."""
        shape = self.variable.shape
        return shape if self.bijector is None else self.bijector.unconstrained_shape(shape)


@dataclass(frozen=True, eq=False)
class ObservedVariable:
    """A random variable whose value is data.

    Attributes
    ----------
    variable : Variable
        The random node.
    value : Variable
        The node of the observed values (a constant array or data).
    """

    variable: Variable
    value: Variable

    @property
    def name(self) -> str:
        """The user's name."""
        return name_of(self.variable)


@dataclass(frozen=True, eq=False)
class Knob:
    """A number or array that adaptation may change without changing the posterior (a centring).

    Attributes
    ----------
    node : Variable
        Where it stands in the graph; an `Input` with a name.
    value : ndarray
        Its value at the start.
    """

    node: Variable
    value: np.ndarray


@dataclass(frozen=True, eq=False)
class SummedOut:
    """A discrete variable that a rewrite has summed out of the density.

    Attributes
    ----------
    free : FreeVariable
        As it was declared.
    position : int
        Its place among the free variables as they were declared.
    draw : Variable
        A draw from its distribution given all that is sampled, an expression of `ModelSpec.recovery_key`.
    """

    free: FreeVariable
    position: int
    draw: Variable


@dataclass(frozen=True, eq=False)
class ModelSpec:
    """A model that cannot change any more.

    Attributes
    ----------
    free : tuple of FreeVariable
        Parents before children.
    observed : tuple of ObservedVariable
    deterministics, potentials : tuple of Variable
        Named expressions: recorded with each draw; added to the log density.
    data : tuple of Variable
        The named data.
    dims : mapping from variable name to dimension names
    coords : mapping from dimension name to its coordinate values
    knobs : tuple of Knob
        Arguments of the density that rewrites have added.
    absorbed : frozenset of str
        Free and observed variables whose own term is part of another one (of a sum over states).
    summed_out : tuple of SummedOut
        Variables that are not sampled but drawn afterwards.
    recovery_key : Variable or None
        The input of the random key that they are drawn with.
    """

    free: tuple[FreeVariable, ...]
    observed: tuple[ObservedVariable, ...]
    deterministics: tuple[Variable, ...]
    potentials: tuple[Variable, ...]
    data: tuple[Variable, ...]
    dims: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    coords: Mapping[str, np.ndarray] = field(default_factory=dict)
    knobs: tuple[Knob, ...] = ()
    absorbed: frozenset[str] = frozenset()
    summed_out: tuple[SummedOut, ...] = ()
    recovery_key: Variable | None = None

    @property
    def declared(self) -> tuple[FreeVariable, ...]:
        """The free variables as the user declared them, those that are summed out among them."""
        variables = list(self.free)
        for summed in sorted(self.summed_out, key=lambda s: s.position):
            variables.insert(summed.position, summed.free)
        return tuple(variables)

    @property
    def recorded(self) -> tuple[Variable, ...]:
        """What is recorded of a draw, in the user's order."""
        return (*(v.variable for v in self.declared), *self.deterministics)

"""The finitely many values of a discrete variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.model.spec import FreeVariable, distribution_of
from pmjax.rewrites.row_analysis import not_data

MAX_STATES = 10_000


class CannotSum(Exception):
    """A discrete variable cannot be summed out; the message says why, after "because"."""


@dataclass(frozen=True)
class Values:
    """The values that are summed over.

    Attributes
    ----------
    values : ndarray of int, shape (K, n) or (K, 1)
        For each of the n elements of the variable its values, or the same ones for all. Where an element has
        fewer than K, its last value is repeated.
    valid : ndarray of bool, shape (K, n), or None
        Which of them are no repetitions; None if none is.
    """

    values: np.ndarray
    valid: np.ndarray | None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def numbered(self) -> bool:
        """Whether the values are 0, 1, ..., K - 1 for all elements."""
        return self.values.shape[1] == 1 and bool(np.all(self.values[:, 0] == np.arange(len(self))))


def values_of(free: FreeVariable) -> Values:
    """Return the values of a discrete variable.

    Raises
    ------
    CannotSum
        If there are infinitely many, too many, or a number that is not known.
    """
    law, params = distribution_of(free.variable), free.variable.inputs
    if free.bijector is not None:
        raise CannotSum("it has a transform")
    limits = law.limits(*params)
    if limits is None:
        raise CannotSum(f"a {law.name} variable has infinitely many values")
    lower, upper = limits
    if isinstance(lower, int) and isinstance(upper, int) and lower == 0:
        return _up_to(upper + 1)
    return _between(*(_known(free.variable, law, limit) for limit in limits))


def _known(variable: Variable, law: Law, limit: int | Variable) -> np.ndarray:
    """Return a limit of the values for each element of the variable."""
    if isinstance(limit, int):
        return np.full(variable.size, limit)
    if not_data([limit]):
        name = next(n for n, p in zip(law.param_names, variable.inputs, strict=True) if p is limit)
        raise CannotSum(f"{name} of its {law.name} is random, so its values are not known")
    value = np.asarray(evaluate_host([limit], {})[0])
    return np.broadcast_to(value, variable.shape).ravel().astype("int64")


def _up_to(states: int) -> Values:
    if states > MAX_STATES:
        raise CannotSum(f"it has {states} values, more than {MAX_STATES}")
    return Values(np.arange(states)[:, None], None)


def _between(lower: np.ndarray, upper: np.ndarray) -> Values:
    if not lower.size:
        return Values(np.zeros((1, 1), int), None)
    states = int((upper - lower).max()) + 1
    if states > MAX_STATES:
        raise CannotSum(f"it has {states} values, more than {MAX_STATES}")
    if np.all(lower == lower[0]) and np.all(upper == upper[0]):
        return Values(np.arange(lower[0], upper[0] + 1)[:, None], None)
    wanted = lower + np.arange(states)[:, None]
    values = np.minimum(wanted, upper)
    return Values(values, None if np.array_equal(wanted, values) else wanted <= upper)

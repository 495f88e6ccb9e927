"""The finitely many values of a discrete variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmjax import distributions as pm
from pmjax.distributions.distribution import Distribution
from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.variable import Variable
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
    if law is pm.Bernoulli:
        return _up_to(2)
    if law is pm.Categorical:
        return _up_to(params[0].shape[-1])
    if law is pm.DiscreteMarkovChain:
        return _up_to(params[0].shape[-1])
    if law is pm.Binomial:
        n = _known(free.variable, law, "n", params[0])
        return _between(np.zeros_like(n), n)
    if law is pm.DiscreteUniform:
        bounds = zip(("lower", "upper"), params, strict=True)
        lower, upper = (_known(free.variable, law, name, node) for name, node in bounds)
        return _between(lower, upper)
    if law in (pm.Poisson, pm.NegativeBinomial):
        raise CannotSum(f"a {law.name} variable has infinitely many values")
    raise CannotSum(f"the values of {law.name} are not known")


def _known(variable: Variable, law: Distribution, name: str, node: Variable) -> np.ndarray:
    if not_data([node]):
        raise CannotSum(f"{name} of its {law.name} is random, so its values are not known")
    value = np.asarray(evaluate_host([node], {})[0])
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

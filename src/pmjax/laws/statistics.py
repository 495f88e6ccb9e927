"""How observations with equal parameters are summed in closed form: a fact of some laws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from pmjax.laws.grouped import (
    BinomialGroups,
    ExponentialGroups,
    GammaGroups,
    GroupLaw,
    NormalGroups,
    PoissonGroups,
)


class Groups(Protocol):
    """Which rows belong together."""

    @property
    def group(self) -> np.ndarray:
        """The group of each row."""
        ...

    def __len__(self) -> int: ...

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over the rows of each group."""
        ...

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over the rows of each group, exact however far the values are from zero."""
        ...

    def count(self) -> np.ndarray:
        """Return the number of rows of each group."""
        ...


Others = Mapping[str, np.ndarray]
Summary = tuple[np.ndarray, list[Any]]


@dataclass(frozen=True)
class Statistics:
    """How a family of observations is summed over a group.

    Attributes
    ----------
    law : GroupLaw
        Its parameters are the kept parameters of the family, then the extra statistics.
    kept : tuple of str
        Parameters of the family that must be equal in a group; the others must be data and are summed.
    summarise : callable
        ``summarise(y, groups, others) -> (value, extra statistics)`` (NumPy); `others` are the values of
        the parameters that are not kept, for each row.
    valid : callable
        ``valid(y, others)``: whether the formula holds for these observations.
    """

    law: GroupLaw
    kept: tuple[str, ...]
    summarise: Callable[[np.ndarray, Groups, Others], Summary]
    valid: Callable[[np.ndarray, Others], bool] = lambda y, others: True


def _normal(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    mean = groups.mean(y)
    squares = groups.sum((y - mean[groups.group]) ** 2)
    return mean, [_count(groups, y), squares, 0.0]


def _lognormal(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    logs = np.log(y)
    mean, (n, squares, _) = _normal(logs, groups, others)
    return mean, [n, squares, -groups.sum(logs)]


def _bernoulli(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    return groups.sum(y), [groups.sum(1.0 - y), 0.0]


def _binomial(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    n = np.broadcast_to(others["n"], y.shape)
    log_choose = log_factorial(n) - log_factorial(y) - log_factorial(n - y)
    return groups.sum(y), [groups.sum(n - y), groups.sum(log_choose)]


def _poisson(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    exposure = np.broadcast_to(np.asarray(others.get("exposure", 1.0), float), y.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_exposure = np.where(y == 0, 0.0, y * np.log(exposure))
    return groups.sum(y), [groups.sum(exposure), groups.sum(log_exposure - log_factorial(y))]


def _exponential(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    return groups.sum(y), [_count(groups, y)]


def _gamma(y: np.ndarray, groups: Groups, others: Others) -> Summary:
    return groups.sum(y), [_count(groups, y), groups.sum(np.log(y))]


def _count(groups: Groups, y: np.ndarray) -> np.ndarray:
    return (
        np.broadcast_to(groups.count().reshape(-1, *([1] * (y.ndim - 1))), (len(groups), *y.shape[1:])) * 1.0
    )


def log_factorial(x: np.ndarray) -> np.ndarray:
    """Return log x! of an array of counts; each distinct count is computed once.

    Examples
    --------
    >>> np.exp(log_factorial(np.array([0, 3]))).round(6).tolist()
    [1.0, 6.0]
    """
    values, where = np.unique(np.asarray(x, float), return_inverse=True)
    return np.array([math.lgamma(v + 1.0) for v in values])[where].reshape(np.shape(x))


def _positive(y: np.ndarray, others: Others) -> bool:
    return bool(np.all(y > 0))


def _at_most_n(y: np.ndarray, others: Others) -> bool:
    return bool(np.all(y <= others["n"]))


def _exposed(y: np.ndarray, others: Others) -> bool:
    exposure = np.asarray(others.get("exposure", 1.0))
    return bool(np.all((exposure > 0) & np.isfinite(exposure)))


NORMAL = Statistics(NormalGroups(), ("mu", "sigma"), _normal)
LOG_NORMAL = Statistics(NormalGroups(), ("mu", "sigma"), _lognormal, _positive)
BERNOULLI = Statistics(BinomialGroups(), ("logit_p",), _bernoulli)
BINOMIAL = Statistics(BinomialGroups(), ("logit_p",), _binomial, _at_most_n)
POISSON = Statistics(PoissonGroups(), ("mu",), _poisson, _exposed)
EXPONENTIAL = Statistics(ExponentialGroups(), ("lam",), _exponential)
GAMMA = Statistics(GammaGroups(), ("alpha", "beta"), _gamma, _positive)

"""Laws of groups of observations that share their parameters.

Each is the sum of the log densities of n observations, written in statistics of the group. A group of
no observations contributes zero: groups may be padded.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax import distributions as pm
from pmjax.distributions.continuous import HALF_LOG_2PI
from pmjax.distributions.distribution import Distribution
from pmjax.graph.ops import Shape
from pmjax.numerics.functions import softplus
from pmjax.rewrites.row_groups import RowGroups


class GroupLaw(Distribution):
    """The law of the observations of each group; used inside a rewritten model, never declared by a user."""

    def parameters(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise NotImplementedError(f"{self.name} belongs to rewritten models")

    def draw(self, key: Any, shape: Shape, *params: Any, **named: Any) -> Any:
        raise NotImplementedError(f"{self.name} is a sum over observations and cannot be drawn from")

    @abstractmethod
    def log_density(self, x: Any, *params: Any, **named: Any) -> Any:
        """Return the sum of the log densities of the observations of each group."""


class NormalGroups(GroupLaw):
    r"""n normal observations with mean x and sum of squared deviations `squares` in each group.

    .. math:: -n \log \sigma - \frac{n (x - \mu)^2 + S}{2 \sigma^2} - \frac{n}{2} \log 2 \pi + C
    """

    def log_density(self, x: Any, mu: Any, sigma: Any, n: Any, squares: Any, constant: Any) -> Any:
        deviation = x - mu
        spread = (n * deviation * deviation + squares) * (0.5 / (sigma * sigma))
        return constant - n * (jnp.log(sigma) + HALF_LOG_2PI) - spread

    def total(self, x: Any, mu: Any, sigma: Any, n: Any, squares: Any, constant: Any) -> Any:
        if jnp.ndim(sigma) or jnp.ndim(n) != 1 or jnp.ndim(x) != 1:
            return super().total(x, mu, sigma, n, squares, constant)
        deviation = x - mu
        spread = jnp.dot(n * deviation, deviation) + jnp.sum(jnp.broadcast_to(squares, n.shape))
        normaliser = jnp.sum(n) * (jnp.log(sigma) + HALF_LOG_2PI)
        return jnp.sum(jnp.broadcast_to(constant, n.shape)) - normaliser - 0.5 * spread / (sigma * sigma)


class BinomialGroups(GroupLaw):
    r"""x successes and `failures` in each group: :math:`x \log p + (n - x) \log (1 - p) + C`."""

    def log_density(self, x: Any, logit_p: Any, failures: Any, constant: Any) -> Any:
        # log p = -log(1 + e^-|l|) - [l < 0] |l|: one exponential for both outcomes, and nothing overflows.
        positive = logit_p >= 0
        size = jnp.where(positive, logit_p, -logit_p)
        against = jnp.where(positive, failures, x)
        unlikely = jnp.where(against == 0, 0.0, against * size)
        return constant - (x + failures) * softplus(-size) - unlikely


class PoissonGroups(GroupLaw):
    r"""x events under the exposure E in each group: :math:`x \log \mu - E \mu + C`."""

    def log_density(self, x: Any, mu: Any, exposure: Any, constant: Any) -> Any:
        return jsp.xlogy(x, mu) - exposure * mu + constant


class ExponentialGroups(GroupLaw):
    r"""n waiting times with sum x in each group: :math:`n \log \lambda - \lambda x`."""

    def log_density(self, x: Any, lam: Any, n: Any) -> Any:
        return n * jnp.log(lam) - lam * x


class GammaGroups(GroupLaw):
    r"""n gamma variables with sum x and sum of logarithms L in each group.

    .. math:: n (\alpha \log \beta - \log \Gamma(\alpha)) + (\alpha - 1) L - \beta x
    """

    def log_density(self, x: Any, alpha: Any, beta: Any, n: Any, logs: Any) -> Any:
        return n * (alpha * jnp.log(beta) - jsp.gammaln(alpha)) + (alpha - 1) * logs - beta * x


class Weighted(GroupLaw):
    """n equal observations in each group: n times the log density of one of them."""

    def __init__(self, law: Distribution) -> None:
        self.law = law
        self.discrete = law.discrete
        self.param_ndims = law.param_ndims

    @property
    def name(self) -> str:
        return f"Weighted{self.law.name}"

    @property
    def param_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.law.param_names, "n")

    def fingerprint(self) -> Hashable | None:
        law = self.law.fingerprint()
        return None if law is None else ("weighted", law)

    def log_density(self, x: Any, *params: Any, **named: Any) -> Any:
        *own, n = params
        # Where a weight is zero the value is one of another group: finite, or the sum is -inf anyway.
        return jnp.where(n == 0, 0.0, n * self.law.log_density(x, *own))


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
    summarise: Callable[[np.ndarray, RowGroups, Others], Summary]
    valid: Callable[[np.ndarray, Others], bool] = lambda y, others: True


def _normal(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    n = _count(groups, y)
    mean = groups.sum(y) / n
    squares = groups.sum((y - mean[groups.group]) ** 2)
    return mean, [n, squares, 0.0]


def _lognormal(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    logs = np.log(y)
    mean, (n, squares, _) = _normal(logs, groups, others)
    return mean, [n, squares, -groups.sum(logs)]


def _bernoulli(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    return groups.sum(y), [groups.sum(1.0 - y), 0.0]


def _binomial(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    n = np.broadcast_to(others["n"], y.shape)
    log_choose = log_factorial(n) - log_factorial(y) - log_factorial(n - y)
    return groups.sum(y), [groups.sum(n - y), groups.sum(log_choose)]


def _poisson(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    exposure = np.broadcast_to(np.asarray(others.get("exposure", 1.0), float), y.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_exposure = np.where(y == 0, 0.0, y * np.log(exposure))
    return groups.sum(y), [groups.sum(exposure), groups.sum(log_exposure - log_factorial(y))]


def _exponential(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    return groups.sum(y), [_count(groups, y)]


def _gamma(y: np.ndarray, groups: RowGroups, others: Others) -> Summary:
    return groups.sum(y), [_count(groups, y), groups.sum(np.log(y))]


def _count(groups: RowGroups, y: np.ndarray) -> np.ndarray:
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


STATISTICS: dict[Any, Statistics] = {
    pm.Normal: Statistics(NormalGroups(), ("mu", "sigma"), _normal),
    pm.LogNormal: Statistics(NormalGroups(), ("mu", "sigma"), _lognormal, _positive),
    pm.Bernoulli: Statistics(BinomialGroups(), ("logit_p",), _bernoulli),
    pm.Binomial: Statistics(BinomialGroups(), ("logit_p",), _binomial, _at_most_n),
    pm.Poisson: Statistics(PoissonGroups(), ("mu",), _poisson, _exposed),
    pm.Exponential: Statistics(ExponentialGroups(), ("lam",), _exponential),
    pm.Gamma: Statistics(GammaGroups(), ("alpha", "beta"), _gamma, _positive),
}

"""Laws of groups of observations that share their parameters.

Each is the sum of the log densities of n observations, written in statistics of the group. A group of
no observations contributes zero: groups may be padded.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import jax.scipy.special as jsp

from pmjax.laws.law import Law
from pmjax.numerics.functions import softplus
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class GroupLaw(Law):
    """The law of the observations of each group; used inside a rewritten model, never declared by a user."""

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        raise NotImplementedError(f"{self.name} is a sum over observations and cannot be drawn from")


@dataclass(frozen=True)
class NormalGroups(GroupLaw):
    r"""n normal observations with mean x and sum of squared deviations `squares` in each group.

    .. math:: -n \log \sigma - \frac{n (x - \mu)^2 + S}{2 \sigma^2} - \frac{n}{2} \log 2 \pi + C
    """

    signature = "(),(),(),(),()->()"

    def log_density(
        self, x: Array, mu: Array, sigma: Array, n: Array, squares: Array, constant: Array
    ) -> Array:
        deviation = x - mu
        spread = (n * deviation * deviation + squares) * (0.5 / (sigma * sigma))
        return constant - n * (jnp.log(sigma) + HALF_LOG_2PI) - spread

    def total(self, x: Array, mu: Array, sigma: Array, n: Array, squares: Array, constant: Array) -> Array:
        if jnp.ndim(sigma) or jnp.ndim(n) != 1 or jnp.ndim(x) != 1:
            return super().total(x, mu, sigma, n, squares, constant)
        deviation = x - mu
        spread = jnp.dot(n * deviation, deviation) + jnp.sum(jnp.broadcast_to(squares, n.shape))
        normaliser = jnp.sum(n) * (jnp.log(sigma) + HALF_LOG_2PI)
        return jnp.sum(jnp.broadcast_to(constant, n.shape)) - normaliser - 0.5 * spread / (sigma * sigma)


@dataclass(frozen=True)
class BinomialGroups(GroupLaw):
    r"""x successes and `failures` in each group: :math:`x \log p + (n - x) \log (1 - p) + C`."""

    signature = "(),(),()->()"

    def log_density(self, x: Array, logit_p: Array, failures: Array, constant: Array) -> Array:
        # log p = -log(1 + e^-|l|) - [l < 0] |l|: one exponential for both outcomes, and nothing overflows.
        positive = logit_p >= 0
        size = jnp.where(positive, logit_p, -logit_p)
        against = jnp.where(positive, failures, x)
        unlikely = jnp.where(against == 0, 0.0, against * size)
        return constant - (x + failures) * softplus(-size) - unlikely


@dataclass(frozen=True)
class PoissonGroups(GroupLaw):
    r"""x events under the exposure E in each group: :math:`x \log \mu - E \mu + C`."""

    signature = "(),(),()->()"

    def log_density(self, x: Array, mu: Array, exposure: Array, constant: Array) -> Array:
        return jsp.xlogy(x, mu) - exposure * mu + constant


@dataclass(frozen=True)
class ExponentialGroups(GroupLaw):
    r"""n waiting times with sum x in each group: :math:`n \log \lambda - \lambda x`."""

    signature = "(),()->()"

    def log_density(self, x: Array, lam: Array, n: Array) -> Array:
        return n * jnp.log(lam) - lam * x


@dataclass(frozen=True)
class GammaGroups(GroupLaw):
    r"""n gamma variables with sum x and sum of logarithms L in each group.

    .. math:: n (\alpha \log \beta - \log \Gamma(\alpha)) + (\alpha - 1) L - \beta x
    """

    signature = "(),(),(),()->()"

    def log_density(self, x: Array, alpha: Array, beta: Array, n: Array, logs: Array) -> Array:
        return n * (alpha * jnp.log(beta) - jsp.gammaln(alpha)) + (alpha - 1) * logs - beta * x


@dataclass(frozen=True)
class Weighted(GroupLaw):
    """n equal observations in each group: n times the log density of one of them.

    Attributes
    ----------
    law : Law
        Of one observation.
    """

    law: Law

    @property
    def signature(self) -> str:  # type: ignore[override]
        params, _, event = self.law.signature.partition("->")
        return f"{params},()->{event}" if params else f"()->{event}"

    @property
    def name(self) -> str:
        return f"Weighted{self.law.name}"

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        return self.law.discrete

    @property
    def param_names(self) -> tuple[str, ...]:
        return (*self.law.param_names, "weight")

    def log_density(self, x: Array, *params: Array) -> Array:
        *own, weight = params
        # Where a weight is zero the value is one of another group: finite, or the sum is -inf anyway.
        return jnp.where(weight == 0, 0.0, weight * self.law.log_density(x, *own))

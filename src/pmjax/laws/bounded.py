"""Laws on an interval."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import BETWEEN_BOUNDS, POSITIVE, UNIT_INTERVAL
from pmjax.numerics.special import (
    HALF_LOG_2PI,
    log_beta_share,
    log_normal_mass,
    lower_tail,
    standardise,
    xlog1my,
    xlogy,
)
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class Uniform(Law):
    """The same density everywhere between two bounds."""

    signature = "(),()->()"
    support = BETWEEN_BOUNDS
    bounds = ("lower", "upper")

    def log_density(self, x: Array, lower: Array, upper: Array) -> Array:
        return jnp.where((x >= lower) & (x <= upper), -jnp.log(upper - lower), -jnp.inf)

    def draw(self, key: Key, shape: Shape, lower: Array, upper: Array) -> Array:
        return lower + (upper - lower) * jax.random.uniform(key, shape)

    def center(self, lower: Array, upper: Array) -> Array:
        return (lower + upper) / 2

    def log_cdf(self, x: Array, lower: Array, upper: Array) -> Array:
        return jnp.log(jnp.clip((x - lower) / (upper - lower), 0.0, 1.0))

    def log_sf(self, x: Array, lower: Array, upper: Array) -> Array:
        return jnp.log(jnp.clip((upper - x) / (upper - lower), 0.0, 1.0))

    def quantile(self, q: Array, lower: Array, upper: Array) -> Array:
        return lower + (upper - lower) * q


@dataclass(frozen=True)
class TruncatedNormal(Law):
    """The normal law restricted to an interval."""

    signature = "(),(),(),()->()"
    support = BETWEEN_BOUNDS
    domains = {"sigma": POSITIVE}
    bounds = ("lower", "upper")

    def log_density(self, x: Array, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        z = (x - mu) / sigma
        log_mass = log_normal_mass(standardise(lower, mu, sigma), standardise(upper, mu, sigma))
        inside = (x >= lower) & (x <= upper)
        return jnp.where(inside, -0.5 * z * z - jnp.log(sigma) - HALF_LOG_2PI - log_mass, -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        return self.quantile(jax.random.uniform(key, shape), mu, sigma, lower, upper)

    def center(self, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        margin = np.minimum(sigma, (upper - lower) / 4)
        return np.clip(mu, lower + margin, upper - margin)

    def log_cdf(self, x: Array, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        return self._log_share(lower, x, mu, sigma, lower, upper)

    def log_sf(self, x: Array, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        return self._log_share(x, upper, mu, sigma, lower, upper)

    def quantile(self, q: Array, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        low, high, mirrored = lower_tail((lower - mu) / sigma, (upper - mu) / sigma)
        start, end = jsp.ndtr(low), jsp.ndtr(high)
        z = jsp.ndtri(start + (end - start) * jnp.where(mirrored, 1 - q, q))
        return jnp.clip(mu + sigma * jnp.where(mirrored, -z, z), lower, upper)

    @staticmethod
    def _log_share(a: Array, b: Array, mu: Array, sigma: Array, lower: Array, upper: Array) -> Array:
        a, b = jnp.clip(a, lower, upper), jnp.clip(b, lower, upper)
        some = a < b
        ends = (standardise(jnp.where(some, x, y), mu, sigma) for x, y in ((a, lower), (b, upper)))
        whole = log_normal_mass(standardise(lower, mu, sigma), standardise(upper, mu, sigma))
        return jnp.where(some, log_normal_mass(*ends) - whole, -jnp.inf)


@dataclass(frozen=True)
class Beta(Law):
    r"""Density proportional to :math:`x^{\alpha - 1} (1 - x)^{\beta - 1}`."""

    signature = "(),()->()"
    support = UNIT_INTERVAL
    domains = {"alpha": POSITIVE, "beta": POSITIVE}

    def log_density(self, x: Array, alpha: Array, beta: Array) -> Array:
        inside = (x >= 0) & (x <= 1)
        safe = jnp.where(inside, x, 0.5)
        kernel = xlogy(alpha - 1, safe) + xlog1my(beta - 1, safe)
        return jnp.where(inside, kernel - jsp.betaln(alpha, beta), -jnp.inf)

    def draw(self, key: Key, shape: Shape, alpha: Array, beta: Array) -> Array:
        return jax.random.beta(key, alpha, beta, shape)

    def center(self, alpha: Array, beta: Array) -> Array:
        return alpha / (alpha + beta)

    def log_cdf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log_beta_share(x, alpha, beta)

    def log_sf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log_beta_share(1 - x, beta, alpha)

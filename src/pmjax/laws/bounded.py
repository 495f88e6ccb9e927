"""Laws on an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import BETWEEN_BOUNDS, CIRCLE, POSITIVE, UNIT_INTERVAL
from pmjax.numerics.special import (
    HALF_LOG_2PI,
    betaln,
    log1mexp,
    log_beta_kernel,
    log_beta_share,
    log_ndtr,
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
        with np.errstate(invalid="ignore"):
            one_end = np.where(np.isinf(upper), lower + 1, upper - 1)
            between = np.where(np.isinf(lower) | np.isinf(upper), one_end, (lower + upper) / 2)
        return np.where(np.isinf(lower) & np.isinf(upper), mu, between)

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
        # A pole at an edge counts as much as the number next to it.
        numbers = jnp.finfo(jnp.result_type(x, float))
        left, right = jnp.maximum(x, numbers.tiny), jnp.maximum(1 - x, numbers.epsneg)
        log_left, log_right = jnp.log(left), jnp.log(right)
        large = jnp.maximum(alpha, beta) >= 8
        # Powers of small order are exact where they vanish; those of large order cancel.
        powers = (alpha - 1) * log_left + (beta - 1) * log_right - betaln(alpha, beta)
        kernel = jnp.where(large, log_beta_kernel(alpha, beta, left, right) - log_left - log_right, powers)
        impossible = ((x == 0) & (alpha > 1)) | ((x == 1) & (beta > 1))
        return jnp.where(inside & ~impossible, kernel, -jnp.inf)

    def draw(self, key: Key, shape: Shape, alpha: Array, beta: Array) -> Array:
        return jax.random.beta(key, alpha, beta, shape)

    def center(self, alpha: Array, beta: Array) -> Array:
        return alpha / (alpha + beta)

    def log_cdf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log_beta_share(x, alpha, beta)

    def log_sf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log_beta_share(1 - x, beta, alpha)


@dataclass(frozen=True)
class Kumaraswamy(Law):
    r"""Distribution function :math:`1 - (1 - x^a)^b` on the unit interval."""

    signature = "(),()->()"
    support = UNIT_INTERVAL
    domains = {"a": POSITIVE, "b": POSITIVE}

    def log_density(self, x: Array, a: Array, b: Array) -> Array:
        inside = (x >= 0) & (x <= 1)
        safe = jnp.where(inside, x, 0.5)
        log_x = jnp.log(jnp.where(safe == 0, 1.0, safe))
        log_rest = log1mexp(jnp.where((safe == 0) | (safe == 1), -1.0, a * log_x))
        right = jnp.where(safe == 0, 0.0, jnp.where(safe == 1, xlog1my(b - 1, safe), (b - 1) * log_rest))
        return jnp.where(inside, jnp.log(a) + jnp.log(b) + xlogy(a - 1, safe) + right, -jnp.inf)

    def draw(self, key: Key, shape: Shape, a: Array, b: Array) -> Array:
        return self.quantile(jax.random.uniform(key, shape), a, b)

    def center(self, a: Array, b: Array) -> Array:
        return np.exp(np.log(b) + _gammaln(1 + 1 / a) + _gammaln(b) - _gammaln(1 + 1 / a + b))

    def log_cdf(self, x: Array, a: Array, b: Array) -> Array:
        return jnp.where(x <= 0, -jnp.inf, jnp.where(x >= 1, 0.0, log1mexp(self.log_sf(x, a, b))))

    def log_sf(self, x: Array, a: Array, b: Array) -> Array:
        inside = (x > 0) & (x < 1)
        log = b * log1mexp(a * jnp.log(jnp.where(inside, x, 0.5)))
        return jnp.where(inside, log, jnp.where(x <= 0, 0.0, -jnp.inf))

    def quantile(self, q: Array, a: Array, b: Array) -> Array:
        return jnp.exp(log1mexp(jnp.log1p(-q) / b) / a)


def _gammaln(x: Array) -> np.ndarray:
    return np.vectorize(math.lgamma, otypes=[float])(x)


@dataclass(frozen=True)
class LogitNormal(Law):
    """The logistic function of a normal variable."""

    signature = "(),()->()"
    support = UNIT_INTERVAL
    domains = {"sigma": POSITIVE}

    def log_density(self, x: Array, mu: Array, sigma: Array) -> Array:
        inside = (x > 0) & (x < 1)
        safe = jnp.where(inside, x, 0.5)
        z = (jsp.logit(safe) - mu) / sigma
        density = -0.5 * z * z - HALF_LOG_2PI - jnp.log(sigma) - jnp.log(safe) - jnp.log1p(-safe)
        return jnp.where(inside, density, -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array) -> Array:
        return jax.nn.sigmoid(mu + sigma * jax.random.normal(key, shape))

    def center(self, mu: Array, sigma: Array) -> Array:
        return 1 / (1 + np.exp(-np.asarray(mu, float)))

    def log_cdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        inside = (x > 0) & (x < 1)
        log = log_ndtr((jsp.logit(jnp.where(inside, x, 0.5)) - mu) / sigma)
        return jnp.where(inside, log, jnp.where(x <= 0, -jnp.inf, 0.0))

    def quantile(self, q: Array, mu: Array, sigma: Array) -> Array:
        return jax.nn.sigmoid(mu + sigma * jsp.ndtri(q))


@dataclass(frozen=True)
class Triangular(Law):
    """Density that rises from lower to c and falls from there to upper, both evenly."""

    signature = "(),(),()->()"
    support = BETWEEN_BOUNDS
    bounds = ("lower", "upper")

    def log_density(self, x: Array, lower: Array, c: Array, upper: Array) -> Array:
        inside = (x >= lower) & (x <= upper)
        rising = x < c
        height = jnp.where(rising, x - lower, upper - x)
        width = jnp.where(rising, c - lower, upper - c)
        # At a mode on the edge of the interval the height and the width are zero, and their ratio is one.
        flat = (height == 0) & (width == 0)
        log_ratio = jnp.log(jnp.where(flat, 1.0, height)) - jnp.log(jnp.where(flat, 1.0, width))
        return jnp.where(inside, np.log(2) + log_ratio - jnp.log(upper - lower), -jnp.inf)

    def draw(self, key: Key, shape: Shape, lower: Array, c: Array, upper: Array) -> Array:
        return self.quantile(jax.random.uniform(key, shape), lower, c, upper)

    def center(self, lower: Array, c: Array, upper: Array) -> Array:
        return (lower + c + upper) / 3

    def log_cdf(self, x: Array, lower: Array, c: Array, upper: Array) -> Array:
        x = jnp.clip(x, lower, upper)
        rising = x < c
        below = 2 * jnp.log(x - lower) - jnp.log((upper - lower) * jnp.where(rising, c - lower, 1.0))
        above = jnp.log1p(
            -((upper - x) ** 2) / ((upper - lower) * jnp.where(rising | (c == upper), 1.0, upper - c))
        )
        return jnp.where(rising, below, above)

    def quantile(self, q: Array, lower: Array, c: Array, upper: Array) -> Array:
        left = lower + jnp.sqrt(q * (upper - lower) * (c - lower))
        right = upper - jnp.sqrt((1 - q) * (upper - lower) * (upper - c))
        return jnp.where(q < (c - lower) / (upper - lower), left, right)


@dataclass(frozen=True)
class VonMises(Law):
    r"""Angles between -pi and pi with density :math:`\exp(\kappa \cos(x - \mu)) / 2 \pi I_0(\kappa)`."""

    signature = "(),()->()"
    support = CIRCLE
    domains = {"kappa": POSITIVE}

    def log_density(self, x: Array, mu: Array, kappa: Array) -> Array:
        # cos(d) - 1 = -2 sin²(d / 2): no difference of nearly equal numbers.
        spread = -2 * kappa * jnp.sin((x - mu) / 2) ** 2
        density = spread - np.log(2 * np.pi) - jnp.log(jsp.i0e(kappa))
        return jnp.where(jnp.abs(x) <= np.pi, density, -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, kappa: Array) -> Array:
        return draw_von_mises(key, shape, mu, kappa)

    def center(self, mu: Array, kappa: Array) -> Array:
        return np.mod(np.asarray(mu, float) + np.pi, 2 * np.pi) - np.pi


def draw_von_mises(key: Key, shape: Shape, mu: Array, kappa: Array) -> Array:
    """Return angles with a von Mises law, by rejection from a wrapped Cauchy law (JAX).

    Best & Fisher 1979, doi:10.2307/2346732; at least 0.66 of the proposals are accepted.
    """
    kappa = jnp.broadcast_to(jnp.asarray(kappa, float), shape)
    tau = 1 + jnp.sqrt(1 + 4 * kappa**2)
    rho = (tau - jnp.sqrt(2 * tau)) / (2 * kappa)
    r = jnp.where(kappa > 1e-4, (1 + rho**2) / (2 * jnp.maximum(rho, 1e-300)), 1 / kappa + kappa)

    def propose(state: tuple[Key, Array, Array]) -> tuple[Key, Array, Array]:
        key, angle, done = state
        key, own = jax.random.split(key)
        u, v, sign = jax.random.uniform(own, (3, *shape), minval=jnp.finfo(float).tiny)
        z = jnp.cos(np.pi * u)
        cosine = jnp.clip((1 + r * z) / (r + z), -1.0, 1.0)
        c = kappa * (r - cosine)
        accepted = (c * (2 - c) > v) | (jnp.log(c) - jnp.log(v) + 1 >= c)
        found = jnp.where(sign < 0.5, -1.0, 1.0) * jnp.arccos(cosine)
        return key, jnp.where(done, angle, found), done | accepted

    start = (key, jnp.zeros(shape), jnp.zeros(shape, bool))
    angle = jax.lax.while_loop(lambda state: ~state[2].all(), propose, start)[1]
    return jnp.mod(mu + angle + np.pi, 2 * np.pi) - np.pi


@dataclass(frozen=True)
class Interpolated(Law):
    """A density that is linear between given points; the parameters `cdf` are its integral up to each."""

    signature = "(k),(k),(k),(),()->()"
    support = BETWEEN_BOUNDS
    bounds = ("lower", "upper")

    def log_density(
        self, x: Array, points: Array, pdf: Array, cdf: Array, lower: Array, upper: Array
    ) -> Array:
        density = jnp.interp(x, points, pdf)
        inside = (x >= lower) & (x <= upper) & (density > 0)
        return jnp.where(inside, jnp.log(jnp.where(inside, density, 1.0)), -jnp.inf)

    def draw(
        self, key: Key, shape: Shape, points: Array, pdf: Array, cdf: Array, lower: Array, upper: Array
    ) -> Array:
        return self.quantile(jax.random.uniform(key, shape), points, pdf, cdf, lower, upper)

    def center(self, points: Array, pdf: Array, cdf: Array, lower: Array, upper: Array) -> Array:
        return np.trapezoid(points * pdf, points)

    def log_cdf(self, x: Array, points: Array, pdf: Array, cdf: Array, lower: Array, upper: Array) -> Array:
        i = jnp.clip(jnp.searchsorted(points, x, side="right") - 1, 0, points.shape[-1] - 2)
        step = jnp.clip(x, lower, upper) - points[i]
        slope = (pdf[i + 1] - pdf[i]) / (points[i + 1] - points[i])
        return jnp.log(jnp.clip(cdf[i] + step * (pdf[i] + 0.5 * slope * step), 0.0, 1.0))

    def quantile(self, q: Array, points: Array, pdf: Array, cdf: Array, lower: Array, upper: Array) -> Array:
        i = jnp.clip(jnp.searchsorted(cdf, q, side="right") - 1, 0, points.shape[-1] - 2)
        slope = (pdf[i + 1] - pdf[i]) / (points[i + 1] - points[i])
        rest = q - cdf[i]
        # The root of pdf t + slope t² / 2 = rest, in the form that does not cancel.
        root = jnp.sqrt(jnp.maximum(pdf[i] ** 2 + 2 * slope * rest, 0.0))
        return points[i] + 2 * rest / jnp.maximum(pdf[i] + root, jnp.finfo(float).tiny)

"""Laws on the whole real line."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.statistics import NORMAL
from pmjax.laws.support import POSITIVE
from pmjax.numerics.functions import softplus
from pmjax.numerics.special import (
    HALF_LOG_2PI,
    log_beta_kernel,
    log_beta_share,
    log_gamma_ratio,
    log_mills,
    log_ndtr,
    log_t_tail,
    logdiffexp,
    t_quantile,
)
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class Normal(Law):
    r"""Density :math:`\exp(-(x - \mu)^2 / 2 \sigma^2) / \sqrt{2 \pi} \sigma`."""

    signature = "(),()->()"
    domains = {"sigma": POSITIVE}
    location_scale = ("mu", "sigma")
    normal_scale = "linear"
    statistics = NORMAL

    def log_density(self, x: Array, mu: Array, sigma: Array) -> Array:
        z = (x - mu) / sigma
        return -0.5 * z * z - jnp.log(sigma) - HALF_LOG_2PI

    def total(self, x: Array, mu: Array, sigma: Array) -> Array:
        if jnp.ndim(sigma):
            return super().total(x, mu, sigma)
        # One pass for the squares; the normaliser is counted, not summed over the elements.
        z = jnp.ravel(x - mu)
        return -0.5 * jnp.dot(z, z) / (sigma * sigma) - z.size * (jnp.log(sigma) + HALF_LOG_2PI)

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array) -> Array:
        return mu + sigma * jax.random.normal(key, shape)

    def center(self, mu: Array, sigma: Array) -> Array:
        return mu

    def log_cdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        return log_ndtr((x - mu) / sigma)

    def log_sf(self, x: Array, mu: Array, sigma: Array) -> Array:
        return log_ndtr((mu - x) / sigma)

    def quantile(self, q: Array, mu: Array, sigma: Array) -> Array:
        return mu + sigma * jsp.ndtri(q)


@dataclass(frozen=True)
class Cauchy(Law):
    r"""Density :math:`1 / (\pi \beta (1 + ((x - \alpha) / \beta)^2))`."""

    signature = "(),()->()"
    domains = {"beta": POSITIVE}
    location_scale = ("alpha", "beta")

    def log_density(self, x: Array, alpha: Array, beta: Array) -> Array:
        z = (x - alpha) / beta
        return -jnp.log1p(z * z) - jnp.log(beta) - np.log(np.pi)

    def draw(self, key: Key, shape: Shape, alpha: Array, beta: Array) -> Array:
        return alpha + beta * jax.random.cauchy(key, shape)

    def center(self, alpha: Array, beta: Array) -> Array:
        return alpha

    def log_cdf(self, x: Array, alpha: Array, beta: Array) -> Array:
        # arctan2(1, -z) is the angle left of x: nothing cancels in the lower tail.
        return jnp.log(jnp.arctan2(1.0, (alpha - x) / beta)) - np.log(np.pi)

    def log_sf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return jnp.log(jnp.arctan2(1.0, (x - alpha) / beta)) - np.log(np.pi)

    def quantile(self, q: Array, alpha: Array, beta: Array) -> Array:
        return alpha + beta * jnp.tan(np.pi * (q - 0.5))


@dataclass(frozen=True)
class StudentT(Law):
    r"""Density proportional to :math:`(1 + ((x - \mu) / \sigma)^2 / \nu)^{-(\nu + 1) / 2}`."""

    signature = "(),(),()->()"
    domains = {"nu": POSITIVE, "sigma": POSITIVE}
    location_scale = ("mu", "sigma")

    def log_density(self, x: Array, nu: Array, mu: Array, sigma: Array) -> Array:
        z = (x - mu) / sigma
        log_norm = log_gamma_ratio(nu / 2, 0.5) - 0.5 * jnp.log(nu / 2) - HALF_LOG_2PI - jnp.log(sigma)
        return log_norm - (nu + 1) / 2 * jnp.log1p(z * z / nu)

    def draw(self, key: Key, shape: Shape, nu: Array, mu: Array, sigma: Array) -> Array:
        return mu + sigma * jax.random.t(key, nu, shape)

    def center(self, nu: Array, mu: Array, sigma: Array) -> Array:
        return mu

    def log_cdf(self, x: Array, nu: Array, mu: Array, sigma: Array) -> Array:
        return log_t_tail((mu - x) / sigma, nu)

    def log_sf(self, x: Array, nu: Array, mu: Array, sigma: Array) -> Array:
        return log_t_tail((x - mu) / sigma, nu)

    def quantile(self, q: Array, nu: Array, mu: Array, sigma: Array) -> Array:
        return mu + sigma * t_quantile(q, nu)


@dataclass(frozen=True)
class Laplace(Law):
    r"""Density :math:`\exp(-|x - \mu| / b) / 2 b`."""

    signature = "(),()->()"
    domains = {"b": POSITIVE}
    location_scale = ("mu", "b")

    def log_density(self, x: Array, mu: Array, b: Array) -> Array:
        return -jnp.abs(x - mu) / b - jnp.log(2 * b)

    def draw(self, key: Key, shape: Shape, mu: Array, b: Array) -> Array:
        return mu + b * jax.random.laplace(key, shape)

    def center(self, mu: Array, b: Array) -> Array:
        return mu

    def log_cdf(self, x: Array, mu: Array, b: Array) -> Array:
        z = (x - mu) / b
        return jnp.where(z < 0, z - np.log(2), jnp.log1p(-0.5 * jnp.exp(-jnp.abs(z))))

    def log_sf(self, x: Array, mu: Array, b: Array) -> Array:
        return self.log_cdf(2 * mu - x, mu, b)

    def quantile(self, q: Array, mu: Array, b: Array) -> Array:
        below = q < 0.5
        far = jnp.log(2 * jnp.where(below, q, 1 - q))
        return mu + b * jnp.where(below, far, -far)


@dataclass(frozen=True)
class Logistic(Law):
    r"""Distribution function :math:`1 / (1 + \exp(-(x - \mu) / s))`."""

    signature = "(),()->()"
    domains = {"s": POSITIVE}
    location_scale = ("mu", "s")

    def log_density(self, x: Array, mu: Array, s: Array) -> Array:
        z = (x - mu) / s
        return -softplus(z) - softplus(-z) - jnp.log(s)

    def draw(self, key: Key, shape: Shape, mu: Array, s: Array) -> Array:
        return mu + s * jax.random.logistic(key, shape)

    def center(self, mu: Array, s: Array) -> Array:
        return mu

    def log_cdf(self, x: Array, mu: Array, s: Array) -> Array:
        return -softplus((mu - x) / s)

    def log_sf(self, x: Array, mu: Array, s: Array) -> Array:
        return -softplus((x - mu) / s)

    def quantile(self, q: Array, mu: Array, s: Array) -> Array:
        return mu + s * jsp.logit(q)


@dataclass(frozen=True)
class Flat(Law):
    """Density one everywhere: improper."""

    def log_density(self, x: Array) -> Array:
        return jnp.zeros_like(x)

    def draw(self, key: Key, shape: Shape) -> Array:
        raise NotImplementedError("Flat is improper and cannot be drawn from")


@dataclass(frozen=True)
class AsymmetricLaplace(Law):
    r"""Density :math:`\frac{b}{\kappa + 1 / \kappa} \exp(-(x - \mu) b s \kappa^s)`, s the sign of x - mu."""

    signature = "(),(),()->()"
    domains = {"b": POSITIVE, "kappa": POSITIVE}

    def log_density(self, x: Array, b: Array, kappa: Array, mu: Array) -> Array:
        z = x - mu
        slope = jnp.where(z >= 0, -kappa, 1 / kappa)
        return jnp.log(b) - jnp.log(kappa + 1 / kappa) + z * b * slope

    def draw(self, key: Key, shape: Shape, b: Array, kappa: Array, mu: Array) -> Array:
        return self.quantile(jax.random.uniform(key, shape), b, kappa, mu)

    def center(self, b: Array, kappa: Array, mu: Array) -> Array:
        return mu - (kappa - 1 / kappa) / b

    def log_cdf(self, x: Array, b: Array, kappa: Array, mu: Array) -> Array:
        z = b * (x - mu)
        below = 2 * jnp.log(kappa) - jnp.log1p(kappa**2) + jnp.minimum(z, 0) / kappa
        above = jnp.log1p(-jnp.exp(-kappa * jnp.maximum(z, 0)) / (1 + kappa**2))
        return jnp.where(z < 0, below, above)

    def quantile(self, q: Array, b: Array, kappa: Array, mu: Array) -> Array:
        share = kappa**2 / (1 + kappa**2)
        low = q < share
        below = kappa * jnp.log(jnp.where(low, q / share, 1.0))
        above = -jnp.log(jnp.where(low, 1.0, (1 - q) * (1 + kappa**2))) / kappa
        return mu + jnp.where(low, below, above) / b


@dataclass(frozen=True)
class ExGaussian(Law):
    r"""The sum of a normal variable and an exponential one of mean nu.

    With :math:`a = (x - \mu) / \sigma`, :math:`t = \sigma / \nu - a` and Mills' ratio R the density is
    :math:`\phi(a) R(t) / \nu`.
    """

    signature = "(),(),()->()"
    domains = {"sigma": POSITIVE, "nu": POSITIVE}

    def log_density(self, x: Array, mu: Array, sigma: Array, nu: Array) -> Array:
        a, b = (x - mu) / sigma, sigma / nu
        left = b > a
        # Left of the tail by Mills' ratio, in it by the exponential decay: nothing cancels there.
        near = -0.5 * a * a - HALF_LOG_2PI + log_mills(jnp.where(left, b - a, 0.0))
        tail = b * (0.5 * b - a) + log_ndtr(jnp.where(left, 0.0, a - b))
        return jnp.where(left, near, tail) - jnp.log(nu)

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array, nu: Array) -> Array:
        normal, exponential = jax.random.split(key)
        return mu + sigma * jax.random.normal(normal, shape) + nu * jax.random.exponential(exponential, shape)

    def center(self, mu: Array, sigma: Array, nu: Array) -> Array:
        return mu + nu

    def log_cdf(self, x: Array, mu: Array, sigma: Array, nu: Array) -> Array:
        # Phi(a) - phi(a) R(t)
        a = (x - mu) / sigma
        return logdiffexp(log_ndtr(a), -0.5 * a * a - HALF_LOG_2PI + log_mills(sigma / nu - a))


@dataclass(frozen=True)
class Gumbel(Law):
    r"""Distribution function :math:`\exp(-\exp(-(x - \mu) / \beta))`."""

    signature = "(),()->()"
    domains = {"beta": POSITIVE}
    location_scale = ("mu", "beta")

    def log_density(self, x: Array, mu: Array, beta: Array) -> Array:
        z = (x - mu) / beta
        return -z - jnp.exp(-z) - jnp.log(beta)

    def draw(self, key: Key, shape: Shape, mu: Array, beta: Array) -> Array:
        return mu + beta * jax.random.gumbel(key, shape)

    def center(self, mu: Array, beta: Array) -> Array:
        return mu + beta * np.euler_gamma

    def log_cdf(self, x: Array, mu: Array, beta: Array) -> Array:
        return -jnp.exp((mu - x) / beta)

    def log_sf(self, x: Array, mu: Array, beta: Array) -> Array:
        return jnp.log(-jnp.expm1(self.log_cdf(x, mu, beta)))

    def quantile(self, q: Array, mu: Array, beta: Array) -> Array:
        return mu - beta * jnp.log(-jnp.log(q))


@dataclass(frozen=True)
class Moyal(Law):
    r"""Density :math:`\exp(-(z + e^{-z}) / 2) / \sqrt{2 \pi} \sigma` with :math:`z = (x - \mu) / \sigma`."""

    signature = "(),()->()"
    domains = {"sigma": POSITIVE}
    location_scale = ("mu", "sigma")

    def log_density(self, x: Array, mu: Array, sigma: Array) -> Array:
        z = (x - mu) / sigma
        return -0.5 * (z + jnp.exp(-z)) - jnp.log(sigma) - HALF_LOG_2PI

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array) -> Array:
        # exp(-z) is the square of a normal variable.
        return mu - sigma * jnp.log(jax.random.normal(key, shape) ** 2)

    def center(self, mu: Array, sigma: Array) -> Array:
        return mu + sigma * (np.euler_gamma + np.log(2))

    def log_cdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        return np.log(2) + log_ndtr(-jnp.exp((mu - x) / (2 * sigma)))

    def quantile(self, q: Array, mu: Array, sigma: Array) -> Array:
        return mu - 2 * sigma * jnp.log(-jsp.ndtri(q / 2))


@dataclass(frozen=True)
class SkewNormal(Law):
    r"""Density :math:`2 \phi(z) \Phi(\alpha z) / \sigma` with :math:`z = (x - \mu) / \sigma`."""

    signature = "(),(),()->()"
    domains = {"sigma": POSITIVE}
    location_scale = ("mu", "sigma")

    def log_density(self, x: Array, mu: Array, sigma: Array, alpha: Array) -> Array:
        z = (x - mu) / sigma
        return np.log(2) - 0.5 * z * z - HALF_LOG_2PI + log_ndtr(alpha * z) - jnp.log(sigma)

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array, alpha: Array) -> Array:
        half, whole = jax.random.normal(key, (2, *shape))
        delta = alpha / jnp.sqrt(1 + alpha**2)
        return mu + sigma * (delta * jnp.abs(half) + jnp.sqrt(1 - delta**2) * whole)

    def center(self, mu: Array, sigma: Array, alpha: Array) -> Array:
        return mu + sigma * np.sqrt(2 / np.pi) * alpha / np.sqrt(1 + alpha**2)


@dataclass(frozen=True)
class SkewStudentT(Law):
    r"""Skewed t of Jones & Faddy (2003), doi:10.1111/1467-9868.00378.

    With :math:`z = (x - \mu) / \sigma` and :math:`w = z / \sqrt{a + b + z^2}` the density is
    :math:`(1 + w)^{a + 1/2} (1 - w)^{b + 1/2} / (2^{a + b - 1} B(a, b) \sqrt{a + b} \sigma)`.
    """

    signature = "(),(),(),()->()"
    domains = {"a": POSITIVE, "b": POSITIVE, "sigma": POSITIVE}
    location_scale = ("mu", "sigma")

    def log_density(self, x: Array, a: Array, b: Array, mu: Array, sigma: Array) -> Array:
        z, total = (x - mu) / sigma, a + b
        share, rest = _shares(z, total)
        edge = 0.5 * (jnp.log(share) + jnp.log(rest)) + np.log(4)
        return log_beta_kernel(a, b, share, rest) + edge - 0.5 * jnp.log(total) - jnp.log(sigma)

    def draw(self, key: Key, shape: Shape, a: Array, b: Array, mu: Array, sigma: Array) -> Array:
        share = jax.random.beta(key, a, b, shape)
        return mu + sigma * jnp.sqrt(a + b) * (2 * share - 1) / (2 * jnp.sqrt(share * (1 - share)))

    def center(self, a: Array, b: Array, mu: Array, sigma: Array) -> Array:
        return mu

    def log_cdf(self, x: Array, a: Array, b: Array, mu: Array, sigma: Array) -> Array:
        return log_beta_share(_shares((x - mu) / sigma, a + b)[0], a, b)


def _shares(z: Array, total: Array) -> tuple[Array, Array]:
    """Return (1 + w) / 2 and (1 - w) / 2 for w = z / sqrt(total + z²); nothing cancels in the smaller one."""
    larger = 0.5 * (1 + jnp.abs(z) / jnp.sqrt(total + z * z))
    smaller = total / (total + z * z) / (4 * larger)
    return jnp.where(z >= 0, larger, smaller), jnp.where(z >= 0, smaller, larger)

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
from pmjax.numerics.special import HALF_LOG_2PI, log_t_tail, t_quantile
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
        return jsp.log_ndtr((x - mu) / sigma)

    def log_sf(self, x: Array, mu: Array, sigma: Array) -> Array:
        return jsp.log_ndtr((mu - x) / sigma)

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
        log_norm = (
            jsp.gammaln((nu + 1) / 2) - jsp.gammaln(nu / 2) - 0.5 * jnp.log(np.pi * nu) - jnp.log(sigma)
        )
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

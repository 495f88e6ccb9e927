"""Laws of ordered categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law, Limit
from pmjax.laws.support import CATEGORIES, COUNTS, INCREASING, POSITIVE
from pmjax.numerics.functions import softplus
from pmjax.numerics.rows import take_rows
from pmjax.numerics.special import log_ndtr, log_normal_mass
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class OrderedLogistic(Law):
    r"""One of K ordered categories, numbered from 0: which cutpoints a logistic variable exceeds.

    .. math:: P(x = k) = F(c_k - \eta) - F(c_{k-1} - \eta), \quad F(z) = 1 / (1 + e^{-z}),

    with :math:`c_{-1} = -\infty` and :math:`c_{K-1} = \infty` (McCullagh 1980).
    """

    signature = "(),(k)->()"
    support = CATEGORIES
    discrete = True
    domains = {"cutpoints": INCREASING}

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[1] is None else inside & (x <= params[1].shape[-1])

    def limits(self, *params: Any) -> tuple[Limit, Limit]:
        return 0, params[1].shape[-1]

    def log_density(self, x: Array, eta: Array, cutpoints: Array) -> Array:
        last = cutpoints.shape[-1]
        inside = (x >= 0) & (x <= last)
        category = jnp.where(inside, x, 0).astype(int)
        above, below = category < last, category > 0
        upper = _cutpoint(cutpoints, jnp.minimum(category, last - 1)) - eta
        lower = _cutpoint(cutpoints, jnp.maximum(category - 1, 0)) - eta
        # F(b) - F(a) = F(b) (1 - F(a)) (1 - e^(a - b)): no difference of nearly equal numbers.
        between = above & below
        gap = jnp.where(between, upper - lower, 1.0)
        positive = jnp.where(gap > 0, gap, 1.0)
        log_p = (
            jnp.where(above, -softplus(-upper), 0.0)
            + jnp.where(below, -softplus(lower), 0.0)
            + jnp.where(between, jnp.log(-jnp.expm1(-positive)), 0.0)
        )
        return jnp.where(inside & (gap > 0), log_p, -jnp.inf)

    def draw(self, key: Key, shape: Shape, eta: Array, cutpoints: Array) -> Array:
        latent = eta + jax.random.logistic(key, shape)
        return jnp.sum(latent[..., None] > cutpoints, axis=-1).astype(int)

    def center(self, eta: Array, cutpoints: Array) -> Array:
        return np.sum(np.asarray(eta)[..., None] > cutpoints, axis=-1)

    def log_cdf(self, x: Array, eta: Array, cutpoints: Array) -> Array:
        last = cutpoints.shape[-1]
        category = jnp.clip(jnp.floor(x), 0, last - 1).astype(int)
        below = -softplus(eta - _cutpoint(cutpoints, category))
        return jnp.where(x < 0, -jnp.inf, jnp.where(x >= last, 0.0, below))


def _cutpoint(cutpoints: Array, category: Array) -> Array:
    cutpoints = jnp.asarray(cutpoints)
    if cutpoints.ndim == 1:
        return take_rows(cutpoints, category.ravel()).reshape(category.shape)
    full = jnp.broadcast_to(cutpoints, (*category.shape, cutpoints.shape[-1]))
    return jnp.take_along_axis(full, category[..., None], axis=-1)[..., 0]


def ordered_logistic_probabilities(eta: Array, cutpoints: Array) -> Array:
    """Return the probability of each category, shape (..., K) (JAX)."""
    below = jax.nn.sigmoid(cutpoints - jnp.asarray(eta)[..., None])
    return _differences(below)


def ordered_probit_probabilities(eta: Array, cutpoints: Array, sigma: Array) -> Array:
    """Return the probability of each category, shape (..., K) (JAX)."""
    below = jsp.ndtr((cutpoints - jnp.asarray(eta)[..., None]) / jnp.asarray(sigma)[..., None])
    return _differences(below)


def _differences(below: Array) -> Array:
    edge = jnp.zeros_like(below[..., :1])
    return jnp.diff(jnp.concatenate([edge, below, edge + 1], axis=-1), axis=-1)


@dataclass(frozen=True)
class OrderedProbit(Law):
    r"""One of K ordered categories, numbered from 0: which cutpoints a normal variable exceeds.

    .. math:: P(x = k) = \Phi((c_k - \eta) / \sigma) - \Phi((c_{k-1} - \eta) / \sigma)
    """

    signature = "(),(k),()->()"
    support = CATEGORIES
    discrete = True
    domains = {"cutpoints": INCREASING, "sigma": POSITIVE}

    contains = OrderedLogistic.contains
    limits = OrderedLogistic.limits

    def log_density(self, x: Array, eta: Array, cutpoints: Array, sigma: Array) -> Array:
        last = cutpoints.shape[-1]
        inside = (x >= 0) & (x <= last)
        category = jnp.where(inside, x, 0).astype(int)
        upper = _cutpoint(cutpoints, jnp.minimum(category, last - 1)) - eta
        lower = _cutpoint(cutpoints, jnp.maximum(category - 1, 0)) - eta
        low = jnp.where(category > 0, lower / sigma, -jnp.inf)
        high = jnp.where(category < last, upper / sigma, jnp.inf)
        proper = high > low
        log_p = log_normal_mass(jnp.where(proper, low, 0.0), jnp.where(proper, high, 1.0))
        return jnp.where(inside & proper, log_p, -jnp.inf)

    def draw(self, key: Key, shape: Shape, eta: Array, cutpoints: Array, sigma: Array) -> Array:
        latent = eta + sigma * jax.random.normal(key, shape)
        return jnp.sum(latent[..., None] > cutpoints, axis=-1).astype(int)

    def log_cdf(self, x: Array, eta: Array, cutpoints: Array, sigma: Array) -> Array:
        last = cutpoints.shape[-1]
        category = jnp.clip(jnp.floor(x), 0, last - 1).astype(int)
        below = log_ndtr((_cutpoint(cutpoints, category) - eta) / sigma)
        return jnp.where(x < 0, -jnp.inf, jnp.where(x >= last, 0.0, below))

    def center(self, eta: Array, cutpoints: Array, sigma: Array) -> Array:
        return np.sum(np.asarray(eta)[..., None] > cutpoints, axis=-1)

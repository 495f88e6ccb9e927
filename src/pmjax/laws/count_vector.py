"""Laws of counts of several outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import COUNTS, POSITIVE, UNIT_INTERVAL
from pmjax.numerics.special import xlogy
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class Multinomial(Law):
    r"""Counts of K outcomes in n independent trials: :math:`n! \prod_k p_k^{x_k} / x_k!`."""

    signature = "(),(k)->(k)"
    support = COUNTS
    discrete = True
    domains = {"n": COUNTS, "p": UNIT_INTERVAL}

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        n = params[0]
        return inside if n is None else inside & (x.sum(axis=-1) == n)[..., None]

    def log_density(self, x: Array, n: Array, p: Array) -> Array:
        inside, safe = _counts(x, n)
        terms = (xlogy(safe, p) - jsp.gammaln(safe + 1.0)).sum(axis=-1)
        return jnp.where(inside, jsp.gammaln(n + 1.0) + terms, -jnp.inf)

    def draw(self, key: Key, shape: Shape, n: Array, p: Array) -> Array:
        return multinomial(key, n, jnp.broadcast_to(p, shape))

    def center(self, n: Array, p: Array) -> Array:
        return whole_shares(n, p)


@dataclass(frozen=True)
class DirichletMultinomial(Law):
    r"""Counts of K outcomes in n trials whose probabilities have a Dirichlet distribution.

    .. math:: \frac{n! \, \Gamma(\sum_k a_k)}{\Gamma(n + \sum_k a_k)}
        \prod_k \frac{\Gamma(x_k + a_k)}{x_k! \, \Gamma(a_k)}
    """

    signature = "(),(k)->(k)"
    support = COUNTS
    discrete = True
    domains = {"n": COUNTS, "a": POSITIVE}

    contains = Multinomial.contains

    def log_density(self, x: Array, n: Array, a: Array) -> Array:
        inside, safe = _counts(x, n)
        total = a.sum(axis=-1)
        constant = jsp.gammaln(n + 1.0) + jsp.gammaln(total) - jsp.gammaln(n + total)
        terms = jsp.gammaln(safe + a) - jsp.gammaln(safe + 1.0) - jsp.gammaln(a)
        return jnp.where(inside, constant + terms.sum(axis=-1), -jnp.inf)

    def draw(self, key: Key, shape: Shape, n: Array, a: Array) -> Array:
        share_key, count_key = jax.random.split(key)
        return multinomial(count_key, n, jax.random.dirichlet(share_key, a, shape[:-1]))

    def center(self, n: Array, a: Array) -> Array:
        return whole_shares(n, a / np.sum(a, axis=-1, keepdims=True))


def _counts(x: Array, n: Array) -> tuple[Array, Array]:
    """Return which events are counts that sum to n, and the counts, 0 where they are negative."""
    return (x >= 0).all(axis=-1) & (x.sum(axis=-1) == n), jnp.where(x >= 0, x, 0)


def multinomial(key: Key, n: Array, p: Array) -> Array:
    """Return counts of n trials, one binomial number after the other (JAX).

    The count of outcome k is binomial in the trials that are left, with probability p_k of what is left.
    """
    keys = jax.random.split(key, p.shape[-1])
    rest = jnp.cumsum(p[..., ::-1], axis=-1)[..., ::-1]
    share = jnp.clip(jnp.where(rest > 0, p / jnp.where(rest > 0, rest, 1), 0.0), 0.0, 1.0)

    def step(left: Array, at: tuple[Key, Array]) -> tuple[Array, Array]:
        own, q = at
        count = jax.random.binomial(own, left, q)
        return left - count, count

    left = jnp.broadcast_to(jnp.asarray(n, p.dtype), p.shape[:-1])
    left, counts = jax.lax.scan(step, left, (keys[:-1], jnp.moveaxis(share[..., :-1], -1, 0)))
    return jnp.concatenate([jnp.moveaxis(counts, 0, -1), left[..., None]], axis=-1).astype(int)


def whole_shares(n: Array, p: Array) -> np.ndarray:
    """Return integers near n p that sum to n: each rounded down, the largest remainders up (NumPy)."""
    n = np.asarray(n)[..., None]
    expected = n * p
    shares = np.floor(expected)
    rank = np.argsort(np.argsort(shares - expected, axis=-1, kind="stable"), axis=-1)
    return (shares + (rank < n - shares.sum(axis=-1, keepdims=True))).astype(int)

"""Functions that `jax.scipy.special` lacks, or whose gradients are NaN at an edge."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp


def xlogy(a: Any, x: Any) -> Any:
    """Return a log x for x >= 0, with its limit at x = 0.

    No derivative is NaN there, and a pole (a < 0) counts as much as the smallest positive number: an
    x that has rounded to the edge of its support must not attract a sampler for ever.

    Examples
    --------
    >>> xlogy(2.0, 1.0).item(), xlogy(2.0, 0.0).item()
    (0.0, -inf)
    """
    zero = x == 0
    nearest = np.log(jnp.finfo(jnp.result_type(x, float)).tiny)
    return jnp.where(zero, _limit(a, nearest), a * jnp.log(jnp.where(zero, 1, x)))


def xlog1my(a: Any, x: Any) -> Any:
    """Return a log(1 - x) for x <= 1, at x = 1 as `xlogy` at 0."""
    one = x == 1
    nearest = np.log(jnp.finfo(jnp.result_type(x, float)).epsneg)
    return jnp.where(one, _limit(a, nearest), a * jnp.log1p(-jnp.where(one, 0, x)))


def _limit(a: Any, nearest: Any) -> Any:
    return jnp.where(a > 0, -jnp.inf, a * nearest)


def log_probability(p: Any) -> Any:
    """Return log p; at p = 0, where that is -inf, the derivative is zero.

    An impossible outcome in a sum over outcomes has weight zero, and zero times infinity is NaN.
    """
    impossible = p == 0
    return jnp.where(impossible, -jnp.inf, jnp.log(jnp.where(impossible, 1.0, p)))


def log_odds(p: Any) -> Any:
    """Return log(p / (1 - p)); at p = 0 and p = 1, where that is infinite, the derivative is zero."""
    certain = (p == 0) | (p == 1)
    inside = jsp.logit(jnp.where(certain, 0.5, p))
    return jnp.where(certain, jnp.where(p == 0, -jnp.inf, jnp.inf), inside)


def standardise(bound: Any, mu: Any, sigma: Any) -> Any:
    """Return (bound - mu) / sigma; an infinite bound stays infinite and has derivative zero."""
    infinite = jnp.isinf(bound)
    return jnp.where(infinite, bound, (jnp.where(infinite, 0.0, bound) - mu) / sigma)


def log_normal_mass(a: Any, b: Any) -> Any:
    """Return log(Phi(b) - Phi(a)) for a < b, computed in the tail where the interval lies."""
    low, high, _ = lower_tail(a, b)
    log_high, log_low = jsp.log_ndtr(high), jsp.log_ndtr(low)
    # An infinite bound has log-mass -inf; its gradient must not meet 0 * inf.
    empty = jnp.isneginf(log_low)
    gap = jnp.where(empty, -1.0, log_low - log_high)
    return log_high + jnp.where(empty, 0.0, jnp.log1p(-jnp.exp(gap)))


def lower_tail(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return an interval mirrored to the left if it lies right of zero, and whether it was mirrored.

    Probabilities of the normal distribution are accurate in its lower tail only.
    """
    mirrored = a > 0
    return jnp.where(mirrored, -b, a), jnp.where(mirrored, -a, b), mirrored

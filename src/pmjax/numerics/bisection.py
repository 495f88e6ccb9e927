"""Quantiles found by halving an interval, where there is no formula for them."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from pmjax.runtime.types import Array

HALVINGS = 80
# exp(t), sinh(t) and 1 / (1 + exp(-t)) of these t reach from the smallest to the largest numbers.
WIDEST = 700.0
LARGEST_INTEGER = 2.0**53


def smallest_above(log_cdf: Callable[[Array], Array], q: Array, place: Callable[[Array], Array]) -> Array:
    """Return x with cdf(x) = q, of a continuous variable (JAX).

    Parameters
    ----------
    log_cdf : callable
        The logarithm of the distribution function.
    q : array
    place : callable
        An increasing map from real numbers to the support.

    Examples
    --------
    >>> round(float(smallest_above(lambda x: -jnp.log1p(1 / x), jnp.array(0.75), jnp.exp)), 5)
    3.0
    """
    goal = jnp.log(q)
    low = jnp.full(jnp.shape(goal), -WIDEST)

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        reached = log_cdf(place(middle)) >= goal
        return jnp.where(reached, low, middle), jnp.where(reached, middle, high)

    low, high = jax.lax.fori_loop(0, HALVINGS, halve, (low, -low))
    x = place((low + high) / 2)
    ends = jnp.where(q == 0, place(-WIDEST * 2.0), jnp.where(q == 1, place(WIDEST * 2.0), jnp.nan))
    return jnp.where((q > 0) & (q < 1), x, ends)


def smallest_integer_above(log_cdf: Callable[[Array], Array], q: Array, low: Array, high: Array) -> Array:
    """Return the smallest integer x with cdf(x) >= q between two integers (JAX)."""
    # The last digits of the distribution function must not lift an exact quantile to the next integer.
    goal = jnp.log(q) - 4 * jnp.finfo(float).eps
    shape = jnp.broadcast_shapes(jnp.shape(goal), jnp.shape(low), jnp.shape(high))
    below = jnp.broadcast_to(jnp.asarray(low, float) - 1, shape)
    above = jnp.broadcast_to(jnp.asarray(high, float), shape)

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        below, above = ends
        middle = jnp.floor((below + above) / 2)
        reached = log_cdf(middle) >= goal
        return jnp.where(reached | (middle <= below), below, middle), jnp.where(reached, middle, above)

    x = jax.lax.fori_loop(0, 60, halve, (below, above))[1]
    return jnp.where((q >= 0) & (q <= 1), x, jnp.nan)

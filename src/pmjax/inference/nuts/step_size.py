"""The step size: a search for the first one, then dual averaging (Hoffman & Gelman 2014, section 3.2)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

GAMMA, T0, KAPPA = 0.05, 10.0, 0.75
LOG_10 = 2.302585092994046
MAX_PROBES = 60
"""Trajectories that a search for a step size may take."""


class DualAveraging(NamedTuple):
    """State of dual averaging, all scalars.

    ``centre`` is the log step size that the iterates shrink towards, ``error`` the running mean of
    ``target - accept`` over ``updates`` draws, and ``log_average`` the weighted mean of the last ``averaged``
    log step sizes. To set ``averaged`` to 0 forgets the average alone: the iterates go on in steps that have
    become small, where those of a fresh start swing widely, and a mean of logs so wide is too low.
    """

    centre: jax.Array
    error: jax.Array
    log_average: jax.Array
    updates: jax.Array
    averaged: jax.Array


def begin(log_step: Any) -> DualAveraging:
    """Start afresh from a log step size (a NumPy or a JAX scalar)."""
    none = 0 * log_step
    return DualAveraging(log_step + LOG_10, none, log_step, none, none)


def begin_warm(log_step: Any) -> DualAveraging:
    """Start from a log step size that is known to be near: the iterates shrink towards it."""
    return begin(log_step)._replace(centre=log_step)


def update(state: DualAveraging, accept: jax.Array, target: jax.Array) -> tuple[DualAveraging, jax.Array]:
    """Hear of one trajectory's mean acceptance statistic; return the new state and log step size."""
    count, averaged = state.updates + 1, state.averaged + 1
    weight = 1 / (count + T0)
    error = (1 - weight) * state.error + weight * (target - accept)
    log_step = state.centre - jnp.sqrt(count) / GAMMA * error
    weight = averaged**-KAPPA
    log_average = weight * log_step + (1 - weight) * state.log_average
    return DualAveraging(state.centre, error, log_average, count, averaged), log_step


class Search(NamedTuple):
    """Search for a step size whose acceptance is near the target: all scalars of int32.

    It is doubled, or halved, until the acceptance of a trajectory of one leaf crosses the target.

    Attributes
    ----------
    left : Array
        Trajectories that it may still take; 0 where no search is under way.
    direction : Array
        1 if it doubles, -1 if it halves, 0 if the first trajectory has yet to tell.
    made : Array
        Trajectories that the chain has spent on searches so far.
    """

    left: Any
    direction: Any
    made: Any


def no_search() -> Search:
    """Return the state of a chain that has not searched yet."""
    return Search(*np.zeros(3, np.int32))


def begin_search(state: Search) -> Search:
    """Let a search begin with the next trajectory."""
    return Search(np.int32(MAX_PROBES), np.int32(0), state.made)


def search(state: Search, step: jax.Array, accept: jax.Array, target: jax.Array) -> tuple[Search, jax.Array]:
    """Hear of the acceptance of one leaf made with ``step``; return the new state and step size.

    Examples
    --------
    >>> state, step = search(begin_search(no_search()), jnp.float32(0.1), 0.99, 0.8)
    >>> int(state.left), float(step)
    (59, 0.2...)
    >>> state, step = search(state, step, 0.5, 0.8)
    >>> int(state.left), float(step)
    (0, 0.2...)
    """
    direction = jnp.where(accept > target, 1, -1).astype(jnp.int32)
    crossed = state.direction == -direction
    step = jnp.where(crossed, step, jnp.where(direction > 0, 2 * step, step / 2))
    return Search(jnp.where(crossed, 0, state.left - 1), direction, state.made + 1), step

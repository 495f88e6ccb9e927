"""Step size by dual averaging (Hoffman & Gelman 2014, section 3.2)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

GAMMA, T0, KAPPA = 0.05, 10.0, 0.75
LOG_10 = 2.302585092994046


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


def update(state: DualAveraging, accept: jax.Array, target: jax.Array) -> tuple[DualAveraging, jax.Array]:
    """Hear of one trajectory's mean acceptance statistic; return the new state and log step size."""
    count, averaged = state.updates + 1, state.averaged + 1
    weight = 1 / (count + T0)
    error = (1 - weight) * state.error + weight * (target - accept)
    log_step = state.centre - jnp.sqrt(count) / GAMMA * error
    weight = averaged**-KAPPA
    log_average = weight * log_step + (1 - weight) * state.log_average
    return DualAveraging(state.centre, error, log_average, count, averaged), log_step

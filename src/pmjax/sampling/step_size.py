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
    ``target - accept`` and ``log_average`` the weighted mean of the log step sizes so far.
    """

    centre: jax.Array
    error: jax.Array
    log_average: jax.Array
    updates: jax.Array


def begin(log_step: Any) -> DualAveraging:
    """Start afresh from a log step size (a NumPy or a JAX scalar)."""
    return DualAveraging(log_step + LOG_10, 0 * log_step, log_step, 0 * log_step)


def update(state: DualAveraging, accept: jax.Array, target: jax.Array) -> tuple[DualAveraging, jax.Array]:
    """Hear of one trajectory's mean acceptance statistic; return the new state and log step size."""
    count = state.updates + 1
    weight = 1 / (count + T0)
    error = (1 - weight) * state.error + weight * (target - accept)
    log_step = state.centre - jnp.sqrt(count) / GAMMA * error
    weight = count**-KAPPA
    log_average = weight * log_step + (1 - weight) * state.log_average
    return DualAveraging(state.centre, error, log_average, count), log_step

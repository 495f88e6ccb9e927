"""DE-MC-Z: proposals are differences of a chain's own past (ter Braak & Vrugt 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.inference.nuts.schedule import WARMUP
from pmjax.inference.steps.step import LogDensity, Moved, Place

TARGET = 0.234
"""Acceptance that the factor is fitted to (Roberts, Gelman & Gilks 1997)."""


class Past(NamedTuple):
    """Where the chain has been, shape (draws, n); how often it moved; and the log of the factor."""

    history: Any
    count: Any
    log_factor: Any


@dataclass(frozen=True, eq=False)
class DEMetropolisZ:
    """All coordinates at once move by lambda (z_a - z_b) + noise, with z from the chain's past.

    doi.org/10.1007/s11222-008-9104-9. lambda starts at 2.38 / sqrt(2 n); warm-up fits it to an acceptance of
    0.234. Of the warm-up the first part is forgotten.

    Attributes
    ----------
    own : ndarray of int
    lamb : float, optional
    scaling : float
        Scale of the noise.
    tune : bool
    tune_drop_fraction : float
        The share of the past that proposals do not come from while warm-up lasts.
    """

    own: np.ndarray
    lamb: float | None = None
    scaling: float = 0.001
    tune: bool = True
    tune_drop_fraction: float = 0.9
    name: str = "DEMetropolisZ"

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> Past:
        """Return a past that holds the start alone."""
        history = np.zeros((draws + 1, len(self.own)))
        history[0] = theta[self.own]
        factor = 2.38 / np.sqrt(2 * max(len(self.own), 1)) if self.lamb is None else self.lamb
        return Past(history, np.ones((), np.int32), np.asarray(np.log(factor)))

    def move(
        self, key: jax.Array, place: Place, state: Past, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Propose one move of all coordinates."""
        own, n = jnp.asarray(self.own), len(self.own)
        pair_key, noise_key, accept_key = jax.random.split(key, 3)
        warm = (flags & WARMUP) != 0
        # Past that is older than the last half tells of the way to the posterior.
        oldest = jnp.where(warm, state.count // 2, (self.tune_drop_fraction * state.count / 2).astype(int))
        a, b = oldest + (jax.random.uniform(pair_key, (2,)) * (state.count - oldest)).astype(int)
        difference = state.history[a] - state.history[b]
        noise = self.scaling * jax.random.normal(noise_key, (n,))
        # Early on the past has no differences: the noise alone must lead away from the start.
        noise = jnp.where(state.count < 2 * n + 2, noise / self.scaling * 0.1, noise)
        theta = place.theta.at[own].add(jnp.exp(state.log_factor) * difference + noise)
        value = log_density(theta)
        rise = jnp.where(jnp.isnan(value), -jnp.inf, value - place.value)
        rate = jnp.exp(jnp.minimum(rise, 0.0))
        take = jnp.log(jax.random.uniform(accept_key)) < rise
        place = jax.tree.map(lambda new, old: jnp.where(take, new, old), Place(theta, value), place)
        # Differences of a short past are short, and are accepted whatever the factor.
        updates = state.count - 10 * n - 50
        moved = state.log_factor + (rate - TARGET) * jnp.maximum(updates, 1.0) ** -0.6
        factor = jnp.where(warm & (updates > 0) & self.tune, moved, state.log_factor)
        history = state.history.at[state.count].set(place.theta[own])
        return Moved(place, Past(history, state.count + 1, factor), rate)

"""Random-walk Metropolis: each coordinate in turn, with a scale of its own that warm-up fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.inference.nuts.schedule import WARMUP
from pmjax.inference.steps.step import LogDensity, Moved, Place

TARGET = 0.44
"""Acceptance of one coordinate that the scale is fitted to (Gelman, Roberts & Gilks 1996)."""
MIN_LOG_SCALE, MAX_LOG_SCALE = -30.0, 30.0


class Scales(NamedTuple):
    """Log scales of the proposals, shape (n,), and how many updates they have had."""

    log_scale: Any
    updates: Any


@dataclass(frozen=True, eq=False)
class Metropolis:
    """Normal proposals, rounded to whole numbers for discrete coordinates.

    The log scale of a coordinate moves by (acceptance - 0.44) / n^0.6 after its n-th proposal of the
    warm-up (Robbins & Monro 1951; Roberts & Rosenthal 2009).

    Attributes
    ----------
    own : ndarray of int
    discrete : ndarray of bool
        Which of them hold whole numbers.
    scaling : float
        The scale at the start.
    tune : bool
        Whether warm-up fits it.
    """

    own: np.ndarray
    discrete: np.ndarray
    scaling: float = 1.0
    tune: bool = True
    name: str = "Metropolis"

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> Scales:
        """Return equal scales."""
        return Scales(np.full(len(self.own), np.log(self.scaling)), np.zeros((), np.int32))

    def move(
        self, key: jax.Array, place: Place, state: Scales, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Propose a move of each coordinate in turn."""
        n = len(self.own)
        own, discrete = jnp.asarray(self.own), jnp.asarray(self.discrete)
        walk, side, accept = jax.random.split(key, 3)
        steps = jnp.exp(state.log_scale) * jax.random.normal(walk, (n,))
        # A proposal of a whole number moves by one at least, or it would be none.
        whole = jnp.round(steps)
        sides = jnp.where(jax.random.bernoulli(side, 0.5, (n,)), 1.0, -1.0)
        steps = jnp.where(discrete, jnp.where(whole == 0, sides, whole), steps)
        heights = jnp.log(jax.random.uniform(accept, (n,)))

        def one(i: jax.Array, carry: tuple[Place, jax.Array]) -> tuple[Place, jax.Array]:
            at, rates = carry
            theta = at.theta.at[own[i]].add(steps[i])
            value = log_density(theta)
            # NaN is no density: it is never accepted.
            rise = jnp.where(jnp.isnan(value), -jnp.inf, value - at.value)
            take = heights[i] < rise
            at = jax.tree.map(lambda new, old: jnp.where(take, new, old), Place(theta, value), at)
            return at, rates.at[i].set(jnp.exp(jnp.minimum(rise, 0.0)))

        place, rates = jax.lax.fori_loop(0, n, one, (place, jnp.zeros(n)))
        updates = state.updates + 1
        moved = state.log_scale + (rates - TARGET) * (updates + 1.0) ** -0.6 * 2
        moved = jnp.clip(moved, MIN_LOG_SCALE, MAX_LOG_SCALE)
        listening = ((flags & WARMUP) != 0) & self.tune
        state = Scales(jnp.where(listening, moved, state.log_scale), updates)
        return Moved(place, state, jnp.mean(rates))

"""Slice sampling of one coordinate after the other (Neal 2003, doi.org/10.1214/aos/1056562461)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.inference.nuts.schedule import WARMUP
from pmjax.inference.steps.step import LogDensity, Moved, Place


class Widths(NamedTuple):
    """Widths of the first intervals, shape (n,), and how many updates they have had."""

    width: Any
    updates: Any


@dataclass(frozen=True, eq=False)
class Slice:
    """Stepping out and shrinkage; warm-up makes the widths the mean distance of two draws, doubled.

    Attributes
    ----------
    own : ndarray of int
    w : float
        The width at the start.
    tune : bool
    iter_limit : int
        Steps out, to both sides together, at most.
    """

    own: np.ndarray
    w: float = 1.0
    tune: bool = True
    iter_limit: int = 100
    name: str = "Slice"

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> Widths:
        """Return equal widths."""
        return Widths(np.full(len(self.own), float(self.w)), np.zeros((), np.int32))

    def move(
        self, key: jax.Array, place: Place, state: Widths, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Draw each coordinate from its slice."""
        own = jnp.asarray(self.own)

        def one(i: jax.Array, carry: tuple[Place, jax.Array]) -> tuple[Place, jax.Array]:
            at, distances = carry
            new = self._draw(jax.random.fold_in(key, i), at, own[i], state.width[i], log_density)
            return new, distances.at[i].set(jnp.abs(new.theta[own[i]] - at.theta[own[i]]))

        place, distances = jax.lax.fori_loop(0, len(own), one, (place, jnp.zeros(len(own))))
        updates = state.updates + 1
        width = state.width + (2 * distances - state.width) / (updates + 1.0)
        listening = ((flags & WARMUP) != 0) & self.tune
        state = Widths(jnp.where(listening, jnp.maximum(width, 1e-12), state.width), updates)
        return Moved(place, state, jnp.ones(()))

    def _draw(
        self, key: jax.Array, at: Place, coordinate: jax.Array, width: jax.Array, log_density: LogDensity
    ) -> Place:
        height_key, place_key, share_key, shrink_key = jax.random.split(key, 4)
        x = at.theta[coordinate]
        height = at.value - jax.random.exponential(height_key)
        left = x - width * jax.random.uniform(place_key)
        # The steps out are shared between both sides at random: else the move would not be reversible.
        share = jax.random.randint(share_key, (), 0, self.iter_limit)

        def value(y: jax.Array) -> jax.Array:
            found = log_density(at.theta.at[coordinate].set(y))
            return jnp.where(jnp.isnan(found), -jnp.inf, found)

        def out(edge: jax.Array, step: jax.Array, steps: jax.Array) -> jax.Array:
            def inside(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
                return (carry[1] > 0) & (value(carry[0]) > height)

            return jax.lax.while_loop(inside, lambda c: (c[0] + step, c[1] - 1), (edge, steps))[0]

        edges = (out(left, -width, share), out(left + width, width, self.iter_limit - 1 - share))

        def missed(carry: Any) -> jax.Array:
            _, _, _, found, _ = carry
            return found <= height

        def shrink(carry: Any) -> Any:
            low, high, y, _, number = carry
            low, high = jnp.where(y < x, y, low), jnp.where(y < x, high, y)
            y = low + (high - low) * jax.random.uniform(jax.random.fold_in(shrink_key, number))
            return low, high, y, value(y), number + 1

        low, high = edges
        first = low + (high - low) * jax.random.uniform(shrink_key)
        begin = (low, high, first, value(first), jnp.int32(0))
        _, _, y, found, _ = jax.lax.while_loop(missed, shrink, begin)
        return Place(at.theta.at[coordinate].set(y), found)

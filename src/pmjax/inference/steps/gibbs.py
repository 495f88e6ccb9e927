"""Gibbs steps: a coordinate with finitely many values is drawn from its distribution given all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.inference.steps.step import LogDensity, Moved, Place


@dataclass(frozen=True, eq=False)
class Gibbs:
    """Each coordinate in turn is drawn from its values, by their densities.

    Attributes
    ----------
    own : ndarray of int, shape (n,)
    values : ndarray of float, shape (K, n) or (K, 1)
        The values of each coordinate, or the same ones for all.
    valid : ndarray of bool, shape (K, n), or None
        Which of them it has; None means all.
    """

    own: np.ndarray
    values: np.ndarray
    valid: np.ndarray | None = None
    name: str = "CategoricalGibbsMetropolis"

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> tuple[()]:
        """Return nothing: there is nothing to learn."""
        return ()

    def move(
        self, key: jax.Array, place: Place, state: Any, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Draw each coordinate in turn."""
        n, own = len(self.own), jnp.asarray(self.own)
        values = jnp.broadcast_to(self.values, (len(self.values), n))
        valid = jnp.ones(values.shape, bool) if self.valid is None else jnp.asarray(self.valid)
        noise = jax.random.gumbel(key, (n, len(self.values)))

        def one(i: jax.Array, carry: tuple[Place, jax.Array]) -> tuple[Place, jax.Array]:
            at, moved = carry
            each = jax.vmap(lambda v: log_density(at.theta.at[own[i]].set(v)))(values[:, i])
            each = jnp.where(valid[:, i] & ~jnp.isnan(each), each, -jnp.inf)
            chosen = jnp.argmax(each + noise[i])
            theta = at.theta.at[own[i]].set(values[chosen, i])
            moved = moved + (theta[own[i]] != at.theta[own[i]])
            return Place(theta, each[chosen]), moved

        place, moved = jax.lax.fori_loop(0, n, one, (place, jnp.zeros((), jnp.int32)))
        return Moved(place, state, moved / max(n, 1))

"""The law of Gaussian processes that are Markov chains in one dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from pmjax.laws.law import Law
from pmjax.laws.support import COUNTS, NON_NEGATIVE
from pmjax.numerics import state_space
from pmjax.numerics.state_space import Chain
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class StateSpaceNormal(Law):
    """Noisy values of a sum of Matérn processes at n places of one dimension, as a Markov chain.

    It is the normal vector with that covariance matrix, which is never made: density and draws take time
    proportional to n (Hartikainen and Särkkä 2010). `order` are the numbers of the values in the order of
    their places, `gaps` the distances between those places (the first is 0), `noise` is a variance.

    Attributes
    ----------
    orders : tuple of int
        Number of derivatives of each process: 0 for Matérn 1/2, 1 for 3/2, 2 for 5/2.
    """

    orders: tuple[int, ...]
    signature = "(n),(n),(n),(m),(m),()->(n)"
    domains = {"order": COUNTS, "gaps": NON_NEGATIVE}
    computed_by: ClassVar[str] = (
        "its covariance function makes it a Markov chain in its one input: computed in state space, in time "
        "proportional to the number of points"
    )

    def log_density(
        self, x: Array, mu: Array, order: Array, gaps: Array, variances: Array, rates: Array, noise: Array
    ) -> Array:
        def one(x: Array, mu: Array, order: Array, *chain: Array) -> Array:
            *parts, noise = chain
            return state_space.log_density(self._chain(*parts), noise, (x - mu)[order])

        batched = jnp.vectorize(one, signature="(n),(n),(n),(n),(m),(m),()->()")
        return batched(x, mu, jnp.asarray(order, int), gaps, variances, rates, noise)

    def draw(
        self,
        key: Key,
        shape: Shape,
        mu: Array,
        order: Array,
        gaps: Array,
        variances: Array,
        rates: Array,
        noise: Array,
    ) -> Array:
        def one(z: Array, mu: Array, order: Array, *chain: Array) -> Array:
            *parts, noise = chain
            return mu.at[order].add(state_space.colour(self._chain(*parts), noise, z))

        batched = jnp.vectorize(one, signature="(n),(n),(n),(n),(m),(m),()->(n)")
        z = jax.random.normal(key, shape)
        return batched(z, mu, jnp.asarray(order, int), gaps, variances, rates, noise)

    def center(
        self, mu: Array, order: Array, gaps: Array, variances: Array, rates: Array, noise: Array
    ) -> Array:
        return mu

    def _chain(self, gaps: Array, variances: Array, rates: Array) -> Chain:
        return state_space.matern_chain(self.orders, variances, rates, gaps)

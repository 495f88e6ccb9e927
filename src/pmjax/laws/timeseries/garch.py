"""Sequences whose variance depends on the values before."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import NON_NEGATIVE, POSITIVE
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class GARCH11(Law):
    r"""Normal values with mean zero, whose variance follows their squares.

    .. math:: y_t \sim N(0, \sigma_t^2), \quad
        \sigma_t^2 = \omega + \alpha_1 y_{t - 1}^2 + \beta_1 \sigma_{t - 1}^2
    """

    signature = "(),(),(),()->(t)"
    first_values = 1
    domains = {
        "omega": POSITIVE,
        "alpha_1": NON_NEGATIVE,
        "beta_1": NON_NEGATIVE,
        "initial_vol": POSITIVE,
    }

    def log_density(self, x: Array, omega: Array, alpha_1: Array, beta_1: Array, initial_vol: Array) -> Array:
        squares = jnp.moveaxis(x * x, -1, 0)
        batch = jnp.broadcast_shapes(
            squares.shape[1:], *map(jnp.shape, (omega, alpha_1, beta_1, initial_vol))
        )
        first = jnp.broadcast_to(jnp.square(initial_vol), batch)

        def step(variance: Array, square: Array) -> tuple[Array, Array]:
            after = omega + alpha_1 * square + beta_1 * variance
            return after, after

        _, later = jax.lax.scan(step, first, squares[:-1])
        variances = jnp.concatenate([first[None], later])
        return (-0.5 * (squares / variances + jnp.log(variances)) - HALF_LOG_2PI).sum(axis=0)

    def draw(
        self,
        key: Key,
        shape: Shape,
        omega: Array,
        alpha_1: Array,
        beta_1: Array,
        initial_vol: Array,
    ) -> Array:
        noise = jax.random.normal(key, (shape[-1], *shape[:-1]))
        first = jnp.broadcast_to(jnp.square(initial_vol), shape[:-1])

        def step(variance: Array, own: Array) -> tuple[Array, Array]:
            value = jnp.sqrt(variance) * own
            return omega + alpha_1 * value * value + beta_1 * variance, value

        _, values = jax.lax.scan(step, first, noise)
        return jnp.moveaxis(values, 0, -1)

    def center(self, *params: Array) -> Array:
        return np.zeros(())

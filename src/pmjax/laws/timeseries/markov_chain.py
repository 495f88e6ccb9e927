"""Sequences of discrete states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law, Limit
from pmjax.laws.support import CATEGORIES, COUNTS
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class DiscreteMarkovChain(Law):
    r"""The states of a Markov chain at T steps, numbered from 0.

    .. math:: z_0 \sim \mathrm{Categorical}(p_0), \quad P(z_t = k \mid z_{t-1} = j) = P_{jk}
    """

    signature = "(k,k),(k)->(t)"
    support = CATEGORIES
    discrete = True
    is_markov_chain = True

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        full, dtype = super().infer(params, shape)
        if full[-1] < 1:
            raise ValueError(f"{self.name}: a chain has at least one state, got the shape {full}")
        return full, dtype

    def limits(self, *params: Any) -> tuple[Limit, Limit]:
        return 0, params[0].shape[-1] - 1

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[0] is None else inside & (x < params[0].shape[-1])

    def log_density(self, x: Array, log_P: Array, log_init: Array) -> Array:
        states = log_P.shape[-1]
        inside = (x >= 0) & (x < states)
        safe = jnp.where(inside, x, 0).astype(int)
        batch = jnp.broadcast_shapes(safe.shape[:-1], log_P.shape[:-2], log_init.shape[:-1])
        path = jnp.broadcast_to(safe, (*batch, safe.shape[-1]))
        flat = jnp.broadcast_to(log_P.reshape(*log_P.shape[:-2], -1), (*batch, states * states))
        moves = jnp.take_along_axis(flat, path[..., :-1] * states + path[..., 1:], axis=-1)
        first = jnp.take_along_axis(jnp.broadcast_to(log_init, (*batch, states)), path[..., :1], axis=-1)
        return jnp.where(inside.all(axis=-1), first[..., 0] + moves.sum(axis=-1), -jnp.inf)

    def draw(self, key: Key, shape: Shape, log_P: Array, log_init: Array) -> Array:
        chains, states = shape[:-1], log_P.shape[-1]
        rows = jnp.broadcast_to(log_P, (*chains, states, states))
        keys = jax.random.split(key, shape[-1])
        first = jax.random.categorical(keys[0], log_init, shape=chains)

        def step(state: Array, own: Array) -> tuple[Array, Array]:
            logits = jnp.take_along_axis(rows, state[..., None, None], axis=-2)[..., 0, :]
            after = jax.random.categorical(own, logits, axis=-1)
            return after, after

        _, later = jax.lax.scan(step, first, keys[1:])
        return jnp.moveaxis(jnp.concatenate([first[None], later]), 0, -1)

    def center(self, log_P: Array, log_init: Array) -> Array:
        return np.argmax(log_init, axis=-1)[..., None]

"""Sequences of discrete states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.distributions.discrete import Categorical
from pmjax.distributions.distribution import Distribution, distribution
from pmjax.distributions.parameters import one_of
from pmjax.distributions.support import CATEGORIES, COUNTS, NON_NEGATIVE
from pmjax.errors import ModelError
from pmjax.graph.ops import Shape
from pmjax.graph.variable import Variable, as_variable, call, elementwise
from pmjax.numerics.special import log_probability


@distribution
class DiscreteMarkovChain(Distribution):
    r"""The states of a Markov chain at T steps, numbered from 0; the names are those of pymc-extras.

    .. math:: z_0 \sim \mathrm{Categorical}(p_0), \quad P(z_t = k \mid z_{t-1} = j) = P_{jk}

    Its shape is (..., T): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    P : array, shape (..., K, K)
        Transition probabilities, from rows to columns (normalised if a row does not sum to one); or give
        their logits, `logit_P`.
    init_dist : Variable, optional
        The distribution of the first state, ``pm.Categorical.dist(p0)``; uniform by default.
    steps : int, optional
        The number of transitions, T - 1.
    """

    support = CATEGORIES
    discrete = True
    event_ndim = 1
    param_ndims = {"log_P": 2, "log_init": 1}
    domains = {"P": NON_NEGATIVE}

    def __call__(
        self, name: str, *args: Any, steps: int | None = None, shape: Any = None, **kwargs: Any
    ) -> Variable:
        """Declare a chain in the current model; see `Distribution.__call__`."""
        if shape is None and steps is None and kwargs.get("dims") is None and kwargs.get("observed") is None:
            raise ModelError(f"DiscreteMarkovChain({name!r}, ...): give shape=, dims= or steps=: its length")
        return super().__call__(name, *args, shape=_with_steps(shape, steps), **kwargs)

    def dist(self, *args: Any, steps: int | None = None, shape: Any = None, **kwargs: Any) -> Variable:
        """Return a chain that belongs to no model."""
        return super().dist(*args, shape=_with_steps(shape, steps), **kwargs)

    def parameters(
        self, P: Any = None, *, logit_P: Any = None, init_dist: Any = None, n_lags: int = 1
    ) -> dict[str, Any]:
        if n_lags != 1:
            raise ModelError(f"n_lags must be 1: a state depends on the one before it; got {n_lags}")
        if one_of(P=P, logit_P=logit_P) == "P":
            log_P = elementwise(log_probability, P / P.sum(axis=-1, keepdims=True))
        else:
            log_P = call(jax.nn.log_softmax, as_variable(logit_P))
        if log_P.ndim < 2 or log_P.shape[-1] != log_P.shape[-2]:
            raise ModelError(
                f"the transition probabilities must form a square matrix, got shape {log_P.shape}"
            )
        states = log_P.shape[-1]
        log_init: Any = np.full(states, -np.log(states))
        if init_dist is not None:
            if not isinstance(init_dist, Variable) or getattr(init_dist.op, "law", None) is not Categorical:
                raise ModelError("init_dist is the distribution of the first state, pm.Categorical.dist(p0)")
            log_init = init_dist.inputs[0]
            if log_init.shape[-1] != states:
                raise ModelError(f"init_dist has {log_init.shape[-1]} states, the transition matrix {states}")
        return {"log_P": log_P, "log_init": log_init}

    def infer(self, params: Sequence[Variable], shape: Shape | None) -> tuple[Shape, np.dtype]:
        """Return the shape and dtype of a draw; the length of a chain is not in its parameters."""
        log_P, log_init = params
        batch = np.broadcast_shapes(log_P.shape[:-2], log_init.shape[:-1])
        full = (*batch, 1) if shape is None else shape
        if not full or full[-1] < 1 or np.broadcast_shapes(batch, full[:-1]) != full[:-1]:
            raise ValueError(f"{self.name}: chains of shape {full} do not fit parameters for {batch} chains")
        return full, np.dtype("int64")

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[0] is None else inside & (x < params[0].shape[-1])

    def log_density(self, x: Any, log_P: Any, log_init: Any) -> Any:
        states = log_P.shape[-1]
        inside = (x >= 0) & (x < states)
        safe = jnp.where(inside, x, 0).astype(int)
        batch = jnp.broadcast_shapes(safe.shape[:-1], log_P.shape[:-2], log_init.shape[:-1])
        path = jnp.broadcast_to(safe, (*batch, safe.shape[-1]))
        flat = jnp.broadcast_to(log_P.reshape(*log_P.shape[:-2], -1), (*batch, states * states))
        moves = jnp.take_along_axis(flat, path[..., :-1] * states + path[..., 1:], axis=-1)
        first = jnp.take_along_axis(jnp.broadcast_to(log_init, (*batch, states)), path[..., :1], axis=-1)
        return jnp.where(inside.all(axis=-1), first[..., 0] + moves.sum(axis=-1), -jnp.inf)

    def draw(self, key: Any, shape: Shape, log_P: Any, log_init: Any) -> Any:
        chains, states = shape[:-1], log_P.shape[-1]
        rows = jnp.broadcast_to(log_P, (*chains, states, states))
        keys = jax.random.split(key, shape[-1])
        first = jax.random.categorical(keys[0], log_init, shape=chains)

        def step(state: Any, own: Any) -> tuple[Any, Any]:
            logits = jnp.take_along_axis(rows, state[..., None, None], axis=-2)[..., 0, :]
            after = jax.random.categorical(own, logits, axis=-1)
            return after, after

        _, later = jax.lax.scan(step, first, keys[1:])
        return jnp.moveaxis(jnp.concatenate([first[None], later]), 0, -1)

    def center(self, log_P: Any, log_init: Any) -> Any:
        return np.argmax(log_init, axis=-1)[..., None]


def _with_steps(shape: Any, steps: int | None) -> Any:
    if steps is None:
        return shape
    if shape is not None:
        raise ModelError("DiscreteMarkovChain: give shape or steps, not both")
    return (int(steps) + 1,)

"""Automatic differentiation variational inference: stochastic gradients climb the evidence lower bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import SamplingError
from pmjax.runtime import streams
from pmjax.runtime.background import interruptible
from pmjax.runtime.precision import double_precision
from pmjax.runtime.programs import program
from pmjax.target.density import Density

CHUNK = 100
"""Steps between two looks at the host."""

Batch = Callable[[jax.Array, Any], Any]
"""``batch(key, data) -> data``: the data arguments with rows chosen at random."""


class Climb:
    """Parameters of an approximation on their way to the greatest evidence lower bound.

    The loss of a step is the mean over `n_mc` draws of log q(theta) - log p(theta, data), an unbiased
    estimate of minus the evidence lower bound (Kucukelbir et al. 2017, jmlr.org/papers/v18/16-107.html).

    Parameters
    ----------
    density : Density
    family : MeanField or FullRank
    params : pytree of arrays
        Where to begin.
    optimiser : optax.GradientTransformation
    seed, n_mc : int
    batch : callable, optional
        Chooses rows of the data anew in each step.
    max_norm : float, optional
        Gradients of a larger norm are shortened to it.

    Attributes
    ----------
    params : pytree of arrays
    losses : list of float
        One of each step.
    """

    def __init__(
        self,
        density: Density,
        family: Any,
        params: Any,
        optimiser: Any,
        seed: int,
        n_mc: int = 1,
        batch: Batch | None = None,
        max_norm: float | None = None,
    ) -> None:
        self.density, self.family, self.params, self.optimiser = density, family, params, optimiser
        self._seed, self._n_mc, self._batch, self._max_norm = seed, n_mc, batch, max_norm
        self.losses: list[float] = []
        with double_precision():
            self._state = optimiser.init(jax.tree.map(jnp.asarray, params))
        self._programs: dict[int, Callable[..., Any]] = {}

    def steps(self, count: int, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        """Make so many steps, CHUNK at most, and return their losses.

        Raises
        ------
        SamplingError
            If a parameter is no number any more; the message names the coordinate.
        """
        params, state, losses = interruptible(lambda: self._run(count), tick)
        broken = [not np.all(np.isfinite(np.asarray(leaf))) for leaf in jax.tree.leaves(params)]
        if any(broken):
            raise SamplingError(self._blame(params))
        self.params, self._state = params, state
        self.losses.extend(losses.tolist())
        return losses

    def _run(self, count: int) -> tuple[Any, Any, np.ndarray]:
        with double_precision():
            key = streams.key(self._seed, "climb")
            first, number = np.uint32(len(self.losses)), np.int32(count)
            arguments = (self.params, self._state, key, first, number, self.density.data, self.density.knobs)
            if 0 not in self._programs:
                shapes = jax.eval_shape(self._climb, *arguments)
                self._programs[0] = program("advi", self._climb, arguments, shapes, None)
            params, state, losses = self._programs[0](*arguments)
            return params, state, np.asarray(losses)[:count]

    def _climb(
        self, params: Any, state: Any, key: Any, first: Any, count: Any, data: Any, knobs: Any
    ) -> tuple[Any, Any, jax.Array]:
        base = jax.random.wrap_key_data(key)

        def loss(params: Any, step_key: jax.Array) -> jax.Array:
            noise_key, batch_key = jax.random.split(step_key)
            rows = data if self._batch is None else self._batch(batch_key, data)
            noise = jax.random.normal(noise_key, (self._n_mc, self.density.size))

            def one(noise: jax.Array) -> jax.Array:
                theta, log_q = self.family.draw(params, noise)
                return log_q - self.density.log_density(theta, rows, knobs)

            return jnp.mean(jax.vmap(one)(noise))

        def step(i: jax.Array, carry: Any) -> Any:
            params, state, losses = carry
            value, gradient = jax.value_and_grad(loss)(params, jax.random.fold_in(base, first + i))
            if self._max_norm is not None:
                norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(gradient)))
                shorter = jnp.minimum(1.0, self._max_norm / jnp.maximum(norm, 1e-300))
                gradient = jax.tree.map(lambda g: g * shorter, gradient)
            # A step where the density is not finite says nothing about the direction.
            finite = jnp.isfinite(value)
            gradient = jax.tree.map(lambda g: jnp.where(finite & jnp.isfinite(g), g, 0.0), gradient)
            updates, state = self.optimiser.update(gradient, state, params)
            params = jax.tree.map(lambda p, u: p + u, params, updates)
            return params, state, losses.at[i].set(value)

        losses = jnp.full(CHUNK, jnp.nan)
        done: tuple[Any, Any, jax.Array] = jax.lax.fori_loop(0, count, step, (params, state, losses))
        return done

    def _blame(self, params: Any) -> str:
        bad = ~np.isfinite(np.asarray(params["mu"])) | ~np.isfinite(np.asarray(params["rho"]))
        names = [n for n, b in zip(self.density.coordinate_names, bad, strict=True) if b]
        return (
            f"fit: the approximation of {', '.join(names[:5]) or 'the covariances'} is no number any more "
            f"after {len(self.losses)} steps; take a smaller learning rate (obj_optimizer=pm.adam(1e-3)), "
            "another start=, or look at the model with model.debug()"
        )

"""The law of a stochastic differential equation in discrete steps, by a function of the user."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.variable import as_variable
from pmjax.laws.law import Law
from pmjax.laws.support import POSITIVE, Support
from pmjax.logprob.custom import Function, as_inputs
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True, eq=False)
class EulerMaruyama(Law):
    r"""Paths of :math:`dx = f(x) \, dt + g(x) \, dW` in steps of length dt.

    .. math:: x_{t + 1} \sim N(x_t + f(x_t) \, dt, \; g(x_t)^2 \, dt)

    Attributes
    ----------
    sde_fn : callable
        ``sde_fn(x, *sde_pars)`` returns drift f and diffusion g, from variables of the graph.
    count : int
        Number of parameters of that function.
    init : Law
        Of the first value.
    """

    sde_fn: Function
    count: int
    init: Law
    first_values = 1

    @property
    def signature(self) -> str:  # type: ignore[override]
        """The signature."""
        first = self.init.signature.partition("->")[0]
        return ",".join(["()"] * (1 + self.count) + [first] * bool(first)) + "->(t)"

    @property
    def param_names(self) -> tuple[str, ...]:
        """The step, the parameters of the equation, and those of the first value."""
        own = (f"sde_par{i}" for i in range(self.count))
        return ("dt", *own, *(f"init_{name}" for name in self.init.param_names))

    @property
    def domains(self) -> Mapping[str, Support]:  # type: ignore[override]
        """The values that the parameters may take."""
        return {"dt": POSITIVE} | {f"init_{name}": s for name, s in self.init.domains.items()}

    def log_density(self, x: Array, dt: Array, *params: Array) -> Array:
        own, first = params[: self.count], params[self.count :]
        each_dt, *each = (jnp.asarray(p)[..., None] for p in (dt, *own))
        mean, scale = self._step(x[..., :-1], each_dt, each)
        z = (x[..., 1:] - mean) / scale
        moves = -0.5 * z * z - jnp.log(scale) - HALF_LOG_2PI
        return self.init.log_density(x[..., 0], *first) + moves.sum(axis=-1)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        dt, own, first = params[0], params[1 : 1 + self.count], params[1 + self.count :]
        init_key, noise_key = jax.random.split(key)
        start = self.init.draw(init_key, shape[:-1], *first)
        noise = jax.random.normal(noise_key, (shape[-1] - 1, *shape[:-1]))

        def step(before: Array, each: Array) -> tuple[Array, Array]:
            mean, scale = self._step(before, dt, own)
            after = mean + scale * each
            return after, after

        _, later = jax.lax.scan(step, start, noise)
        return jnp.moveaxis(jnp.concatenate([start[None], later]), 0, -1)

    def _step(self, x: Array, dt: Array, own: Sequence[Array]) -> tuple[Array, Array]:
        """Return mean and standard deviation of the values one step after x."""
        inputs = as_inputs([x, *own])
        made = self.sde_fn(*inputs)
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise ModelError(f"sde_fn must return two values, the drift and the diffusion, got {made!r}")
        values = dict(zip(inputs, (x, *own), strict=True))
        drift, diffusion = Reading(values).read([as_variable(v) for v in made])
        return x + dt * drift, jnp.sqrt(dt) * diffusion

    def center(self, *params: Array) -> Array:
        return np.asarray(self.init.center(*params[1 + self.count :]))[..., None]

    def fingerprint(self) -> Hashable | None:
        return None

"""Sequences whose mean depends on the values before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import POSITIVE, Support
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class AR(Law):
    r"""Autoregression: each value is a constant, a weighted sum of those before it, and normal noise.

    .. math:: x_t = c + \sum_{i=1}^p \rho_i x_{t - i} + \sigma \epsilon_t

    Attributes
    ----------
    order : int
        The number p of values that one depends on, and of first values with a law of their own.
    constant : bool
        Whether the first of the coefficients is c; it is 0 otherwise.
    init : Law
        Of each of the first values, or of their vector.
    """

    order: int
    constant: bool
    init: Law

    @property
    def signature(self) -> str:  # type: ignore[override]
        """The signature; parameters of the law of a number have one element for each of the first values."""
        own = dict.fromkeys(self.init.dimensions.event, "lag")
        lag = () if self.init.event_ndim else ("lag",)
        first = [(*lag, *(own.get(d, f"init_{d}") for d in dims)) for dims in self.init.dimensions.params]
        return ",".join(["(coefficient)", "()", *(f"({','.join(p)})" for p in first)]) + "->(t)"

    @property
    def param_names(self) -> tuple[str, ...]:
        """The coefficients, the standard deviation of the noise, and the parameters of the first values."""
        return ("rho", "sigma", *(f"init_{name}" for name in self.init.param_names))

    @property
    def domains(self) -> Mapping[str, Support]:  # type: ignore[override]
        """The values that the parameters may take."""
        return {"sigma": POSITIVE} | {f"init_{name}": s for name, s in self.init.domains.items()}

    @property
    def first_values(self) -> int:  # type: ignore[override]
        """How many values come before the first step."""
        return self.order

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        if shape is None:  # the length is open
            shape = (*super().infer(params, None)[0][:-1], self.order)
        full, dtype = super().infer(params, shape)
        if full[-1] < self.order:
            raise ValueError(
                f"{self.name}: a sequence of order {self.order} has at least as many values, "
                f"got the shape {full}"
            )
        return full, dtype

    def _mean(self, rho: Array, before: Sequence[Array]) -> Array:
        """Return the mean of values from the last one before them, the one before that, ..."""
        weights = rho[..., 1:] if self.constant else rho
        mean = rho[..., :1] if self.constant else 0.0
        for lag, value in enumerate(before):
            mean = mean + weights[..., lag, None] * value
        return jnp.asarray(mean)

    def log_density(self, x: Array, rho: Array, sigma: Array, *init_params: Array) -> Array:
        first = self.init.log_density(x[..., : self.order], *init_params)
        first = first if self.init.event_ndim else first.sum(axis=-1)
        before = [x[..., self.order - i : x.shape[-1] - i] for i in range(1, self.order + 1)]
        scale = jnp.asarray(sigma)[..., None]
        z = (x[..., self.order :] - self._mean(rho, before)) / scale
        return first + (-0.5 * z * z - jnp.log(scale) - HALF_LOG_2PI).sum(axis=-1)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        rho, sigma, *init_params = params
        batch, steps = shape[:-1], shape[-1] - self.order
        init_key, noise_key = jax.random.split(key)
        first = self.init.draw(init_key, (*batch, self.order), *init_params)
        noise = jnp.asarray(sigma)[..., None] * jax.random.normal(noise_key, (steps, *batch, 1))

        def step(last: Array, own: Array) -> tuple[Array, Array]:
            before = [last[..., i : i + 1] for i in reversed(range(self.order))]
            value = self._mean(rho, before) + own
            return jnp.concatenate([last[..., 1:], value], axis=-1), value[..., 0]

        _, later = jax.lax.scan(step, first, noise)
        return jnp.concatenate([first, jnp.moveaxis(later, 0, -1)], axis=-1)

    def center(self, *params: Array) -> Array:
        return np.asarray(self.init.center(*params[2:]))[..., -1:]

"""Random walks, moved as written or by their steps.

With drift m_t and scale s_t of each step (of the first value for t = 0), a walk is

    x = C (m + s e),     C the lower triangle of ones,

with e of location 0 and scale 1. The sampler moves z with

    x = C m + A (z - c C m),     A = (1 - c) C diag(s) + c I,     log |dx/dz| = sum_t log((1 - c) s_t + c),

so that c = 1 is the model as written and z = e for c = 0. Where the data say little of each value, its
neighbours tie it down, and only the steps are independent; where they say much, the values are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.variable import Variable, call
from pmjax.model.spec import FreeVariable, distribution_of
from pmjax.rewrites.vector_centring import RecentredVector
from pmjax.runtime.types import Array


class RecentredWalk(RecentredVector):
    """x = C m + A (z - c C m) with A = (1 - c) C diag(s) + c I, along the last axis.

    Parameters
    ----------
    drift, scale : Variable, shape (..., T)
        Location m and scale s of each step, those of the first value first.
    centring : Variable, a scalar
    """

    # Two parameters of its law are locations.
    origin = None  # type: ignore[assignment]

    def __init__(self, drift: Variable, scale: Variable, centring: Variable) -> None:
        self.inputs = (drift, scale, centring)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        drift, scale, c = inputs
        mean = np.cumsum(drift, axis=-1)
        return np.asarray(_solved(x - mean, scale, c)) + c * mean

    def inverse(self, y: Any, *inputs: Any) -> Any:
        drift, scale, c = inputs
        mean = jnp.cumsum(drift, axis=-1)
        z = y - c * mean
        return mean + (1 - c) * jnp.cumsum(scale * z, axis=-1) + c * z

    def log_det(self, y: Any, *inputs: Any) -> Any:
        _, scale, c = inputs
        return jnp.broadcast_to(jnp.log((1 - c) * scale + c), y.shape).sum(axis=-1)

    def parts(self, y: Any, *inputs: Any) -> tuple[Any, Any, Any]:
        x = self.inverse(y, *inputs)
        return x, self.log_det(y, *inputs), x

    def recentred(self, y: Any, inputs: Sequence[Any], new: Any) -> tuple[Any, Any]:
        """Return y in the centring ``new``, and the log determinant of that change."""
        drift, scale, c = inputs
        mean = jnp.cumsum(drift, axis=-1)
        z = _solved(self.inverse(y, *inputs) - mean, scale, new) + new * mean
        return z, jnp.sum(self.log_det(y, drift, scale, c) - self.log_det(y, drift, scale, new))


def drift_and_scale(free: FreeVariable) -> tuple[Variable, Variable] | None:
    """Return location and scale of each step of a walk, the first value first; None for other variables."""
    law = distribution_of(free.variable)
    if law.increments is None or free.bijector is not None or free.variable.shape[-1] < 2:
        return None
    params = dict(zip(law.param_names, free.variable.inputs, strict=True))
    names, shape = law.increments, free.variable.shape
    pairs = [tuple(0.0 if n is None else params[n] for n in names[i::2]) for i in (0, 1)]
    if names[1] is None:
        pairs[1] = (1.0, params[str(names[3])])
    drift, scale = (call(_each_step, first, step, shape) for first, step in pairs)
    return drift, scale


def _each_step(first: Array, step: Array, shape: tuple[int, ...]) -> Array:
    batch, steps = shape[:-1], shape[-1] - 1
    parts = ((first, 1), (step, steps))
    return jnp.concatenate(
        [jnp.broadcast_to(jnp.asarray(p, float)[..., None], (*batch, n)) for p, n in parts], axis=-1
    )


def _solved(d: Any, scale: Any, c: Any) -> Array:
    """Return u with A u = d, from the first element to the last."""
    scale = jnp.broadcast_to(scale, jnp.shape(d))

    def step(total: Array, own: tuple[Array, Array]) -> tuple[Array, Array]:
        value, s = own
        u = (value - (1 - c) * total) / ((1 - c) * s + c)
        return total + s * u, u

    along = (jnp.moveaxis(jnp.asarray(d), -1, 0), jnp.moveaxis(scale, -1, 0))
    _, u = jax.lax.scan(step, jnp.zeros_like(along[0][0]), along)
    return jnp.moveaxis(u, 0, -1)

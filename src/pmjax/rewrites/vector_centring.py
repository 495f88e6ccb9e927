"""Centred or not: multivariate normal variables, moved through the Cholesky factor L of their covariance.

    x = mu + A (z - c mu),     A = (1 - c) L + c I,     log |dx/dz| = sum_i log A_ii,

is the model as written for c = 1, and z is standard normal for c = 0. In between A is triangular with a
positive diagonal, so every c in [0, 1] is a change of variables. A centring for each element would need a
power of a matrix; warm-up chooses one of the two ends for each variable.

The draws and scores of a window follow from one form to the other with no new gradient of the model: with
S the map from the new coordinates to the old ones, s_new = (dS)' s_old + grad log |dS|.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax import distributions as pm
from pmjax.compilation import program
from pmjax.graph.evaluate import Reading, arguments
from pmjax.graph.variable import Variable
from pmjax.model.spec import FreeVariable, ModelSpec, distribution_of, name_of
from pmjax.rewrites.row_analysis import not_data
from pmjax.transforms.bijector import Bijector

Knobs = Mapping[str, Any]
Pairs = tuple[np.ndarray, np.ndarray]

# The sum of losses must fall by this, and by this part of itself, to be worth a change.
WORTH, WORTH_PART = 0.1, 0.02


class RecentredVector(Bijector):
    """x = mu + A (z - c mu) with A = (1 - c) L + c I, for each vector of an array.

    Parameters
    ----------
    location : Variable, shape (..., K)
    factor : Variable, shape (..., K, K)
        Lower Cholesky factor L of the covariance.
    centring : Variable, a scalar
    """

    name = ""
    origin = 0

    def __init__(self, location: Variable, factor: Variable, centring: Variable) -> None:
        self.inputs = (location, factor, centring)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        mu, factor, c = inputs
        A = (1 - c) * factor + c * np.eye(factor.shape[-1])
        z: np.ndarray = np.linalg.solve(A, (x - mu)[..., None])[..., 0] + c * mu
        return z

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return inputs[0] + self.deviation(y, *inputs)

    def deviation(self, y: Any, *inputs: Any) -> Any:
        mu, factor, c = inputs
        return jnp.einsum("...ij,...j->...i", _stretch(factor, c), y - c * mu)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        _, factor, c = inputs
        log_diagonal = jnp.log(jnp.diagonal(_stretch(factor, c), axis1=-2, axis2=-1))
        return jnp.broadcast_to(log_diagonal.sum(axis=-1), y.shape[:-1])


def _stretch(factor: Any, c: Any) -> Any:
    return (1 - c) * factor + c * jnp.eye(factor.shape[-1], dtype=factor.dtype)


def mean_and_factor(free: FreeVariable) -> tuple[Variable, Variable] | None:
    """Return mean and Cholesky factor of a multivariate normal variable; None if neither is random."""
    if distribution_of(free.variable) is not pm.MvNormal or free.bijector is not None:
        return None
    mu, factor = free.variable.inputs
    return (mu, factor) if not_data((mu, factor)) else None


def vectors(spec: ModelSpec) -> list[FreeVariable]:
    """Return the variables with a centring of the whole vector."""
    return [v for v in spec.free if isinstance(v.bijector, RecentredVector)]


class VectorCentring:
    """Moves the draws and scores of a window between forms of the vectors, and chooses the better form.

    Parameters
    ----------
    spec : ModelSpec
        A model with recentred vectors.
    rows : int
        Draws that the compiled function has room for.
    key : hashable or None
        What identifies the maps of the model in any process.
    """

    def __init__(self, spec: ModelSpec, rows: int, key: Any) -> None:
        self._spec, self._rows, self._key = spec, rows, key
        self._nodes = arguments([n for v in spec.free if v.bijector is not None for n in v.bijector.inputs])
        self._data = tuple(np.asarray(node.data_value) for node in self._nodes)
        self.names = [name_of(v.bijector.inputs[2]) for v in vectors(spec) if v.bijector is not None]

    def as_written(self, knobs: Knobs) -> dict[str, Any]:
        """Return the knobs with every vector as it is written."""
        return {**knobs, **{name: np.ones_like(knobs[name]) for name in self.names}}

    def move(self, theta: np.ndarray, score: np.ndarray, old: Knobs, new: Knobs) -> Pairs:
        """Return draws and scores, shapes (draws, D), under other knobs of the vectors."""
        count = len(theta)
        theta, score = (np.resize(a, (self._rows, a.shape[1])) for a in (theta, score.astype(theta.dtype)))
        values = (theta, score, self._data, dict(old), dict(new))
        run = program(
            "vectors moved",
            jax.vmap(self._move, (0, 0, None, None, None)),
            values,
            (0, 0),
            self._key,
        )
        moved = [np.asarray(a)[:count].astype(float) for a in run(*values)]
        return moved[0], moved[1]

    def choose(self, theta: np.ndarray, score: np.ndarray, written: Knobs, current: Knobs) -> Knobs:
        """Return knobs with the better form of each vector, given draws and scores as written.

        A coordinate that is normal and independent of the others has Var(draw) Var(score) = 1; the form
        with the smaller sum of sqrt(Var Var) over all coordinates is chosen, the current one in doubt.
        """
        best: dict[str, Any] = {**written, **{name: current[name] for name in self.names}}
        for name in self.names:
            losses = {}
            for c in (0.0, 1.0):
                trial = {**best, name: np.full_like(written[name], c)}
                losses[c] = _loss(*self.move(theta, score, written, trial))
            now, other = float(current[name]), 1.0 - float(current[name])
            worth = WORTH + WORTH_PART * losses[now]
            if not np.isfinite(losses[now]) or losses[other] < losses[now] - worth:
                best[name] = np.full_like(written[name], other)
        return best

    def _move(self, theta: Any, score: Any, data: Any, old: Knobs, new: Knobs) -> tuple[Any, Any]:
        moved, _ = self._change(theta, data, old, new)
        _, pull = jax.vjp(lambda t: self._change(t, data, new, old), moved)
        return moved, pull((score, jnp.ones((), score.dtype)))[0]

    def _change(self, theta: Any, data: Any, old: Knobs, new: Knobs) -> tuple[Any, Any]:
        """Return theta under the new knobs, and the log determinant of that change."""
        given: dict[Any, Any] = dict(zip(self._nodes, data, strict=True))
        given |= {knob.node: old[name_of(knob.node)] for knob in self._spec.knobs}
        reading, parts, log_det, start = Reading(given), [], jnp.zeros((), theta.dtype), 0
        for free in self._spec.free:
            stop = start + int(np.prod(free.unconstrained_shape, dtype=int))
            y, start = theta[start:stop].reshape(free.unconstrained_shape), stop
            x = y
            if free.bijector is not None:
                inputs = reading.read(free.bijector.inputs)
                x = free.bijector.inverse(y, *inputs)
                if isinstance(free.bijector, RecentredVector):
                    mu, factor, c = inputs
                    c_new = new[name_of(free.bijector.inputs[2])]
                    deviation = free.bijector.deviation(y, mu, factor, c)
                    A = jnp.broadcast_to(_stretch(factor, c_new), (*y.shape, y.shape[-1]))
                    log_det += jnp.sum(free.bijector.log_det(y, mu, factor, c))
                    y = _solved(A, deviation) + c_new * mu
                    log_det -= jnp.sum(free.bijector.log_det(y, mu, factor, c_new))
            reading.give(free.variable, x)
            parts.append(y.ravel())
        return jnp.concatenate(parts), log_det


def _solved(A: Any, b: Any) -> Any:
    return jax.lax.linalg.triangular_solve(A, b[..., None], left_side=True, lower=True)[..., 0]


def _loss(theta: np.ndarray, score: np.ndarray) -> float:
    return float(np.sqrt(theta.var(axis=0) * score.var(axis=0)).sum())

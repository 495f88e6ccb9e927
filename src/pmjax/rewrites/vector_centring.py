"""Centred or not: multivariate normal variables, moved through the Cholesky factor L of their covariance.

    x = mu + A (z - c mu),     A = (1 - c) L + c I,     log |dx/dz| = sum_i log A_ii,

is the model as written for c = 1, and z is standard normal for c = 0. In between A is triangular with a
positive diagonal, so every c in [0, 1] is a change of variables. A centring for each element would need a
power of a matrix; warm-up chooses one of the two ends for each variable.

The draws and scores of a window follow from one form to the other with no new gradient of the model: with
S the map from the new coordinates to the old ones, s_new = (dS)' s_old + grad log |dS|.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.variable import Variable
from pmjax.model.spec import FreeVariable, ModelSpec, distribution_of
from pmjax.transforms.bijector import Bijector

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
        return inputs[0] + self._deviation(y, *inputs)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        _, factor, c = inputs
        log_diagonal = jnp.log(jnp.diagonal(_stretch(factor, c), axis1=-2, axis2=-1))
        return jnp.broadcast_to(log_diagonal.sum(axis=-1), y.shape[:-1])

    def parts(self, y: Any, *inputs: Any) -> tuple[Any, Any, Any]:
        deviation = self._deviation(y, *inputs)
        return inputs[0] + deviation, self.log_det(y, *inputs), deviation

    def _deviation(self, y: Any, *inputs: Any) -> Any:
        mu, factor, c = inputs
        return jnp.einsum("...ij,...j->...i", _stretch(factor, c), y - c * mu)

    def recentred(self, y: Any, inputs: Sequence[Any], new: Any) -> tuple[Any, Any]:
        """Return y in the centring ``new``, and the log determinant of that change."""
        mu, factor, c = inputs
        A = jnp.broadcast_to(_stretch(factor, new), (*y.shape, y.shape[-1]))
        z = _solved(A, self._deviation(y, mu, factor, c)) + new * mu
        return z, jnp.sum(self.log_det(y, mu, factor, c) - self.log_det(y, mu, factor, new))


def _stretch(factor: Any, c: Any) -> Any:
    return (1 - c) * factor + c * jnp.eye(factor.shape[-1], dtype=factor.dtype)


def mean_and_factor(free: FreeVariable) -> tuple[Variable, Variable] | None:
    """Return mean and Cholesky factor of a multivariate normal variable; None for any other."""
    law = distribution_of(free.variable)
    if law.location_factor is None or free.bijector is not None:
        return None
    mu, factor = (free.variable.inputs[law.param_names.index(name)] for name in law.location_factor)
    return mu, factor


def vectors(spec: ModelSpec) -> list[FreeVariable]:
    """Return the variables with a centring of the whole vector."""
    return [v for v in spec.free if isinstance(v.bijector, RecentredVector)]


def _solved(A: Any, b: Any) -> Any:
    return jax.lax.linalg.triangular_solve(A, b[..., None], left_side=True, lower=True)[..., 0]


def prefer(
    current: np.ndarray, weight: np.ndarray, forms: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Return the better form of a vector for each of C chains: 0 or 1, the current one in doubt.

    A coordinate that is normal and independent of the others has Var(draw) Var(score) = 1; the form
    with the smaller sum of sqrt(Var Var) over all coordinates is better.

    Parameters
    ----------
    current : ndarray, shape (C,)
    weight : ndarray, shape (draws,)
        Of each draw; they sum to 1.
    forms : sequence of pairs of ndarray, shapes (C, draws, D)
        Draws and scores in the form 0, and in the form 1.
    """

    def variance(a: np.ndarray) -> np.ndarray:
        mean = np.einsum("r,crd->cd", weight, a)[:, None]
        variance: np.ndarray = np.einsum("r,crd->cd", weight, (a - mean) ** 2)
        return variance

    losses = [np.sqrt(variance(theta) * variance(score)).sum(axis=1) for theta, score in forms]
    now, other = (np.where(current == c, losses[0], losses[1]) for c in (0, 1))
    change = ~np.isfinite(now) | (other < now - WORTH - WORTH_PART * now)
    return np.where(change, 1 - current, current)

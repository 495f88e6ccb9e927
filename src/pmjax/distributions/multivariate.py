"""Distributions of vectors: Dirichlet and the multivariate normal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.distributions.continuous import HALF_LOG_2PI
from pmjax.distributions.distribution import Distribution, distribution
from pmjax.distributions.parameters import one_of
from pmjax.distributions.support import (
    CHOLESKY_FACTOR,
    POSITIVE,
    POSITIVE_DEFINITE,
    SIMPLEX,
)
from pmjax.errors import ModelError
from pmjax.graph.ops import Shape
from pmjax.graph.variable import Variable
from pmjax.numerics.special import xlogy


@distribution
class Dirichlet(Distribution):
    r"""Dirichlet distribution, with density proportional to :math:`\prod_k x_k^{a_k - 1}` on the simplex.

    Parameters
    ----------
    a : array, shape (..., K)
        Concentrations, positive.
    """

    support = SIMPLEX
    event_ndim = 1
    param_ndims = {"a": 1}
    domains = {"a": POSITIVE}

    def parameters(self, a: Any) -> dict[str, Any]:
        return {"a": a}

    def log_density(self, x: Any, a: Any) -> Any:
        log_norm = jsp.gammaln(a.sum(axis=-1)) - jsp.gammaln(a).sum(axis=-1)
        inside = (x >= 0).all(axis=-1)
        safe = jnp.where(inside[..., None], x, 1.0)
        return jnp.where(inside, log_norm + xlogy(a - 1, safe).sum(axis=-1), -jnp.inf)

    def draw(self, key: Any, shape: Shape, a: Any) -> Any:
        return jax.random.dirichlet(key, a, shape[:-1])

    def center(self, a: Any) -> Any:
        return a / np.sum(a, axis=-1, keepdims=True)


@distribution
class MvNormal(Distribution):
    r"""Multivariate normal distribution.

    Parameters
    ----------
    mu : array, shape (..., K), default 0
        Mean.
    cov, tau, chol : array, shape (..., K, K)
        One of: covariance, precision (its inverse), lower Cholesky factor of the covariance.
    """

    event_ndim = 1
    param_ndims = {"mu": 1, "chol": 2}
    domains = {"cov": POSITIVE_DEFINITE, "tau": POSITIVE_DEFINITE, "chol": CHOLESKY_FACTOR}

    def parameters(self, mu: Any = 0.0, cov: Any = None, tau: Any = None, chol: Any = None) -> dict[str, Any]:
        given = one_of(cov=cov, tau=tau, chol=chol)
        matrix = {"cov": cov, "tau": tau, "chol": chol}[given]
        if len(matrix.shape) < 2 or matrix.shape[-1] != matrix.shape[-2]:
            raise ModelError(f"{given} must be a square matrix, got shape {matrix.shape}")
        size = matrix.shape[-1]
        if np.shape(mu)[-1:] not in ((), (1,), (size,)):
            raise ModelError(f"mu has shape {np.shape(mu)}, but {given} is {size} x {size}")
        covariance = np.linalg.inv(matrix) if given == "tau" else matrix
        factor = matrix if given == "chol" else np.linalg.cholesky(covariance)
        return {"mu": mu + np.zeros(size), "chol": factor}

    def event_shape(self, params: Sequence[Variable]) -> Shape:
        return params[1].shape[-1:]

    def log_density(self, x: Any, mu: Any, chol: Any) -> Any:
        deviation = x - mu
        batch = jnp.broadcast_shapes(deviation.shape[:-1], chol.shape[:-2])
        deviation = jnp.broadcast_to(deviation, batch + deviation.shape[-1:])
        if chol.ndim == 2:  # one factor for all rows: one solve with many right-hand sides
            flat = deviation.reshape(-1, deviation.shape[-1])
            z = jax.scipy.linalg.solve_triangular(chol, flat.T, lower=True).T.reshape(deviation.shape)
        else:
            full = jnp.broadcast_to(chol, batch + chol.shape[-2:])
            z = jax.lax.linalg.triangular_solve(full, deviation[..., None], left_side=True, lower=True)[
                ..., 0
            ]
        log_det = jnp.log(jnp.diagonal(chol, axis1=-2, axis2=-1)).sum(axis=-1)
        return -0.5 * (z * z).sum(axis=-1) - log_det - chol.shape[-1] * HALF_LOG_2PI

    def draw(self, key: Any, shape: Shape, mu: Any, chol: Any) -> Any:
        z = jax.random.normal(key, shape)
        return mu + jnp.einsum("...ij,...j->...i", chol, z)

    def center(self, mu: Any, chol: Any) -> Any:
        return mu


def whitened_total(x: Any, mu: Any, whiten: Any) -> Any:
    """Return the sum of multivariate normal log densities from the inverse W of the Cholesky factor.

    z = W (x - mu) is standard normal, and W_ii = 1 / L_ii. Shapes as for `MvNormal`.
    """
    z = jnp.einsum("...ij,...j->...i", whiten, x - mu)
    log_det = jnp.log(jnp.diagonal(whiten, axis1=-2, axis2=-1)).sum(axis=-1)
    return jnp.sum(log_det - 0.5 * (z * z).sum(axis=-1) - whiten.shape[-1] * HALF_LOG_2PI)

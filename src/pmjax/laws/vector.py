"""Laws of vectors."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import CHOLESKY_FACTOR, POSITIVE, SIMPLEX
from pmjax.numerics.special import HALF_LOG_2PI, xlogy
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class Dirichlet(Law):
    r"""Density proportional to :math:`\prod_k x_k^{a_k - 1}` on the simplex."""

    signature = "(k)->(k)"
    support = SIMPLEX
    domains = {"a": POSITIVE}

    def log_density(self, x: Array, a: Array) -> Array:
        log_norm = jsp.gammaln(a.sum(axis=-1)) - jsp.gammaln(a).sum(axis=-1)
        inside = (x >= 0).all(axis=-1)
        safe = jnp.where(inside[..., None], x, 1.0)
        return jnp.where(inside, log_norm + xlogy(a - 1, safe).sum(axis=-1), -jnp.inf)

    def draw(self, key: Key, shape: Shape, a: Array) -> Array:
        return jax.random.dirichlet(key, a, shape[:-1])

    def center(self, a: Array) -> Array:
        return a / np.sum(a, axis=-1, keepdims=True)


@dataclass(frozen=True)
class MvNormal(Law):
    """Normal vectors with mean mu and covariance L L', by the lower Cholesky factor L."""

    signature = "(k),(k,k)->(k)"
    location_factor = ("mu", "chol")
    domains = {"chol": CHOLESKY_FACTOR}

    def log_density(self, x: Array, mu: Array, chol: Array) -> Array:
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

    def draw(self, key: Key, shape: Shape, mu: Array, chol: Array) -> Array:
        z = jax.random.normal(key, shape)
        return mu + jnp.einsum("...ij,...j->...i", chol, z)

    def center(self, mu: Array, chol: Array) -> Array:
        return mu

    def whitened_total(self, x: Array, mu: Array, whiten: Array) -> Array:
        # z = W (x - mu) is standard normal, and W_ii = 1 / L_ii.
        z = jnp.einsum("...ij,...j->...i", whiten, x - mu)
        log_det = jnp.log(jnp.diagonal(whiten, axis1=-2, axis2=-1)).sum(axis=-1)
        return jnp.sum(log_det - 0.5 * (z * z).sum(axis=-1) - whiten.shape[-1] * HALF_LOG_2PI)

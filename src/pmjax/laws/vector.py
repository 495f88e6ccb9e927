"""Laws of vectors."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.signature import Signature
from pmjax.laws.support import CHOLESKY_FACTOR, POSITIVE, POSITIVE_SEMIDEFINITE, SIMPLEX, ZERO_SUM
from pmjax.numerics.matrices import solve_triangular
from pmjax.numerics.special import HALF_LOG_2PI, betaln, xlogy
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


@dataclass(frozen=True)
class SemidefiniteNormal(Law):
    """Normal vectors drawn by the eigenvalues of their covariance, which may be singular.

    The density is that of `MvNormal`, and zero everywhere where the covariance has no Cholesky factor.
    """

    signature = "(k),(k,k)->(k)"
    domains = {"cov": POSITIVE_SEMIDEFINITE}

    @property
    def name(self) -> str:
        return "MvNormal"

    def log_density(self, x: Array, mu: Array, cov: Array) -> Array:
        factor = jnp.linalg.cholesky(cov)
        exists = jnp.isfinite(factor).all(axis=(-2, -1))
        safe = jnp.where(exists[..., None, None], factor, jnp.eye(cov.shape[-1]))
        return jnp.where(exists, MvNormal().log_density(x, mu, safe), -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, cov: Array) -> Array:
        values, vectors = jnp.linalg.eigh(cov)
        z = jax.random.normal(key, shape) * jnp.sqrt(jnp.maximum(values, 0.0))
        return mu + jnp.einsum("...ij,...j->...i", vectors, z)

    def center(self, mu: Array, cov: Array) -> Array:
        return mu


@dataclass(frozen=True)
class MvStudentT(Law):
    r"""A normal vector divided by the root of an independent chi-squared number over its degrees of freedom.

    .. math:: \log p(x) = \log\Gamma\tfrac{\nu + k}{2} - \log\Gamma\tfrac{\nu}{2} - \tfrac{k}{2} \log \nu\pi
        - \log |L| - \tfrac{\nu + k}{2} \log(1 + |L^{-1}(x - \mu)|^2 / \nu)
    """

    signature = "(),(k),(k,k)->(k)"
    domains = {"nu": POSITIVE, "chol": CHOLESKY_FACTOR}

    def log_density(self, x: Array, nu: Array, mu: Array, chol: Array) -> Array:
        z = solve_triangular(chol, x - mu, lower=True, b_ndim=1)
        log_det = jnp.log(jnp.diagonal(chol, axis1=-2, axis2=-1)).sum(axis=-1)
        size = chol.shape[-1]
        squares = (z * z).sum(axis=-1)
        # Gamma(a + b) / Gamma(a) = Gamma(b) / B(a, b): no large terms for a large nu.
        ratio = jsp.gammaln(size / 2) - betaln(nu / 2, size / 2)
        normaliser = ratio - 0.5 * size * jnp.log(np.pi * nu) - log_det
        return normaliser - (nu + size) / 2 * jnp.log1p(squares / nu)

    def draw(self, key: Key, shape: Shape, nu: Array, mu: Array, chol: Array) -> Array:
        normal_key, scale_key = jax.random.split(key)
        z = jnp.einsum("...ij,...j->...i", chol, jax.random.normal(normal_key, shape))
        chi = 2 * jax.random.gamma(scale_key, nu / 2, shape[:-1])
        return mu + z * jnp.sqrt(nu / chi)[..., None]

    def center(self, nu: Array, mu: Array, chol: Array) -> Array:
        return mu


@dataclass(frozen=True)
class StickBreakingWeights(Law):
    r"""The first K weights of a Dirichlet process, and what they leave over.

    Each takes a Beta(1, alpha) share of the stick that is left (Sethuraman 1994). With
    :math:`S_k = \sum_{j \ge k} x_j` the density is :math:`\alpha^K x_{K+1}^\alpha / \prod_{k=1}^{K+1} S_k`.

    Attributes
    ----------
    K : int
        Number of breaks; a draw has K + 1 elements.
    """

    K: int
    signature = "()->(k)"
    support = SIMPLEX
    domains = {"alpha": POSITIVE}

    @property
    def is_open(self) -> bool:
        return False

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        return (self.K + 1,)

    def log_density(self, x: Array, alpha: Array) -> Array:
        inside = (x >= 0).all(axis=-1)
        safe = jnp.where(inside[..., None], x, 1.0)
        left = jnp.cumsum(safe[..., ::-1], axis=-1)
        last, before = left[..., 0], left[..., 1:]
        # At a face, what is left is as small as the last weight from there on.
        empty = (before <= 0).sum(axis=-1)
        log_before = jnp.log(jnp.where(before > 0, before, 1.0)).sum(axis=-1)
        log_p = self.K * jnp.log(alpha) + xlogy(alpha - 1 - empty, last) - log_before
        return jnp.where(inside, log_p, -jnp.inf)

    def draw(self, key: Key, shape: Shape, alpha: Array) -> Array:
        # What a break leaves is Beta(alpha, 1), U^(1 / alpha).
        log_kept = -jax.random.exponential(key, (*shape[:-1], self.K)) / jnp.asarray(alpha)[..., None]
        left = jnp.exp(jnp.cumsum(log_kept, axis=-1))
        before = jnp.concatenate([jnp.ones((*shape[:-1], 1)), left[..., :-1]], axis=-1)
        return jnp.concatenate([-before * jnp.expm1(log_kept), left[..., -1:]], axis=-1)

    def center(self, alpha: Array) -> Array:
        alpha = np.asarray(alpha)[..., None]
        left = (alpha / (1 + alpha)) ** np.arange(self.K + 1)
        return np.concatenate([left[..., : self.K] / (1 + alpha), left[..., self.K :]], axis=-1)


@dataclass(frozen=True)
class ZeroSumNormal(Law):
    r"""Normal numbers with deviation sigma, of which the mean along the last axes is taken off.

    Along axes of lengths n_i they have :math:`\prod_i (n_i - 1)` degrees of freedom, and the density is that
    of a normal vector of so many dimensions.

    Attributes
    ----------
    axes : int
        Number of the last axes along which the elements sum to zero.
    lengths : tuple of int, optional
        Their lengths, where those are known before the shape.
    """

    axes: int = 1
    lengths: tuple[int, ...] | None = None
    support = ZERO_SUM
    domains = {"sigma": POSITIVE}

    @functools.cached_property
    def dimensions(self) -> Signature:
        return Signature(((),), tuple(f"n{i}" for i in range(self.axes)))

    @property
    def is_open(self) -> bool:
        return self.lengths is None

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        return (None,) * self.axes if self.lengths is None else self.lengths

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        scale = 1e-6 * (1 + np.abs(x).max(initial=0.0))
        sums = [np.abs(x.mean(axis=axis, keepdims=True)) <= scale for axis in range(-self.axes, 0)]
        return functools.reduce(np.logical_and, sums, np.isfinite(x))

    def log_density(self, x: Array, sigma: Array) -> Array:
        event = tuple(range(-self.axes, 0))
        free = math.prod(n - 1 for n in x.shape[x.ndim - self.axes :])
        squares = (x * x).sum(axis=event) / (sigma * sigma)
        return -0.5 * squares - free * (jnp.log(sigma) + HALF_LOG_2PI)

    def draw(self, key: Key, shape: Shape, sigma: Array) -> Array:
        x = jax.random.normal(key, shape)
        for axis in range(-self.axes, 0):
            x = x - x.mean(axis=axis, keepdims=True)
        return x * jnp.reshape(sigma, (*jnp.shape(sigma), *(1,) * self.axes))

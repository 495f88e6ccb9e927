"""Laws of correlation and covariance matrices, by their Cholesky factors."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.signature import Signature
from pmjax.laws.support import CORRELATION_FACTOR, PACKED_FACTOR, POSITIVE
from pmjax.numerics.special import xlogy
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class LKJCorr(Law):
    r"""Cholesky factor of a random correlation matrix C with density proportional to :math:`|C|^{\eta - 1}`.

    The density is one of the factor L below the diagonal: the change from C to L has the Jacobian
    :math:`\prod_i L_{ii}^{n - i}`.

    Attributes
    ----------
    n : int
        Rows of the matrix.
    """

    n: int
    signature = "()->(n,n)"
    support = CORRELATION_FACTOR
    domains = {"eta": POSITIVE}

    @property
    def is_open(self) -> bool:
        return False

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        return (self.n, self.n)

    def log_density(self, x: Array, eta: Array) -> Array:
        diagonal = jnp.diagonal(x, axis1=-2, axis2=-1)
        powers = 2 * jnp.asarray(eta)[..., None] - 2 + self.n - np.arange(1, self.n + 1)
        return log_lkj_normaliser(eta, self.n) + xlogy(powers, diagonal).sum(axis=-1)

    def draw(self, key: Key, shape: Shape, eta: Array) -> Array:
        return draw_lkj(key, shape, eta)

    def center(self, eta: Array) -> Array:
        return np.eye(self.n)


@dataclass(frozen=True)
class LKJCholeskyCov(Law):
    r"""Packed Cholesky factor of a covariance: correlations of the law LKJ, deviations of another law.

    The factor is L = diag(s) K, row by row. Row i has length s_i, and K_ii = L_ii / s_i; the density of L is
    that of K and s divided by the Jacobian :math:`\prod_i s_i^i / K_{ii}` (rows counted from 0).

    Attributes
    ----------
    n : int
        Rows of the matrix.
    scales : Law
        The law of the standard deviations, of numbers or of vectors.
    """

    n: int
    scales: Law
    support = PACKED_FACTOR
    domains = {"eta": POSITIVE}

    @functools.cached_property
    def dimensions(self) -> Signature:
        each = () if self.scales.event_ndim else ("n",)
        own = (tuple(f"sd_{name}" for name in names) for names in self.scales.dimensions.params)
        return Signature(((), *(each + names for names in own)), ("packed",))

    @property
    def param_names(self) -> tuple[str, ...]:
        return ("eta", *(f"sd_{name}" for name in self.scales.param_names))

    @property
    def is_open(self) -> bool:
        return False

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        return (self.n * (self.n + 1) // 2,)

    def log_density(self, x: Array, *params: Array) -> Array:
        eta, *scale_params = params
        row, column = np.tril_indices(self.n)
        diagonal = np.flatnonzero(row == column)
        scales = jnp.sqrt(jnp.zeros((*x.shape[:-1], self.n), x.dtype).at[..., row].add(x * x))
        log_ratio = jnp.log(x[..., diagonal] / scales)
        i = np.arange(self.n)
        log_corr = ((2 * jnp.asarray(eta)[..., None] - 3 + self.n - i) * log_ratio).sum(axis=-1)
        log_jacobian = (log_ratio - i * jnp.log(scales)).sum(axis=-1)
        log_scales = self.scales.log_density(scales, *scale_params)
        log_scales = log_scales if self.scales.event_ndim else log_scales.sum(axis=-1)
        return log_lkj_normaliser(eta, self.n) + log_corr + log_jacobian + log_scales

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        eta, *scale_params = params
        corr_key, scale_key = jax.random.split(key)
        factor = draw_lkj(corr_key, (*shape[:-1], self.n, self.n), eta)
        scales = self.scales.draw(scale_key, (*shape[:-1], self.n), *scale_params)
        row, column = np.tril_indices(self.n)
        return (scales[..., None] * factor)[..., row, column]

    def center(self, *params: Array) -> Array:
        row, column = np.tril_indices(self.n)
        return (row == column).astype(float)


def log_lkj_normaliser(eta: Array, size: int) -> Array:
    """Return the log normaliser of the density ``|C|^(eta - 1)`` of correlation matrices.

    Lewandowski, Kurowicka & Joe 2009, doi:10.1016/j.jmva.2009.04.008.
    """
    k = np.arange(1, size)
    eta = jnp.asarray(eta, float)
    terms = 0.5 * k * np.log(np.pi) + jsp.gammaln(eta[..., None] + 0.5 * (size - 1 - k))
    return (size - 1) * jsp.gammaln(eta + 0.5 * (size - 1)) - terms.sum(axis=-1)


def draw_lkj(key: Key, shape: Shape, eta: Array) -> Array:
    """Return Cholesky factors of random correlation matrices, of the given full shape (JAX).

    The onion method of Lewandowski, Kurowicka & Joe: row i is a point of the unit ball, whose squared radius
    has a Beta(i / 2, eta + (n - 1 - i) / 2) distribution, completed to length one.
    """
    size, batch = shape[-1], shape[:-2]
    radius_key, direction_key = jax.random.split(key)
    i = np.arange(1, size)
    rest = jnp.asarray(eta, float)[..., None] + 0.5 * (size - 1 - i)
    squared = jax.random.beta(radius_key, 0.5 * i, rest, (*batch, size - 1))
    direction = jnp.tril(jax.random.normal(direction_key, shape), -1)[..., 1:, :]
    direction = direction / jnp.linalg.norm(direction, axis=-1, keepdims=True)
    rows = jnp.sqrt(squared)[..., None] * direction
    factor = jnp.concatenate([jnp.zeros((*batch, 1, size)), rows], axis=-2)
    diagonal = jnp.concatenate([jnp.ones((*batch, 1)), jnp.sqrt(1 - squared)], axis=-1)
    return factor + diagonal[..., None] * jnp.eye(size)


def factor_parts(packed: Array, size: int) -> tuple[Array, Array, Array]:
    """Return the factor, the correlations and the standard deviations of a packed Cholesky factor.

    Shapes (..., n, n), (..., n, n) and (..., n) (JAX).
    """
    row, column = np.tril_indices(size)
    factor = jnp.zeros((*packed.shape[:-1], size, size), packed.dtype).at[..., row, column].set(packed)
    deviations = jnp.sqrt((factor * factor).sum(axis=-1))
    unit = factor / deviations[..., None]
    return factor, unit @ jnp.swapaxes(unit, -1, -2), deviations

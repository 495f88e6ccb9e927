"""Laws of matrices, and of vectors whose covariance is a product of matrices."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.signature import Signature
from pmjax.laws.support import CHOLESKY_FACTOR, NON_NEGATIVE, POSITIVE, POSITIVE_DEFINITE
from pmjax.numerics.kronecker import eigen, kronecker_diagonal, kronecker_product, log_kronecker_normal
from pmjax.numerics.matrices import solve_triangular
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class MatrixNormal(Law):
    r"""Normal matrix whose rows have covariance U and whose columns have covariance V.

    .. math:: -\tfrac{1}{2} \mathrm{tr}(V^{-1} (X - M)^T U^{-1} (X - M))
        - \tfrac{n}{2} \log|U| - \tfrac{m}{2} \log|V| - \tfrac{mn}{2} \log 2\pi
    """

    signature = "(m,n),(m,m),(n,n)->(m,n)"
    domains = {"rowchol": CHOLESKY_FACTOR, "colchol": CHOLESKY_FACTOR}

    def log_density(self, x: Array, mu: Array, rowchol: Array, colchol: Array) -> Array:
        rows, columns = rowchol.shape[-1], colchol.shape[-1]
        z = solve_triangular(rowchol, x - mu, lower=True, b_ndim=2)
        z = solve_triangular(colchol, jnp.swapaxes(z, -1, -2), lower=True, b_ndim=2)
        log_det = columns * _log_diagonal(rowchol) + rows * _log_diagonal(colchol)
        return -0.5 * (z * z).sum(axis=(-1, -2)) - log_det - rows * columns * HALF_LOG_2PI

    def draw(self, key: Key, shape: Shape, mu: Array, rowchol: Array, colchol: Array) -> Array:
        z = jax.random.normal(key, shape)
        return mu + rowchol @ z @ jnp.swapaxes(colchol, -1, -2)

    def center(self, mu: Array, rowchol: Array, colchol: Array) -> Array:
        return mu


@dataclass(frozen=True)
class Wishart(Law):
    r"""Sum of the squares x x' of nu normal vectors with covariance V = L L'.

    .. math:: \tfrac{\nu - p - 1}{2} \log|X| - \tfrac{1}{2} \mathrm{tr}(V^{-1} X) - \tfrac{\nu p}{2} \log 2
        - \tfrac{\nu}{2} \log|V| - \log\Gamma_p(\nu / 2)
    """

    signature = "(),(p,p)->(p,p)"
    support = POSITIVE_DEFINITE
    domains = {"nu": POSITIVE, "scale_chol": CHOLESKY_FACTOR}

    def log_density(self, x: Array, nu: Array, scale_chol: Array) -> Array:
        size = scale_chol.shape[-1]
        factor = jnp.linalg.cholesky(x)
        log_det = 2 * _log_diagonal(factor)
        inside = jnp.isfinite(log_det)  # the factor of another matrix is NaN
        factor = jnp.where(inside[..., None, None], factor, jnp.eye(size))
        z = solve_triangular(scale_chol, factor, lower=True, b_ndim=2)
        half = jnp.asarray(nu / 2, float)
        normaliser = nu * (0.5 * size * np.log(2) + _log_diagonal(scale_chol)) + jsp.multigammaln(half, size)
        powers = 0.5 * (nu - size - 1) * jnp.where(inside, log_det, 0.0)
        log_p = powers - 0.5 * (z * z).sum(axis=(-1, -2)) - normaliser
        return jnp.where(inside & (nu > size - 1), log_p, -jnp.inf)

    def draw(self, key: Key, shape: Shape, nu: Array, scale_chol: Array) -> Array:
        # Bartlett's decomposition: normal numbers below a diagonal of chi variables.
        normal_key, chi_key = jax.random.split(key)
        size = shape[-1]
        freedom = jnp.asarray(nu, float)[..., None] - jnp.arange(size)
        chi = jnp.sqrt(2 * jax.random.gamma(chi_key, freedom / 2, shape[:-1]))
        lower = jnp.tril(jax.random.normal(normal_key, shape), -1)
        factor = scale_chol @ (lower + chi[..., None] * jnp.eye(size))
        return factor @ jnp.swapaxes(factor, -1, -2)

    def center(self, nu: Array, scale_chol: Array) -> Array:
        return np.asarray(nu)[..., None, None] * (scale_chol @ np.swapaxes(scale_chol, -1, -2))


@dataclass(frozen=True)
class KroneckerNormal(Law):
    r"""Normal vector whose covariance is :math:`K_1 \otimes K_2 \otimes \dots + \sigma^2 I`.

    Attributes
    ----------
    factors : int
        Number of factors.
    """

    factors: int
    domains = {"sigma": NON_NEGATIVE}

    @functools.cached_property
    def dimensions(self) -> Signature:
        squares = ((f"a{i}", f"a{i}") for i in range(self.factors))
        return Signature((("n",), (), *squares), ("n",))

    @property
    def param_names(self) -> tuple[str, ...]:
        return ("mu", "sigma", *(f"cov{i}" for i in range(self.factors)))

    def log_density(self, x: Array, *params: Array) -> Array:
        mu, sigma, *covs = params
        return log_kronecker_normal(x - mu, jnp.square(jnp.asarray(sigma, x.dtype)), covs)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        mu, sigma, *covs = params
        values, vectors = eigen(covs)
        spectrum = kronecker_diagonal(values) + jnp.square(jnp.asarray(sigma))[..., None]
        z = jnp.sqrt(jnp.maximum(spectrum, 0)) * jax.random.normal(key, shape)
        return mu + kronecker_product(vectors, z)

    def center(self, *params: Array) -> Array:
        return params[0]


def _log_diagonal(factor: Array) -> Array:
    return jnp.log(jnp.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)

"""Kronecker products of square matrices, without the product itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array

Arrays = Sequence[Array]


def kronecker_diagonal(diagonals: Arrays) -> Array:
    """Return the diagonal of the Kronecker product of diagonal matrices, by their diagonals.

    Examples
    --------
    >>> kronecker_diagonal([jnp.array([1.0, 2.0]), jnp.array([3.0, 5.0])]).tolist()
    [3.0, 5.0, 6.0, 10.0]
    """
    product, *others = diagonals
    for other in others:
        product = (product[..., :, None] * other[..., None, :]).reshape(*product.shape[:-1], -1)
    return product


def kronecker_product(factors: Arrays, x: Array) -> Array:
    """Return the Kronecker product of square matrices times vectors, one factor at a time.

    Parameters
    ----------
    factors : sequence of Array, shapes (..., a_i, a_i)
    x : Array, shape (..., a_1 a_2 ...)
    """
    for factor in factors:
        # The first axis becomes the last, so that all are back in their order in the end.
        table = x.reshape(*x.shape[:-1], factor.shape[-1], -1)
        x = jnp.swapaxes(factor @ table, -1, -2)
        x = x.reshape(*x.shape[:-2], -1)
    return x


def eigen(matrices: Arrays) -> tuple[Arrays, Arrays]:
    """Return the eigenvalues and the eigenvectors of symmetric matrices."""
    values, vectors = zip(*(jnp.linalg.eigh(matrix) for matrix in matrices), strict=True)
    return values, vectors


@jax.custom_jvp
def log_kronecker_normal(deviation: Array, variance: Array, covs: Arrays) -> Array:
    r"""Return the log density of a normal vector with covariance :math:`K_1 \otimes K_2 \dots + \sigma^2 I`.

    The eigenvectors of the sum are the products of those of the factors (Saatci 2011). The gradient takes
    no derivative of them, which equal eigenvalues do not have.

    Parameters
    ----------
    deviation : Array, shape (..., n)
        The vector minus its mean.
    variance : Array, shape (...)
        The variance that is added to each element.
    covs : sequence of Array, shapes (..., a_i, a_i)
        The factors.
    """
    return _parts(deviation, variance, covs)[0]


def _parts(deviation: Array, variance: Array, covs: Arrays) -> tuple[Array, Array, Array, Arrays, Arrays]:
    """Return the log density; the covariance's eigenvalues and inverse times the deviation; `eigen`."""
    values, vectors = eigen(covs)
    spectrum = kronecker_diagonal(values) + jnp.asarray(variance)[..., None]
    regular = (spectrum > 0).all(axis=-1)
    spectrum = jnp.where(regular[..., None], spectrum, 1.0)
    rotated = kronecker_product([jnp.swapaxes(q, -1, -2) for q in vectors], deviation)
    squares = rotated * rotated / spectrum
    log_density = -0.5 * (squares + jnp.log(spectrum)).sum(axis=-1) - deviation.shape[-1] * HALF_LOG_2PI
    solved = kronecker_product(vectors, rotated / spectrum)
    return jnp.where(regular, log_density, -jnp.inf), spectrum, solved, values, vectors


def _derivative(primals: Any, tangents: Any) -> tuple[Array, Array]:
    # With S the covariance and a = S^-1 d: d log p = -a' dd + (a' dS a - tr(S^-1 dS)) / 2.
    covs, (d_deviation, d_variance, d_covs) = primals[2], tangents
    log_density, spectrum, solved, values, vectors = _parts(*primals)
    change = jnp.zeros_like(log_density)
    if not isinstance(d_deviation, SymbolicZero):
        change -= (solved * d_deviation).sum(axis=-1)
    if not isinstance(d_variance, SymbolicZero):
        change += 0.5 * d_variance * ((solved * solved).sum(axis=-1) - (1 / spectrum).sum(axis=-1))
    for i, (d_cov, q) in enumerate(zip(d_covs, vectors, strict=True)):
        if isinstance(d_cov, SymbolicZero):
            continue
        d_values = jnp.einsum("...ka,...kl,...la->...a", q, d_cov, q)
        spread = kronecker_product([*covs[:i], d_cov, *covs[i + 1 :]], solved)
        trace = kronecker_diagonal([*values[:i], d_values, *values[i + 1 :]]) / spectrum
        change += 0.5 * ((solved * spread).sum(axis=-1) - trace.sum(axis=-1))
    return log_density, change


log_kronecker_normal.defjvp(_derivative, symbolic_zeros=True)

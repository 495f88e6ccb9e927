"""A Cholesky factor that is finite also where rounding has made a covariance matrix indefinite."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

# What is added to the diagonal, relative to its mean, where the factor fails: tenfold until it does not.
FIRST_JITTER, LAST_JITTER = 1e-10, 1e-2


@jax.custom_jvp
def stable_cholesky(matrix: Any) -> Any:
    """Return the lower Cholesky factor of a positive semidefinite matrix.

    Where the matrix is indefinite, which for a covariance is rounding, as little as is needed is added to its
    diagonal: 1e-10 of its mean, and ten times more until the factor exists. NaN if 1e-2 is not enough: then
    it is no covariance.

    Parameters
    ----------
    matrix : Array, shape (n, n)

    Returns
    -------
    Array, shape (n, n)

    Examples
    --------
    >>> [[round(float(v), 2) for v in row] for row in stable_cholesky(jnp.ones((2, 2)))]
    [[1.0, 0.0], [1.0, 0.0]]
    """
    return lax.cond(
        _is_finite(factor := jnp.linalg.cholesky(matrix)), lambda f: f, lambda f: _with_jitter(matrix), factor
    )


def _is_finite(factor: Any) -> Any:
    diagonal = jnp.diagonal(factor)
    return jnp.isfinite(diagonal).all() & (diagonal > 0).all()


def _with_jitter(matrix: Any) -> Any:
    scale, eye = jnp.diagonal(matrix).mean(), jnp.eye(matrix.shape[-1], dtype=matrix.dtype)

    def factor(jitter: Any) -> Any:
        return jnp.linalg.cholesky(matrix + jitter * scale * eye)

    def failed(state: Any) -> Any:
        jitter, found = state
        return ~_is_finite(found) & (jitter < LAST_JITTER)

    def more(state: Any) -> Any:
        jitter = 10 * state[0]
        return jitter, factor(jitter)

    first = jnp.asarray(FIRST_JITTER if matrix.dtype == jnp.float64 else 1e-6, matrix.dtype)
    return lax.while_loop(failed, more, (first, factor(first)))[1]


@stable_cholesky.defjvp
def _derivative(primals: Any, tangents: Any) -> Any:
    """Return dL = L phi(L^-1 dK L^-T), where phi takes the lower triangle and half the diagonal."""
    (matrix,), (change,) = primals, tangents
    factor = stable_cholesky(matrix)
    half = lax.linalg.triangular_solve(factor, change, left_side=True, lower=True)
    inner = lax.linalg.triangular_solve(factor, half, left_side=False, lower=True, transpose_a=True)
    phi = jnp.tril(inner) - 0.5 * jnp.diag(jnp.diagonal(inner))
    return factor, factor @ phi

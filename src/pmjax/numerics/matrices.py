"""Functions of matrices with the conventions of SciPy: right-hand sides that are vectors or matrices."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import jax.scipy.linalg as jsl
from jax import lax

from pmjax.runtime.types import Array


def matvec(matrix: Array, vector: Array) -> Array:
    """Return the product of (stacks of) matrices and vectors."""
    return (matrix @ vector[..., None])[..., 0]


def _columns(a: Array, b: Array, b_ndim: int | None, solve: Callable[[Array, Array], Array]) -> Array:
    """Apply a solver of stacks of matrices to right-hand sides, vectors if they have `b_ndim` 1."""
    dtype = jnp.result_type(a, b, float)
    a, b = jnp.asarray(a, dtype), jnp.asarray(b, dtype)
    vectors = (b_ndim or min(b.ndim, 2)) == 1
    b = b[..., None] if vectors else b
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = solve(jnp.broadcast_to(a, batch + a.shape[-2:]), jnp.broadcast_to(b, batch + b.shape[-2:]))
    return x[..., 0] if vectors else x


def solve(a: Array, b: Array, *, positive: bool = False, b_ndim: int | None = None) -> Array:
    """Return x with a x = b, through the Cholesky factor if `a` is positive definite."""
    if positive:
        return cho_solve(jnp.linalg.cholesky(a), b, lower=True, b_ndim=b_ndim)
    return _columns(a, b, b_ndim, jnp.linalg.solve)


def solve_triangular(
    a: Array,
    b: Array,
    *,
    trans: bool = False,
    lower: bool = False,
    unit_diagonal: bool = False,
    b_ndim: int | None = None,
) -> Array:
    """Return x with a x = b for a triangular matrix, or a^T x = b."""

    def substitute(a: Array, b: Array) -> Array:
        return lax.linalg.triangular_solve(
            a, b, left_side=True, lower=lower, transpose_a=trans, unit_diagonal=unit_diagonal
        )

    return _columns(a, b, b_ndim, substitute)


def cho_solve(factor: Array, b: Array, *, lower: bool = True, b_ndim: int | None = None) -> Array:
    """Return x with a x = b, from the Cholesky factor of `a`."""
    half = solve_triangular(factor, b, trans=not lower, lower=lower, b_ndim=b_ndim)
    return solve_triangular(factor, half, trans=lower, lower=lower, b_ndim=b_ndim)


def lu_solve(packed: Array, pivots: Array, b: Array, *, trans: bool = False) -> Array:
    """Return x with a x = b, from the LU decomposition of `a`."""
    return jsl.lu_solve((packed, pivots), b, trans=int(trans))


def solve_sylvester(a: Array, b: Array, q: Array) -> Array:
    """Return X with A X + X B = Q: a linear system of all elements of X."""
    n, m = q.shape
    system = jnp.kron(a, jnp.eye(m)) + jnp.kron(jnp.eye(n), b.T)
    return jnp.linalg.solve(system, q.ravel()).reshape(n, m)


def solve_discrete_lyapunov(a: Array, q: Array) -> Array:
    """Return X with A X A^T - X + Q = 0: a linear system of all elements of X."""
    n = a.shape[0]
    return jnp.linalg.solve(jnp.eye(n * n) - jnp.kron(a, a), q.ravel()).reshape(n, n)

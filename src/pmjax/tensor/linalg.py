"""Linear algebra (``pytensor.tensor.linalg``, ``slinalg`` and ``nlinalg``)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg as jsl

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, apply, as_variable, call, call_tree
from pmjax.numerics import functions, matrices
from pmjax.tensor.reduction import norm
from pmjax.tensor.shaping import swapaxes, trace


def dot(l: Any, r: Any) -> Variable:
    """Return the matrix product: the last axis of `l` with the last but one of `r`."""
    return apply(jnp.dot, as_variable(l), as_variable(r))


def matmul(x1: Any, x2: Any, dtype: Any = None) -> Variable:
    """Return the matrix product, of stacks of matrices too."""
    return apply(jnp.matmul, as_variable(x1), as_variable(x2))


def matvec(x1: Any, x2: Any) -> Variable:
    """Return the product of (stacks of) matrices and vectors."""
    return call(matrices.matvec, as_variable(x1), as_variable(x2))


def vecmat(x1: Any, x2: Any) -> Variable:
    """Return the product of (stacks of) vectors and matrices."""
    return call(matrices.matvec, swapaxes(x2, -1, -2), as_variable(x1))


def vecdot(x1: Any, x2: Any) -> Variable:
    """Return the inner product along the last axis."""
    return (as_variable(x1) * as_variable(x2)).sum(axis=-1)


def outer(x: Any, y: Any) -> Variable:
    """Return the outer product of two vectors."""
    return apply(jnp.outer, as_variable(x), as_variable(y))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Variable:
    """Return the sum of products over axes of two arrays."""
    return apply(jnp.tensordot, as_variable(a), as_variable(b), axes=axes)


def batched_dot(a: Any, b: Any) -> Variable:
    """Return the products of the matrices (or vectors) of two stacks."""
    left, right = as_variable(a), as_variable(b)
    if left.ndim == 2 and right.ndim == 2:
        return vecdot(left, right)
    if right.ndim == 2:
        return matvec(left, right)
    return vecmat(left, right) if left.ndim == 2 else matmul(left, right)


def einsum(subscripts: str, *operands: Any, optimize: Any = None) -> Variable:
    """Return a sum of products in Einstein's notation."""
    return call(jnp.einsum, subscripts, *map(as_variable, operands))


def cholesky(
    x: Any, lower: bool = True, *, check_finite: bool = True, overwrite_a: bool = False, on_error: str = "nan"
) -> Variable:
    """Return the Cholesky factor; NaN where the matrix is not positive definite."""
    factor = apply(jnp.linalg.cholesky, as_variable(x))
    return factor if lower else swapaxes(factor, -1, -2)


def solve(
    a: Any,
    b: Any,
    *,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str = "gen",
    transposed: bool = False,
    b_ndim: int | None = None,
) -> Variable:
    """Return x with a x = b; `assume_a` is "gen", "pos", "sym", "lower triangular" or "upper triangular"."""
    left = swapaxes(a, -1, -2) if transposed else as_variable(a)
    if "triangular" in assume_a:
        return solve_triangular(
            a, b, trans=int(transposed), lower=assume_a.startswith("lower"), b_ndim=b_ndim
        )
    return call(matrices.solve, left, as_variable(b), positive=assume_a == "pos", b_ndim=b_ndim)


def solve_triangular(
    a: Any,
    b: Any,
    *,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    check_finite: bool = True,
    b_ndim: int | None = None,
) -> Variable:
    """Return x with a x = b for a triangular matrix (upper by default), or a^T x = b with `trans`."""
    return call(
        matrices.solve_triangular,
        as_variable(a),
        as_variable(b),
        trans=trans not in (0, "N"),
        lower=lower,
        unit_diagonal=unit_diagonal,
        b_ndim=b_ndim,
    )


def cho_solve(
    c_and_lower: tuple[Any, bool], b: Any, *, check_finite: bool = True, b_ndim: int | None = None
) -> Variable:
    """Return x with a x = b, from the Cholesky factor of a."""
    factor, lower = c_and_lower
    return call(matrices.cho_solve, as_variable(factor), as_variable(b), lower=bool(lower), b_ndim=b_ndim)


def lu_solve(
    LU_and_pivots: tuple[Any, Any], b: Any, trans: bool = False, b_ndim: int | None = None
) -> Variable:
    """Return x with a x = b, from the LU decomposition of a."""
    return call(matrices.lu_solve, *map(as_variable, LU_and_pivots), as_variable(b), trans=bool(trans))


def _parts(function: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> tuple[Variable, ...]:
    """Return the results of a decomposition."""
    return tuple(call_tree(function, as_variable(x), *args, **kwargs))


def slogdet(x: Any) -> tuple[Variable, ...]:
    """Return the sign of the determinant and the logarithm of its size."""
    return _parts(jnp.linalg.slogdet, x)


def logdet(x: Any) -> Variable:
    """Return log |det x|."""
    return apply(functions.logdet, as_variable(x))


def det(x: Any) -> Variable:
    """Return the determinant."""
    return apply(jnp.linalg.det, as_variable(x))


def inv(x: Any) -> Variable:
    """Return the inverse of a matrix."""
    return apply(jnp.linalg.inv, as_variable(x))


def pinv(x: Any, hermitian: bool = False) -> Variable:
    """Return the Moore-Penrose inverse of a matrix."""
    return call(jnp.linalg.pinv, as_variable(x), hermitian=hermitian)


def eigh(a: Any, b: Any = None, lower: bool = True, UPLO: str | None = None) -> tuple[Variable, ...]:
    """Return the eigenvalues, ascending, and the eigenvectors of a symmetric matrix."""
    if b is not None:
        raise ModelError(
            "eigh: the generalised problem (b=) is not supported; multiply by the inverse factor of b"
        )
    return _parts(jnp.linalg.eigh, a, UPLO=UPLO or ("L" if lower else "U"))


def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> Variable:
    """Return the eigenvalues of a symmetric matrix, ascending."""
    return eigh(a, b, lower)[0]


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition: U, the singular values, V^T (or the values alone)."""
    if not compute_uv:
        return call(jnp.linalg.svd, as_variable(a), compute_uv=False)
    return _parts(jnp.linalg.svd, a, full_matrices=full_matrices)


def qr(A: Any, mode: str = "reduced") -> Any:
    """Return the QR decomposition of a matrix."""
    if mode == "r":
        return call(jnp.linalg.qr, as_variable(A), mode="r")
    names = {"full": "complete", "economic": "reduced"}
    return _parts(jnp.linalg.qr, A, mode=names.get(mode, mode))


def lu_factor(a: Any, *, check_finite: bool = True, overwrite_a: bool = False) -> tuple[Variable, ...]:
    """Return the LU decomposition, packed, and its pivots."""
    return _parts(jsl.lu_factor, a)


def lu(a: Any, permute_l: bool = False) -> tuple[Variable, ...]:
    """Return the LU decomposition: P, L, U (or P L, U)."""
    return _parts(jsl.lu, a, permute_l=permute_l)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Variable, ...]:
    """Return the least-squares solution, the residuals, the rank and the singular values."""
    return _parts(jnp.linalg.lstsq, a, as_variable(b), rcond=rcond)


def expm(x: Any) -> Variable:
    """Return the matrix exponential."""
    return call(jsl.expm, as_variable(x))


def matrix_power(M: Any, n: int) -> Variable:
    """Return the n-th power of a matrix."""
    return call(jnp.linalg.matrix_power, as_variable(M), int(n))


def matrix_dot(*args: Any) -> Variable:
    """Return the product of several matrices."""
    return functools.reduce(dot, args[1:], as_variable(args[0]))


def kron(*Ks: Any) -> Variable:
    """Return the Kronecker product of the arguments."""
    return call(functions.kronecker, *map(as_variable, Ks))


def block_diag(*matrices: Any) -> Variable:
    """Return the block-diagonal matrix of its arguments."""
    return call(jsl.block_diag, *map(as_variable, matrices))


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Variable:
    """Return x with tensordot(a, x) = b."""
    return call(jnp.linalg.tensorsolve, as_variable(a), as_variable(b), axes=axes)


def tensorinv(a: Any, ind: int = 2) -> Variable:
    """Return the inverse of an array for tensordot."""
    return call(jnp.linalg.tensorinv, as_variable(a), ind=ind)


def solve_sylvester(A: Any, B: Any, Q: Any) -> Variable:
    """Return X with A X + X B = Q."""
    return call(matrices.solve_sylvester, *map(as_variable, (A, B, Q)))


def solve_continuous_lyapunov(A: Any, Q: Any) -> Variable:
    """Return X with A X + X A^T = Q."""
    return call(matrices.solve_sylvester, as_variable(A), as_variable(A).T, as_variable(Q))


def solve_discrete_lyapunov(A: Any, Q: Any, method: str = "bilinear") -> Variable:
    """Return X with A X A^T - X + Q = 0."""
    return call(matrices.solve_discrete_lyapunov, as_variable(A), as_variable(Q))


__all__ = [
    "batched_dot", "block_diag", "cho_solve", "cholesky", "det", "dot", "eigh", "eigvalsh", "einsum",
    "expm", "inv", "kron", "logdet", "lstsq", "lu", "lu_factor", "lu_solve", "matmul", "matrix_dot",
    "matrix_power", "matvec", "norm", "outer", "pinv", "qr", "slogdet", "solve",
    "solve_continuous_lyapunov", "solve_discrete_lyapunov", "solve_sylvester", "solve_triangular",
    "svd", "tensordot", "tensorinv", "tensorsolve", "trace", "vecdot", "vecmat",
]  # fmt: skip

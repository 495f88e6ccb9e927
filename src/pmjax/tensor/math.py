"""``pm.math``: PyMC's names for functions of variables, arrays and numbers.

What is not here is in `pmjax.tensor` or in NumPy, whose functions work on variables
too, or one `pm.lift` away.

Examples
--------
>>> import pmjax as pm
>>> from pmjax.tensor import math
>>> with pm.Model():
...     x = pm.Normal("x", shape=3)
>>> math.logsumexp(math.stack([x, 2 * x]), axis=0).shape
(3,)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.numerics import functions
from pmjax.tensor import creation, elementwise, extra_ops, linalg, reduction, shaping

_NAMES = {
    elementwise: (
        "abs and_ arccos arccosh arcsin arcsinh arctan arctan2 arctanh betainc cbrt ceil clip cos "
        "cosh digamma eq erf erfc erfcinv erfinv exp exp2 expm1 floor gamma gammainc gammaincc "
        "gammaln ge gt i0 i1 invert invlogit invprobit isinf isnan iv kv le log log10 log1mexp log1p "
        "log1pexp log2 logaddexp logdiffexp logit lt maximum minimum neq or_ polygamma power probit "
        "round sgn sigmoid sign sin sinh softplus sqr sqrt switch tan tanh where xlogy xor"
    ),
    reduction: (
        "all any argmax argmin batched_diag cumprod cumsum log_softmax logsumexp max mean min norm "
        "prod softmax std sum var"
    ),
    shaping: (
        "argsort broadcast_arrays broadcast_to concatenate diag expand_dims flatten flatten_list flip "
        "moveaxis ravel repeat reshape sort squeeze stack swapaxes take tile trace transpose tril "
        "triu"
    ),
    creation: "arange as_tensor constant eye full full_like linspace ones ones_like zeros zeros_like",
    linalg: (
        "block_diag cho_solve cholesky det dot eigh einsum logdet matmul outer slogdet solve "
        "solve_triangular tensordot"
    ),
    extra_ops: "diff unique",
}
globals().update({name: getattr(home, name) for home, names in _NAMES.items() for name in names.split()})
matrix_inverse = linalg.inv
kronecker = kron = linalg.kron
extract_diag = shaping.extract_diag
tround = elementwise.round


def block_diagonal(matrices: Sequence[Any], sparse: bool = False, format: str = "csr") -> Variable:
    """Return the block-diagonal matrix of a list of matrices."""
    return linalg.block_diag(*matrices)


def flat_outer(a: Any, b: Any) -> Variable:
    """Return the outer product of two vectors as one vector."""
    return call(functions.flat_outer, as_variable(a), as_variable(b))


def kron_diag(*diags: Any) -> Variable:
    """Return the diagonal of a Kronecker product of diagonal matrices."""
    return functools.reduce(flat_outer, diags[1:], as_variable(diags[0]))


def kron_matrix_op(krons: Sequence[Any], m: Any, op: Callable[[Any, Any], Any]) -> Variable:
    """Return ``op(kronecker(*krons), m)``, without the product of the matrices.

    Parameters
    ----------
    krons : sequence of square matrices
    m : array, shape (N,) or (N, M)
        N is the product of their sizes.
    op : callable
        A product or a solve: linear in its second argument.
    """
    node = as_variable(m)
    columns = node[:, None] if node.ndim == 1 else node
    if columns.ndim != 2:
        raise ModelError(f"kron_matrix_op: m has at most 2 dimensions, got {node.ndim}")
    sizes = [as_variable(k).shape[0] for k in krons]
    rest = columns.reshape((*sizes, columns.shape[1]))
    for axis, factor in enumerate(krons):
        front = shaping.moveaxis(rest, axis, 0)
        mixed = op(factor, front.reshape((front.shape[0], -1))).reshape(front.shape)
        rest = shaping.moveaxis(mixed, 0, axis)
    return rest.reshape(columns.shape)


def kron_dot(krons: Sequence[Any], m: Any) -> Variable:
    """Return the product of a Kronecker product of matrices and a matrix, as columns."""
    return kron_matrix_op(krons, m, linalg.dot)


def kron_solve_lower(krons: Sequence[Any], m: Any) -> Variable:
    """Return the solution x of (A ⊗ B ⊗ ...) x = m for lower triangular matrices, as columns."""
    return kron_matrix_op(krons, m, functools.partial(linalg.solve_triangular, lower=True))


def kron_solve_upper(krons: Sequence[Any], m: Any) -> Variable:
    """Return the solution x of (A ⊗ B ⊗ ...) x = m for upper triangular matrices, as columns."""
    return kron_matrix_op(krons, m, functools.partial(linalg.solve_triangular, lower=False))


def cartesian(*arrays: Any) -> np.ndarray:
    """Return all combinations of rows of arrays of numbers; the last array varies fastest.

    Examples
    --------
    >>> cartesian([1, 2], [5, 6, 7]).tolist()
    [[1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7]]
    """
    tables = [a[:, None] if a.ndim == 1 else a for a in map(np.asarray, arrays)]
    grids = np.meshgrid(*(np.arange(len(t)) for t in tables), indexing="ij")
    return np.concatenate([t[grid.ravel()] for t, grid in zip(tables, grids, strict=True)], axis=-1)


def logbern(log_p: float, rng: np.random.Generator | None = None) -> bool:
    """Return a draw that is True with probability exp(log_p)."""
    if np.isnan(log_p):
        raise FloatingPointError("log_p is NaN: it is the logarithm of a probability")
    return bool(np.log((rng or np.random.default_rng()).uniform()) < log_p)


def expand_packed_triangular(
    n: int, packed: Any, lower: bool = True, diagonal_only: bool = False
) -> Variable:
    """Return the triangular matrix whose n (n + 1) / 2 elements are given row by row, or its diagonal."""
    node = as_variable(packed)
    if node.ndim != 1 or node.size != n * (n + 1) // 2:
        raise ModelError(
            f"expand_packed_triangular: packed is a vector of n (n + 1) / 2 = {n * (n + 1) // 2} elements, "
            f"got shape {node.shape}"
        )
    if diagonal_only:
        rows, columns = np.tril_indices(n) if lower else np.triu_indices(n)
        return node[np.flatnonzero(rows == columns)]
    return call(functions.expand_packed_triangular, n, node, lower)


__all__ = [
    *(name for names in _NAMES.values() for name in names.split()),
    *(
        "block_diagonal",
        "cartesian",
        "expand_packed_triangular",
        "extract_diag",
        "flat_outer",
        "kron",
        "kron_diag",
    ),
    *("kron_dot", "kron_matrix_op", "kron_solve_lower", "kron_solve_upper", "kronecker", "logbern"),
    *("matrix_inverse", "tround"),
]


def __getattr__(name: str) -> Callable[..., Any]:
    raise AttributeError(f"pm.math has no {name!r}; see pmjax.tensor for the rest of PyTensor's names")

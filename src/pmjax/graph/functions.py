"""JAX functions that JAX lacks: the bodies of some of `pm.math`'s names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np


def log1mexp(x: Any, *, negative_input: bool = False) -> Any:
    """Return log(1 - exp(-x)) for x > 0, accurate at both ends; log(1 - exp(x)) if `negative_input`.

    As in PyMC. The two forms meet at x = log 2, where both lose the same (Mächler 2012).
    """
    y = x if negative_input else -x
    near = y > -np.log(2)
    return jnp.where(
        near, jnp.log(-jnp.expm1(jnp.where(near, y, -1.0))), jnp.log1p(-jnp.exp(jnp.where(near, -1.0, y)))
    )


def logdiffexp(a: Any, b: Any) -> Any:
    """Return log(exp(a) - exp(b)) for a > b."""
    return a + log1mexp(a - b)


def logdet(x: Any) -> Any:
    """Return log |det x|."""
    return jnp.linalg.slogdet(x)[1]


def extract_diag(x: Any) -> Any:
    """Return the diagonal of the last two dimensions."""
    return jnp.diagonal(x, axis1=-2, axis2=-1)


def batched_diag(x: Any) -> Any:
    """Return matrices with the last dimension of x on their diagonals."""
    return x[..., None] * jnp.eye(x.shape[-1], dtype=x.dtype)


def block_diagonal(matrices: Sequence[Any]) -> Any:
    """Return the block-diagonal matrix of a list of matrices."""
    return jsl.block_diag(*matrices)


def kronecker(*factors: Any) -> Any:
    """Return the Kronecker product of its arguments."""
    product = factors[0]
    for factor in factors[1:]:
        product = jnp.kron(product, factor)
    return product


def flat_outer(a: Any, b: Any) -> Any:
    """Return the outer product of two vectors as one vector."""
    return jnp.outer(a, b).ravel()


def expand_packed_triangular(n: int, packed: Any, lower: bool = True) -> Any:
    """Return the triangular matrix whose n (n + 1) / 2 elements are given row by row."""
    rows, columns = np.tril_indices(n) if lower else np.triu_indices(n)
    return jnp.zeros((n, n), packed.dtype).at[rows, columns].set(packed)

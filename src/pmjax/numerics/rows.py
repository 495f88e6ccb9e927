"""Rows of an array by index, with a gradient that suits the machine.

The gradient of ``x[index]`` adds each row of the cotangent to its place. XLA has one operation for that,
scatter; on a CPU it keeps the loop around it from becoming one kernel of machine code, which costs a small
model more than the gradient itself. There the rows are added one by one in a loop. On an accelerator it adds
in whatever order its threads come, so that no two runs need be the same to the last digit; a product with a
matrix of zeros and ones, as long as that is small, has an order.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.runtime.types import Array

# Elements of a matrix of zeros and ones that is small.
MAX_TABLE = 2**20
# Sums that are built up side by side on a CPU, where so many rows belong to each place.
STRIPES, ROWS_PER_STRIPE = 4, 2


@jax.custom_vjp
def take_rows(x: Array, index: Array) -> Array:
    """Return ``x[index]``.

    Parameters
    ----------
    x : Array, shape (n, ...)
    index : Array of integers, shape (m,)
        All at least 0 and below n; this is not checked.

    Returns
    -------
    Array, shape (m, ...)

    Examples
    --------
    >>> take_rows(jnp.array([10.0, 20.0, 30.0]), jnp.array([2, 0])).tolist()
    [30.0, 10.0]
    """
    return x.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)


def _forward(x: Array, index: Array) -> tuple[Array, tuple[Array, Array]]:
    return take_rows(x, index), (x, index)


def _backward(saved: tuple[Array, Array], cotangent: Array) -> tuple[Array, None]:
    x, index = saved
    zeros = jnp.zeros_like(x)
    if not (x.size and index.size):
        return zeros, None
    return lax.platform_dependent(zeros, index, cotangent, cpu=_add_one_by_one, default=add_at_once), None


def _add_one_by_one(zeros: Array, index: Array, rows: Array) -> Array:
    # Neighbouring rows often belong to the same place, whose sum must be stored before the next row can be
    # added to it. Rows far apart, with sums of their own, do not wait for each other.
    # Unsigned, so that no instructions look for negative positions.
    index, count = index.astype(jnp.uint32), index.shape[0]
    stripes = min(STRIPES, max(1, count // (ROWS_PER_STRIPE * zeros.shape[0])))
    stripe = count // stripes

    def add(total: Array, k: Array) -> Array:
        place = lax.dynamic_index_in_dim(index, k, keepdims=False)
        row = lax.dynamic_slice_in_dim(total, place, 1) + lax.dynamic_slice_in_dim(rows, k, 1)
        return lax.dynamic_update_slice_in_dim(total, row, place, 0)

    def add_to_each(k: Array, totals: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(add(total, k + np.uint32(s * stripe)) for s, total in enumerate(totals))

    first, *others = lax.fori_loop(np.uint32(0), np.uint32(stripe), add_to_each, (zeros,) * stripes)
    rest = np.uint32(stripe * stripes)
    total = lax.fori_loop(rest, np.uint32(count), lambda k, total: add(total, k), first)
    # Once, and not in every place that uses it.
    return lax.optimization_barrier(sum(others, total))


def add_at_once(zeros: Array, index: Array, rows: Array) -> Array:
    """Return ``zeros`` with each row added to its place, in one or two operations for many threads."""
    if zeros.shape[0] * rows.shape[0] <= MAX_TABLE:
        belongs = (jnp.arange(zeros.shape[0])[:, None] == index).astype(rows.dtype)
        return jnp.tensordot(belongs, rows, axes=1, precision=lax.Precision.HIGHEST)
    return zeros.at[index].add(rows, mode="promise_in_bounds", wrap_negative_indices=False)


take_rows.defvjp(_forward, _backward)

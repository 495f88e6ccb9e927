"""The U-turn criterion over an iterative binary tree of momenta.

All momenta are whitened: with q moved by ``L p`` and ``L L^T`` the inverse mass matrix, the
generalised criterion of Betancourt (2017, arXiv:1701.02434, appendix A.4) reads
``rho . p_first <= 0 or rho . p_last <= 0`` with ``rho`` the sum of the momenta in between.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

# A span of leaves is an array of shape (3, D): first momentum, last momentum, sum of all momenta.
FIRST, LAST, SUM = 0, 1, 2


def spans_turn(left: jax.Array, right: jax.Array) -> jax.Array:
    """Whether the union of two adjacent spans makes a U-turn.

    Besides the union itself, it checks the left span joined with the first leaf of the right one,
    and the last leaf of the left one joined with the right span: turns that fall between the two
    halves of the tree (Stan's pull request 2800 describes them).

    Parameters
    ----------
    left, right : Array, shape (3, D)
        First momentum, last momentum and sum of momenta, in the order of the trajectory.

    Returns
    -------
    Array of bool, scalar

    Examples
    --------
    >>> step = jnp.ones((3, 2))
    >>> bool(spans_turn(step, step)), bool(spans_turn(step, -2 * step))
    (False, True)
    """
    rho = jnp.stack([left[SUM] + right[SUM], left[SUM] + right[FIRST], left[LAST] + right[SUM]])
    first = jnp.stack([left[FIRST], left[FIRST], left[LAST]])
    last = jnp.stack([right[LAST], right[FIRST], right[LAST]])
    return jnp.any((jnp.sum(rho * first, axis=1) <= 0) | (jnp.sum(rho * last, axis=1) <= 0))


def trailing_ones(number: jax.Array) -> jax.Array:
    """Count the ones at the end of the binary form: how many subtrees leaf ``number`` completes."""
    return lax.population_count(number & ~(number + 1))


def add_leaf(spans: jax.Array, number: jax.Array, momentum: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Add leaf ``number`` to a binary counter of spans and check every subtree that it completes.

    Parameters
    ----------
    spans : Array, shape (levels, 3, D)
        ``spans[k]`` is the last complete subtree of ``2**k`` leaves that waits for its right half.
    number : Array of int32, scalar
        Index of the leaf in its subtree, from 0.
    momentum : Array, shape (D,)

    Returns
    -------
    spans : Array, shape (levels, 3, D)
    turning : Array of bool, scalar
    """
    levels = trailing_ones(number)

    def unfinished(carry: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
        level, _, turning = carry
        return (level < levels) & ~turning

    def merge(carry: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
        level, right, _ = carry
        left = lax.dynamic_index_in_dim(spans, level, keepdims=False)
        merged = jnp.stack([left[FIRST], right[LAST], left[SUM] + right[SUM]])
        return level + 1, merged, spans_turn(left, right)

    leaf = jnp.broadcast_to(momentum, (3, momentum.size))
    level, span, turning = lax.while_loop(unfinished, merge, (jnp.int32(0), leaf, jnp.bool_(False)))
    return lax.dynamic_update_index_in_dim(spans, span, level, 0), turning

"""The U-turn criterion over an iterative binary tree of momenta.

All momenta are whitened: with q moved by ``L p`` and ``L L^T`` the inverse mass matrix, the
generalised criterion of Betancourt (2017, arXiv:1701.02434, appendix A.4) reads
``rho . p_first <= 0 or rho . p_last <= 0`` with ``rho`` the sum of the momenta in between.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Span(NamedTuple):
    """First momentum, last momentum and sum of momenta of some adjacent leaves, each of shape (D,).

    As the work space of `add_leaf`, with a leading axis: entry k is the last complete subtree of
    ``2**k`` leaves, which waits for its right half.
    """

    first: Any
    last: Any
    sum: Any


AddLeaf = Callable[[Span, jax.Array, jax.Array], tuple[Span, jax.Array]]


def spans_turn(left: Span, right: Span) -> jax.Array:
    """Whether the union of two adjacent spans makes a U-turn.

    Besides the union itself, it checks the left span joined with the first leaf of the right one,
    and the last leaf of the left one joined with the right span: turns that fall between the two
    halves of the tree (Stan's pull request 2800 describes them).

    Parameters
    ----------
    left, right : Span
        In the order of the trajectory, or both in reverse.

    Returns
    -------
    Array of bool, scalar

    Examples
    --------
    >>> one, back = jnp.ones(2), -2 * jnp.ones(2)
    >>> step, turn = Span(one, one, one), Span(back, back, back)
    >>> bool(spans_turn(step, step)), bool(spans_turn(step, turn))
    (False, True)
    """
    whole, seam_right, seam_left = left.sum + right.sum, left.sum + right.first, left.last + right.sum
    dots = inner_products(
        (whole, left.first),
        (whole, right.last),
        (seam_right, left.first),
        (seam_right, right.first),
        (seam_left, left.last),
        (seam_left, right.last),
    )
    turning = dots[0] <= 0
    for dot in dots[1:]:
        turning |= dot <= 0
    return turning


def inner_products(*pairs: tuple[jax.Array, jax.Array]) -> list[jax.Array]:
    """Return ``a . b`` of each pair in one pass over the vectors.

    One reduction with many results: on a CPU a sum waits for each addition, so several of them side by
    side cost hardly more than one, and compile faster than one after the other.
    """
    products = [a * b for a, b in pairs]
    zeros = [jnp.zeros((), product.dtype) for product in products]
    add = lambda total, term: [x + y for x, y in zip(total, term, strict=True)]  # noqa: E731
    return lax.reduce(products, zeros, add, (0,))


def trailing_ones(number: jax.Array) -> jax.Array:
    """Count the ones at the end of the binary form: how many subtrees leaf ``number`` completes."""
    return lax.population_count(number & ~(number + 1))


def add_leaf(spans: Span, number: jax.Array, momentum: jax.Array) -> tuple[Span, jax.Array]:
    """Add leaf ``number`` to a binary counter of spans and check every subtree that it completes.

    Parameters
    ----------
    spans : Span of arrays of shape (levels, D)
    number : Array of int32, scalar
        Index of the leaf in its subtree, from 0.
    momentum : Array, shape (D,)

    Returns
    -------
    spans : Span
    turning : Array of bool, scalar
    """
    levels = trailing_ones(number)

    def unfinished(carry: tuple[jax.Array, jax.Array, jax.Array, jax.Array]) -> jax.Array:
        return (carry[0] < levels) & ~carry[3]

    def merge(carry: tuple[jax.Array, jax.Array, jax.Array, jax.Array]) -> Any:
        level, first, total, _ = carry
        left = Span(*(lax.dynamic_index_in_dim(part, level, keepdims=False) for part in spans))
        turning = spans_turn(left, Span(first, momentum, total))
        return level + 1, left.first, left.sum + total, turning

    start = (jnp.int32(0), momentum, momentum, jnp.bool_(False))
    level, first, total, turning = lax.while_loop(unfinished, merge, start)
    return _put_row(spans, level, Span(first, momentum, total)), turning


def add_leaf_at_once(spans: Span, number: jax.Array, momentum: jax.Array) -> tuple[Span, jax.Array]:
    """Do the same for all levels at once: in a batch a loop would turn for the chain with most of them."""
    levels = trailing_ones(number)
    left = Span(*(part[:-1] for part in spans))
    last = jnp.broadcast_to(momentum, left.last.shape)
    # Entry k belongs to the span of 2**k leaves that this leaf ends.
    first = jnp.concatenate([momentum[None], left.first])
    total = jnp.stack(list(accumulate(left.sum, lambda right, left: left + right, initial=momentum)))
    turning = jax.vmap(spans_turn)(left, Span(first[:-1], last, total[:-1]))
    turning = jnp.any(turning & (jnp.arange(turning.size) < levels))
    return _put_row(spans, levels, Span(first[levels], momentum, total[levels])), turning


def _put_row(spans: Span, level: jax.Array, row: Span) -> Span:
    # At the end of the leaf and under no condition: so it happens in place.
    pairs = zip(spans, row, strict=True)
    return Span(*(lax.dynamic_update_index_in_dim(part, new, level, 0) for part, new in pairs))


def work_space(levels: int, size: int, dtype: Any) -> Span:
    """Return room for subtrees of up to ``2**levels`` leaves."""
    return Span(*(jnp.zeros((levels + 1, size), dtype) for _ in range(3)))

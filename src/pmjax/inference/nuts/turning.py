"""The U-turn criterion over an iterative binary tree of momenta.

All momenta are whitened: with q moved by ``L p`` and ``L L^T`` the inverse mass matrix, the
generalised criterion of Betancourt (2017, arXiv:1701.02434, appendix A.4) reads
``rho . p_first <= 0 or rho . p_last <= 0`` with ``rho`` the sum of the momenta in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Span(NamedTuple):
    """First momentum, last momentum and sum of momenta of some adjacent leaves, each of shape (D,)."""

    first: Any
    last: Any
    sum: Any


class Checkpoints(NamedTuple):
    """What later leaves of a subtree need of earlier ones, arrays of shape (levels + 1, D).

    Leaf 1011, in binary, ends the subtrees that begin with leaves 1010 and 1000: its trailing ones are
    cleared one by one. Row k is about the last leaf with k ones in its number. Within a subtree all leaves
    after the first have more ones than that, so that its row is still there when the subtree ends (Phan,
    Pradhan & Jankowiak 2019, arXiv:1912.11554, appendix A, number the leaves like this).

    Attributes
    ----------
    momentum : Array
        Of that leaf.
    last_before, sum_before : Array
        The momentum of the leaf before it, and the sum of all before it. Row 0, of leaf 0, stays zero.
    """

    momentum: Any
    last_before: Any
    sum_before: Any


AddLeaf = Callable[[Checkpoints, jax.Array, jax.Array, jax.Array], tuple[Checkpoints, jax.Array]]


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


def add_leaf(
    seen: Checkpoints, number: jax.Array, momentum: jax.Array, momentum_sum: jax.Array
) -> tuple[Checkpoints, jax.Array]:
    """Check every subtree that a leaf completes, and write down what later leaves need of it.

    Parameters
    ----------
    seen : Checkpoints
    number : Array of int32, scalar
        Index of the leaf in its subtree, from 0.
    momentum : Array, shape (D,)
    momentum_sum : Array, shape (D,)
        Of all leaves up to this one.

    Returns
    -------
    seen : Checkpoints
    turning : Array of bool, scalar
    """
    own = lax.population_count(number)
    lowest = own - trailing_ones(number)
    seen = seen._replace(momentum=_put_row(seen.momentum, own, momentum))

    def unfinished(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
        row, turning = carry
        return (row > lowest) & ~turning

    def check(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        row, _ = carry
        row = row - 1
        return row, _halves_turn(_at(seen, row), _at(seen, row + 1), momentum, momentum_sum)

    row, turning = lax.while_loop(unfinished, check, (own, jnp.bool_(False)))
    # Where nothing turned the loop ended at the lowest row; the number of the next leaf has one more one.
    return _write_after(seen, row + 1, momentum, momentum_sum), turning


def add_leaf_at_once(
    seen: Checkpoints, number: jax.Array, momentum: jax.Array, momentum_sum: jax.Array
) -> tuple[Checkpoints, jax.Array]:
    """Do the same for all rows at once: in a batch a loop would turn for the chain with most of them."""
    own = lax.population_count(number)
    seen = seen._replace(momentum=_put_row(seen.momentum, own, momentum))
    first, second = (Checkpoints(*(rows[part] for rows in seen)) for part in (slice(-1), slice(1, None)))
    turning = jax.vmap(_halves_turn, in_axes=(0, 0, None, None))(first, second, momentum, momentum_sum)
    row = jnp.arange(turning.size)
    turning = jnp.any(turning & (row < own) & (row >= own - trailing_ones(number)))
    return _write_after(seen, lax.population_count(number + 1), momentum, momentum_sum), turning


def _halves_turn(
    first: Checkpoints, second: Checkpoints, momentum: jax.Array, momentum_sum: jax.Array
) -> jax.Array:
    """Whether the subtree turns whose halves begin with the leaves of these rows; it ends with this leaf."""
    left = Span(first.momentum, second.last_before, second.sum_before - first.sum_before)
    right = Span(second.momentum, momentum, momentum_sum - second.sum_before)
    return spans_turn(left, right)


def _write_after(
    seen: Checkpoints, after: jax.Array, momentum: jax.Array, momentum_sum: jax.Array
) -> Checkpoints:
    # Under no condition and to a row that is known once all has been read: so it happens in place.
    return seen._replace(
        last_before=_put_row(seen.last_before, after, momentum),
        sum_before=_put_row(seen.sum_before, after, momentum_sum),
    )


def _at(seen: Checkpoints, row: jax.Array) -> Checkpoints:
    return Checkpoints(*(lax.dynamic_index_in_dim(rows, row, keepdims=False) for rows in seen))


def _put_row(rows: jax.Array, index: jax.Array, row: jax.Array) -> jax.Array:
    return lax.dynamic_update_index_in_dim(rows, row, index, 0)


def work_space(levels: int, size: int, dtype: Any) -> Checkpoints:
    """Return room for subtrees of up to ``2**levels`` leaves."""
    return Checkpoints(*(jnp.zeros((levels + 1, size), dtype) for _ in range(3)))

"""Multinomial NUTS as pure pieces: begin_draw, begin_doubling, leapfrog, add_point, end_doubling.

Hoffman & Gelman (2014, arXiv:1111.4246) with the multinomial weights of Betancourt (2017,
arXiv:1701.02434). The kernel is told the whitening map and the step size; it knows nothing of
adaptation. `program.py` strings the pieces together: one leaf, so one gradient, per turn of one loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.inference.nuts.randomness import Randomness
from pmjax.inference.nuts.turning import AddLeaf, Checkpoints, Span, add_leaf, inner_products, spans_turn

MAX_ENERGY_ERROR = 1000.0
"""A trajectory whose energy rises by more than this has diverged."""

LinearMap = Callable[[jax.Array], jax.Array]


class Point(NamedTuple):
    """A place and the density there, shapes (D,), (D,) and ().

    ``log_density`` is NaN where it has not been evaluated yet: a trajectory of one leaf with step
    size 0 evaluates it, so that the program needs no second copy of the density.
    """

    position: Any
    gradient: Any
    log_density: Any


class Proposal(NamedTuple):
    """A point of the trajectory that may become the next draw.

    ``energy_change`` is H(point) - H(start); ``place`` its signed index in the trajectory.
    """

    point: Point
    energy_change: jax.Array
    place: jax.Array


class Ends(NamedTuple):
    """Both ends of a trajectory, backward (0) and forward (1): arrays of shape (2, D)."""

    position: jax.Array
    momentum: jax.Array
    gradient: jax.Array


class Tree(NamedTuple):
    """The trajectory so far.

    Attributes
    ----------
    ends : Ends
    momentum_sum : Array, shape (D,)
    proposal : Proposal
    weight : Array, scalar
        Sum of exp(-energy change) over the leaves.
    depth, reach : Array of int32, shapes () and (2,)
        Doublings done, and leaves backwards and forwards of the start.
    n_steps, accept, symmetric : Array, scalars
        Gradients used, and the sums over them of both acceptance statistics.
    turning, diverging : Array of bool
    start_log_density, start_kinetic : Array, scalars
    """

    ends: Ends
    momentum_sum: jax.Array
    proposal: Proposal
    weight: jax.Array
    depth: jax.Array
    reach: jax.Array
    n_steps: jax.Array
    accept: jax.Array
    symmetric: jax.Array
    turning: jax.Array
    diverging: jax.Array
    start_log_density: jax.Array
    start_kinetic: jax.Array


class Subtree(NamedTuple):
    """The subtree of ``2**depth`` leaves that is being grown from one end of the tree.

    ``n`` leaves have been made so far, the last one at ``position``; ``uniform`` is what is left of
    the random number that selects among them.
    """

    n: jax.Array
    position: Any
    momentum: jax.Array
    gradient: Any
    momentum_sum: jax.Array
    proposal: Proposal
    weight: jax.Array
    uniform: jax.Array
    accept: jax.Array
    symmetric: jax.Array
    turning: jax.Array
    diverging: jax.Array


def begin_draw(start: Point, random: Randomness) -> Tree:
    """Return the tree of one leaf: the current draw with a fresh momentum."""
    dtype = start.position.dtype
    zero, none, false = jnp.zeros((), dtype), jnp.int32(0), jnp.bool_(False)
    p = random.momentum
    return Tree(
        ends=Ends(*(jnp.broadcast_to(x, (2, x.size)) for x in (start.position, p, start.gradient))),
        momentum_sum=p,
        proposal=Proposal(start, zero, none),
        weight=jnp.ones((), dtype),
        depth=none,
        reach=jnp.zeros(2, jnp.int32),
        n_steps=none,
        accept=zero,
        symmetric=zero,
        turning=false,
        diverging=false,
        start_log_density=start.log_density,
        start_kinetic=0.5 * inner_products((p, p))[0],
    )


def begin_doubling(tree: Tree, random: Randomness) -> Subtree:
    """Return an empty subtree at the end of the tree that this doubling grows from."""
    dtype = tree.weight.dtype
    zero = jnp.zeros((), dtype)
    end = Ends(*(_pick(x, random.forward[tree.depth]) for x in tree.ends))
    return Subtree(
        n=jnp.int32(0),
        position=end.position,
        momentum=end.momentum,
        gradient=end.gradient,
        momentum_sum=jnp.zeros_like(end.momentum),
        proposal=tree.proposal,
        weight=zero,
        uniform=random.leaf[tree.depth],
        accept=zero,
        symmetric=zero,
        turning=jnp.bool_(False),
        diverging=jnp.bool_(False),
    )


def half_kick(momentum: jax.Array, gradient: jax.Array, step: jax.Array, transpose: LinearMap) -> jax.Array:
    """Return the whitened momentum half a step later: p + step / 2 L^T g."""
    return momentum + 0.5 * step * transpose(gradient)


def add_point(
    sub: Subtree,
    tree: Tree,
    seen: Checkpoints,
    random: Randomness,
    point: Point,
    momentum: jax.Array,
    add_leaf: AddLeaf = add_leaf,
) -> tuple[Subtree, Checkpoints]:
    """Weigh a new leaf, maybe select it, and check the subtrees that it completes.

    ``seen`` is the work space of these checks, see `add_leaf`. The position and gradient of ``sub`` are not
    looked at and stay.
    """
    # A gradient that is not finite makes the momentum and so the energy not finite.
    kinetic = 0.5 * inner_products((momentum, momentum))[0]
    log_weight = (point.log_density - tree.start_log_density) - (kinetic - tree.start_kinetic)
    # A start that has not been evaluated: any finite leaf is as good as it, and so is always taken.
    finite = jnp.isfinite(point.log_density) & jnp.isfinite(kinetic)
    log_weight = jnp.where(jnp.isnan(tree.start_log_density) & finite, 0.0, log_weight)
    diverging = ~((log_weight > -MAX_ENERGY_ERROR) & (log_weight < jnp.inf))
    # Cut off on both sides, so that the sum of the weights neither overflows nor vanishes.
    most = np.log(np.finfo(log_weight.dtype).max) - 10
    weight = jnp.where(diverging, 0.0, jnp.exp(jnp.clip(log_weight, -most, most)))
    accept = jnp.minimum(weight, 1.0)

    # Reservoir selection: leaf n replaces the proposal with probability w_n / (w_0 + ... + w_n). Given
    # the outcome the uniform rescaled to (0, 1) is uniform again, so one serves the whole subtree.
    total = sub.weight + weight
    height = sub.uniform * total
    take = height <= weight
    uniform = jnp.where(take, height, height - weight) / jnp.where(take, weight, sub.weight)
    forward = random.forward[tree.depth]
    index = (2 * forward - 1) * (tree.reach[forward] + sub.n + 1)
    proposal = _select(take, Proposal(point, -log_weight, index), sub.proposal)

    momentum_sum = sub.momentum_sum + momentum
    seen, turning = add_leaf(seen, sub.n, momentum, momentum_sum)
    sub = sub._replace(
        n=sub.n + 1,
        momentum=momentum,
        momentum_sum=momentum_sum,
        proposal=proposal,
        weight=total,
        uniform=uniform,
        accept=sub.accept + accept,
        symmetric=sub.symmetric + 2 * accept / (1 + weight),
        turning=turning,
        diverging=diverging,
    )
    return sub, seen


def subtree_unfinished(sub: Subtree, depth: jax.Array) -> jax.Array:
    """Whether the subtree of a doubling from ``depth`` needs another leaf."""
    return (sub.n < (1 << depth)) & ~sub.turning & ~sub.diverging


def end_doubling(tree: Tree, sub: Subtree, seen: Checkpoints, random: Randomness) -> Tree:
    """Join the finished subtree to the tree by biased progressive sampling."""
    forward = random.forward[tree.depth]
    complete = ~(sub.turning | sub.diverging)
    take = complete & (random.merge[tree.depth] * tree.weight < sub.weight)
    span = Span(seen.momentum[0], sub.momentum, sub.momentum_sum)
    # In the order of growth the far end comes first; a turn does not depend on the order.
    far, near = _pick(tree.ends.momentum, 1 - forward), _pick(tree.ends.momentum, forward)
    turning = spans_turn(Span(far, near, tree.momentum_sum), span)
    new = Ends(sub.position, sub.momentum, sub.gradient)
    own = jnp.arange(2) == forward
    ends = (jnp.where(own[:, None], row, old) for old, row in zip(tree.ends, new, strict=True))
    return tree._replace(
        ends=Ends(*ends),
        momentum_sum=tree.momentum_sum + span.sum,
        proposal=_select(take, sub.proposal, tree.proposal),
        weight=tree.weight + sub.weight,
        depth=tree.depth + 1,
        reach=tree.reach + jnp.where(own, sub.n, 0),
        n_steps=tree.n_steps + sub.n,
        accept=tree.accept + sub.accept,
        symmetric=tree.symmetric + sub.symmetric,
        turning=turning | sub.turning,
        diverging=sub.diverging,
    )


def tree_unfinished(tree: Tree, max_depth: jax.Array) -> jax.Array:
    """Whether the trajectory may be doubled once more."""
    return (tree.depth < max_depth) & ~tree.turning & ~tree.diverging


def _select(condition: jax.Array, yes: Proposal, no: Proposal) -> Proposal:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def _pick(rows: jax.Array, index: jax.Array) -> jax.Array:
    return lax.dynamic_index_in_dim(rows, index, keepdims=False)

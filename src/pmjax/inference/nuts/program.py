"""The one program: warm-up and drawing of a density, a chunk of draws per call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.inference.nuts import metric as metrics
from pmjax.inference.nuts.adaptation import adapt, search
from pmjax.inference.nuts.buffers import Buffers, capacity, empty_buffers
from pmjax.inference.nuts.kernel import (
    Point,
    Subtree,
    Tree,
    add_point,
    begin_doubling,
    begin_draw,
    end_doubling,
    half_kick,
    subtree_unfinished,
    tree_unfinished,
)
from pmjax.inference.nuts.randomness import Randomness, draw_randomness
from pmjax.inference.nuts.state import ChainState, initial_state
from pmjax.inference.nuts.turning import Checkpoints, add_leaf, add_leaf_at_once, work_space
from pmjax.target.density import Density

# Trajectories that only search for a step size have draw numbers that no run reaches.
PROBE_DRAW = 2**30


class Settings(NamedTuple):
    """Numbers of a call that may change without a new program.

    ``flags`` (see `schedule`) has one entry for each draw of the chunk, padded to its capacity.
    """

    n_draws: Any
    depth_limit: Any
    target_accept: Any
    flags: Any


class Walk(NamedTuple):
    """What the loop of the program carries: a chain in the middle of a trajectory.

    ``row`` draws of this chunk are finished; ``new_draw`` and ``new_doubling`` say what the next turn of
    the loop begins with. Between the calls of a batch there are no ``buffers``.
    """

    row: jax.Array
    chain: ChainState
    random: Randomness
    tree: Tree
    sub: Subtree
    seen: Checkpoints
    new_draw: Any
    new_doubling: Any
    buffers: Any


# Ticks of a batch between two looks at whether to go on: each look makes an accelerator wait for the host.
TICKS = 8

When = Callable[[jax.Array, Callable[[Any], Any], Any], Any]


def when_loop(condition: jax.Array, function: Callable[[Any], Any], value: Any) -> Any:
    """Return ``function(value)`` where ``condition`` holds, else ``value``, as a loop of at most one turn.

    On a CPU a small loop becomes one kernel of machine code that works in place, where a conditional
    copies what it returns, and many small kernels cost more to start than to run.
    """

    def turn(carry: tuple[jax.Array, Any]) -> tuple[jax.Array, Any]:
        return jnp.bool_(False), function(carry[1])

    return lax.while_loop(lambda carry: carry[0], turn, (condition, value))[1]


def when_select(condition: jax.Array, function: Callable[[Any], Any], value: Any) -> Any:
    """Return the same by computing both sides: for chains in a batch, which differ in what they need."""
    return _where(condition, function(value), value)


@dataclass(frozen=True)
class Program:
    """The program of a density: `run_chunk` for one chain, `run_batch` for many.

    Attributes
    ----------
    density : Density
    kind : MetricKind
        The kind of metric.
    max_depth : int
        Greatest tree depth that the program has room for.
    dtype : dtype
        Precision of everything the sampler does.
    batch : int
        Number of chains; if it is not 1, what happens once per doubling or per draw is computed at every
        leaf, and mostly unused.
    """

    density: Density
    kind: metrics.MetricKind
    max_depth: int
    dtype: np.dtype
    batch: int = 1

    @property
    def rows(self) -> int:
        return capacity(self.density.size, self.batch)

    @property
    def when(self) -> When:
        return when_loop if self.batch == 1 else when_select

    def as_one(self, walk: Walk, function: Callable[[Any], Any], value: Any) -> Any:
        """Return ``function(value)``, on a CPU and for one chain made one kernel of machine code.

        In a batch a condition of any kind would select, and so copy, all that is carried.
        """
        return when_loop(always(walk), function, value) if self.batch == 1 else function(value)

    def run_chunk(
        self, state: ChainState, settings: Settings, data: Any, knobs: Any, ticks: Any
    ) -> tuple[Any, Buffers]:
        """Make at most ``settings.n_draws`` draws; after so many ticks (leaves) none but the first begins.

        Returns
        -------
        state : ChainState
            Its ``draw`` says how many were made: at least one.
        buffers : Buffers
        """

        def unfinished(carry: tuple[jax.Array, Walk]) -> jax.Array:
            tick, walk = carry
            more = (tick < ticks) | ~walk.new_draw | (walk.row == 0)
            return (walk.row < settings.n_draws) & more

        start = first_walk(state, self.rows, self.max_depth, self.dtype)
        _, walk = lax.while_loop(
            unfinished,
            lambda carry: (carry[0] + 1, self.leaf(carry[1], settings, data, knobs)),
            (jnp.int32(0), start),
        )
        return walk.chain, walk.buffers

    def run_batch(
        self, walks: Walk, settings: Settings, data: Any, knobs: Any, ticks: Any
    ) -> tuple[Walk, Buffers, Any]:
        """Go on with the walks of a batch for so many ticks, a leaf of each chain; return how many.

        They are counted in eights (`TICKS`). Walks, settings and knobs have a leading axis of chains. A chain
        that has its ``n_draws`` stops, and the call ends early when an eighth of those that had draws to make
        have stopped.
        """
        leaves = jax.vmap(self.leaf, in_axes=(0, 0, None, 0))
        to_make = jnp.sum(settings.n_draws > 0)

        def unfinished(carry: tuple[jax.Array, Walk]) -> jax.Array:
            tick, walks = carry
            return (tick < ticks) & (8 * jnp.sum(walks.row < settings.n_draws) > 7 * to_make)

        # The row after the last takes what is not a draw.
        empty = empty_buffers((self.batch, self.rows + 1), self.density.size, self.dtype)

        def some_ticks(carry: tuple[jax.Array, Walk]) -> tuple[jax.Array, Walk]:
            tick, walks = carry
            once = lambda _, walks: leaves(walks, settings, data, knobs)  # noqa: E731
            return tick + TICKS, lax.fori_loop(np.int32(0), np.int32(TICKS), once, walks)

        start = walks._replace(row=jnp.zeros_like(walks.row), buffers=empty)
        tick, walks = lax.while_loop(unfinished, some_ticks, (jnp.int32(0), start))
        return walks._replace(buffers=None), walks.buffers, tick

    def blank_walks(self) -> Walk:
        """Return what `run_batch` takes, on the host: walks that begin a draw, from states yet to be set."""
        state = initial_state(np.zeros(self.density.size), np.zeros(2, np.uint32), self.kind, self.dtype)
        walk = jax.eval_shape(lambda state: first_walk(state, 0, self.max_depth, self.dtype), state)
        walks: Walk = jax.tree.map(
            lambda x: np.zeros((self.batch, *x.shape), x.dtype), walk._replace(buffers=None)
        )
        begin = np.ones(self.batch, bool)
        return walks._replace(new_draw=begin, new_doubling=begin)

    def leaf(self, walk: Walk, settings: Settings, data: Any, knobs: Any) -> Walk:
        """Make one leapfrog step, and all that it begins and ends; the only gradient of the program."""
        walk = self.begin(walk)
        log_density, gradient = jax.value_and_grad(self.density.log_density)(walk.sub.position, data, knobs)
        return self.finish(walk, Point(walk.sub.position, gradient, log_density), settings)

    def begin(self, walk: Walk) -> Walk:
        """Begin what has to begin, then make the first half of a leapfrog step."""
        chain = walk.chain

        def new_draw(_: Any) -> tuple[Randomness, Tree]:
            left = chain.search.left
            number = jnp.where(left > 0, PROBE_DRAW + left, chain.draw)
            random = draw_randomness(chain.key, number, self.density.size, self.max_depth, self.dtype)
            return random, begin_draw(chain.point, random)

        random, tree = self.when(walk.new_draw, new_draw, (walk.random, walk.tree))
        sub = self.when(walk.new_doubling, lambda _: begin_doubling(tree, random), walk.sub)
        step = self.signed_step(chain, tree, random)
        momentum = half_kick(sub.momentum, sub.gradient, step, self.transpose(chain))
        position = sub.position + step * self.kind.unwhiten(chain.metric, momentum)
        sub = sub._replace(position=position, momentum=momentum)
        return walk._replace(random=random, tree=tree, sub=sub)

    def finish(self, walk: Walk, point: Point, settings: Settings) -> Walk:
        """Make the second half of the step, add the leaf, and end what it completes."""
        chain, tree, random = walk.chain, walk.tree, walk.random

        def second_half(rest: tuple[Subtree, Checkpoints]) -> tuple[Subtree, Checkpoints]:
            sub, seen = rest
            step = self.signed_step(chain, tree, random)
            momentum = half_kick(sub.momentum, point.gradient, step, self.transpose(chain))
            add = add_leaf if self.batch == 1 else add_leaf_at_once
            return add_point(sub, tree, seen, random, point, momentum, add)

        # What the loop would carry it would copy.
        rest = walk.sub._replace(position=None, gradient=None), walk.seen
        sub, seen = self.as_one(walk, second_half, rest)
        sub = sub._replace(position=point.position, gradient=point.gradient)
        new_doubling = ~subtree_unfinished(sub, tree.depth)
        tree = self.when(new_doubling, lambda tree: end_doubling(tree, sub, seen, random), tree)
        depth_limit = jnp.where(chain.search.left > 0, 1, settings.depth_limit)
        new_draw = new_doubling & ~tree_unfinished(tree, depth_limit)
        row, chain, buffers = self.end_draw(new_draw, walk.row, chain, walk.buffers, tree, settings)
        return Walk(row, chain, random, tree, sub, seen, new_draw, new_doubling, buffers)

    def end_draw(
        self,
        ended: jax.Array,
        row: jax.Array,
        chain: ChainState,
        buffers: Buffers,
        tree: Tree,
        settings: Settings,
    ) -> tuple[jax.Array, ChainState, Buffers]:
        """Where a draw has ended write it down, count it and adapt to it; a step of a search is no draw."""
        if self.batch > 1:
            # A chain that has its draws makes the leaves of its next draw, which ends in a later call, or
            # begins again if it ends in this one. What is written has no condition, or the whole buffers
            # would be copied.
            ended = ended & (row < settings.n_draws)
            buffers = record(buffers, jnp.where(ended, row, self.rows), tree, chain, settings)

        def end(rest: tuple[Any, ...]) -> tuple[Any, ...]:
            row, chain, *written = rest
            written = [record(buffers, row, tree, chain, settings) for buffers in written]
            is_draw, flags = chain.search.left == 0, settings.flags[row]
            searched = self.when(~is_draw, lambda c: search(c, tree, settings.target_accept), chain)
            chain = self.when(is_draw, lambda c: adapt(c, tree, flags, settings.target_accept), searched)
            return row + is_draw, chain, *written

        if self.batch > 1:
            return *self.when(ended, end, (row, chain)), buffers
        return self.when(ended, end, (row, chain, buffers))

    def signed_step(self, chain: ChainState, tree: Tree, random: Randomness) -> jax.Array:
        """Return the step size with the direction of the present doubling."""
        return chain.step_size * (2 * random.forward[tree.depth] - 1).astype(self.dtype)

    def transpose(self, chain: ChainState) -> Callable[[jax.Array], jax.Array]:
        """Return the map ``g -> L^T g``."""
        return lambda g: self.kind.unwhiten_transpose(chain.metric, g)


def always(walk: Walk) -> jax.Array:
    """Return True in a way that the compiler cannot know: what it guards becomes one kernel."""
    return walk.row >= 0


def first_walk(state: ChainState, rows: int, max_depth: int, dtype: np.dtype) -> Walk:
    """Return a walk that will begin a draw; what the draw sets is left at zero."""
    size = state.point.position.shape[0]
    zeros = jnp.zeros(size, dtype)
    random = Randomness(zeros, jnp.zeros(max_depth, jnp.int32), *jnp.zeros((2, max_depth), dtype))
    tree = begin_draw(state.point, random)
    return Walk(
        row=jnp.int32(0),
        chain=state,
        random=random,
        tree=tree,
        sub=begin_doubling(tree, random),
        seen=work_space(max_depth, size, dtype),
        new_draw=jnp.bool_(True),
        new_doubling=jnp.bool_(True),
        buffers=empty_buffers((rows,), size, dtype),
    )


def record(buffers: Buffers, row: jax.Array, tree: Tree, chain: ChainState, settings: Settings) -> Buffers:
    """Write the finished draw into row ``row``."""
    point = tree.proposal.point
    draw = (point.position, point.gradient, stats_row(tree, chain, settings))
    written = (
        lax.dynamic_update_index_in_dim(old, new, row, 0) for old, new in zip(buffers, draw, strict=True)
    )
    return Buffers(*written)


def stats_row(tree: Tree, state: ChainState, settings: Settings) -> jax.Array:
    """Return the statistics of a finished trajectory in the order of `STATS`."""
    proposal = tree.proposal
    start_energy = tree.start_kinetic - tree.start_log_density
    limit = (tree.depth >= settings.depth_limit) & ~tree.turning & ~tree.diverging
    values = (
        proposal.point.log_density,
        tree.accept / jnp.maximum(tree.n_steps, 1),
        tree.diverging,
        start_energy + proposal.energy_change,
        proposal.energy_change,
        tree.depth,
        tree.n_steps,
        state.step_size,
        limit,
        proposal.place,
    )
    dtype = tree.weight.dtype
    return jnp.stack([jnp.asarray(value).astype(dtype) for value in values])


def _where(condition: jax.Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)

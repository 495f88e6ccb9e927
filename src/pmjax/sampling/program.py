"""The one program: warm-up and drawing of a density, a chunk of draws per call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.density.density import Density
from pmjax.sampling import metric as metrics
from pmjax.sampling import schedule, step_size
from pmjax.sampling.nuts import Hamiltonian, Point, Tree, trajectory
from pmjax.sampling.randomness import draw_randomness
from pmjax.sampling.turning import Span, work_space

STATS = (
    "lp",
    "acceptance_rate",
    "diverging",
    "energy",
    "energy_error",
    "tree_depth",
    "n_steps",
    "step_size",
    "reached_max_treedepth",
    "index_in_trajectory",
)
BUFFER_BYTES, MIN_CAPACITY, MAX_CAPACITY = 2**20, 16, 1024


class ChainState(NamedTuple):
    """Everything a chain carries from draw to draw."""

    point: Point
    key: Any
    draw: Any
    step_size: Any
    dual_averaging: step_size.DualAveraging
    metric: metrics.Metric
    estimator: metrics.DiagEstimator


class Settings(NamedTuple):
    """Numbers of a call that may change without a new program.

    ``flags`` (see `schedule`) has one entry for each draw of the chunk, padded to its capacity.
    """

    n_draws: Any
    depth_limit: Any
    target_accept: Any
    flags: Any


class Buffers(NamedTuple):
    """Draws of a chunk, shapes (capacity, D), (capacity, D) and (capacity, len(STATS))."""

    theta: Any
    gradient: Any
    stats: Any


def capacity(size: int) -> int:
    """Return how many draws a chunk can hold: about a megabyte of them."""
    return int(np.clip(BUFFER_BYTES // (8 * max(size, 1)), MIN_CAPACITY, MAX_CAPACITY))


def initial_state(theta: np.ndarray, key: np.ndarray, kind: str, dtype: np.dtype) -> ChainState:
    """Return the state of a chain at ``theta``, where nothing has been evaluated yet."""
    position = np.asarray(theta, dtype)
    none = np.zeros_like(position)
    return ChainState(
        point=Point(position, none, np.asarray(np.nan, dtype)),
        key=key,
        draw=np.int32(0),
        step_size=np.zeros((), dtype),
        dual_averaging=step_size.begin(np.zeros((), dtype)),
        metric=metrics.initial_metric(kind, none),
        estimator=metrics.begin_estimate(position.size, dtype),
    )


def make_run_chunk(
    density: Density, kind: str, max_depth: int, dtype: np.dtype
) -> Callable[[ChainState, Settings, Any, Any], tuple[ChainState, Buffers]]:
    """Return ``run_chunk(state, settings, data, knobs) -> (state, buffers)`` of a density.

    Parameters
    ----------
    density : Density
    kind : str
        Name of the metric.
    max_depth : int
        Greatest tree depth that the program has room for.
    dtype : dtype
        Precision of everything the sampler does.
    """
    rows = capacity(density.size)

    def run_chunk(
        state: ChainState, settings: Settings, data: Any, knobs: Any
    ) -> tuple[ChainState, Buffers]:
        value_and_grad = jax.value_and_grad(lambda theta: density.log_density(theta, data, knobs))
        buffers = Buffers(
            jnp.zeros((rows, density.size), dtype),
            jnp.zeros((rows, density.size), dtype),
            jnp.zeros((rows, len(STATS)), dtype),
        )
        spans = work_space(max_depth, density.size, dtype)

        def one_draw(carry: tuple[jax.Array, ChainState, Buffers, Span]) -> Any:
            i, state, buffers, spans = carry
            random = draw_randomness(state.key, state.draw, density.size, max_depth, dtype)
            system = Hamiltonian(
                value_and_grad,
                lambda p: metrics.unwhiten(state.metric, kind, p),
                lambda g: metrics.unwhiten_transpose(state.metric, kind, g),
                state.step_size,
            )
            tree = trajectory(state.point, spans, random, system, settings.depth_limit)
            point = tree.proposal.point
            row = (point.position, point.gradient, stats_row(tree, state, settings))
            buffers = Buffers(
                *(lax.dynamic_update_index_in_dim(b, x, i, 0) for b, x in zip(buffers, row, strict=True))
            )
            state = adapt(state, tree, settings.flags[i], settings.target_accept)
            return i + 1, state, buffers, tree.spans

        carry = (jnp.int32(0), state, buffers, spans)
        _, state, buffers, _ = lax.while_loop(lambda carry: carry[0] < settings.n_draws, one_draw, carry)
        return state, buffers

    return run_chunk


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
        proposal.index,
    )
    dtype = tree.log_weight.dtype
    return jnp.stack([jnp.asarray(value).astype(dtype) for value in values])


def adapt(state: ChainState, tree: Tree, flags: jax.Array, target: jax.Array) -> ChainState:
    """Move to the new draw and let the parts of the adaptation that ``flags`` names listen to it."""

    def on(flag: int) -> jax.Array:
        return (flags & flag) != 0

    point = tree.proposal.point
    accept = jnp.where(on(schedule.LATE), tree.symmetric, tree.accept) / jnp.maximum(tree.n_steps, 1)
    averaging, log_step = step_size.update(state.dual_averaging, accept, target)
    log_step = jnp.where(on(schedule.FREEZE), averaging.log_average, log_step)
    averaging = _where(on(schedule.RESTART), step_size.begin(log_step), averaging)

    # A draw that did not move tells the metric nothing, one close to a divergence misleads it.
    moved = jnp.where(tree.diverging, jnp.abs(tree.proposal.index) > 4, tree.proposal.index != 0)

    def listen(estimator: metrics.DiagEstimator, sigma: jax.Array) -> tuple[metrics.DiagEstimator, jax.Array]:
        estimator = metrics.update_estimate(
            estimator, point.position, point.gradient, moved, on(schedule.SWITCH)
        )
        return estimator, metrics.fisher_sigma(estimator.foreground, sigma)

    estimator, sigma = lax.cond(
        on(schedule.TUNE_METRIC), listen, lambda *old: old, state.estimator, state.metric.sigma
    )

    listening = on(schedule.TUNE_STEP)
    return ChainState(
        point=point,
        key=state.key,
        draw=state.draw + 1,
        step_size=jnp.where(listening, jnp.exp(log_step), state.step_size),
        dual_averaging=_where(listening, averaging, state.dual_averaging),
        metric=state.metric._replace(sigma=sigma),
        estimator=estimator,
    )


def _where(condition: jax.Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)

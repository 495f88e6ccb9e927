"""What listens to the trajectories of warm-up: the step size and the metric."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from pmjax.inference.nuts import metric as metrics
from pmjax.inference.nuts import schedule, step_size
from pmjax.inference.nuts.kernel import Tree
from pmjax.inference.nuts.state import ChainState


def search(state: ChainState, tree: Tree, target: jax.Array) -> ChainState:
    """Let the search for a step size hear of a leaf; where it ends, dual averaging begins."""
    now, step = step_size.search(state.search, state.step_size, tree.accept, target)
    averaging = _where(now.left == 0, step_size.begin(jnp.log(step)), state.dual_averaging)
    return state._replace(search=now, step_size=step, dual_averaging=averaging)


def adapt(state: ChainState, tree: Tree, flags: jax.Array, target: jax.Array) -> ChainState:
    """Move to the new draw and let the parts of the adaptation that ``flags`` names listen to it."""

    def on(flag: int) -> jax.Array:
        return (flags & flag) != 0

    point = tree.proposal.point
    accept = jnp.where(on(schedule.LATE), tree.symmetric, tree.accept) / jnp.maximum(tree.n_steps, 1)
    averaging, log_step = step_size.update(state.dual_averaging, accept, target)
    log_step = jnp.where(on(schedule.FREEZE), averaging.log_average, log_step)
    averaging = averaging._replace(averaged=jnp.where(on(schedule.AVERAGE), 0, averaging.averaged))

    # A draw that did not move tells the metric nothing, one close to a divergence misleads it.
    moved = jnp.where(tree.diverging, jnp.abs(tree.proposal.place) > 4, tree.proposal.place != 0)

    def listen(estimator: metrics.DiagEstimator, sigma: jax.Array) -> tuple[metrics.DiagEstimator, jax.Array]:
        estimator = metrics.update_estimate(
            estimator, point.position, point.gradient, moved, on(schedule.SWITCH)
        )
        return estimator, metrics.fisher_sigma(estimator.foreground, sigma)

    estimator, sigma = lax.cond(
        on(schedule.TUNE_METRIC), listen, lambda *old: old, state.estimator, state.metric.sigma
    )

    listening = on(schedule.TUNE_STEP)
    return state._replace(
        point=point,
        draw=state.draw + 1,
        step_size=jnp.where(listening, jnp.exp(log_step), state.step_size),
        dual_averaging=_where(listening, averaging, state.dual_averaging),
        metric=state.metric._replace(sigma=sigma),
        estimator=estimator,
    )


def _where(condition: jax.Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)

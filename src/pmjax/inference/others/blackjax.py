"""BlackJAX's NUTS, tuned by its window adaptation, on a density."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.inference.others.common import attributes, check_options, options_of, refuse_warmup, waited
from pmjax.inference.others.recorded import record
from pmjax.run.plan import Plan, Run
from pmjax.run.progress import Progress
from pmjax.run.trace import Trace
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import chain_keys
from pmjax.target.density import Density
from pmjax.target.target import Target


@dataclass(frozen=True)
class BlackJAXNUTS:
    """BlackJAX's NUTS after its window adaptation, in double precision.

    Parameters
    ----------
    target_accept : float
        Acceptance rate that the step size is tuned to, in (0, 1).
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    chain_method : {"sequential", "vectorized"}
        One chain after the other, or all in one batch.
    nuts_kwargs : mapping, optional
        More arguments of ``blackjax.window_adaptation`` and of ``blackjax.nuts``.
    """

    target_accept: float = 0.8
    max_treedepth: int = 10
    chain_method: str = "sequential"
    nuts_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target, without warm-up draws; the gradients of the warm-up are counted."""
        if self.chain_method not in ("sequential", "vectorized"):
            raise ModelError(
                f"BlackJAXNUTS: chain_method must be 'sequential' or 'vectorized', not {self.chain_method!r}"
            )
        refuse_warmup(plan, "blackjax")
        run.while_compiling()
        began, density = time.perf_counter(), target.density
        run_chain = _chain(density, plan, self)
        with own_settings():
            starts = np.asarray(plan.first_starts, np.float64)
            keys = jax.random.wrap_key_data(jnp.asarray(chain_keys(plan.seed, "blackjax", plan.chains)))

            def run_chains(keys: jax.Array, starts: jax.Array, data: Any, knobs: Any) -> tuple[Any, ...]:
                if self.chain_method == "vectorized":
                    return jax.vmap(run_chain, (0, 0, None, None))(keys, starts, data, knobs)
                return jax.lax.map(lambda chain: run_chain(chain[0], chain[1], data, knobs), (keys, starts))

            arguments = (keys, starts, density.data, density.knobs)
            progress = Progress(run.progressbar)
            lowered = jax.jit(run_chains).lower(*arguments)
            program = waited(lowered.compile, progress, "Compiling the model and BlackJAX's sampler")
            compiled = time.perf_counter()
            drawn = waited(lambda: jax.block_until_ready(program(*arguments)), progress, "BlackJAX samples")
            theta, stats, warmup_steps = jax.tree.map(np.asarray, drawn)
        sampled = time.perf_counter()
        posterior, _ = record(density, theta, stats, plan, first=plan.tune)
        return Trace(
            posterior,
            None,
            seconds={
                "compile": compiled - began,
                "sample": sampled - compiled,
                "outputs": time.perf_counter() - sampled,
            },
            gradients=int(stats["n_steps"].sum() + warmup_steps.sum()),
            attributes=attributes("blackjax", plan, {"target_accept": self.target_accept}),
        )


def _chain(density: Density, plan: Plan, options: BlackJAXNUTS) -> Callable[..., tuple[Any, ...]]:
    """Return ``run_chain(key, start, data, knobs) -> (theta, stats, gradients of the warm-up)``."""
    try:
        import blackjax
    except ImportError as error:
        raise ImportError("BlackJAX's NUTS needs BlackJAX: pip install 'pmjax[blackjax]'.") from error
    adaptation = options_of(blackjax.window_adaptation, "algorithm", "logdensity_fn", "adaptation_info_fn")
    own = options_of(blackjax.mcmc.nuts.as_top_level_api, "logdensity_fn", "step_size", "inverse_mass_matrix")
    check_options("nuts_kwargs of BlackJAX", options.nuts_kwargs, [*adaptation, *own])
    defaults = {"target_acceptance_rate": options.target_accept, "max_num_doublings": options.max_treedepth}
    max_treedepth = options.nuts_kwargs.get("max_num_doublings", options.max_treedepth)

    def run_chain(key: jax.Array, start: jax.Array, data: Any, knobs: Any) -> tuple[Any, ...]:
        def log_density(theta: jax.Array) -> jax.Array:
            return density.log_density(theta, data, knobs)

        def steps_taken(state: Any, info: Any, adaptation: Any) -> jax.Array:
            return info.num_integration_steps

        warm_key, draw_key = jax.random.split(key)
        adaptation = blackjax.window_adaptation(
            blackjax.nuts,
            log_density,
            adaptation_info_fn=steps_taken,
            **{**defaults, **options.nuts_kwargs},
        )
        (state, parameters), warmup_steps = adaptation.run(warm_key, start, plan.tune)
        kernel = blackjax.nuts(log_density, **parameters)

        def step(state: Any, key: jax.Array) -> tuple[Any, tuple[jax.Array, dict[str, jax.Array]]]:
            state, info = kernel.step(key, state)
            stats = {
                "lp": state.logdensity,
                "acceptance_rate": info.acceptance_rate,
                "diverging": info.is_divergent,
                "energy": info.energy,
                "tree_depth": info.num_trajectory_expansions,
                "n_steps": info.num_integration_steps,
                "step_size": parameters["step_size"],
                "reached_max_treedepth": info.num_integration_steps == 2**max_treedepth - 1,
            }
            return state, (state.position, stats)

        _, (theta, stats) = jax.lax.scan(step, state, jax.random.split(draw_key, plan.draws))
        return theta, stats, warmup_steps.sum()

    return run_chain

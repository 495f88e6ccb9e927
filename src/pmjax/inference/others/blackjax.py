"""BlackJAX's NUTS, tuned by its window adaptation, on a density."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from pmjax.inference.others.recorded import record_phases
from pmjax.run.trace import Trace
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import chain_keys
from pmjax.target.density import Density


def sample_blackjax(
    density: Density,
    starts: np.ndarray,
    *,
    draws: int = 1000,
    tune: int = 1000,
    target_accept: float = 0.8,
    seed: int = 0,
    chain_method: str = "sequential",
    max_treedepth: int = 10,
    keep_theta: bool = True,
) -> Trace:
    """Draw from a density with ``blackjax.nuts`` after ``blackjax.window_adaptation``, in double precision.

    Parameters
    ----------
    density : Density
    starts : ndarray, shape (chains, D)
        A starting point for each chain.
    draws, tune : int
        Kept draws and warm-up draws of each chain.
    target_accept : float
        Acceptance rate that the step size is tuned to.
    seed : int
        The draws of a chain depend on ``seed`` and on the chain's index alone.
    chain_method : {"sequential", "vectorized"}
        One chain after the other, or all in one batch.
    max_treedepth : int
    keep_theta : bool
        Keep the unconstrained draws.

    Returns
    -------
    Trace
        Without warm-up draws; the gradients of the warm-up are counted.

    Examples
    --------
    >>> normal = Density(1, lambda t, data, knobs: -0.5 * (t @ t), lambda t, data, knobs, key: {"x": t[0]},
    ...                  {}, {}, ("normal",), ("x",))
    >>> trace = sample_blackjax(normal, np.zeros((2, 1)), draws=100, tune=100)
    >>> trace.posterior.outputs["x"].shape
    (2, 100)
    """
    if chain_method not in ("sequential", "vectorized"):
        raise ValueError(f"chain_method must be 'sequential' or 'vectorized', not {chain_method!r}.")
    began = time.perf_counter()
    run_chain = _chain(density, draws, tune, target_accept, max_treedepth)
    with own_settings():
        starts = np.asarray(starts, np.float64)
        keys = jax.random.wrap_key_data(jax.numpy.asarray(chain_keys(seed, "blackjax", len(starts))))

        def run_chains(keys: jax.Array, starts: jax.Array, data: Any, knobs: Any) -> tuple[Any, ...]:
            if chain_method == "vectorized":
                return jax.vmap(run_chain, (0, 0, None, None))(keys, starts, data, knobs)
            return jax.lax.map(lambda chain: run_chain(chain[0], chain[1], data, knobs), (keys, starts))

        program = jax.jit(run_chains).lower(keys, starts, density.data, density.knobs).compile()
        compiled = time.perf_counter()
        theta, stats, warmup_steps = jax.tree.map(
            np.asarray, program(keys, starts, density.data, density.knobs)
        )
        sampled = time.perf_counter()
        posterior, _ = record_phases(density, theta, stats, 0, seed, keep_theta=keep_theta)
    return Trace(
        posterior,
        None,
        seconds={
            "compile": compiled - began,
            "sample": sampled - compiled,
            "outputs": time.perf_counter() - sampled,
        },
        gradients=int(stats["n_steps"].sum() + warmup_steps.sum()),
        attributes={
            "sampler": "blackjax",
            "seed": seed,
            "tuning_steps": tune,
            "target_accept": target_accept,
        },
    )


def _chain(
    density: Density, draws: int, tune: int, target_accept: float, max_treedepth: int
) -> Callable[..., tuple[Any, ...]]:
    """Return ``run_chain(key, start, data, knobs) -> (theta, stats, gradients of the warm-up)``."""
    try:
        import blackjax
    except ImportError as error:
        raise ImportError("BlackJAX's NUTS needs BlackJAX: pip install 'pmjax[blackjax]'.") from error

    def run_chain(key: jax.Array, start: jax.Array, data: Any, knobs: Any) -> tuple[Any, ...]:
        def log_density(theta: jax.Array) -> jax.Array:
            return density.log_density(theta, data, knobs)

        def steps_taken(state: Any, info: Any, adaptation: Any) -> jax.Array:
            return info.num_integration_steps

        warm_key, draw_key = jax.random.split(key)
        adaptation = blackjax.window_adaptation(
            blackjax.nuts,
            log_density,
            target_acceptance_rate=target_accept,
            adaptation_info_fn=steps_taken,
            max_num_doublings=max_treedepth,
        )
        (state, parameters), warmup_steps = adaptation.run(warm_key, start, tune)
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

        _, (theta, stats) = jax.lax.scan(step, state, jax.random.split(draw_key, draws))
        return theta, stats, warmup_steps.sum()

    return run_chain

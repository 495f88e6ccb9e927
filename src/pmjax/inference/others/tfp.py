"""NUTS of TensorFlow Probability on JAX, its step size tuned by dual averaging, on a density."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.inference.others.common import attributes, check_options, options_of, waited
from pmjax.inference.others.recorded import record
from pmjax.run.plan import Plan, Run
from pmjax.run.progress import Progress
from pmjax.run.trace import Trace
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import chain_keys
from pmjax.target.density import Density
from pmjax.target.target import Target

FIRST_STEP, TUNED_SHARE = 0.1, 0.8
"""The step size that tuning begins with, and the share of the warm-up that tunes it."""


@dataclass(frozen=True)
class TFPNUTS:
    """The no-U-turn sampler of TensorFlow Probability, in double precision.

    The first 80 % of the warm-up tune the step size by dual averaging; there is no metric, so that scales of
    the posterior that differ widely make long trajectories.

    Parameters
    ----------
    target_accept : float
        Acceptance rate that the step size is tuned to, in (0, 1).
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    chain_method : {"sequential", "vectorized"}
        One chain after the other, or all in one batch.
    nuts_kwargs : mapping, optional
        More arguments of ``tfp.mcmc.NoUTurnSampler``.
    """

    target_accept: float = 0.8
    max_treedepth: int = 10
    chain_method: str = "sequential"
    nuts_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target."""
        if self.chain_method not in ("sequential", "vectorized"):
            raise ModelError(
                f"TFPNUTS: chain_method must be 'sequential' or 'vectorized', not {self.chain_method!r}"
            )
        tfp = imported()
        own = ("target_log_prob_fn", "step_size", "name", "experimental_shard_axis_names")
        check_options("nuts_kwargs of TFP", self.nuts_kwargs, options_of(tfp.mcmc.NoUTurnSampler, *own))
        run.while_compiling()
        began, density = time.perf_counter(), target.density
        run_chain = self._chain(tfp, density, plan)
        progress = Progress(run.progressbar)
        with own_settings():
            starts = np.asarray(plan.first_starts, np.float64)
            keys = jnp.asarray(chain_keys(plan.seed, "tfp", plan.chains))

            def run_chains(keys: jax.Array, starts: jax.Array, data: Any, knobs: Any) -> Any:
                if self.chain_method == "vectorized":
                    return jax.vmap(run_chain, (0, 0, None, None))(keys, starts, data, knobs)
                return jax.lax.map(lambda chain: run_chain(chain[0], chain[1], data, knobs), (keys, starts))

            arguments = (keys, starts, density.data, density.knobs)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                lowered = jax.jit(run_chains).lower(*arguments)
            program = waited(lowered.compile, progress, "Compiling the model and the sampler of TFP")
            compiled = time.perf_counter()
            drawn = waited(lambda: jax.block_until_ready(program(*arguments)), progress, "TFP samples")
            theta, stats = jax.tree.map(np.asarray, drawn)
        sampled = time.perf_counter()
        posterior, warmup = record(density, theta, stats, plan)
        return Trace(
            posterior,
            warmup,
            seconds={
                "compile": compiled - began,
                "sample": sampled - compiled,
                "outputs": time.perf_counter() - sampled,
            },
            gradients=int(stats["n_steps"].sum()),
            attributes=attributes("tfp", plan, {"target_accept": self.target_accept}),
        )

    def _chain(self, tfp: Any, density: Density, plan: Plan) -> Callable[..., Any]:
        """Return ``run_chain(key, start, data, knobs) -> (theta, stats)``."""
        options = {"max_tree_depth": self.max_treedepth, **self.nuts_kwargs}
        most = 2 ** options["max_tree_depth"] - 1

        def traced(theta: jax.Array, results: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
            inner = results.inner_results if plan.tune else results
            leaves = inner.leapfrogs_taken
            return theta, {
                "lp": inner.target_log_prob,
                "acceptance_rate": jnp.minimum(1.0, jnp.exp(inner.log_accept_ratio)),
                "diverging": inner.has_divergence,
                # TFP's energy is the log of the joint density.
                "energy": -inner.energy,
                "tree_depth": jnp.floor(jnp.log2(jnp.maximum(leaves, 1))).astype(int) + 1,
                "n_steps": leaves,
                "step_size": jnp.reshape(jax.tree.leaves(inner.step_size)[0], ()),
                "reached_max_treedepth": leaves >= most,
            }

        def run_chain(key: jax.Array, start: jax.Array, data: Any, knobs: Any) -> Any:
            first = jnp.asarray(FIRST_STEP, start.dtype)
            kernel = tfp.mcmc.NoUTurnSampler(
                lambda theta: density.log_density(theta, data, knobs), step_size=first, **options
            )
            if plan.tune:
                kernel = tfp.mcmc.DualAveragingStepSizeAdaptation(
                    kernel,
                    num_adaptation_steps=int(np.ceil(TUNED_SHARE * plan.tune)),
                    target_accept_prob=jnp.asarray(self.target_accept, start.dtype),
                )
            return tfp.mcmc.sample_chain(
                num_results=plan.tune + plan.draws,
                num_burnin_steps=0,
                current_state=start,
                kernel=kernel,
                trace_fn=traced,
                seed=key,
            ).trace

        return run_chain


def imported() -> Any:
    """Return TensorFlow Probability's JAX substrate.

    Raises
    ------
    ImportError
        If it is not installed, or is a release that does not work with the installed JAX.
    """
    advice = "pip install 'pmjax[tfp]' brings the nightly build, which works with current JAX"
    try:
        with warnings.catch_warnings():
            # What JAX tells TFP of itself is not for our users.
            warnings.simplefilter("ignore")
            import tensorflow_probability.substrates.jax as tfp
    except ModuleNotFoundError as error:
        if error.name != "tensorflow_probability":
            raise ImportError(f"TensorFlow Probability needs {error.name}: {advice}.") from error
        raise ImportError(f"TFP's NUTS needs TensorFlow Probability: {advice}.") from error
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"The installed TensorFlow Probability does not import with JAX {jax.__version__} ({error}), as "
            f"its release 0.25 does not: {advice}."
        ) from error
    return tfp

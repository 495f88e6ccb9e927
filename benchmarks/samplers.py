"""The samplers that are compared, one function each.

A sampler is a function ``(build, settings, clock) -> sample``: it imports its library, builds the model
and returns ``sample(seed) -> Run``. It calls ``clock(part)`` as each part of the start is done. Nothing
is imported before the sampler that needs it runs, for imports are part of what is measured.
All take the same number of chains, of warm-up draws and of kept draws, in double precision.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from models import Build

Clock = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What every sampler is asked for."""

    draws: int
    tune: int
    chains: int
    target_accept: float

    @property
    def cores(self) -> int:
        """Chains at a time, for samplers that by default leave processors idle."""
        return min(self.chains, os.cpu_count() or 1)


@dataclass(frozen=True)
class Run:
    """What one call of a sampler returned.

    Attributes
    ----------
    draws : dict of str to ndarray, shape (chains, draws, ...)
        On the user's scale: free variables and deterministics.
    gradients : int or None
        Of all chains, with those of the warm-up; None if the sampler does not count these.
    divergences : int
    seconds : float or None
        The library's own sampling time, where every call compiles; else the call is timed as it is.
    """

    draws: dict[str, np.ndarray] = field(repr=False)
    gradients: int | None
    divergences: int
    seconds: float | None = None


Sample = Callable[[int], Run]
Sampler = Callable[[Build, Settings, Clock], Sample]


def pmjax(build: Build, settings: Settings, clock: Clock, **options: Any) -> Sample:
    """Our own."""
    import pmjax as pm

    clock("import")
    model = build(pm)
    clock("build")

    def sample(seed: int) -> Run:
        trace = pm.sample(
            settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            target_accept=settings.target_accept,
            random_seed=seed,
            progressbar=False,
            compute_convergence_checks=False,
            model=model,
            **options,
        )
        return Run(_draws(trace), int(trace.posterior.attrs["gradients"]), _divergences(trace))

    return sample


def nutpie(build: Build, settings: Settings, clock: Clock, low_rank: bool = False) -> Sample:
    """PyMC's model compiled by Numba, sampled in Rust."""
    import nutpie
    import pymc as pm

    clock("import")
    model = build(pm)
    clock("build")
    compiled = nutpie.compile_pymc_model(model)
    clock("compile")
    # The argument has another name in the versions of nutpie for Python 3.11.
    renamed = "adaptation" in inspect.signature(nutpie.sample).parameters
    low_rank_option = {"adaptation": "low_rank"} if renamed else {"low_rank_modified_mass_matrix": True}
    options = low_rank_option if low_rank else {}

    def sample(seed: int) -> Run:
        trace = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            seed=seed,
            target_accept=settings.target_accept,
            progress_bar=False,
            **options,
        )
        return Run(_draws(trace), _steps(trace), _divergences(trace))

    return sample


def pymc(build: Build, settings: Settings, clock: Clock) -> Sample:
    """PyMC's own NUTS; every call compiles the model again."""
    import pymc as pm

    clock("import")
    model = build(pm)
    clock("build")

    def sample(seed: int) -> Run:
        trace = pm.sample(
            settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            target_accept=settings.target_accept,
            random_seed=seed,
            progressbar=False,
            compute_convergence_checks=False,
            discard_tuned_samples=False,
            nuts_sampler="pymc",
            model=model,
        )
        seconds = float(trace.posterior.attrs["sampling_time"])
        return Run(_draws(trace), _steps(trace), _divergences(trace), seconds)

    return sample


def pymc_numpyro(build: Build, settings: Settings, clock: Clock) -> Sample:
    """PyMC's model on NumPyro's NUTS, as PyMC runs it.

    Each call compiles, within what PyMC calls its sampling time, and keeps no statistics of the warm-up.
    """
    import jax
    import pymc as pm

    jax.config.update("jax_num_cpu_devices", settings.chains)
    clock("import")
    model = build(pm)
    clock("build")

    def sample(seed: int) -> Run:
        trace = pm.sample(
            settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            target_accept=settings.target_accept,
            random_seed=seed,
            progressbar=False,
            compute_convergence_checks=False,
            nuts_sampler="numpyro",
            model=model,
        )
        return Run(_draws(trace), None, _divergences(trace), float(trace.posterior.attrs["sampling_time"]))

    return sample


def numpyro(build: Build, settings: Settings, clock: Clock) -> Sample:
    """NumPyro's NUTS on the density as pmjax reads it, not rewritten; a device for each chain."""
    import jax

    jax.config.update("jax_num_cpu_devices", settings.chains)
    jax.config.update("jax_enable_x64", True)
    from numpyro.infer import NUTS

    import pmjax as pm

    clock("import")
    target = _JaxTarget(build(pm))
    clock("build")
    kernel = NUTS(
        potential_fn=lambda theta: -target.log_density(theta), target_accept_prob=settings.target_accept
    )

    def run_chain(key: Any, start: Any) -> tuple[Any, ...]:
        def step(state: Any, _: None) -> tuple[Any, tuple[Any, ...]]:
            state = kernel.sample(state, (), {})
            return state, (state.z, state.num_steps, state.diverging)

        state = kernel.init(key, settings.tune, start, model_args=(), model_kwargs={})
        _, (theta, steps, diverging) = jax.lax.scan(step, state, length=settings.tune + settings.draws)
        return theta[settings.tune :], steps.sum(), diverging[settings.tune :].sum()

    return target.sampled_by(run_chain, settings.chains)


def blackjax(build: Build, settings: Settings, clock: Clock) -> Sample:
    """BlackJAX's NUTS after its window adaptation, on the same density; a device for each chain."""
    import jax

    jax.config.update("jax_num_cpu_devices", settings.chains)
    jax.config.update("jax_enable_x64", True)
    import blackjax

    import pmjax as pm

    clock("import")
    target = _JaxTarget(build(pm))
    clock("build")

    def run_chain(key: Any, start: Any) -> tuple[Any, ...]:
        warm_key, draw_key = jax.random.split(key)
        adaptation = blackjax.window_adaptation(
            blackjax.nuts,
            target.log_density,
            target_acceptance_rate=settings.target_accept,
            adaptation_info_fn=lambda state, info, adaptation: info.num_integration_steps,
        )
        (state, parameters), warmup_steps = adaptation.run(warm_key, start, settings.tune)
        kernel = blackjax.nuts(target.log_density, **parameters)

        def step(state: Any, key: Any) -> tuple[Any, tuple[Any, ...]]:
            state, info = kernel.step(key, state)
            return state, (state.position, info.num_integration_steps, info.is_divergent)

        _, (theta, steps, diverging) = jax.lax.scan(step, state, jax.random.split(draw_key, settings.draws))
        return theta, steps.sum() + warmup_steps.sum(), diverging.sum()

    return target.sampled_by(run_chain, settings.chains)


class _JaxTarget:
    """A density for samplers that take a JAX function of one flat vector."""

    def __init__(self, model: Any) -> None:
        import jax

        from pmjax.target.joint import joint_density

        density = joint_density(model.freeze())
        data, knobs = jax.device_put(density.data), jax.device_put(density.knobs)
        self.log_density = lambda theta: density.log_density(theta, data, knobs)
        key = np.zeros(2, np.uint32)
        self.outputs = jax.jit(jax.vmap(lambda theta: density.outputs(theta, data, knobs, key)))
        self.center = np.concatenate([np.ravel(v).astype(float) for v in model.initial_point().values()])

    def sampled_by(self, run_chain: Callable[[Any, Any], tuple[Any, ...]], chains: int) -> Sample:
        """Return ``sample`` for ``run_chain(key, start) -> (theta, gradients, divergences)``."""
        import jax

        run_chains = jax.pmap(run_chain)

        def sample(seed: int) -> Run:
            jitter = np.random.default_rng(seed).uniform(-1, 1, (chains, self.center.size))
            keys = jax.random.split(jax.random.PRNGKey(seed), chains)
            theta, gradients, divergences = run_chains(keys, self.center + jitter)
            draws = _stack([self.outputs(chain) for chain in np.asarray(theta)])
            return Run(draws, int(gradients.sum()), int(divergences.sum()))

        return sample


def _stack(chains: list[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    return {name: np.stack([np.asarray(chain[name]) for chain in chains]) for name in chains[0]}


def _draws(trace: Any) -> dict[str, np.ndarray]:
    return {str(name): np.asarray(values) for name, values in trace.posterior.data_vars.items()}


def _steps(trace: Any) -> int:
    return int(trace.sample_stats["n_steps"].sum() + trace.warmup_sample_stats["n_steps"].sum())


def _divergences(trace: Any) -> int:
    return int(trace.sample_stats["diverging"].sum())


SAMPLERS: dict[str, Sampler] = {
    "pmjax": pmjax,
    "pmjax-plain": partial(pmjax, rewrites=False),
    "pmjax-low-rank": partial(pmjax, nuts_sampler_kwargs={"metric": "low_rank"}),
    "nutpie": nutpie,
    "nutpie-low-rank": partial(nutpie, low_rank=True),
    "pymc": pymc,
    "pymc-numpyro": pymc_numpyro,
    "numpyro": numpyro,
    "blackjax": blackjax,
}

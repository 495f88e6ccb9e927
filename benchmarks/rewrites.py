"""What the rewrites are worth: rows, microseconds per gradient, and draws, before and after.

    python benchmarks/rewrites.py

Prints two tables in Markdown. Timings of the two versions of a model are interleaved; each is the median
of several rounds of a compiled leapfrog loop.
"""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import arviz as az
import jax
import numpy as np
from models import hierarchical, regressions
from models.data import posteriordb, posteriordb_file

import pmjax as pm
from pmjax.inference.nuts.sample import sample_nuts
from pmjax.model.spec import ModelSpec
from pmjax.rewrites.centring_hook import recentre_hook
from pmjax.rewrites.pipeline import apply
from pmjax.runtime.precision import double_precision
from pmjax.target.density import Density
from pmjax.target.joint import joint_density
from pmjax.target.start import initial_point

STEPS, ROUNDS, SEEDS = 2000, 9, (1, 2, 3)


def radon_all(pm: ModuleType) -> Any:
    """Log radon in 12,573 homes of 386 counties, intercepts and slopes by county, centred."""
    data = posteriordb("radon_all")
    county, floor = data["county_idx"].astype("int32") - 1, data["floor_measure"] * 1.0
    with pm.Model() as model:
        mu_a, mu_b = pm.Normal("mu_a", 0, 10), pm.Normal("mu_b", 0, 10)
        sigma_a, sigma_b = pm.HalfNormal("sigma_a", 1), pm.HalfNormal("sigma_b", 1)
        a = pm.Normal("a", mu_a, sigma_a, shape=data["J"])
        b = pm.Normal("b", mu_b, sigma_b, shape=data["J"])
        sigma = pm.HalfNormal("sigma", 1)
        pm.Normal("y", a[county] + b[county] * floor, sigma, observed=data["log_radon"])
    return model


def eight_schools_centred(pm: ModuleType) -> Any:
    """Coaching effects, as the model is said: Rubin (1981)."""
    data = posteriordb("eight_schools")
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        theta = pm.Normal("theta", mu, tau, shape=data["J"])
        pm.Normal("y", theta, data["sigma"] * 1.0, observed=data["y"])
    return model


def funnel(pm: ModuleType) -> Any:
    """Neal (2003), ten dimensions."""
    with pm.Model() as model:
        v = pm.Normal("v", 0, 3)
        pm.Normal("x", 0.0, np.exp(v / 2), shape=9)
    return model


def well_measured(pm: ModuleType) -> Any:
    """Thirty groups of 400 observations each: centred is how an expert would write it."""
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(30), 400)
    effect = rng.normal(3.0, 0.5, 30)
    with pm.Model() as model:
        mu, tau, sigma = pm.Normal("mu", 0, 10), pm.HalfNormal("tau", 2), pm.HalfNormal("sigma", 2)
        theta = pm.Normal("theta", mu, tau, shape=30)
        pm.Normal("y", theta[group], sigma, observed=rng.normal(effect[group]))
    return model


def leapfrog(density: Density) -> Any:
    """Return ``run(theta) -> microseconds per gradient`` of a compiled leapfrog loop."""
    gradient = jax.grad(density.log_density)

    def loop(theta: jax.Array, data: Any, knobs: Any) -> Any:
        def step(_: int, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            position, momentum = state
            momentum = momentum + 1e-6 * gradient(position, data, knobs)
            return position + 1e-6 * momentum, momentum

        return jax.lax.fori_loop(0, STEPS, step, (theta, 0 * theta))

    program = jax.jit(loop).lower(np.zeros(density.size), density.data, density.knobs).compile()

    def run(theta: np.ndarray) -> float:
        began = time.perf_counter()
        jax.block_until_ready(program(theta, density.data, density.knobs))
        return (time.perf_counter() - began) / STEPS * 1e6

    return run


def compare_gradients(name: str, spec: ModelSpec) -> str:
    """Return one row of the table of `collapse_rows`."""
    began = time.perf_counter()
    collapsed, _ = apply(spec, ["collapse_rows"])
    seconds = time.perf_counter() - began
    with double_precision():
        densities = [joint_density(s) for s in (spec, collapsed)]
        theta = np.random.default_rng(0).normal(0, 0.1, densities[0].size)
        pairs = [jax.jit(jax.value_and_grad(d.log_density))(theta, d.data, d.knobs) for d in densities]
        pairs = jax.tree.map(np.asarray, pairs)
        runs = [leapfrog(d) for d in densities]
        times = np.median([[run(theta) for run in runs] for _ in range(ROUNDS)], axis=0)
    (value, gradient), (again, gradient_again) = pairs
    error = max(
        abs(value - again) / abs(value), np.abs(gradient - gradient_again).max() / np.abs(gradient).max()
    )
    before, after = (s.observed[0].variable.shape[0] for s in (spec, collapsed))
    return (
        f"| {name} | {before} | {after} | {times[0]:.1f} | {times[1]:.1f} | {times[0] / times[1]:.1f} "
        f"| {error:.0e} | {seconds * 1e3:.0f} |"
    )


def draw(spec: ModelSpec, seed: int, **options: Any) -> tuple[float, int, int]:
    """Return worst bulk ESS, gradients with warm-up, and divergences."""
    density, point = joint_density(spec), initial_point(spec)
    start = np.concatenate([np.ravel(point[v.value_name]) for v in spec.free])

    def starts(chain: int, attempt: int) -> np.ndarray:
        return start + np.random.default_rng([seed, chain, attempt]).uniform(-1, 1, start.size)

    trace = sample_nuts(
        density, starts, seed=seed, window_hook=recentre_hook(spec), progressbar=False, **options
    )
    worst = min(
        float(az.ess(draws.reshape(*draws.shape[:2], -1)[:, :, i], method="bulk"))
        for draws in trace.posterior.outputs.values()
        for i in range(int(np.prod(draws.shape[2:], dtype=int)))
    )
    return worst, trace.gradients, int(trace.posterior.stats["diverging"].sum())


def compare_draws(name: str, spec: ModelSpec, **options: Any) -> str:
    """Return one row of the table of `recentre`: medians over seeds, both with rows collapsed."""
    plain, recentred = apply(spec, ["collapse_rows"])[0], apply(spec)[0]
    cells = []
    for version in (plain, recentred):
        results = np.array([draw(version, seed, **options) for seed in SEEDS])
        per_gradient = np.median(results[:, 0] / results[:, 1] * 1000)
        cells += [f"{np.median(results[:, 0]):.0f}", f"{np.median(results[:, 1]) / 1000:.0f}k"]
        cells += [f"{per_gradient:.2f}", "/".join(f"{n:.0f}" for n in results[:, 2])]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    print(
        "| model | rows | terms | us per gradient before | after | ratio | relative error | ms to rewrite |"
    )
    print("|---|---|---|---|---|---|---|---|")
    models = {
        "radon": (hierarchical.radon, None),
        "election88": (hierarchical.election88, "election88"),
        "radon_all": (radon_all, "radon_all"),
        "kidscore_interaction": (regressions.kidscore_interaction, "kidiq"),
        "diamonds": (regressions.diamonds, "diamonds"),
    }
    for name, (build, data) in models.items():
        if data is None or posteriordb_file(data).exists():
            print(compare_gradients(name, build(pm).freeze()), flush=True)
        else:
            print(f"({name} left out: {posteriordb_file(data).name} is not there)")
    print()
    head = "worst bulk ESS | gradients | ESS per 1000 gradients | divergences by seed"
    print(f"| model | as written: {head} | recentred: {head} |")
    print("|---" * 9 + "|")
    notebook = {"draws": 2000, "tune": 2000, "target_accept": 0.9}
    print(compare_draws("radon", hierarchical.radon(pm).freeze(), **notebook), flush=True)
    if posteriordb_file("eight_schools").exists():
        print(compare_draws("eight schools, centred", eight_schools_centred(pm).freeze()), flush=True)
        print(compare_draws("eight schools, non-centred by hand", hierarchical.eight_schools(pm).freeze()))
    print(compare_draws("funnel", funnel(pm).freeze()), flush=True)
    print(compare_draws("well measured groups", well_measured(pm).freeze()), flush=True)


if __name__ == "__main__":
    main()

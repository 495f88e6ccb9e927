"""Every sampler by name on every kind of model: one result, and the same posterior."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import pmjax as pm
from pmjax.api.samplers import SAMPLERS

QUIET = {"progressbar": False, "compute_convergence_checks": False}
STATS = {
    *("lp", "acceptance_rate", "diverging", "energy"),
    *("tree_depth", "n_steps", "step_size", "reached_max_treedepth"),
}


def line() -> pm.Model:
    x = np.linspace(-1, 1, 20)
    with pm.Model(coords={"coef": ["a", "b"]}) as model:
        beta = pm.Normal("beta", 0, 5, dims="coef")
        sigma = pm.HalfNormal("sigma", 1)
        mu = pm.Deterministic("mu", beta[0] + beta[1] * x)
        pm.Normal("y", mu, sigma, observed=1 + 2 * x + 0.3 * np.sin(9 * x))
    return model


def hierarchy() -> pm.Model:
    y = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfNormal("tau", 5)
        z = pm.Normal("z", shape=8)
        pm.Normal("y", mu + tau * z, np.array([15.0, 10, 16, 11, 9, 11, 10, 18]), observed=y)
    return model


def mixture() -> pm.Model:
    y = np.array([-2.1, -1.9, -2.3, 2.0, 2.4, 1.8, 2.2])
    with pm.Model() as model:
        mu = pm.Normal("mu", [-2.0, 2.0], 1.0)
        z = pm.Bernoulli("z", 0.5, shape=7)
        pm.Normal("y", mu[z], 0.5, observed=y)
    return model


def bounded() -> pm.Model:
    with pm.Model() as model:
        p = pm.Beta("p", 2, 3)
        w = pm.Dirichlet("w", np.array([1.0, 2.0, 3.0]))
        pm.Binomial("y", 20, p * w[2], observed=[4, 6])
    return model


def heavy() -> pm.Model:
    with pm.Model() as model:
        nu = pm.Gamma("nu", 5, 1)
        m = pm.Normal("m", 0, 10)
        pm.StudentT("y", nu, m, 1.0, observed=np.array([0.1, -0.4, 0.3, 8.0, 0.2]))
    return model


MODELS = {f.__name__: f for f in (line, hierarchy, mixture, bounded, heavy)}


@cache
def reference(name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return mean and standard deviation of what is recorded, by our own sampler."""
    posterior = pm.sample(2000, tune=1000, chains=4, random_seed=9, model=MODELS[name](), **QUIET).posterior
    return {
        n: (v.mean(("chain", "draw")).values, v.std(("chain", "draw")).values)
        for n, v in posterior.data_vars.items()
    }


def quickly(sampler: str, model: str) -> bool:
    return model == "line" and sampler != "python"


CASES = [
    pytest.param(sampler, model, marks=() if quickly(sampler, model) else pytest.mark.slow)
    for sampler in SAMPLERS
    for model in MODELS
]


@pytest.mark.parametrize(("sampler", "name"), CASES)
def test_means_are_those_of_one_reference(sampler: str, name: str) -> None:
    model = MODELS[name]()
    idata = pm.sample(
        1000, tune=800, chains=2, random_seed=4, model=model, nuts_sampler=sampler,
        nuts={"target_accept": 0.9}, **QUIET,
    )  # fmt: skip
    assert set(idata.posterior.data_vars) == set(reference(name))
    assert set(idata.sample_stats.data_vars) >= STATS
    if name == "line":
        assert idata.posterior["beta"].dims == ("chain", "draw", "coef")
        point = {
            "beta": idata.posterior["beta"].values[1, 7],
            "sigma_log__": np.log(idata.posterior["sigma"].values[1, 7]),
        }
        assert float(idata.sample_stats["lp"].values[1, 7]) == pytest.approx(
            model.compile_logp()(point), rel=1e-9
        )
    assert np.all(idata.sample_stats["energy"] >= -idata.sample_stats["lp"])
    for variable, (mean, sd) in reference(name).items():
        draws = idata.posterior[variable].values
        # Some 200 effective draws at least, at 4 standard errors, and those of the reference.
        gap = np.abs(draws.mean((0, 1)) - mean)
        assert np.all(gap <= 4 * sd * np.sqrt(1 / 200 + 1 / 2000) + 1e-12), (variable, gap / sd)


@pytest.mark.parametrize("function", ["sample_tfp_nuts", "sample_blackjax_nuts", "sample_numpyro_nuts"])
def test_pymcs_functions_take_arguments_by_position_too(function: str) -> None:
    sample = getattr(pm.sampling_jax, function)
    idata = sample(20, 30, 2, 0.85, 3, line(), jitter=False, postprocessing_backend="cpu", **QUIET)
    assert idata.posterior["beta"].shape == (2, 20, 2)
    assert {"sigma", "sigma_log__", "mu"} <= set(idata.posterior.data_vars)
    assert idata.posterior.attrs["target_accept"] == 0.85

"""`pm.sample`: what it returns, what it repeats, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

import pmjax as pm

from .models import radon

QUIET = {"progressbar": False, "compute_convergence_checks": False}


def small(**coords) -> pm.Model:
    with pm.Model(coords={"group": ["a", "b", "c"]}) as model:
        x = pm.Data("x", np.array([0.0, 1.0, 2.0, 0.5, 0.1]), dims="row")
        index = pm.Data("index", np.array([0, 1, 2, 1, 0]), dims="row")
        sigma = pm.HalfNormal("sigma", 1.0)
        slope = pm.Normal("slope", 0, 1, dims="group")
        mean = pm.Deterministic("mean", slope[index] * x, dims="row")
        pm.Normal("y", mean, sigma, observed=np.array([0.1, 0.9, 2.3, 0.4, 0.0]), dims="row")
    return model


@pytest.fixture(scope="module")
def idata():
    with small():
        return pm.sample(
            100, tune=150, chains=2, random_seed=3, discard_tuned_samples=False,
            idata_kwargs={"include_transformed": True, "include_unconstrained": True}, **QUIET,
        )  # fmt: skip


def test_groups_dims_and_coords(idata):
    groups = set(idata.groups() if callable(idata.groups) else (g.strip("/") for g in idata.groups))
    assert groups - {""} >= {
        "posterior", "sample_stats", "observed_data", "constant_data", "unconstrained_posterior",
        "warmup_posterior", "warmup_sample_stats",
    }  # fmt: skip
    posterior = idata.posterior
    assert posterior["slope"].dims == ("chain", "draw", "group")
    assert list(posterior["group"].values) == ["a", "b", "c"]
    assert posterior["mean"].dims == ("chain", "draw", "row")
    assert posterior["sigma"].shape == (2, 100)
    assert idata.warmup_posterior["sigma"].shape == (2, 150)
    assert idata.observed_data["y"].dims == ("row",)
    np.testing.assert_array_equal(idata.constant_data["index"], [0, 1, 2, 1, 0])
    np.testing.assert_allclose(np.log(posterior["sigma"]), posterior["sigma_log__"])
    np.testing.assert_allclose(idata.unconstrained_posterior["sigma_log__"], posterior["sigma_log__"])
    np.testing.assert_allclose(
        posterior["mean"], posterior["slope"].values[..., [0, 1, 2, 1, 0]] * [0.0, 1.0, 2.0, 0.5, 0.1]
    )


def test_statistics_have_pymcs_names_and_signs(idata):
    stats = idata.sample_stats
    assert set(stats.data_vars) >= {
        "lp", "acceptance_rate", "diverging", "energy", "tree_depth", "n_steps", "step_size",
        "reached_max_treedepth",
    }  # fmt: skip
    logp = small().compile_logp()
    point = {name: idata.posterior[name].values[1, 7] for name in ("sigma_log__", "slope")}
    assert stats["lp"].values[1, 7] == pytest.approx(logp(point), rel=1e-10)
    assert stats["diverging"].dtype == bool
    assert stats["n_steps"].values.min() >= 1


def test_attributes_say_how_it_was_made(idata):
    attributes = idata.posterior.attrs
    assert attributes["inference_library"] == "pmjax"
    assert attributes["sampling_time"] > 0
    assert attributes["gradients"] >= idata.sample_stats["n_steps"].values.sum()


def test_the_same_seed_gives_the_same_draws_on_any_number_of_cores():
    def draws(**arguments):
        with small():
            return (
                pm.sample(60, tune=60, **{"chains": 3, "cores": 2, **arguments}, **QUIET)
                .posterior["slope"]
                .values
            )

    first = draws(random_seed=5)
    np.testing.assert_array_equal(first, draws(random_seed=5, cores=1))
    np.testing.assert_array_equal(first[:2], draws(random_seed=5, chains=2))
    assert not np.array_equal(first, draws(random_seed=6))


def test_only_the_wanted_variables_are_recorded():
    with small():
        posterior = pm.sample(20, tune=20, chains=1, var_names=["mean"], random_seed=1, **QUIET).posterior
    assert list(posterior.data_vars) == ["mean"]


def test_new_data_of_the_same_model():
    with small() as model:
        pm.set_data({"x": np.zeros(7), "index": np.zeros(7, int)})
        with pytest.raises(pm.ModelError, match="'y': the observed values have shape"):
            pm.sample(10, tune=10, **QUIET)


def test_initvals_and_no_jitter():
    with small() as model:
        trace = pm.sample(
            5, tune=0, chains=2, initvals={"sigma": 0.7, "slope": [1.0, 2.0, 3.0]}, init="adapt_diag",
            random_seed=1, nuts_sampler_kwargs={"metric": "diag"}, **QUIET,
        )  # fmt: skip
    assert trace.posterior["sigma"].shape == (2, 5)


def test_convergence_checks_warn_in_one_sentence_each():
    with radon(), pytest.warns(pm.SamplingWarning) as caught:
        pm.sample(150, tune=100, chains=2, random_seed=1, progressbar=False, rewrites=False)
    sentences = [str(w.message) for w in caught]
    assert any("R-hat" in s for s in sentences)
    assert all(s.endswith(".") and "\n" not in s for s in sentences)


def test_pymc_is_not_needed():
    code = "import sys, pmjax as pm; assert not {'pymc', 'pytensor', 'arviz', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pymcs_names_of_the_module_of_jax_samplers():
    import importlib

    assert pm.sampling.jax is pm.sampling_jax
    assert importlib.import_module("pmjax.sampling_jax") is pm.sampling_jax
    assert importlib.import_module("pmjax.sampling.jax") is pm.sampling_jax


def test_plots_can_name_transformed_variables():
    with small():
        trace = pm.sampling_jax.sample_pmjax_nuts(50, tune=50, chains=2, random_seed=1, **QUIET)
    assert {"sigma", "sigma_log__"} <= set(trace.posterior.data_vars)


def empty_model():
    return pm.Model()


def impossible_model():
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Uniform("bounded", 0, np.exp(x) - 1e6, observed=[0.5])
    return model


def discrete():
    with pm.Model() as model:
        z = pm.Bernoulli("z", 0.3)
        pm.Normal("mu", z)
    return model


REFUSED = {
    "no free variables": (empty_model, {}, pm.ModelError, "no free variables"),
    "draws": (small, {"draws": 0}, pm.ModelError, "draws must be an integer of at least 1"),
    "chains": (small, {"chains": 0}, pm.ModelError, "chains must be an integer of at least 1"),
    "tune": (small, {"tune": -1}, pm.ModelError, "tune must be an integer of at least 0"),
    "unknown keyword": (small, {"target_acept": 0.9}, pm.ModelError, "did you mean 'target_accept'"),
    "var_names": (small, {"var_names": ["slop"]}, pm.ModelError, "did you mean 'slope'"),
    "initvals": (small, {"initvals": {"sgima": 1}}, pm.ModelError, "did you mean 'sigma'"),
    "initval outside": (small, {"initvals": {"sigma": -1.0}}, pm.ModelError, "'sigma': initval lies outside"),
    "sampler": (small, {"nuts_sampler": "stan"}, pm.ModelError, "nuts_sampler must be one of"),
    "init": (small, {"init": "advi"}, pm.ModelError, "init must be one of"),
    "rewrites": (small, {"rewrites": ["recenter"]}, ValueError, "did you mean 'recentre'"),
    "option": (small, {"nuts_sampler_kwargs": {"metrc": "dense"}}, pm.ModelError, "did you mean 'metric'"),
    "rewrites by another name": (small, {"rewrites": "none"}, pm.ModelError, "expected 'auto', False or"),
    "cores": (small, {"cores": -1}, pm.ModelError, "cores must be an integer of at least 1, got -1"),
    "too few initvals": (small, {"initvals": [{}]}, pm.ModelError, "for each of the 2 chains, got 1"),
    "initvals of no mapping": (small, {"initvals": 3}, pm.ModelError, "initvals must be a mapping"),
    "initvals of what is summed out": (discrete, {"initvals": {"z": 1}}, pm.ModelError, "'z', which is"),
    "target_accept above 1": (small, {"target_accept": 2}, pm.ModelError, "between 0 and 1, got 2"),
    "target_accept twice": (
        small,
        {"target_accept": 0.9, "nuts": {"target_accept": 0.8}},
        pm.ModelError,
        "given twice",
    ),
    "max_treedepth": (small, {"max_treedepth": 0}, pm.ModelError, "max_treedepth must be an"),
    "metric": (small, {"nuts": {"metric": "full"}}, pm.ModelError, "metric must be one of 'diag'"),
    "option of another sampler": (
        small,
        {"nuts_sampler": "python", "nuts": {"metric": "dense"}},
        pm.ModelError,
        "not take 'metric'",
    ),
    "a sampler and options": (
        small,
        {"sampler": pm.NUTS(), "target_accept": 0.9},
        pm.ModelError,
        "target_accept must be left out",
    ),
    "no sampler": (small, {"sampler": "numpyro"}, pm.ModelError, "sampler must be a sampler"),
    "step": (small, {"step": object()}, pm.ModelError, "step takes pm.Metropolis()"),
    "trace": (small, {"trace": "a.zarr"}, pm.ModelError, "draws go to memory"),
    "backend": (small, {"backend": "numba"}, pm.ModelError, "pmjax compiles by JAX"),
    "progressbar": (small, {"progressbar": "both"}, pm.ModelError, "progressbar must be True, False or"),
    "seed": (small, {"random_seed": "x"}, pm.ModelError, "random_seed must be"),
    "target_accept": (small, {"target_accept": 1.5}, ValueError, "target_accept"),
    "bad start": (impossible_model, {}, pm.SamplingError, "'bounded'"),
    "callback": (small, {"callback": 3}, pm.ModelError, "callback must be a function"),
    "retries": (small, {"jitter_max_retries": -1}, pm.ModelError, "jitter_max_retries must be an integer"),
    "idata_kwargs": (small, {"idata_kwargs": {"include_transform": True}}, pm.ModelError, "did you mean"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments_get_one_sentence(case):
    make, arguments, error, words = REFUSED[case]
    with make(), pytest.raises(error, match=re.escape(words)) as caught:
        pm.sample(**{"draws": 10, "tune": 10, "chains": 2, "progressbar": False, **arguments})
    assert "\n" not in str(caught.value)


def test_sample_outside_a_model():
    with pytest.raises(TypeError, match="no model"):
        pm.sample()

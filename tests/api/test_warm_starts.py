"""Warm starts: a run that begins with an earlier result, or with an approximation of the posterior."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pmjax as pm

from .models import eight_schools

QUIET = {"progressbar": False, "compute_convergence_checks": False}
X = np.linspace(-1, 1, 20)


def line(y=1 + 2 * X) -> pm.Model:
    """A regression whose posterior, given sigma = 0.5, is normal in closed form."""
    with pm.Model() as model:
        data = pm.Data("data", np.asarray(y, float))
        coef = pm.Normal("coef", 0, 10, shape=2)
        pm.Normal("y", coef[0] + coef[1] * X, 0.5, observed=data)
    return model


def closed_form(y) -> tuple[np.ndarray, np.ndarray]:
    design = np.stack([np.ones(20), X], axis=1)
    cov = np.linalg.inv(design.T @ design / 0.25 + np.eye(2) / 100)
    return cov @ design.T @ y / 0.25, np.sqrt(np.diag(cov))


def assert_posterior(idata, y) -> None:
    mean, sd = closed_form(y)
    draws = idata.posterior["coef"].values
    np.testing.assert_allclose(draws.mean((0, 1)), mean, atol=0.2 * sd.max())
    np.testing.assert_allclose(draws.std((0, 1)), sd, rtol=0.15)


@pytest.fixture(scope="module")
def earlier():
    return pm.sample(500, chains=2, random_seed=1, model=line(), **QUIET)


CASES = {"the same data": 1 + 2 * X, "other data, far away": -50 + 30 * X}


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_has_the_posterior_after_a_tenth_of_the_warmup(earlier, case):
    y = CASES[case]
    second = pm.sample(
        500, chains=2, random_seed=2, init=earlier, discard_tuned_samples=False, model=line(y), **QUIET
    )
    assert second.warmup_posterior.sizes["draw"] == 100
    assert second.sample_stats["diverging"].values.sum() == 0
    assert_posterior(second, y)


def test_the_first_draws_are_made_with_the_metric_and_step_size_of_the_earlier_run(earlier):
    state = earlier["sampler_state"]
    second = pm.sample(200, tune=0, chains=3, random_seed=2, init=earlier, model=line(), **QUIET)
    steps = np.asarray(state["step_size"])
    np.testing.assert_allclose(second.sample_stats["step_size"].values[:, 0], steps[[0, 1, 0]])
    np.testing.assert_allclose(second["sampler_state"]["sigma"].values[0], np.asarray(state["sigma"])[0])
    # Without any warm-up the draws are those of the posterior all the same.
    assert_posterior(second, 1 + 2 * X)


@pytest.mark.parametrize("metric", ["low_rank", "dense"])
def test_every_metric_is_kept(metric):
    first = pm.sample(200, chains=2, random_seed=1, nuts={"metric": metric}, model=line(), **QUIET)
    second = pm.sample(400, chains=2, random_seed=2, init=first, model=line(), **QUIET)
    assert second.posterior.attrs["metric"] == metric
    assert_posterior(second, 1 + 2 * X)
    kept = [np.asarray(run["sampler_state"]["directions"]) for run in (first, second)]
    np.testing.assert_allclose(*kept)


@pytest.mark.parametrize("method", [pytest.param("vectorized", marks=pytest.mark.slow), "sequential"])
def test_centrings_go_on_in_every_chain_method(method):
    model, nuts = eight_schools(centred=True), {"chain_method": method}
    first = pm.sample(300, tune=300, chains=2, random_seed=1, nuts=nuts, model=model, **QUIET)
    second = pm.sample(300, chains=2, random_seed=2, init=first, nuts=nuts, model=model, **QUIET)
    state, names = second["sampler_state"], [str(n) for n in first["sampler_state"].data_vars]
    centrings = [name for name in names if name.endswith("_centring")]
    assert centrings
    for name in centrings:
        np.testing.assert_array_equal(state[name], first["sampler_state"][name])
    means = [float(run.posterior["mu"].mean()) for run in (first, second)]
    assert abs(means[0] - means[1]) < 1.5
    assert "earlier run" in second.posterior.attrs["warm_start"]


@pytest.mark.parametrize("init", ["pathfinder", "laplace"])
@pytest.mark.parametrize("metric", ["diag", "low_rank", "dense"])
def test_an_approximation_gives_starts_and_a_metric(init, metric):
    """It is exact here, so that the chains need no more than a step size."""
    idata = pm.sample(
        400, tune=60, chains=2, random_seed=3, init=init, nuts={"metric": metric}, model=line(), **QUIET
    )
    assert_posterior(idata, 1 + 2 * X)
    assert "Chains begin at draws of" in idata.posterior.attrs["warm_start"]


def test_a_result_from_a_file_serves_too(earlier, tmp_path):
    pytest.importorskip("h5netcdf")
    earlier.to_netcdf(str(tmp_path / "earlier.nc"), engine="h5netcdf")
    if hasattr(earlier, "children"):
        import xarray

        read = xarray.open_datatree(tmp_path / "earlier.nc", engine="h5netcdf")
    else:
        import arviz

        read = arviz.from_netcdf(str(tmp_path / "earlier.nc"), engine="h5netcdf")
    one, two = (
        pm.sample(50, chains=2, random_seed=2, init=init, model=line(), **QUIET) for init in (earlier, read)
    )
    np.testing.assert_array_equal(one.posterior["coef"], two.posterior["coef"])


def other_shape() -> pm.Model:
    with pm.Model() as model:
        pm.Normal("coef", shape=3)
    return model


REFUSED = {
    "no state": (line, lambda r: {"init": pm.sample_prior_predictive(5, line())}, "without the group"),
    "another model": (other_shape, lambda r: {"init": r}, "'coef' has shape (3,) here and had shape (2,)"),
    "initvals": (line, lambda r: {"init": r, "initvals": {"coef": [0, 0]}}, "give one of them"),
    "metric": (line, lambda r: {"init": r, "nuts": {"metric": "dense"}}, "the run in init had 'diag'"),
    "another sampler": (line, lambda r: {"init": r, "nuts_sampler": "python"}, "PythonNUTS is to sample"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_begin_warm_says_so(earlier, case):
    make, arguments, words = REFUSED[case]
    with pytest.raises(pm.ModelError, match=re.escape(words)) as caught:
        pm.sample(10, chains=2, model=make(), **arguments(earlier), **QUIET)
    assert "\n" not in str(caught.value)

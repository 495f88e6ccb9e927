"""What is recorded is in the coordinates that the user declared, whatever the sampler moves in."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm
from pmjax.rewrites import pipeline
from pmjax.target.functions import compile_log_density

QUIET = {"progressbar": False, "compute_convergence_checks": False, "random_seed": 2}
Y = np.random.default_rng(1).normal(size=(5, 4)) * 2


def scales() -> pm.Model:
    """Positive variables under a random scale, and a vector with a random mean and covariance."""
    with pm.Model() as model:
        s = pm.HalfNormal("s", 2)
        pm.HalfNormal("t", s, shape=3)
        a = pm.Normal("a", 0, s, shape=5)
        pm.LogNormal("l", a[:2], s)
        pm.MvNormal("v", a[0] * np.ones(2), s**2 * np.array([[1.0, 0.5], [0.5, 2.0]]))
        pm.Normal("y", a[:, None], 1.0, observed=Y)
    return model


def discrete() -> pm.Model:
    """A variable that is summed out, beside recentred ones."""
    with pm.Model() as model:
        s = pm.HalfNormal("s", 2)
        mu = pm.Normal("mu", 0, s, shape=2)
        z = pm.Bernoulli("z", 0.3, shape=5)
        pm.Normal("y", mu[z][:, None], 1.0, observed=Y)
    return model


@pytest.mark.parametrize("make", [scales, discrete])
@pytest.mark.parametrize("chain_method", ["parallel", "vectorized"])
def test_transformed_values_and_lp_are_those_of_the_declared_model(make, chain_method):
    model = make()
    idata = pm.sample(
        40, tune=200, chains=2, model=model, discard_tuned_samples=False, nuts={"chain_method": chain_method},
        idata_kwargs={"include_transformed": True, "include_unconstrained": True}, **QUIET,
    )  # fmt: skip
    assert "recentre" in idata.posterior.attrs["rewrites"]
    logp = compile_log_density(pipeline.apply(model.freeze(), ["marginalise"])[0])
    for posterior, points, stats in (
        (idata.posterior, idata.unconstrained_posterior, idata.sample_stats),
        (idata.warmup_posterior, idata.warmup_unconstrained_posterior, idata.warmup_sample_stats),
    ):
        for name in points.data_vars:
            value = posterior[name.removesuffix("_log__")].values
            expected = np.log(value) if name.endswith("_log__") else value
            np.testing.assert_allclose(points[name], expected, rtol=1e-9, atol=1e-9)
            np.testing.assert_array_equal(posterior[name], points[name])
        for chain, draw in ((0, 3), (1, 17), (1, 39)):
            point = {name: points[name].values[chain, draw] for name in points.data_vars}
            np.testing.assert_allclose(stats["lp"].values[chain, draw], logp(point), rtol=1e-9)


def test_lp_does_not_differ_between_chains_that_move_in_other_coordinates():
    """Log densities in coordinates of each chain's own would differ by a constant that is large here."""
    rng = np.random.default_rng(2)
    with pm.Model():
        s = pm.HalfNormal("s", 1)
        a = pm.Normal("a", 0, s, shape=30)
        pm.Normal("y", a[:, None], 1.0, observed=rng.normal(size=(30, 3)) + rng.normal(size=(30, 1)))
        idata = pm.sample(300, tune=300, chains=4, **QUIET)
    lp = idata.sample_stats["lp"].values
    assert np.ptp(lp.mean(axis=1)) < lp.std()

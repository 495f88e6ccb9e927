"""Draws of rewritten models: the same posterior as of the models as they are written, and as elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmjax as pm

from .models import mcse, reference

QUIET = {"progressbar": False, "compute_convergence_checks": False}


def ratings() -> pm.Model:
    """Ordered categories by judge, and a regression that shares their scale."""
    rng = np.random.default_rng(2)
    judge, x = rng.integers(0, 6, 300), rng.normal(5.0, 2.0, 300)
    latent = rng.normal(size=6)[judge] + rng.logistic(size=300)
    with pm.Model() as model:
        tau = pm.HalfNormal("tau", 1)
        severity = pm.Normal("severity", 0, tau, shape=6)
        cut = pm.Normal("cut", 0, 2, shape=3, transform=pm.distributions.transforms.ordered)
        pm.OrderedLogistic("rating", severity[judge], cut, observed=np.digitize(latent, [-1.0, 0.5, 2.0]))
        slope, sigma = pm.Normal("slope", 0, 1), pm.HalfNormal("sigma", 2)
        pm.Normal("y", 1 + slope * x + severity[judge], sigma, observed=1 + 0.3 * x + rng.normal(size=300))
    return model


def outbreaks() -> pm.Model:
    """Overdispersed counts of a few kinds, and waiting times, with a common rate.

    The kinds differ enough for the model to be sampled without fault as it is written, too.
    """
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 6, 300)
    truth = np.exp(np.linspace(0, 2, 6))[kind]
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 1, 1), pm.HalfNormal("tau", 1)
        rate = pm.LogNormal("rate", mu, tau, shape=6)
        alpha = pm.Gamma("alpha", 2.0, 0.5)
        pm.NegativeBinomial("n", rate[kind], alpha, observed=rng.poisson(truth * rng.gamma(3.0, 1 / 3, 300)))
        pm.Exponential("t", rate[kind] / 3, observed=rng.exponential(3 / truth))
    return model


@pytest.mark.parametrize("build", [ratings, outbreaks])
def test_the_draws_are_those_of_the_model_as_written(build: Any) -> None:
    written, rewritten = (
        pm.sample(1500, tune=600, chains=2, rewrites=rewrites, random_seed=seed, model=build(), **QUIET)
        for rewrites, seed in ((False, 1), ("auto", 2))
    )
    assert set(written.posterior.data_vars) == set(rewritten.posterior.data_vars)
    for name in written.posterior.data_vars:
        old, new = written.posterior[name].values, rewritten.posterior[name].values
        assert old.shape == new.shape
        for x, y in zip(*(v.reshape(*v.shape[:2], -1).transpose(2, 0, 1) for v in (old, new)), strict=True):
            for power in (1, 2):
                error = np.hypot(mcse(x**power), mcse(y**power))
                assert abs(np.mean(x**power) - np.mean(y**power)) < 4 * error, (name, power)


def test_a_regression_has_the_posterior_of_posteriordb() -> None:
    data, expected = reference("kidiq-kidscore_interaction", "kidiq")
    hs, iq = np.array(data["mom_hs"]), np.array(data["mom_iq"])
    with pm.Model() as model:
        beta, sigma = pm.Flat("beta", shape=4), pm.HalfCauchy("sigma", 2.5)
        mu = beta[0] + beta[1] * hs + beta[2] * iq + beta[3] * (hs * iq)
        pm.Normal("kid_score", mu, sigma, observed=data["kid_score"])
        trace = pm.sample(2000, tune=1000, random_seed=4, nuts_sampler_kwargs={"metric": "dense"}, **QUIET)
    assert "do the work of 434 rows" in model.explain(verbose=False)
    for label, known in expected.items():
        name, _, index = label.rstrip("]").partition("[")
        values = trace.posterior[name].values
        values = values[..., int(index) - 1] if index else values
        for power, mean in ((1, known["mean"]), (2, known["mean_sq"])):
            error = np.hypot(mcse(values**power), 0.01 * np.std(values**power))
            assert abs(np.mean(values**power) - mean) < 4 * error, (label, power)

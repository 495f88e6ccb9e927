"""Chains in one batch have the posterior that threads have, on a CPU and on an accelerator."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import pmjax as pm

from .models import RADON, mcse, radon
from .test_posteriors import QUIET, assert_agrees, draws_of


def assert_same_means(one, other, names: tuple[str, ...]) -> None:
    """The means of both runs agree within 5 combined Monte Carlo standard errors."""
    for name in names:
        a, b = (trace.posterior[name].values.astype(float) for trace in (one, other))
        error = np.hypot(mcse(a), mcse(b))
        assert abs(a.mean() - b.mean()) < 5 * error, (name, a.mean(), b.mean(), error)


def test_a_batch_of_recentred_chains_has_the_means_of_threads():
    y, sigma = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]
    with pm.Model():
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfNormal("tau", 5)
        theta = pm.Normal("theta", mu, tau, shape=8)
        pm.Deterministic("largest", theta.max())
        pm.Normal("y", theta, np.array(sigma), observed=np.array(y))
        threads = pm.sample(700, tune=400, chains=4, **QUIET)
        batch = pm.sample(
            100, tune=400, chains=32, nuts_sampler_kwargs={"chain_method": "vectorized"}, **QUIET
        )
    assert batch.posterior["theta"].shape == (32, 100, 8)
    np.testing.assert_array_equal(batch.posterior["theta"].max("theta_dim_0"), batch.posterior["largest"])
    assert_same_means(threads, batch, ("mu", "tau", "largest"))
    # Ticks of the batch that were not waiting for another chain.
    assert 0 < batch.posterior.attrs["useful_ticks"] <= 1
    assert "useful_ticks" not in threads.posterior.attrs


@pytest.mark.gpu
@pytest.mark.skipif(jax.default_backend() == "cpu", reason="JAX sees no accelerator, only the CPU")
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_radon_on_an_accelerator(precision):
    """Chains are batched by default, and have the means of a long run on a CPU."""
    with radon():
        trace = pm.sample(
            200, tune=500, chains=64, target_accept=0.9, nuts_sampler_kwargs={"precision": precision}, **QUIET
        )
    assert trace.posterior.attrs["chain_method"] == "vectorized"
    for label, (mean, sd) in RADON.items():
        assert_agrees(draws_of(trace, label).astype(float), mean, sd, label)

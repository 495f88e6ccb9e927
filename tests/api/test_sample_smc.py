"""Sequential Monte Carlo against closed forms: posteriors, marginal likelihoods, and modes far apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.inference.smc.sample import _next_beta, _systematic
from pmjax.results.groups import group, group_names

QUIET = {"progressbar": False}
Y = np.random.default_rng(5).normal(1.0, 1.0, 20)


def conjugate() -> pm.Model:
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 10)
        pm.Normal("y", mu, 1, observed=Y)
    return model


@pytest.mark.parametrize("kernel", ["imh", pytest.param("MH", marks=pytest.mark.slow), pm.smc.HMC])
def test_posterior_and_marginal_likelihood_are_the_analytic_ones(kernel):
    idata = pm.sample_smc(1000, kernel, chains=2, random_seed=1, model=conjugate(), **QUIET)
    mu = group(idata, "posterior")["mu"].values
    exact = stats.norm(Y.sum() / 20.01, np.sqrt(1 / 20.01))
    assert mu.shape == (2, 1000)
    assert stats.kstest(mu.ravel()[::4], exact.cdf).pvalue > 1e-3
    evidence = stats.multivariate_normal(np.zeros(20), np.eye(20) + 100).logpdf(Y)
    found = group(idata, "sample_stats")["log_marginal_likelihood"]
    assert found.dims == ("chain",)
    np.testing.assert_allclose(found.values, evidence, atol=0.2)
    beta = group(idata, "sample_stats")["beta"].values
    assert np.nanmax(beta, axis=1).tolist() == [1.0, 1.0]
    assert {"posterior", "sample_stats", "observed_data"} <= set(group_names(idata))


def test_modes_far_apart_have_their_shares():
    # Four modes at (+-3, +-2), as likely as each other.
    with pm.Model():
        x = pm.Normal("x", 0, 5, shape=2)
        pm.Normal("y", x**2, 1.0, observed=[9.0, 4.0])
        idata = pm.sample_smc(2000, chains=2, random_seed=2, **QUIET)
    x = group(idata, "posterior")["x"].values.reshape(-1, 2)
    shares = [np.mean((x[:, 0] * a > 0) & (x[:, 1] * b > 0)) for a in (1, -1) for b in (1, -1)]
    np.testing.assert_allclose(shares, 0.25, atol=0.04)
    np.testing.assert_allclose(np.abs(x).mean(0), [3, 2], atol=0.1)


def test_evidence_of_bounded_variables_counts_the_change_of_variables():
    # Ten of ten successes under a uniform prior: the marginal likelihood is 1 / 11.
    with pm.Model():
        p = pm.Uniform("p")
        pm.Deterministic("odds", p / (1 - p))
        pm.Binomial("k", 10, p, observed=10)
        idata = pm.sample_smc(2000, chains=2, random_seed=3, **QUIET)
    posterior = group(idata, "posterior")
    assert stats.kstest(posterior["p"].values.ravel()[::8], stats.beta(11, 1).cdf).pvalue > 1e-3
    np.testing.assert_allclose(posterior["odds"], posterior["p"] / (1 - posterior["p"]), rtol=1e-9)
    found = group(idata, "sample_stats")["log_marginal_likelihood"].values
    np.testing.assert_allclose(found, -np.log(11), atol=0.1)


@pytest.mark.slow
def test_evidence_chooses_between_models():
    evidence = []
    for scale in (1.0, 0.3):
        with pm.Model():
            mu = pm.Normal("mu", 0, 2)
            pm.Normal("y", mu, scale, observed=Y)
            idata = pm.sample_smc(500, chains=2, random_seed=1, **QUIET)
        evidence.append(float(group(idata, "sample_stats")["log_marginal_likelihood"].mean()))
        exact = stats.multivariate_normal(np.zeros(20), scale**2 * np.eye(20) + 4).logpdf(Y)
        assert evidence[-1] == pytest.approx(exact, abs=0.3)
    assert evidence[0] > evidence[1]


def test_discrete_variables_are_summed_out_and_potentials_belong_to_the_likelihood():
    with pm.Model():
        mu = pm.Normal("mu", 0, 1)
        z = pm.Bernoulli("z", 0.3)
        pm.Normal("y", mu + 4 * z, 1, observed=4.0)
        pm.Potential("half", pm.math.log(pm.math.switch(mu > -100, 0.5, 1.0)))
        idata = pm.sample_smc(2000, chains=2, random_seed=1, **QUIET)
    law = stats.norm(0, np.sqrt(2))
    parts = np.array([0.7 * law.pdf(4), 0.3 * law.pdf(0)])
    z = group(idata, "posterior")["z"].values
    assert z.mean() == pytest.approx(parts[1] / parts.sum(), abs=0.03)
    found = group(idata, "sample_stats")["log_marginal_likelihood"].values
    np.testing.assert_allclose(found, np.log(parts.sum() / 2), atol=0.1)


def test_the_same_seed_gives_the_same_particles():
    one, two, other = (
        pm.sample_smc(
            50, chains=2, random_seed=s, model=conjugate(), compute_convergence_checks=False, **QUIET
        )
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(group(one, "posterior")["mu"], group(two, "posterior")["mu"])
    assert not np.any(group(one, "posterior")["mu"].values == group(other, "posterior")["mu"].values)


def test_the_next_temperature_keeps_the_asked_share_of_particles():
    log_likelihood = 50 * np.random.default_rng(0).normal(size=1000)
    beta = _next_beta(log_likelihood, 0.0, 0.5)
    weights = np.exp(beta * log_likelihood - (beta * log_likelihood).max())
    assert weights.sum() ** 2 / (weights**2).sum() == pytest.approx(500, rel=1e-3)
    assert _next_beta(np.zeros(10), 0.2, 0.5) == 1.0


def test_resampling_keeps_expected_counts_within_one():
    weights = np.random.default_rng(0).dirichlet(np.ones(50))
    counts = np.bincount(_systematic(weights, 1, 0, 0), minlength=50)
    assert np.all(np.abs(counts - 50 * weights) < 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel": "nuts"}, "kernel must be one of 'imh', 'mh', 'hmc'"),
        ({"draws": 0}, "draws must be an integer"),
        ({"threshold": 2.0}, "threshold lies between 0 and 1"),
        ({"num_steps": 3}, "IMH does not take 'num_steps'"),
        ({"return_inferencedata": False}, "always ArviZ objects"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(pm.ModelError, match=message):
        pm.sample_smc(model=conjugate(), **{"draws": 10, **arguments}, **QUIET)


def test_a_likelihood_that_is_zero_everywhere_is_said():
    with pm.Model():
        x = pm.Normal("x")
        pm.Potential("never", pm.math.log(pm.math.switch(x > 100, 1.0, 0.0)))
        with pytest.raises(pm.SamplingError, match="zero at every draw from the prior"):
            pm.sample_smc(50, chains=2, **QUIET)

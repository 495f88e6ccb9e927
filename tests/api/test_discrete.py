"""Models with discrete variables, as users write and sample them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmjax as pm

from .models import mcse, reference
from .test_posteriors import assert_has_moments

QUIET = {"progressbar": False, "compute_convergence_checks": False, "random_seed": 3}

# British coal mining disasters by year, 1851-1961 (Jarrett 1979, doi:10.1093/biomet/66.1.191).
DISASTERS = np.array(
    [
        int(count)
        for count in "45401434063340263354531441553425223421322111130010110031"
        "0322011101010002100011023311211112420014000100000100101"
    ]
)


def disasters() -> pm.Model:
    years = np.arange(1851, 1962)
    with pm.Model(coords={"year": years}) as model:
        switchpoint = pm.DiscreteUniform("switchpoint", lower=years.min(), upper=years.max())
        early_rate = pm.Exponential("early_rate", 1.0)
        late_rate = pm.Exponential("late_rate", 1.0)
        rate = pm.math.switch(switchpoint >= years, early_rate, late_rate)
        pm.Deterministic("rate", rate, dims="year")
        pm.Poisson("disasters", rate, observed=DISASTERS, dims="year")
    return model


def exact_switchpoint() -> np.ndarray:
    """p(switchpoint | disasters): with rates integrated out, a product of two gamma integrals."""
    from scipy.special import gammaln

    before = np.cumsum(DISASTERS)
    n, years = np.arange(1, len(DISASTERS) + 1), len(DISASTERS)
    after = before[-1] - before
    log_p = gammaln(before + 1) - (before + 1) * np.log(n + 1)
    log_p += gammaln(after + 1) - (after + 1) * np.log(years - n + 1)
    return np.exp(log_p - np.logaddexp.reduce(log_p))


def test_the_coal_mining_disasters_have_their_exact_switchpoint():
    trace = pm.sample(1000, tune=300, model=disasters(), **QUIET)
    found = trace.posterior["switchpoint"].values
    assert found.dtype == np.int64
    assert set(trace.posterior) == {"switchpoint", "early_rate", "late_rate", "rate"}
    assert trace.posterior["rate"].dims == ("chain", "draw", "year")
    p, years = exact_switchpoint(), np.arange(1851, 1962)
    for year in years[np.argsort(p)[-6:]]:
        hit = (found == year) * 1.0
        assert abs(hit.mean() - p[year - 1851]) < 4 * mcse(hit), year
    rate, early = trace.posterior["rate"].values, trace.posterior["early_rate"].values
    assert np.array_equal(rate == early[..., None], found[..., None] >= years)


def test_draws_depend_on_seed_and_chain_alone():
    model = disasters()
    runs = [
        pm.sample(150, tune=150, chains=chains, cores=cores, model=model,
                  nuts_sampler_kwargs={"chain_method": method}, **QUIET).posterior["switchpoint"].values
        for chains, cores, method in ((2, 2, "parallel"), (1, 1, "sequential"))
    ]  # fmt: skip
    assert np.array_equal(runs[0][0], runs[1][0])
    assert not np.array_equal(runs[0][0], runs[0][1])


@pytest.mark.parametrize("sampler", ["python", "numpyro", "blackjax"])
@pytest.mark.slow
def test_other_samplers_sum_out_and_recover_too(sampler: str):
    options: dict[str, Any] = {"tune": 200, "chains": 2, "model": disasters(), "nuts_sampler": sampler}
    trace = pm.sample(200, **options, **QUIET)
    values = trace.posterior["switchpoint"].values
    assert abs(values.mean() - 1890) < 2
    assert trace.attrs.get("rewrites", trace.posterior.attrs["rewrites"]) == "marginalise: switchpoint"


def test_recover_false_leaves_out_what_depends_on_discrete_variables():
    trace = pm.sample(50, tune=50, model=disasters(), recover=False, **QUIET)
    assert list(trace.posterior) == ["early_rate", "late_rate"]
    some = pm.sample(50, tune=50, model=disasters(), var_names=["rate"], **QUIET)
    assert list(some.posterior) == ["rate"]
    with pytest.raises(pm.ModelError, match="'rate', which recover=False leaves out"):
        pm.sample(50, tune=50, model=disasters(), var_names=["rate"], recover=False, **QUIET)


def test_starts_and_transformed_variables_of_a_model_with_discrete_variables():
    with pm.Model() as model:
        z = pm.Categorical("z", np.ones(3) / 3, initval=2)
        x = pm.LogNormal("x", 1.0 * z, 0.5)
        pm.Normal("y", x, 1.0, observed=2.0)
    extra = {"include_transformed": True, "include_unconstrained": True}
    trace = pm.sample(50, tune=100, model=model, idata_kwargs=extra, **QUIET)
    assert set(trace.posterior) == {"z", "x", "x_log__"}
    assert list(trace.unconstrained_posterior) == ["x_log__"]


def hidden_markov() -> pm.Model:
    data, _ = reference("hmm_example-hmm_example", "hmm_example")
    with pm.Model() as model:
        theta1, theta2 = pm.Dirichlet("theta1", np.ones(2)), pm.Dirichlet("theta2", np.ones(2))
        mu = pm.Normal("mu", np.array([3.0, 10.0]), 1.0)
        z = pm.DiscreteMarkovChain("z", P=pm.math.stack([theta1, theta2]), shape=data["N"])
        pm.Potential("ordered", pm.math.switch((mu[0] > 0) & (mu[0] < mu[1]), 0.0, -np.inf))
        pm.Normal("y", mu[z], 1.0, observed=data["y"])
    return model


def gaussian_mixture() -> pm.Model:
    data, _ = reference("low_dim_gauss_mix-low_dim_gauss_mix", "low_dim_gauss_mix")
    with pm.Model() as model:
        mu = pm.Normal("mu", 0.0, 2.0, shape=2, initval=np.array([-2.0, 2.0]))
        sigma = pm.HalfNormal("sigma", 2.0, shape=2)
        theta = pm.Beta("theta", 5.0, 5.0)
        first = pm.Bernoulli("first", theta, shape=data["N"])
        pm.Potential("ordered", pm.math.switch(mu[0] < mu[1], 0.0, -np.inf))
        pm.Normal("y", mu[1 - first], sigma[1 - first], observed=data["y"])
    return model


def test_the_classes_of_a_mixture_agree_with_its_weight():
    _, expected = reference("low_dim_gauss_mix-low_dim_gauss_mix", "low_dim_gauss_mix")
    trace = pm.sample(1000, tune=500, model=gaussian_mixture(), **QUIET)
    assert_has_moments(trace, expected)
    share = trace.posterior["first"].values.mean(axis=-1)
    theta = trace.posterior["theta"].values
    # theta given the classes is Beta(5 + n share, 5 + n (1 - share)), whose mean has the mean of theta.
    mean = (5 + 1000 * share) / 1010
    assert abs(theta.mean() - mean.mean()) < 4 * np.hypot(mcse(theta), mcse(mean))

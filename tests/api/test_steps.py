"""Steps that take turns: against enumeration, calibrated, and chosen with a reason."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.results.groups import group

QUIET = {"progressbar": False, "compute_convergence_checks": False}


def counts() -> pm.Model:
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        k = pm.Poisson("k", 3)
        pm.Normal("y", x + k, 1, observed=4.0)
    return model


def exact_counts() -> dict:
    k = np.arange(60)
    weights = stats.poisson(3).pmf(k) * stats.norm(k, np.sqrt(2)).pdf(4.0)
    weights /= weights.sum()
    x = weights @ ((4 - k) / 2)
    square = weights @ (0.5 + ((4 - k) / 2) ** 2)
    return {"k": weights @ k, "x": x, "sd": np.sqrt(square - x**2)}


def steps_of(model: pm.Model, which: str) -> object:
    x, k = model["x"], model["k"]
    return {
        "automatic": None,
        "Metropolis": pm.Metropolis(),
        "NUTS": [pm.NUTS([x], target_accept=0.9), pm.Metropolis([k])],
        "Slice": [pm.Slice([x]), pm.Metropolis([k])],
        "HamiltonianMC": pm.HamiltonianMC(x),
        "DEMetropolisZ": [pm.DEMetropolisZ([x])],
    }[which]


@pytest.mark.parametrize(
    "which",
    ["automatic", "Metropolis", "Slice"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("NUTS", "HamiltonianMC", "DEMetropolisZ")],
)
def test_counts_without_bound_have_the_enumerated_posterior(which):
    model = counts()
    with model:
        idata = pm.sample(6000, tune=1000, chains=2, step=steps_of(model, which), random_seed=3, **QUIET)
    posterior, exact = group(idata, "posterior"), exact_counts()
    assert posterior["k"].values.dtype.kind == "i"
    assert float(posterior["k"].mean()) == pytest.approx(exact["k"], abs=0.16)
    assert float(posterior["x"].mean()) == pytest.approx(exact["x"], abs=0.1)
    assert float(posterior["x"].std()) == pytest.approx(exact["sd"], abs=0.06)
    point = {name: posterior[name].values[1, 7] for name in ("x", "k")}
    want = stats.norm(0, 1).logpdf(point["x"]) + stats.poisson(3).logpmf(point["k"])
    want += stats.norm(point["x"] + point["k"], 1).logpdf(4.0)
    assert group(idata, "sample_stats")["lp"].values[1, 7] == pytest.approx(want, rel=1e-9)


def coupled() -> pm.Model:
    with pm.Model() as model:
        a = pm.Normal("a", 0, 1)
        z = pm.Categorical("z", [0.2, 0.3, 0.5], shape=3)
        b = pm.Bernoulli("b", 0.4)
        n = pm.Binomial("n", 4, 0.5)
        pm.Normal("y", a + z.sum() + 2 * b + n, 1.0, observed=5.0)
    return model


def test_gibbs_steps_have_the_enumerated_posterior():
    model = coupled()
    steps = [
        pm.CategoricalGibbsMetropolis([model["z"], model["n"]]),
        pm.BinaryGibbsMetropolis([model["b"]]),
    ]
    idata = pm.sample(6000, tune=500, chains=2, step=steps, random_seed=1, model=model, **QUIET)
    posterior = group(idata, "posterior")
    total, sums = 0.0, np.zeros(4)
    for z in itertools.product(range(3), repeat=3):
        for b, n in itertools.product((0, 1), range(5)):
            prior = np.prod([[0.2, 0.3, 0.5][i] for i in z]) * [0.6, 0.4][b] * stats.binom(4, 0.5).pmf(n)
            weight = prior * stats.norm(sum(z) + 2 * b + n, np.sqrt(2)).pdf(5)
            total += weight
            sums += weight * np.array([z[0], z[0] * z[1], b, n])
    z = posterior["z"].values
    found = [z[..., 0].mean(), (z[..., 0] * z[..., 1]).mean(), posterior["b"].mean(), posterior["n"].mean()]
    np.testing.assert_allclose(found, sums / total, atol=0.06)


def test_a_model_of_discrete_variables_alone_is_sampled():
    with pm.Model():
        z = pm.Bernoulli("z", 0.5)
        pm.Normal("y", 2.0 * z, 1.0, observed=1.5)
        idata = pm.sample(4000, tune=200, chains=2, random_seed=2, **QUIET)
    want = np.exp(-0.125) / (np.exp(-0.125) + np.exp(-1.125))
    assert float(group(idata, "posterior")["z"].mean()) == pytest.approx(want, abs=0.03)


def test_discrete_values_that_differ_between_elements_stay_inside():
    with pm.Model():
        n = pm.DiscreteUniform("n", [0, 5, -3], [1, 9, -3])
        x = pm.Normal("x", n.sum(), 1)
        idata = pm.sample(500, tune=100, chains=1, step=pm.CategoricalGibbsMetropolis([n]), **QUIET)
    values = group(idata, "posterior")["n"].values.reshape(-1, 3)
    assert [sorted(set(column)) for column in values.T] == [[0, 1], [5, 6, 7, 8, 9], [-3]]


@pytest.mark.slow
def test_steps_are_calibrated():
    """Simulation-based calibration (Talts et al. 2018): ranks of the truth among the draws are uniform."""
    rng = np.random.default_rng(0)
    ranks = {"rate": [], "k": []}
    with pm.Model() as model:
        data = pm.Data("data", np.zeros(5))
        rate = pm.Gamma("rate", 2, 0.5)
        k = pm.Poisson("k", rate, shape=5)
        pm.Normal("y", k, 1.0, observed=data)
    for number in range(150):
        true_rate = rng.gamma(2, 2)
        true_k = rng.poisson(true_rate, 5)
        with model:
            pm.set_data({"data": true_k + rng.normal(size=5)})
            idata = pm.sample(990, tune=500, chains=1, random_seed=number, **QUIET)
        posterior = group(idata, "posterior")
        draws = {"rate": posterior["rate"].values[0, ::10], "k": posterior["k"].values[0, ::10, 0]}
        for name, truth in (("rate", true_rate), ("k", true_k[0])):
            below, equal = np.sum(draws[name] < truth), np.sum(draws[name] == truth)
            ranks[name].append((below + rng.uniform() * (equal + 1)) / (len(draws[name]) + 1))
    for values in ranks.values():
        assert stats.kstest(values, "uniform").pvalue > 1e-3


# ---------------------------------------------------------------- what is chosen, and what is said


def test_what_was_chosen_and_why_is_recorded():
    idata = pm.sample(20, tune=20, chains=1, random_seed=1, model=counts(), **QUIET)
    said = group(idata, "posterior").attrs["rewrites"]
    assert said.startswith("Steps take turns (NUTS: x; Metropolis: k) since k: ")
    assert "infinitely many values" in said
    statistics = group(idata, "sample_stats")
    assert statistics["accept"].shape == (1, 20, 2)
    assert {"n_steps", "step_size", "diverging", "lp"} <= set(statistics.data_vars)


def test_what_can_be_summed_out_still_is():
    with pm.Model():
        k = pm.Poisson("k", 2)
        z = pm.Bernoulli("z", 0.5)
        x = pm.Normal("x", 3.0 * z, 1)
        pm.Normal("y", x + k, 1, observed=4.0)
        idata = pm.sample(50, tune=50, chains=1, random_seed=1, **QUIET)
    said = group(idata, "posterior").attrs["rewrites"]
    assert "Metropolis: k; NUTS: x" in said
    assert "z" not in said.split("since")[0]
    assert set(group(idata, "posterior").data_vars) == {"k", "z", "x"}


def test_the_same_seed_gives_the_same_draws_on_any_number_of_cores():
    one, two = (
        group(pm.sample(40, tune=40, chains=2, cores=c, random_seed=5, model=counts(), **QUIET), "posterior")
        for c in (1, 2)
    )
    np.testing.assert_array_equal(one["x"], two["x"])
    np.testing.assert_array_equal(one["k"], two["k"])
    assert not np.array_equal(one["x"].values[0], one["x"].values[1])


def test_warm_up_and_transformed_variables_are_kept_on_request():
    with pm.Model():
        s = pm.HalfNormal("s", 1)
        k = pm.Poisson("k", s)
        pm.Normal("y", k, s, observed=2.0)
        idata = pm.sample(
            30, tune=40, chains=1, random_seed=1, discard_tuned_samples=False,
            idata_kwargs={"include_transformed": True, "log_likelihood": True}, **QUIET,
        )  # fmt: skip
    posterior = group(idata, "posterior")
    np.testing.assert_allclose(np.log(posterior["s"].values), posterior["s_log__"].values)
    assert group(idata, "warmup_posterior")["k"].shape == (1, 40)
    want = stats.norm(posterior["k"].values, posterior["s"].values).logpdf(2.0)
    np.testing.assert_allclose(group(idata, "log_likelihood")["y"].values, want)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: pm.NUTS([m["k"]]), "NUTS cannot move 'k': it is discrete"),
        (lambda m: pm.Slice([m["k"]]), "Slice cannot move 'k'"),
        (lambda m: pm.BinaryGibbsMetropolis([m["x"]]), "cannot move 'x': it is continuous"),
        (lambda m: pm.CategoricalGibbsMetropolis([m["k"]]), "infinitely many values"),
        (lambda m: pm.Metropolis(["kk"]), "names 'kk', which is no free variable"),
        (lambda m: pm.Metropolis, r"step takes Metropolis\(\), with its parentheses"),
        (lambda m: "metropolis", "step takes pm.Metropolis"),
    ],
)
def test_steps_that_cannot_be_are_refused(make, message):
    model = counts()
    with model, pytest.raises(pm.ModelError, match=message):
        pm.sample(10, tune=10, step=make(model), **QUIET)


def test_nuts_refuses_what_it_does_not_know():
    with pytest.raises(pm.ModelError, match="did you mean 'target_accept'"):
        pm.NUTS(target_acept=0.9)
    with pytest.raises(pm.ModelError, match="does not take 'metric'"):
        pm.NUTS(["x"], metric="dense")


def test_a_start_without_density_names_the_variable():
    with pm.Model():
        k = pm.Poisson("k", 3)
        pm.Potential("never", pm.math.log(pm.math.switch(k > 1000, 1.0, 0.0)))
        with pytest.raises(pm.SamplingError, match="'never'"):
            pm.sample(10, tune=10, chains=1, **QUIET)

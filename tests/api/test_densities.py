"""Log likelihoods and log priors against SciPy, and the functions of ArviZ that read them."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.results.arviz_series import arviz_series
from pmjax.results.groups import group, group_names

QUIET = {"progressbar": False, "compute_convergence_checks": False}


def regression(rows: int = 30) -> tuple[pm.Model, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 3, rows).astype(float)  # repeated rows, which are collapsed for sampling
    y = 1 + 2 * x + rng.normal(0, 0.5, rows)
    with pm.Model(coords={"obs": np.arange(rows)}) as model:
        xd = pm.Data("x", x, dims="obs")
        beta = pm.Normal("beta", 0, 5, shape=2)
        sigma = pm.HalfNormal("sigma", 1)
        pm.Normal("y", beta[0] + beta[1] * xd, sigma, observed=y, dims="obs")
    return model, x, y


@pytest.fixture(scope="module")
def fitted():
    model, x, y = regression()
    with model:
        idata = pm.sample(
            300, tune=300, chains=4, random_seed=1,
            idata_kwargs={"log_likelihood": True, "log_prior": True}, **QUIET,
        )  # fmt: skip
    return model, x, y, idata


def test_terms_are_those_of_the_users_own_rows(fitted):
    _, x, y, idata = fitted
    posterior = group(idata, "posterior")
    beta, sigma = posterior["beta"].values, posterior["sigma"].values[..., None]
    want = stats.norm(beta[..., :1] + beta[..., 1:] * x, sigma).logpdf(y)
    found = group(idata, "log_likelihood")["y"]
    assert found.dims == ("chain", "draw", "obs")
    np.testing.assert_allclose(found.values, want, rtol=1e-9)
    prior = group(idata, "log_prior")
    np.testing.assert_allclose(prior["beta"].values, stats.norm(0, 5).logpdf(beta), rtol=1e-9)
    np.testing.assert_allclose(prior["sigma"].values, stats.halfnorm(0, 1).logpdf(sigma[..., 0]), rtol=1e-9)


def test_densities_sum_to_the_recorded_log_density(fitted):
    # lp has the change of variables too: log sigma.
    _, _, _, idata = fitted
    total = np.log(group(idata, "posterior")["sigma"].values)
    for name in ("log_likelihood", "log_prior"):
        for values in group(idata, name).data_vars.values():
            total = total + values.values.reshape(*values.shape[:2], -1).sum(-1)
    np.testing.assert_allclose(total, group(idata, "sample_stats")["lp"].values, rtol=1e-9)


def test_afterwards_they_are_the_same(fitted):
    model, _, _, idata = fitted
    with model:
        again = pm.compute_log_likelihood(idata, extend_inferencedata=False, progressbar=False)
        prior = pm.compute_log_prior(
            idata, var_names=["sigma"], extend_inferencedata=False, progressbar=False
        )
    np.testing.assert_array_equal(again["y"].values, group(idata, "log_likelihood")["y"].values)
    assert list(prior.data_vars) == ["sigma"]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore:The inplace keyword")
def test_arviz_compares_checks_and_weighs(fitted):
    model, _, y, idata = fitted
    narrow, _, _ = regression()
    with narrow:
        worse = pm.sample(
            100, tune=200, chains=2, random_seed=1, idata_kwargs={"log_likelihood": True}, **QUIET
        )
    with model:
        pm.sample_posterior_predictive(idata, extend_inferencedata=True, random_seed=1, progressbar=False)
    loo = az.loo(idata)
    elpd = loo.elpd_loo if arviz_series() == 0 else loo.elpd
    beta, sigma = (group(idata, "posterior")[n].values for n in ("beta", "sigma"))
    # Of a model with three parameters and thirty rows it is near the log density at the mean, minus three.
    at_mean = stats.norm(beta[..., 0].mean() + beta[..., 1].mean() * fitted[1], sigma.mean()).logpdf(y).sum()
    assert elpd == pytest.approx(at_mean - 3, abs=2.0)
    assert len(az.compare({"one": idata, "two": worse})) == 2
    if arviz_series() == 0:
        pit = az.loo_pit(idata=idata, y="y")
        assert set(az.psens(idata, component="likelihood").data_vars) == {"beta", "sigma"}
    else:
        pit = np.asarray(az.loo_pit(idata)["y"])
        assert {"prior", "likelihood"} <= set(az.psense_summary(idata).columns)
    assert stats.kstest(np.ravel(pit), "uniform").pvalue > 1e-3


def test_arviz_plots_the_predictive_check(fitted):
    model, _, _, idata = fitted
    pytest.importorskip("matplotlib").use("Agg")
    with model:
        found = pm.sample_posterior_predictive(idata, random_seed=1, progressbar=False)
    if arviz_series() == 0:
        az.plot_ppc(found, num_pp_samples=10)
    else:
        az.plot_ppc_dist(found)


def test_discrete_variables_count_with_the_value_drawn_for_them():
    rng = np.random.default_rng(1)
    y = np.concatenate([rng.normal(-2, 1, 8), rng.normal(2, 1, 8)])
    with pm.Model():
        w = pm.Beta("w", 2, 2)
        z = pm.Bernoulli("z", w, shape=16)
        pm.Normal("y", 4 * z - 2, 1, observed=y)
        idata = pm.sample(
            50, tune=100, chains=1, random_seed=1, idata_kwargs={"log_likelihood": True}, **QUIET
        )
        prior = pm.compute_log_prior(idata, extend_inferencedata=False, progressbar=False)
    posterior = group(idata, "posterior")
    z, w = posterior["z"].values, posterior["w"].values[..., None]
    want = stats.norm(4 * z - 2, 1).logpdf(y)
    np.testing.assert_allclose(group(idata, "log_likelihood")["y"].values, want, rtol=1e-9)
    np.testing.assert_allclose(prior["z"].values, stats.bernoulli(w).logpmf(z), rtol=1e-9)


def test_of_vectors_there_is_one_term_for_each():
    rng = np.random.default_rng(0)
    y, draws = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    with pm.Model(coords={"row": range(5), "k": list("abc")}):
        mu = pm.Normal("mu", 0, 1, dims="k")
        pm.MvNormal("y", mu, np.diag([1.0, 2.0, 3.0]), observed=y, dims=("row", "k"))
        prior = pm.sample_prior_predictive(4, random_seed=1, progressbar=False)
        terms = pm.compute_log_likelihood(group(prior, "prior"), extend_inferencedata=False)
    assert terms["y"].dims == ("chain", "draw", "row")
    mu = group(prior, "prior")["mu"].values[0]
    law = stats.multivariate_normal(np.zeros(3), np.diag([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(terms["y"].values[0], law.logpdf(y - mu[:, None]), rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i: pm.compute_log_likelihood(i, var_names=["beta"]), "'beta' is no observed variable"),
        (lambda i: pm.compute_log_prior(i, var_names=["sigmaa"]), "did you mean 'sigma'"),
        (lambda i: pm.compute_log_prior(group(i, "posterior")), "extend_inferencedata=True needs the result"),
        (
            lambda i: pm.compute_log_prior(group(i, "posterior")[["beta"]], extend_inferencedata=False),
            "no draws of 'sigma'",
        ),
        (
            lambda i: pm.sample(10, var_names=["beta"], idata_kwargs={"log_prior": True}, **QUIET),
            "no draws of 'sigma', on which log_prior depends",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused(fitted, call, message):
    with fitted[0], pytest.raises(pm.ModelError, match=message):
        call(fitted[3])


def test_densities_that_do_not_fit_leave_the_draws(monkeypatch):
    from pmjax.target import over_draws

    monkeypatch.setattr(over_draws, "available_memory", lambda: 1000)
    model, _, _ = regression()
    with model, pytest.warns(pm.SamplingWarning, match="log_likelihood is not in the result: .* are free"):
        idata = pm.sample(20, tune=50, chains=1, idata_kwargs={"log_likelihood": True}, **QUIET)
    assert "posterior" in group_names(idata)


# ---------------------------------------------------------------- deterministics afterwards


def test_deterministics_of_recorded_draws(fitted):
    _, x, _, idata = fitted
    model, _, _ = regression()
    with model:
        pm.Deterministic("line", model["beta"][0] + model["beta"][1] * model["x"], dims="obs")
        pm.Deterministic("residual", model["y"] - model["beta"][0])
        more = pm.compute_deterministics(idata, progressbar=False)
        merged = pm.compute_deterministics(
            group(idata, "posterior"), var_names=["line"], merge_dataset=True, progressbar=False
        )
    beta = group(idata, "posterior")["beta"].values
    want = beta[..., :1] + beta[..., 1:] * x
    assert more["line"].dims == ("chain", "draw", "obs")
    np.testing.assert_allclose(more["line"].values, want, rtol=1e-12)
    np.testing.assert_allclose(more["residual"].values, fitted[2] - beta[..., :1], rtol=1e-12)
    assert {"beta", "sigma", "line"} == set(merged.data_vars)
    assert "line" not in group(idata, "posterior")


def test_deterministics_extend_what_was_given():
    with pm.Model():
        x = pm.Normal("x")
        prior = pm.sample_prior_predictive(5, progressbar=False)
        pm.Deterministic("y", x + 1)
        assert pm.compute_deterministics(prior, extend_dataset=True, progressbar=False) is prior
        found = group(prior, "prior")
        np.testing.assert_allclose(found["y"].values, found["x"].values + 1)
        with pytest.raises(pm.ModelError, match="'z' is no deterministic"):
            pm.compute_deterministics(prior, var_names=["z"])
        with pytest.raises(pm.ModelError, match="no draws of 'x'"):
            pm.compute_deterministics(found[["y"]])


def labels_of_rows(shift=0) -> pm.Model:
    """Each row has a class of its own; shifted, that of another row."""
    with pm.Model() as model:
        w = pm.Beta("w", 2, 2)
        z = pm.Bernoulli("z", w, shape=5)
        own = z if not shift else z[np.roll(np.arange(5), shift)]
        pm.Normal("y", pm.math.stack([-1.0, 2.0])[own], 0.7, observed=np.array([-1.2, 0.3, 1.9, 2.5, -0.4]))
    return model


@pytest.fixture(scope="module")
def unrecovered():
    return pm.sample(
        40, tune=40, chains=2, random_seed=1, recover=False, progressbar=False,
        compute_convergence_checks=False, model=labels_of_rows(),
        idata_kwargs={"log_likelihood": True},
    )  # fmt: skip


def test_without_draws_of_classes_the_log_likelihood_is_the_marginal_one(unrecovered):
    """Against SciPy: the mixture of both classes, row by row."""
    assert "z" not in unrecovered.posterior
    w = unrecovered.posterior["w"].values[..., None]
    y = np.array([-1.2, 0.3, 1.9, 2.5, -0.4])
    exact = np.log((1 - w) * stats.norm.pdf(y, -1, 0.7) + w * stats.norm.pdf(y, 2, 0.7))
    np.testing.assert_allclose(unrecovered.log_likelihood["y"], exact, rtol=1e-9)


def test_where_rows_do_not_have_classes_of_their_own_the_draws_are_needed(unrecovered):
    arguments = {"extend_inferencedata": False, "progressbar": False}
    with pytest.raises(pm.ModelError, match="no draws of 'z', on which log_likelihood depends"):
        pm.compute_log_likelihood(unrecovered, model=labels_of_rows(shift=1), **arguments)
    with pytest.raises(pm.ModelError, match="no draws of 'z', on which log_prior depends"):
        pm.compute_log_prior(unrecovered, model=labels_of_rows(), **arguments)

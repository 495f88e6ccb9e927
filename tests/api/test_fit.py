"""Approximations: exact where the posterior is normal, near NUTS elsewhere, honest about what they miss."""

from __future__ import annotations

import _thread
import threading
import warnings

import numpy as np
import pytest

import pmjax as pm
from pmjax.api import callbacks
from pmjax.inference.vi.gaussian import Normal
from pmjax.inference.vi.pathfinder import EqualMixture, LowRankNormal
from pmjax.results.groups import group, group_names

QUIET = {"progressbar": False}
ADAM = {"obj_optimizer": pm.adam(learning_rate=lambda step: 0.05 * 0.9985**step)}
COV = np.array([[2.0, 1.2, 0.0], [1.2, 1.5, 0.3], [0.0, 0.3, 0.5]])


def gaussian() -> pm.Model:
    with pm.Model(coords={"k": list("abc")}) as model:
        x = pm.MvNormal("x", np.array([1.0, 2.0, 3.0]), COV, dims="k")
        s = pm.LogNormal("s", 0.3, 0.6)
        pm.Deterministic("first", x[0])
    return model


def regression() -> pm.Model:
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, 5)
        sigma = pm.HalfNormal("sigma", 2)
        pm.Normal("y", a + b * x, sigma, observed=1 + 2 * x + rng.normal(size=60))
    return model


# ---------------------------------------------------------------- normal posteriors


def test_laplace_is_exact_on_a_normal_density():
    approx = pm.fit(method="laplace", model=gaussian(), **QUIET)
    np.testing.assert_allclose(approx.mean.eval(), [1, 2, 3, 0.3], atol=1e-6)
    np.testing.assert_allclose(approx.cov.eval()[:3, :3], COV, atol=1e-6)
    np.testing.assert_allclose(approx.std.eval()[3], 0.6, atol=1e-6)
    assert approx.khat < 0


@pytest.mark.parametrize(
    ("method", "options"),
    [("pathfinder", {}), ("fullrank_advi", ADAM | {"obj_n_mc": 10})],
)
def test_a_normal_density_is_found(method, options):
    approx = pm.fit(3000, method, gaussian(), random_seed=1, **options, **QUIET)
    np.testing.assert_allclose(approx.mean.eval(), [1, 2, 3, 0.3], atol=0.1)
    np.testing.assert_allclose(approx.cov.eval()[:3, :3], COV, atol=0.45)
    assert approx.khat < 0.5


def test_mean_field_finds_the_conditional_standard_deviations():
    # The best factorised normal has the inverse of the precision's diagonal as variances (Bishop 2006, 10.2).
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pm.SamplingWarning)
        approx = pm.fit(3000, "advi", gaussian(), random_seed=1, **ADAM, obj_n_mc=10, **QUIET)
    np.testing.assert_allclose(approx.mean.eval(), [1, 2, 3, 0.3], atol=0.1)
    want = 1 / np.diag(np.linalg.inv(COV))
    np.testing.assert_allclose(approx.std.eval()[:3] ** 2, want, rtol=0.15)
    # Minus the evidence lower bound is the Kullback-Leibler divergence, as the density is normalised.
    divergence = 0.5 * (np.linalg.slogdet(COV)[1] - np.log(want).sum())
    assert np.mean(approx.hist[-500:]) == pytest.approx(divergence, abs=0.1)


def test_pathfinder_resamples_to_the_posterior():
    idata = pm.fit(method="pathfinder", model=gaussian(), random_seed=2, **QUIET).sample(4000, random_seed=1)
    x = group(idata, "posterior")["x"].values[0]
    np.testing.assert_allclose(np.cov(x.T), COV, atol=0.35)


# ---------------------------------------------------------------- against NUTS


@pytest.fixture(scope="module")
def sampled():
    with regression():
        return pm.sample(500, tune=500, chains=2, random_seed=1, compute_convergence_checks=False, **QUIET)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("laplace", {}),
        ("pathfinder", {}),
        ("advi", ADAM | {"obj_n_mc": 10}),
        ("fullrank_advi", ADAM | {"obj_n_mc": 10}),
    ],
)
def test_a_regression_is_near_what_nuts_finds(sampled, method, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pm.SamplingWarning)  # k-hat of one seed is known to 0.2
        approx = pm.fit(3000, method, regression(), random_seed=3, **options, **QUIET)
    posterior, exact = group(approx.sample(1000, random_seed=4), "posterior"), group(sampled, "posterior")
    for name in ("a", "b", "sigma"):
        sd = float(exact[name].std())
        assert abs(float(posterior[name].mean() - exact[name].mean())) < 0.3 * sd
        assert 0.7 < float(posterior[name].std()) / sd < 1.35
    assert approx.khat < 0.9


# ---------------------------------------------------------------- what an approximation says and gives


def test_a_poor_approximation_is_called_one():
    # A funnel: the scale of nine coordinates is the exponential of the tenth.
    with pm.Model() as funnel:
        v = pm.Normal("v", 0, 3)
        pm.Normal("x", 0, pm.math.exp(v / 2), shape=9)
    with pytest.warns(pm.SamplingWarning, match=r"k-hat is .*, above 0.7: the advi approximation misses"):
        approx = pm.fit(500, "advi", funnel, random_seed=1, **ADAM, **QUIET)
    assert "misses part of the posterior" in approx.verdict()


def test_results_have_the_names_and_dims_of_samples():
    approx = pm.fit(method="laplace", model=gaussian(), **QUIET)
    idata = approx.sample(20, random_seed=1)
    posterior = group(idata, "posterior")
    assert list(posterior.data_vars) == ["x", "s", "first"]
    assert posterior["x"].dims == ("chain", "draw", "k")
    assert posterior["x"].shape == (1, 20, 3)
    np.testing.assert_allclose(posterior["first"].values, posterior["x"].values[..., 0])
    assert posterior.attrs["khat"] == approx.khat
    # The density is normal: the approximation has the same log density.
    statistics = group(idata, "sample_stats")
    np.testing.assert_allclose(statistics["lp"].values, statistics["lq"].values, atol=1e-5)
    again = approx.sample(20, random_seed=1, return_inferencedata=False)
    np.testing.assert_array_equal(again["x"], posterior["x"].values[0])


def test_observed_data_come_along_and_predictions_go_on():
    with regression():
        idata = pm.fit(method="laplace", **QUIET).sample(30)
        found = pm.sample_posterior_predictive(idata, **QUIET)
    assert "observed_data" in group_names(idata)
    assert group(found, "posterior_predictive")["y"].shape == (1, 30, 60)


def test_discrete_variables_are_summed_out_and_drawn():
    rng = np.random.default_rng(1)
    with pm.Model():
        w = pm.Beta("w", 2, 2)
        z = pm.Bernoulli("z", w, shape=20)
        pm.Normal("y", 6.0 * z, 1, observed=6 * (np.arange(20) < 5) + rng.normal(size=20))
        idata = pm.fit(method="laplace", **QUIET).sample(50, random_seed=1)
    z = group(idata, "posterior")["z"].values
    assert z.dtype.kind == "i"
    np.testing.assert_array_equal(z.mean((0, 1)).round(), np.arange(20) < 5)


# ---------------------------------------------------------------- steps, callbacks, interrupts


def test_every_step_has_a_loss_and_refining_goes_on():
    inference = pm.FullRankADVI(model=regression(), random_seed=1)
    approx = inference.fit(130, **QUIET, **ADAM)
    assert len(approx.hist) == len(inference.hist) == 130
    before = approx.mean.eval()
    inference.refine(50, **QUIET)
    assert len(approx.hist) == 180
    assert not np.array_equal(approx.mean.eval(), before)


def test_the_steps_do_not_depend_on_how_often_somebody_listens():
    seen = []
    one = pm.ADVI(model=regression(), random_seed=1).fit(40, **QUIET, **ADAM)
    two = pm.ADVI(model=regression(), random_seed=1).fit(
        40, callbacks=[lambda approx, losses, i: seen.append((i, len(losses)))], **QUIET, **ADAM
    )
    np.testing.assert_array_equal(one.hist, two.hist)
    assert seen == [(i, i) for i in range(1, 41)]


def test_a_fit_ends_when_parameters_have_stopped_to_move():
    check = callbacks.CheckParametersConvergence(every=50, tolerance=0.05, diff="absolute")
    approx = pm.ADVI(model=regression(), random_seed=1).fit(5000, callbacks=[check], **ADAM, **QUIET)
    assert 100 <= len(approx.hist) < 5000


def test_a_tracker_keeps_what_it_is_told():
    inference = pm.ADVI(model=regression(), random_seed=1)
    tracker = callbacks.Tracker(mean=inference.approx.mean.eval, step=lambda approx, losses, i: i)
    moving = callbacks.Tracker(mean=lambda: inference.approx.mean.eval())
    inference.fit(10, callbacks=[tracker, moving], **QUIET, **ADAM)
    assert tracker["step"] == list(range(1, 11))
    assert not np.array_equal(moving["mean"][0], moving["mean"][-1])


def test_start_and_its_spread_are_where_steps_begin():
    inference = pm.ADVI(
        model=regression(), start={"a": 7.0, "sigma": 0.5}, start_sigma={"a": 0.1, "sigma_log__": 0.2}
    )
    np.testing.assert_allclose(inference.approx.mean.eval(), [7.0, 0.0, np.log(0.5)])
    np.testing.assert_allclose(inference.approx.std.eval(), [0.1, np.log(2), 0.2])


def test_ctrl_c_keeps_the_approximation_of_then():
    with regression():
        interrupt = threading.Timer(4.0, _thread.interrupt_main)
        interrupt.start()
        with pytest.warns(pm.SamplingWarning, match="interrupted after"):
            approx = pm.ADVI(random_seed=1).fit(100_000_000, **QUIET)
        interrupt.join()
    assert 0 < len(approx.hist) < 100_000_000


@pytest.mark.parametrize(
    "optimiser",
    [
        *(pm.sgd, pm.momentum, pm.nesterov_momentum, pm.adagrad, pm.adagrad_window),
        *(pm.rmsprop, pm.adadelta, pm.adam, pm.adamax),
    ],
)
def test_every_optimiser_goes_down(optimiser):
    import jax
    import jax.numpy as jnp

    step = optimiser() if optimiser is pm.adadelta else optimiser(learning_rate=0.01)
    x = jnp.array([1.0, -2.0])
    state = step.init(x)
    for _ in range(20):
        updates, state = step.update(jax.grad(lambda x: jnp.sum(x**2))(x), state, x)
        x = x + updates
    assert float(jnp.sum(x**2)) < 5.0


def test_adagrad_over_a_window_is_its_formula():
    import jax.numpy as jnp

    step = pm.adagrad_window(learning_rate=0.5, epsilon=0.1, n_win=2)
    state = step.init(jnp.zeros(1))
    for gradient, window in ((1.0, [1]), (2.0, [1, 2]), (3.0, [2, 3])):
        update, state = step.update(jnp.array([gradient]), state)
        assert float(update[0]) == pytest.approx(-0.5 * gradient / np.sqrt(np.sum(np.square(window)) + 0.1))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "svi"}, "method must be one of 'advi'"),
        ({"n": 0}, "n must be an integer"),
        ({"method": "laplace", "num_paths": 3}, "laplace does not take 'num_paths'"),
        ({"method": "advi", "obj_nmc": 3}, "did you mean 'obj_n_mc'"),
        ({"method": "advi", "obj_optimizer": "adam"}, "obj_optimizer is an optimiser such as pm.adam"),
        ({"method": "advi", "start_sigma": {"c": 1}}, "start_sigma has an unknown variable 'c'"),
        ({"method": "advi", "start_sigma": {"a": -1}}, "start_sigma takes positive numbers"),
        ({"method": "pathfinder", "importance_sampling": "psir"}, "importance_sampling is 'psis' or None"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(pm.ModelError, match=message):
        pm.fit(model=regression(), **arguments, **QUIET)


def test_a_density_without_a_maximum_has_no_laplace_approximation():
    with pm.Model() as flat:
        pm.Flat("flat")
        pm.Normal("x")
    with pytest.raises(pm.SamplingError, match="no maximum along 'flat'"):
        pm.fit(method="laplace", model=flat, **QUIET)


# ---------------------------------------------------------------- the distributions themselves


def dense(part: LowRankNormal) -> Normal:
    return Normal(part.mean, np.linalg.cholesky(part.cov))


def low_rank(seed: int, size: int = 5, rank: int = 2) -> LowRankNormal:
    rng = np.random.default_rng(seed)
    beta = rng.normal(size=(size, rank))
    return LowRankNormal(rng.normal(size=size), rng.uniform(0.5, 2, size), beta, 0.5 * np.eye(rank))


@pytest.mark.parametrize("rank", [2, 10])
def test_a_low_rank_normal_has_the_density_of_its_matrix(rank):
    from scipy import stats

    part = low_rank(1, rank=rank)
    theta, log_q = part.draw(np.random.default_rng(3), 4000)
    law = stats.multivariate_normal(part.mean, part.cov)
    np.testing.assert_allclose(log_q, law.logpdf(theta), rtol=1e-9)
    np.testing.assert_allclose(part.log_density(theta), log_q, rtol=1e-9)
    np.testing.assert_allclose(np.cov(theta.T), part.cov, atol=0.12 * np.diag(part.cov).max())


def test_a_mixture_has_the_density_of_its_parts():
    from scipy import stats

    mixture = EqualMixture([low_rank(1), low_rank(2)])
    theta, log_q = mixture.draw(np.random.default_rng(0), 5000)
    parts = [stats.multivariate_normal(p.mean, p.cov).pdf(theta) for p in mixture.parts]
    np.testing.assert_allclose(np.exp(log_q), np.mean(parts, axis=0), rtol=1e-9)
    np.testing.assert_allclose(theta.mean(0), mixture.mean, atol=0.1)
    np.testing.assert_allclose(np.cov(theta.T), mixture.cov, atol=0.3)

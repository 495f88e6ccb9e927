"""recentre: the same posterior in coordinates that a centring defines, and a centring that warm-up fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import pmjax as pm
from pmjax.inference.nuts.sample import sample_nuts
from pmjax.model.spec import ModelSpec
from pmjax.rewrites.centring_fit import Judgement, Level, judge, minimise
from pmjax.rewrites.centring_hook import recentre_hook
from pmjax.rewrites.coordinates import Coordinates
from pmjax.rewrites.recentre import NAME, recentred
from pmjax.run.trace import Trace
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density
from pmjax.target.start import initial_point

from .compare import evaluate, rewritten


def nested() -> pm.Model:
    """Two levels, indices, a regression for the location, logarithms, shared parents."""
    rng = np.random.default_rng(0)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 2), pm.HalfNormal("tau")
        region = pm.Normal("region", mu, tau, shape=3)
        slope = pm.Laplace("slope", mu, 0.5, shape=2)
        s = pm.LogNormal("s", 0.3 * mu, 0.4)
        rate = pm.Exponential("rate", 1 / s)
        x = pm.Normal("x", region[[0, 1, 2, 2, 1]] + rng.normal(size=(5, 2)) @ slope, s * tau, shape=5)
        table = pm.StudentT("table", 4.0, x[:, None], rate, shape=(5, 2))
        pm.Normal("y", table.sum(axis=1), 0.7, observed=rng.normal(size=5))
    return model


def with_centring(spec: ModelSpec, centring: Any) -> ModelSpec:
    knobs = [
        replace(k, value=np.broadcast_to(centring(k.value.shape), k.value.shape) * 1.0) for k in spec.knobs
    ]
    return replace(spec, knobs=tuple(knobs))


def test_what_has_a_random_location_or_scale_is_recentred() -> None:
    before, after, reports = rewritten(nested(), NAME)
    names = ["region", "slope", "s", "rate", "x", "table"]
    assert [v.name for v in recentred(after)] == names == list(reports)
    assert joint_density(before).coordinate_names == joint_density(after).coordinate_names
    assert Coordinates(after).level.tolist() == [0] * 3 + [0] * 2 + [0] + [1] + [1] * 5 + [2] * 10


def test_what_is_unsuited_is_left_alone() -> None:
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0.0, 1.0), pm.HalfNormal("tau", 1.0)
        pm.TruncatedNormal("truncated", mu, tau, lower=0.0)
        pm.Uniform("uniform", mu, mu + tau)
        pm.Beta("beta", 1 + tau, 2.0)
        pm.LogNormal("untransformed", mu, tau, transform=None)
    before, after, reports = rewritten(model, NAME)
    assert reports == {}
    assert after.free == before.free
    assert recentre_hook(after) is None


def test_every_centring_is_a_change_of_variables() -> None:
    before, after, _ = rewritten(nested(), NAME)
    coordinates, plain = Coordinates(after), evaluate(joint_density(before))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        density = joint_density(with_centring(after, rng.random))
        written = {name: np.ones_like(knob) for name, knob in density.knobs.items()}
        theta = rng.normal(size=density.size)
        value, score, recorded = evaluate(density)(theta)
        with double_precision():
            x, moved, rise = coordinates.moved(theta, score, coordinates.data, density.knobs, written)
            log_det = float(coordinates.changed(theta, coordinates.data, density.knobs, written)[1])
        plain_value, plain_score, plain_recorded = plain(np.asarray(x))
        np.testing.assert_allclose(value, plain_value + log_det, rtol=1e-12)
        np.testing.assert_allclose(rise, -log_det, rtol=1e-12)
        np.testing.assert_allclose(moved, plain_score, rtol=1e-9, atol=1e-10)
        for name, array in recorded.items():
            np.testing.assert_allclose(array, plain_recorded[name], rtol=1e-12)


def test_scores_in_another_centring_need_no_gradient() -> None:
    _, after, _ = rewritten(nested(), NAME)
    coordinates = Coordinates(after)
    rng = np.random.default_rng(1)
    old, new = (joint_density(with_centring(after, rng.random)) for _ in range(2))
    theta = rng.normal(size=old.size)
    value, score, _ = evaluate(old)(theta)
    with double_precision():
        there, moved, rise = coordinates.moved(theta, score, coordinates.data, old.knobs, new.knobs)
        back, _, fall = coordinates.moved(there, moved, coordinates.data, new.knobs, old.knobs)
    new_value, new_score, _ = evaluate(new)(np.asarray(there))
    np.testing.assert_allclose(moved, new_score, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose([value + float(rise), rise], [new_value, -float(fall)], rtol=1e-11)
    np.testing.assert_allclose(back, theta, rtol=1e-12, atol=1e-12)


def test_no_digits_are_lost_where_the_scale_is_tiny() -> None:
    """x - mu would be 0 or one rounding error of mu; z has all its digits."""
    with pm.Model() as model:
        mu, tau = pm.Normal("mu"), pm.HalfNormal("tau")
        pm.StudentT("x", 7.0, mu, tau, shape=3)
        pm.Normal("y", mu, tau, shape=3)
    _, after, _ = rewritten(model, NAME)
    z = np.array([1.5, -0.3, 8.0])
    theta = np.concatenate([[3.0, np.log(1e-20)], z, z])
    _, score, _ = evaluate(joint_density(after))(theta)
    np.testing.assert_allclose(score[2:5], -8 * z / (7 + z**2), rtol=1e-12)
    np.testing.assert_allclose(score[5:8], -z, rtol=1e-12)
    np.testing.assert_allclose(score[1], 1.0, rtol=1e-12)


@pytest.mark.slow
def test_the_loss_is_that_of_the_draws_and_scores_in_the_new_centring() -> None:
    _, after, _ = rewritten(nested(), NAME)
    coordinates, rng = Coordinates(after), np.random.default_rng(2)
    x, score = rng.normal(size=(2, 30, coordinates.size))
    weight = np.full(30, 1 / 30)
    written = {n: np.ones(group.shape) for n, group in coordinates.knobs.items()}
    for number in range(3):
        level = Level.of(coordinates, number)
        own = [name for name, part in coordinates.slices.items() if level.own[part.start]]
        new = written | {name: np.full_like(written[name], 0.4) for name in own}
        c = np.where(level.own, 0.4, 1.0)
        with double_precision():
            move = jax.vmap(lambda x, s, new=new: coordinates.moved(x, s, coordinates.data, written, new))
            z, moved, _ = map(np.asarray, move(x, score))
            found = judge(coordinates, level, x, score, weight, np.ones(len(c)), c[None], coordinates.data)
        losses = np.sqrt(z.var(axis=0) * moved.var(axis=0))
        np.testing.assert_allclose(
            found.alone[0, level.own], losses[coordinates.elements.indices][level.own], rtol=1e-4
        )
        outer = losses[coordinates.parents.indices][level.outer]
        np.testing.assert_allclose(found.loss[0], found.alone[0, level.own].sum() + outer.sum(), rtol=1e-4)


def draw(spec: ModelSpec, **options: Any) -> Trace:
    density, point = joint_density(spec), initial_point(spec)
    start = np.concatenate([np.ravel(point[v.value_name]) for v in spec.free])

    def starts(chain: int, attempt: int) -> np.ndarray:
        return start + np.random.default_rng([chain, attempt]).uniform(-1, 1, start.size)

    return sample_nuts(density, starts, window_hook=recentre_hook(spec), progressbar=False, **options)


def test_the_fit_finds_what_a_statistician_would_write() -> None:
    """Groups with very many observations are centred; groups with none are not."""
    rng = np.random.default_rng(3)
    rows = np.repeat(np.arange(10), 4000)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfNormal("tau", 2)
        theta = pm.Normal("theta", mu, tau, shape=20)
        pm.Normal("y", theta[rows], 1.0, observed=rng.normal(size=10)[rows] + rng.normal(size=rows.size))
    _, after, _ = rewritten(model, "collapse_rows", NAME)
    density = joint_density(after)
    trace = sample_nuts(
        density,
        np.zeros((16, density.size)),
        chains=16,
        tune=500,
        draws=1,
        window_hook=recentre_hook(after),
        progressbar=False,
    )
    centrings = np.array([knobs["theta_centring"] for knobs in trace.knobs])
    assert np.all(centrings[:, :10] > 0.9)
    # One window of draws is noisy: of the 160 elements without data three in ten stray, mostly to 0.2.
    assert np.median(centrings[:, 10:]) == 0
    assert np.mean(centrings[:, 10:] == 0) > 0.6
    assert np.mean(centrings[:, 10:] < 0.3) > 0.85


def test_the_funnel_written_naturally() -> None:
    """Neal (2003): v ~ N(0, 3), x_i ~ N(0, exp(v / 2)), nine of them."""
    with pm.Model() as model:
        v = pm.Normal("v", 0, 3)
        pm.Normal("x", 0, np.exp(v / 2), shape=9)
    _, after, _ = rewritten(model, NAME)
    trace = draw(after, chains=4, tune=400, draws=1000, seed=5)
    v_draws = trace.posterior.outputs["v"]
    assert trace.posterior.stats["diverging"].sum() == 0
    # About 4000 effective draws: four standard errors of the mean, and of the quantiles by the binomial law.
    assert abs(v_draws.mean()) < 4 * 3 / np.sqrt(2000)
    assert abs(v_draws.std() - 3) < 4 * 3 / np.sqrt(2 * 2000)
    for level in (0.05, 0.5, 0.95):
        below = np.mean(v_draws < norm.ppf(level, scale=3))
        assert abs(below - level) < 4 * np.sqrt(level * (1 - level) / 2000)


def test_radon_with_every_rewrite_has_the_posterior_of_a_long_run_elsewhere() -> None:
    known = {"mu_a": (1.4922, 0.0511), "mu_b": (-0.6490, 0.0820), "sigma_a": (0.3248, 0.0454)}
    known |= {"sigma_b": (0.2594, 0.1289), "eps": (0.72057, 0.01814)}
    data = pd.read_csv(pm.get_data("radon.csv"))
    county = data.county_code.values
    with pm.Model() as model:
        mu_a, sigma_a = pm.Normal("mu_a", 0.0, 100.0), pm.HalfNormal("sigma_a", 5.0)
        mu_b, sigma_b = pm.Normal("mu_b", 0.0, 100.0), pm.HalfNormal("sigma_b", 5.0)
        a = pm.Normal("a", mu_a, sigma_a, shape=85)
        b = pm.Normal("b", mu_b, sigma_b, shape=85)
        eps = pm.HalfCauchy("eps", 5.0)
        pm.Normal("y", a[county] + b[county] * data.floor.values, eps, observed=data.log_radon)
    _, after, _ = rewritten(model, "collapse_rows", NAME)
    trace = draw(after, chains=4, tune=500, draws=1000, seed=7)
    # At least 300 effective draws of each: four standard errors of mean and standard deviation.
    for name, (mean, sd) in known.items():
        draws = trace.posterior.outputs[name]
        assert abs(draws.mean() - mean) < 4 * sd / np.sqrt(300), name
        assert abs(draws.std() - sd) < 4 * sd / np.sqrt(2 * 300) * 1.5, name


def test_a_hierarchy_that_is_right_as_written_costs_little_more() -> None:
    rng = np.random.default_rng(8)
    group = np.repeat(np.arange(12), 200)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 10), pm.HalfNormal("tau", 2)
        theta = pm.Normal("theta", mu, tau, shape=12)
        pm.Normal("y", theta[group], 1.0, observed=rng.normal(rng.normal(3, 0.5, 12)[group]))
    _, after, _ = rewritten(model, "collapse_rows", NAME)
    plain = draw(rewritten(model, "collapse_rows")[1], chains=4, tune=400, draws=400, seed=9)
    trace = draw(after, chains=4, tune=400, draws=400, seed=9)
    # Sampled in the form that fitting starts from, it takes three times the gradients.
    assert trace.gradients < 1.2 * plain.gradients
    assert all(np.all(knobs["theta_centring"] > 0.8) for knobs in trace.knobs)


def test_the_result_says_how_variables_were_centred() -> None:
    with pm.Model():
        mu, tau = pm.Normal("mu"), pm.HalfNormal("tau")
        x = pm.Normal("x", mu, tau, shape=3)
        pm.Normal("y", x, 0.01, observed=[1.0, -1.0, 0.5])
        quiet = {"progressbar": False, "compute_convergence_checks": False}
        idata = pm.sample(50, tune=200, chains=2, random_seed=1, **quiet)
    assert idata.posterior.attrs["centring"].startswith("x is centred by ")


def test_a_model_that_is_well_parameterised_is_not_moved() -> None:
    rng = np.random.default_rng(6)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu"), pm.HalfNormal("tau")
        pm.Normal("x", mu, tau, shape=4)
    _, after, _ = rewritten(model, NAME)
    coordinates, n = Coordinates(after), 2000
    # The exact posterior is the prior: in the non-centred form every score is minus the draw, or 1 - tau^2.
    mu_draws, z = rng.normal(size=n), rng.normal(size=(n, 4))
    log_tau = np.log(np.abs(rng.normal(size=n)))
    theta = np.column_stack([mu_draws, log_tau, z])
    score = np.column_stack([-mu_draws, 1 - np.exp(2 * log_tau), -z])
    hook = recentre_hook(after)
    assert hook is not None
    with double_precision():
        place = theta[None, -1], score[None, -1]
        moves = hook(theta[None], score[None], place, {"x_centring": np.zeros((1, 4))})
    assert moves == [None]


def test_the_search_finds_the_least_of_a_known_loss() -> None:
    """Quadratic losses around 0.4 and 1, for two chains; the bound of the second chain is below its 1."""
    target = np.array([[0.4, 0.4, 1.0], [0.4, 0.4, 1.0]])
    depth = np.array([[0.1, 0.1, 0.1], [0.1, 0.1, 1.2]])

    def judged(c: np.ndarray) -> Judgement:
        alone = 10 * (c - target[:, None]) ** 2
        return Judgement(alone.sum(axis=2), alone, depth)

    c, gain = minimise(judged, np.zeros((2, 3)), [slice(0, 2), slice(2, 3)], long=True)
    np.testing.assert_allclose(c, target)
    np.testing.assert_allclose(gain, 10 * (2 * 0.4**2 + 1))
    # Where the data say less, the neck bounds the centring.
    c, _ = minimise(
        lambda c: Judgement(0.02 * (c - 1).sum(axis=2) ** 2 + 1 - c.sum(axis=2) / 6, c, depth),
        np.zeros((2, 3)), [slice(0, 2), slice(2, 3)], long=False,
    )  # fmt: skip
    np.testing.assert_allclose(c[1, 2], 0.5)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_fitting_compiles_no_new_sampler(precision: str) -> None:
    with pm.Model() as model:
        tau = pm.HalfNormal("tau")
        x = pm.Normal("x", 0.0, tau, shape=3)
        pm.Normal("y", x, 0.01, observed=[1.0, -1.0, 0.5])
    _, after, _ = rewritten(model, NAME)
    trace = draw(after, chains=1, tune=200, draws=50, seed=1, precision=precision)
    assert trace.posterior.outputs["x"].dtype == precision
    np.testing.assert_allclose(trace.posterior.outputs["x"].mean(axis=(0, 1)), [1.0, -1.0, 0.5], atol=0.02)

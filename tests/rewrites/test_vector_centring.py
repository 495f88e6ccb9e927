"""recentre for multivariate normal variables: centred or not, through the Cholesky factor."""

from __future__ import annotations

import warnings
from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.model.spec import ModelSpec
from pmjax.rewrites.centring_hook import recentre_hook
from pmjax.rewrites.coordinates import Coordinates
from pmjax.rewrites.recentre import NAME
from pmjax.rewrites.vector_centring import vectors
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

from .compare import evaluate, rewritten

CORRELATION = np.array([[1.0, 0.6], [0.6, 1.0]])


def slopes(rows_each: int = 3, groups: int = 4) -> pm.Model:
    """Intercepts and slopes of groups, with a random mean, scales and correlation; one more level below."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(groups), rows_each)
    x = rng.normal(size=group.size)
    effects = np.array([1.0, -0.5]) + rng.normal(size=(groups, 2))
    y = effects[group, 0] + effects[group, 1] * x + 0.5 * rng.normal(size=group.size)
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 2, shape=2)
        sd = pm.HalfNormal("sd", shape=2)
        rho = pm.Uniform("rho", -0.9, 0.9)
        correlation = np.eye(2) + rho * (1 - np.eye(2))
        effect = pm.MvNormal("effect", mu, cov=sd[:, None] * correlation * sd, shape=(groups, 2))
        noise = pm.LogNormal("noise", 0.1 * effect[0, 0] - 1, 0.5)
        pm.Normal("y", effect[group, 0] + effect[group, 1] * x, noise, observed=y)
    return model


def with_centring(spec: ModelSpec, c: float) -> ModelSpec:
    knobs = [
        replace(k, value=np.full_like(k.value, c)) if k.node.name == "effect_centring" else k
        for k in spec.knobs
    ]
    return replace(spec, knobs=tuple(knobs))


def factor_of(theta: np.ndarray) -> np.ndarray:
    """Return the Cholesky factor of the covariance at a point: mu, log sd, rho on (-0.9, 0.9)."""
    sd, rho = np.exp(theta[2:4]), -0.9 + 1.8 / (1 + np.exp(-theta[4]))
    return np.linalg.cholesky(sd[:, None] * (np.eye(2) + rho * (1 - np.eye(2))) * sd)


@pytest.mark.parametrize("c", [0.0, 0.3, 1.0])
def test_every_centring_is_a_change_of_variables(c: float) -> None:
    before, after, reports = rewritten(slopes(), NAME)
    assert [v.name for v in vectors(after)] == ["effect"]
    assert "Cholesky" in reports["effect"].sentence
    density = joint_density(with_centring(after, c))
    theta = np.random.default_rng(1).normal(size=density.size)
    value, _, recorded = evaluate(density)(theta)
    A, mu = (1 - c) * factor_of(theta) + c * np.eye(2), theta[:2]
    written = theta.copy()
    # The noise has a location that depends on the effects, and its own centring of 0.
    effect = mu + (theta[5:13].reshape(4, 2) - c * mu) @ A.T
    written[5:13] = effect.ravel()
    written[13] = 0.1 * effect[0, 0] - 1 + 0.5 * theta[13]
    plain, _, plain_recorded = evaluate(joint_density(before))(written)
    jacobian = 4 * np.log(np.diag(A)).sum() + np.log(0.5)
    np.testing.assert_allclose(value, plain + jacobian, rtol=1e-12)
    for name, array in recorded.items():
        np.testing.assert_allclose(array, plain_recorded[name], rtol=1e-10)


@pytest.mark.slow
def test_scores_in_another_form_need_no_gradient() -> None:
    _, after, _ = rewritten(slopes(), NAME)
    densities = {c: joint_density(with_centring(after, c)) for c in (0.0, 0.4, 1.0)}
    theta = np.random.default_rng(2).normal(size=(3, densities[0.0].size))
    coordinates = Coordinates(after)
    for old, new in [(0.0, 1.0), (1.0, 0.4), (0.4, 0.0)]:
        value, score = map(np.stack, zip(*(evaluate(densities[old])(t)[:2] for t in theta), strict=True))
        here, there = densities[old].knobs, densities[new].knobs
        with double_precision():
            move = jax.vmap(lambda t, s, a=here, b=there: coordinates.moved(t, s, coordinates.data, a, b))
            moved, scores, rise = map(np.asarray, move(theta, score))
            change = jax.vmap(lambda t, a=there, b=here: coordinates.changed(t, coordinates.data, a, b))
            back = change(moved)[0]
        expected = map(np.stack, zip(*(evaluate(densities[new])(t)[:2] for t in moved), strict=True))
        for found, true in zip((value + rise, scores), expected, strict=True):
            np.testing.assert_allclose(found, true, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(back, theta, rtol=1e-9)


def test_a_start_is_found_in_the_form_that_chains_start_in() -> None:
    with slopes():
        trace = pm.sample(
            20, tune=20, chains=2, random_seed=1, progressbar=False, compute_convergence_checks=False,
            initvals={"effect": np.arange(8.0).reshape(4, 2)},
        )  # fmt: skip
    assert trace.posterior["effect"].shape == (2, 20, 4, 2)


def test_what_has_no_random_mean_or_covariance_is_left_alone() -> None:
    with pm.Model() as model:
        pm.MvNormal("x", np.zeros(2), cov=CORRELATION)
        pm.Normal("y")
    _, after, reports = rewritten(model, NAME)
    assert reports == {}
    assert vectors(after) == []
    assert recentre_hook(after) is None


def test_a_scale_that_nothing_informs_keeps_its_prior() -> None:
    """As written this is a funnel; a half-normal scale has the distribution function 2 Phi(x) - 1."""
    with pm.Model():
        tau = pm.HalfNormal("tau", 1.0)
        pm.MvNormal("x", np.zeros(2), cov=tau**2 * CORRELATION, shape=(10, 2))
        trace = pm.sample(
            1000, random_seed=3, progressbar=False, target_accept=0.9, compute_convergence_checks=False
        )
    assert int(trace.sample_stats["diverging"].sum()) == 0
    draws = trace.posterior["tau"].values[:, ::4].ravel()
    assert stats.kstest(draws, "halfnorm").pvalue > 1e-3
    assert "x is centred by 0.00" in trace.posterior.attrs["centring"]


def test_effects_that_the_data_determine_are_moved_as_written() -> None:
    with slopes(rows_each=400, groups=12), warnings.catch_warnings():
        warnings.simplefilter("ignore", pm.SamplingWarning)
        trace = pm.sample(300, tune=400, random_seed=3, progressbar=False)
    assert "effect is centred by 1.00" in trace.posterior.attrs["centring"]

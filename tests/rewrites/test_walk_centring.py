"""recentre for random walks: as written, or by their steps."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.model.spec import ModelSpec
from pmjax.rewrites.coordinates import Coordinates
from pmjax.rewrites.recentre import NAME
from pmjax.rewrites.vector_centring import vectors
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

from .compare import evaluate, rewritten


def walks() -> pm.Model:
    """Two walks with random drift and scale, and a first value that depends on another variable."""
    with pm.Model() as model:
        scale = pm.HalfNormal("scale", 1)
        drift = pm.Normal("drift", 0, 1, shape=2)
        x = pm.GaussianRandomWalk(
            "x", drift, scale, init_dist=pm.StudentT.dist(4, drift[0], 2.0), shape=(2, 4)
        )
        pm.Normal("y", x, 1.0, observed=np.arange(8.0).reshape(2, 4))
    return model


def with_centring(spec: ModelSpec, c: float) -> ModelSpec:
    return replace(spec, knobs=tuple(replace(k, value=np.full_like(k.value, c)) for k in spec.knobs))


@pytest.mark.parametrize("c", [0.0, 0.3, 1.0])
def test_every_centring_is_a_change_of_variables(c: float) -> None:
    before, after, reports = rewritten(walks(), NAME)
    assert [v.name for v in vectors(after)] == ["x"]
    assert "steps" in reports["x"].sentence
    density = joint_density(with_centring(after, c))
    theta = np.random.default_rng(1).normal(size=density.size)
    value, _, recorded = evaluate(density)(theta)
    sd, drift = np.exp(theta[0]), theta[1:3]
    steps = np.array([[drift[0], d, d, d] for d in drift])
    lower = np.tril(np.ones((4, 4)))
    A = (1 - c) * lower @ np.diag([2.0, sd, sd, sd]) + c * np.eye(4)
    mean = steps @ lower.T
    written = theta.copy()
    written[3:] = (mean + (theta[3:].reshape(2, 4) - c * mean) @ A.T).ravel()
    plain, _, plain_recorded = evaluate(joint_density(before))(written)
    np.testing.assert_allclose(value, plain + 2 * np.log(np.diag(A)).sum(), rtol=1e-12)
    for name, array in recorded.items():
        np.testing.assert_allclose(array, plain_recorded[name], rtol=1e-10)


def test_scores_in_another_form_need_no_gradient() -> None:
    _, after, _ = rewritten(walks(), NAME)
    densities = {c: joint_density(with_centring(after, c)) for c in (0.0, 0.4, 1.0)}
    theta = np.random.default_rng(2).normal(size=densities[0.0].size)
    coordinates = Coordinates(after)
    for old, new in [(0.0, 1.0), (1.0, 0.4), (0.4, 0.0)]:
        value, score, _ = evaluate(densities[old])(theta)
        here, there = densities[old].knobs, densities[new].knobs
        with double_precision():
            move = jax.jit(lambda t, s, a=here, b=there: coordinates.moved(t, s, coordinates.data, a, b))
            moved, scores, rise = map(np.asarray, move(theta, score))
            back = coordinates.changed(moved, coordinates.data, there, here)[0]
        true_value, true_score, _ = evaluate(densities[new])(moved)
        np.testing.assert_allclose(value + rise, true_value, rtol=1e-9)
        np.testing.assert_allclose(scores, true_score, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(back, theta, rtol=1e-9)


def test_a_start_is_found_in_the_coordinates_of_steps() -> None:
    _, after, _ = rewritten(walks(), NAME)
    (walk,) = vectors(after)
    inputs = [np.full((2, 4), 0.5), np.full((2, 4), 2.0), np.array(0.3)]
    x = np.random.default_rng(3).normal(size=(2, 4))
    with double_precision():
        np.testing.assert_allclose(walk.bijector.inverse(walk.bijector.forward(x, *inputs), *inputs), x)


def test_a_scale_that_nothing_informs_keeps_its_prior() -> None:
    """As written this is a funnel; a half-normal scale has the distribution function 2 Phi(x) - 1."""
    with pm.Model():
        scale = pm.HalfNormal("scale", 1.0)
        pm.GaussianRandomWalk("x", sigma=scale, init_dist=pm.Normal.dist(0, 1), shape=20)
        trace = pm.sample(
            800,
            tune=400,
            random_seed=3,
            progressbar=False,
            target_accept=0.9,
            compute_convergence_checks=False,
        )
    assert trace.sample_stats["diverging"].mean() < 0.002  # a long step in the tail of the scale, at most
    assert stats.kstest(trace.posterior["scale"].values[:, ::4].ravel(), "halfnorm").pvalue > 1e-3
    assert "x is centred by 0.00" in trace.posterior.attrs["centring"]


def test_values_that_the_data_determine_are_moved_as_written() -> None:
    y = np.cumsum(np.random.default_rng(0).normal(0, 3, 30))
    with pm.Model():
        scale = pm.HalfNormal("scale", 5.0)
        x = pm.GaussianRandomWalk("x", sigma=scale, init_dist=pm.Normal.dist(0, 10), shape=30)
        pm.Normal("y", x, 0.1, observed=y)
        trace = pm.sample(200, tune=400, random_seed=3, progressbar=False, compute_convergence_checks=False)
    assert "x is centred by 1.00" in trace.posterior.attrs["centring"]
    np.testing.assert_allclose(trace.posterior["x"].mean(("chain", "draw")), y, atol=0.1)

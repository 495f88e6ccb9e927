"""The radon model's log density against one written by hand, and its gradient against finite differences."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.model.spec import ModelSpec
from pmjax.runtime.precision import double_precision
from pmjax.target.density import Density
from pmjax.target.joint import joint_density
from pmjax.target.start import initial_point

RNG = np.random.default_rng(0)
COUNTIES, HOMES = 85, 919
COUNTY = RNG.integers(0, COUNTIES, HOMES).astype("int32")
FLOOR = RNG.integers(0, 2, HOMES)
LOG_RADON = RNG.normal(1.2, 0.8, HOMES)
SIZE = 5 + 2 * COUNTIES


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    with pm.Model() as model:
        mu_a = pm.Normal("mu_a", mu=0.0, sigma=100.0)
        sigma_a = pm.HalfNormal("sigma_a", 5.0)
        mu_b = pm.Normal("mu_b", mu=0.0, sigma=100.0)
        sigma_b = pm.HalfNormal("sigma_b", 5.0)
        a = pm.Normal("a", mu=mu_a, sigma=sigma_a, shape=COUNTIES)
        b = pm.Normal("b", mu=mu_b, sigma=sigma_b, shape=COUNTIES)
        eps = pm.HalfCauchy("eps", 5.0)
        estimate = a[COUNTY] + b[COUNTY] * FLOOR
        pm.Normal("radon_like", mu=estimate, sigma=eps, observed=LOG_RADON)
    return model.freeze()


def by_hand(theta: np.ndarray) -> float:
    """The same density, as a statistician would write it with SciPy."""
    (mu_a, log_sigma_a, mu_b, log_sigma_b), rest = theta[:4], theta[4:]
    a, b, log_eps = rest[:COUNTIES], rest[COUNTIES:-1], rest[-1]
    sigma_a, sigma_b, eps = np.exp([log_sigma_a, log_sigma_b, log_eps])
    prior = (
        stats.norm(0, 100).logpdf([mu_a, mu_b]).sum()
        + stats.halfnorm(scale=5).logpdf([sigma_a, sigma_b]).sum()
    )
    prior += stats.halfcauchy(scale=5).logpdf(eps) + log_sigma_a + log_sigma_b + log_eps
    effects = stats.norm(mu_a, sigma_a).logpdf(a).sum() + stats.norm(mu_b, sigma_b).logpdf(b).sum()
    return float(prior + effects + stats.norm(a[COUNTY] + b[COUNTY] * FLOOR, eps).logpdf(LOG_RADON).sum())


def value_and_grad(density: Density, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with double_precision():
        each = jax.value_and_grad(lambda theta: density.log_density(theta, density.data, density.knobs))
        value, grad = jax.jit(jax.vmap(each))(points)
    return np.asarray(value), np.asarray(grad)


def test_density_and_gradient(spec: ModelSpec) -> None:
    density = joint_density(spec)
    assert density.size == SIZE
    assert density.coordinate_names[:5] == ("mu_a", "sigma_a_log__", "mu_b", "sigma_b_log__", "a[0]")
    assert density.coordinate_names[-2:] == ("b[84]", "eps_log__")
    points = np.random.default_rng(1).normal(size=(8, SIZE))
    value, grad = value_and_grad(density, points)
    np.testing.assert_allclose(value, [by_hand(p) for p in points], rtol=1e-10)
    for point, slope in zip(points, grad, strict=True):
        direction = np.random.default_rng(2).normal(size=SIZE)
        h = 1e-4 * direction
        difference = 8 * (by_hand(point + h) - by_hand(point - h)) - (
            by_hand(point + 2 * h) - by_hand(point - 2 * h)
        )
        np.testing.assert_allclose(slope @ direction, difference / 12e-4, rtol=1e-7)


def test_start_and_outputs(spec: ModelSpec) -> None:
    start = initial_point(spec)
    expected = {
        "mu_a": 0.0,
        "sigma_a_log__": np.log(5),
        "mu_b": 0.0,
        "sigma_b_log__": np.log(5),
        "eps_log__": np.log(5),
    }
    for name, value in expected.items():
        assert start[name] == pytest.approx(value)
    assert start["a"].shape == (COUNTIES,)
    density = joint_density(spec)
    theta = np.random.default_rng(3).normal(size=SIZE)
    with double_precision():
        outputs = jax.jit(density.outputs)(theta, density.data, density.knobs, np.zeros(2, np.uint32))
    assert set(outputs) == {"mu_a", "sigma_a", "mu_b", "sigma_b", "a", "b", "eps"}
    np.testing.assert_allclose(outputs["sigma_a"], np.exp(theta[1]))
    np.testing.assert_allclose(outputs["b"], theta[4 + COUNTIES : -1])


def test_data_are_arguments(spec: ModelSpec) -> None:
    shapes = sorted(np.shape(d) for d in joint_density(spec).data)
    assert (HOMES,) in shapes
    assert joint_density(spec).structure == joint_density(spec).structure is not None

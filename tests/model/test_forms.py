"""What is computed once, before sampling: expressions of data, and the whitening of multivariate normals."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.graph.evaluate import data_arguments
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

RNG = np.random.default_rng(3)
A = RNG.normal(size=(4, 4))
COV = A @ A.T + 0.1 * np.eye(4)
MATRICES = {"cov": COV, "chol": np.linalg.cholesky(COV), "tau": np.linalg.inv(COV)}


def value_and_gradient(model: pm.Model, theta: np.ndarray) -> tuple[float, np.ndarray]:
    density = joint_density(model.freeze())
    with double_precision():
        value, gradient = jax.value_and_grad(density.log_density)(theta, density.data, density.knobs)
    return float(value), np.asarray(gradient)


@pytest.mark.parametrize("argument", MATRICES)
@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_a_constant_covariance_is_whitened_before_sampling(argument: str, shape: tuple[int, ...]) -> None:
    mu = np.arange(4.0)
    with pm.Model() as model:
        pm.MvNormal("x", mu=mu, shape=shape, **{argument: MATRICES[argument]})
    theta = RNG.normal(size=int(np.prod(shape)))
    value, gradient = value_and_gradient(model, theta)
    x = theta.reshape(shape)
    np.testing.assert_allclose(value, np.sum(stats.multivariate_normal.logpdf(x, mu, COV)), rtol=1e-12)
    exact = -(x - mu) @ np.linalg.inv(COV)
    np.testing.assert_allclose(gradient, exact.ravel(), rtol=1e-9)
    sizes = [np.shape(d) for d in joint_density(model.freeze()).data]
    assert sorted(sizes) == [(4,), (4, 4)], "the factor itself, or what it is made of, is still an argument"


def test_a_batch_of_constant_covariances() -> None:
    factors = np.stack([np.linalg.cholesky(COV), 2 * np.linalg.cholesky(COV)])
    x = RNG.normal(size=(2, 4))
    with pm.Model() as model:
        mu = pm.Normal("mu")
        pm.MvNormal("y", mu=mu * np.ones(4), chol=factors, observed=x)
    value, _ = value_and_gradient(model, np.array([0.3]))
    exact = stats.norm.logpdf(0.3) + sum(
        stats.multivariate_normal.logpdf(x[i], 0.3 * np.ones(4), (i + 1) ** 2 * COV) for i in range(2)
    )
    np.testing.assert_allclose(value, exact, rtol=1e-12)


def test_a_random_covariance_is_not_whitened() -> None:
    with pm.Model() as model:
        scale = pm.HalfNormal("scale")
        pm.MvNormal("x", mu=np.zeros(4), cov=COV * scale**2)
    theta = RNG.normal(size=5)
    value, _ = value_and_gradient(model, theta)
    scale = np.exp(theta[0])
    exact = stats.halfnorm.logpdf(scale) + theta[0]
    exact += stats.multivariate_normal.logpdf(theta[1:], np.zeros(4), COV * scale**2)
    np.testing.assert_allclose(value, exact, rtol=1e-12)


def test_expressions_of_data_are_arguments_of_the_program() -> None:
    with pm.Model() as model:
        x = pm.Data("x", np.arange(6.0))
        slope = pm.Normal("slope")
        standard = (x - 2.5) / 1.7
        mean = slope * standard
    assert data_arguments([mean]) == [standard]
    assert [v.name for v in model.freeze().data] == [x.name]


def test_new_data_reach_an_expression_of_data() -> None:
    with pm.Model() as model:
        x = pm.Data("x", np.arange(6.0))
        slope = pm.Normal("slope")
        pm.Normal("y", slope * np.log1p(x), 1.0, observed=np.zeros(6))
        before, _ = value_and_gradient(model, np.array([2.0]))
        pm.set_data({"x": np.zeros(6)})
        after, _ = value_and_gradient(model, np.array([2.0]))
    means = 2 * np.log1p(np.arange(6.0))
    np.testing.assert_allclose(after - before, 0.5 * np.sum(means**2), rtol=1e-12)


def test_a_table_much_larger_than_its_data_is_left_to_the_program() -> None:
    with pm.Model():
        x = pm.Data("x", np.arange(2000.0))
        scale = pm.HalfNormal("scale")
        distances = (x[:, None] - x[None, :]) / scale
    assert max(node.size for node in data_arguments([distances])) == 2000

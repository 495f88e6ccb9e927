"""Draws against SciPy's distribution functions, their shapes, and the central values chains start from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax import distributions as d
from pmjax.errors import ModelError
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.runtime.precision import double_precision

from .catalogue import EXAMPLES, Example, Improper, Intrinsic

N = 3000
CHANCE = 1e-4  # of a false alarm per example; the seeds are fixed

proper = {name: e for name, e in EXAMPLES.items() if not isinstance(e.scipy, Improper | Intrinsic)}
improper = {name: e for name, e in EXAMPLES.items() if name not in proper}


@functools.cache
def sampler(law: Law, shape: tuple[int, ...]) -> Callable[..., Any]:
    return jax.jit(lambda key, *params: law.draw(key, shape, *params))


def draw(example: Example) -> np.ndarray:
    compiled = sampler(example.law, (N, *example.variable.shape))
    with double_precision():
        return np.asarray(compiled(jax.random.key(5), *map(jnp.asarray, example.values)))


@pytest.mark.parametrize("example", proper.values(), ids=proper)
def test_draws_follow_scipys_distribution(example: Example) -> None:
    x = draw(example)
    assert x.shape == (N, *example.variable.shape)
    assert x.dtype == example.variable.dtype
    assert np.all(example.law.contains(x, *example.values))
    if example.is_vector:
        x, reference = (values.reshape(N, -1) for values in (x, example.scipy.rvs(N, random_state=2)))
        others = np.resize([1.0, -1.0, 0.5], x.shape[1]), np.resize([1.0, 1.0, 0.0], x.shape[1])
        for direction in (*np.eye(x.shape[1]), *others):
            assert stats.ks_2samp(x @ direction, reference @ direction).pvalue > CHANCE
    elif example.law.discrete:
        edges = np.unique(example.scipy.ppf([0.1, 0.3, 0.5, 0.7, 0.9]))
        expected = N * np.diff([0.0, *example.scipy.cdf(edges), 1.0])
        observed = np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
        kept = expected > 1e-9
        if kept.sum() == 1:  # one value alone has no scatter
            assert observed[kept] == len(x)
        else:
            assert stats.chisquare(observed[kept], expected[kept]).pvalue > CHANCE
    else:
        assert stats.kstest(x, example.scipy.cdf).pvalue > CHANCE


@pytest.mark.parametrize("example", improper.values(), ids=improper)
def test_improper_distributions_refuse_to_draw(example: Example) -> None:
    with pytest.raises(NotImplementedError, match="improper"):
        example.law.draw(jax.random.key(0), example.variable.shape, *example.values)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_center_lies_inside_the_support(example: Example) -> None:
    center = np.asarray(example.law.center(*example.values))
    center = np.broadcast_to(center, example.variable.shape)
    assert np.all(example.law.contains(center, *example.values))
    value, _ = example.evaluate(center.astype(example.inside.dtype)[None], *example.values)
    assert np.isfinite(value).all()
    bijector = example.bijector
    if bijector is not None:
        inputs = [np.asarray(v.eval()) for v in bijector.inputs]
        assert np.isfinite(bijector.forward(center, *inputs)).all()


@pytest.mark.parametrize(
    ("variable", "shape"),
    [
        (d.Normal.dist(), ()),
        (d.Normal.dist(shape=3), (3,)),
        (d.Normal.dist(size=(2, 3)), (2, 3)),
        (d.Normal.dist(np.zeros(3), np.ones((2, 1))), (2, 3)),
        (d.Normal.dist(np.zeros(3), shape=(4, 3)), (4, 3)),
        (d.Gamma.dist(mu=np.ones(2), sigma=1.0, shape=(3, 2)), (3, 2)),
        (d.MvNormal.dist(np.zeros(2), cov=np.eye(2)), (2,)),
        (d.MvNormal.dist(0.0, cov=np.eye(2), size=5), (5, 2)),
        (d.MvNormal.dist(np.zeros((4, 2)), chol=np.eye(2)), (4, 2)),
        (d.MvNormal.dist(np.zeros((4, 1, 2)), cov=np.stack([np.eye(2)] * 3)), (4, 3, 2)),
        (d.Dirichlet.dist(np.ones(3), shape=(4, 3)), (4, 3)),
        (d.Dirichlet.dist(np.ones((2, 3)), size=(4, 2)), (4, 2, 3)),
        (d.Categorical.dist(p=np.ones(3) / 3, shape=4), (4,)),
        (d.Categorical.dist(p=np.ones((2, 3)) / 3), (2,)),
        (d.Binomial.dist(n=np.array([3, 5]), p=0.5), (2,)),
        (d.TruncatedNormal.dist(lower=np.array([0.0, 20.0])), (2,)),
    ],
    ids=repr,
)
def test_shapes_of_draws_and_densities(variable: Variable, shape: tuple[int, ...]) -> None:
    law = variable.op.law
    assert variable.shape == shape
    with double_precision():
        params = [jnp.asarray(v.eval()) for v in variable.inputs]
        x = jax.eval_shape(lambda key: law.draw(key, shape, *params), jax.random.key(0))
        value = jax.eval_shape(law.log_density, x, *params)
    assert x.shape == shape
    assert value.shape == shape[: len(shape) - law.event_ndim]


def test_batches_of_matrices_agree_with_one_at_a_time() -> None:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(3, 2, 2))
    cov = roots @ np.swapaxes(roots, 1, 2) + np.eye(2)
    mu, x = rng.normal(size=(4, 1, 2)), rng.normal(size=(4, 3, 2))
    with double_precision():
        value = jax.jit(d.MvNormal.law.log_density)(x, mu, np.linalg.cholesky(cov))
    expected = [
        [stats.multivariate_normal(mu[i, 0], cov[j]).logpdf(x[i, j]) for j in range(3)] for i in range(4)
    ]
    np.testing.assert_allclose(value, expected, rtol=1e-10)


@pytest.mark.parametrize("method", ["eigh", "svd"])
def test_normal_vectors_of_a_singular_covariance(method: str) -> None:
    x = np.linspace(0, 10, 40)
    cov = np.exp(-0.5 * (x[:, None] - x) ** 2)  # of rank 20, to rounding
    variable = d.MvNormal.dist(np.zeros(40), cov=cov, method=method)
    draws = pm.draw(variable, 4000, random_seed=1)
    np.testing.assert_allclose(np.cov(draws.T), cov, atol=0.1)
    assert (
        pm.logp(d.MvNormal.dist(np.zeros(2), cov=np.ones((2, 2)), method=method), np.zeros(2)).eval()
        == -np.inf
    )
    value = pm.logp(
        d.MvNormal.dist(np.ones(2), cov=np.array([[2.0, 0.6], [0.6, 1.0]]), method=method), np.zeros(2)
    ).eval()
    np.testing.assert_allclose(
        value, stats.multivariate_normal([1, 1], [[2.0, 0.6], [0.6, 1.0]]).logpdf([0, 0]), rtol=1e-12
    )


def test_draws_by_eigenvalues_refuse_what_is_no_covariance() -> None:
    with pytest.raises(ModelError, match="cov takes symmetric positive-semidefinite matrices, got"):
        d.MvNormal.dist(np.zeros(2), cov=-np.eye(2), method="svd")

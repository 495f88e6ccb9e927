"""Matérn processes in state space against the dense formulas of normal vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from scipy import linalg, stats

import pmjax as pm
from pmjax.laws.state_space import StateSpaceNormal
from pmjax.model.spec import distribution_of
from pmjax.numerics import state_space
from pmjax.runtime.precision import double_precision

MATERN: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda r: np.exp(-r),
    lambda r: (1 + r) * np.exp(-r),
    lambda r: (1 + r + r * r / 3) * np.exp(-r),
]
N = 201
RNG = np.random.default_rng(1)
PLACES = np.sort(RNG.uniform(0, 10, N))
PLACES[5:8] = PLACES[4]
PLACES[20] = PLACES[19] + 1e-9
VARIANCES, RATES = np.array([1.7, 0.6]), np.array([1.0, 2.5])


def covariance(orders: tuple[int, ...], scale: float, x: np.ndarray = PLACES) -> np.ndarray:
    r = np.abs(x[:, None] - x) / scale
    return sum(v * MATERN[p](l * r) for p, v, l in zip(orders, VARIANCES, RATES, strict=False))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "orders",
    [(2,), *(pytest.param(p, marks=pytest.mark.slow) for p in [(0,), (1,), (0, 2), (1, 1)])],
    ids=str,
)
def test_the_density_and_its_gradient_are_those_of_the_normal_vector(orders: tuple[int, ...]) -> None:
    m = len(orders)

    def density(variances: Any, rates: Any, noise: Any, y: Any) -> Any:
        gaps = np.diff(PLACES, prepend=PLACES[:1])
        return state_space.log_density(state_space.matern_chain(orders, variances, rates, gaps), noise, y)

    with double_precision():
        compiled = jax.jit(jax.value_and_grad(density, (0, 1, 2, 3)))
        for scale in (1e-8, 1e-2, 1.0, 1e3, 1e8):
            for noise in (1e-4, 0.1):
                K = covariance(orders, scale) + noise * np.eye(N)
                L = linalg.cholesky(K, lower=True)
                y = L @ RNG.normal(size=N)
                value, (d_variances, d_rates, d_noise, d_y) = compiled(
                    VARIANCES[:m], RATES[:m] / scale, noise, y
                )
                assert float(value) == pytest.approx(
                    stats.multivariate_normal(np.zeros(N), K).logpdf(y), rel=1e-9
                )
                # d log p / dK = (a a^T - K^-1) / 2 for a = K^-1 y.
                a = linalg.cho_solve((L, True), y)
                slope = 0.5 * (np.outer(a, a) - linalg.cho_solve((L, True), np.eye(N)))
                size = np.abs(slope).sum()
                np.testing.assert_allclose(d_noise, np.trace(slope), rtol=1e-7)
                np.testing.assert_allclose(d_y, -a, rtol=1e-7, atol=1e-9 * np.abs(a).max())
                r = np.abs(PLACES[:, None] - PLACES) / scale
                for i, p in enumerate(orders):
                    here, h = MATERN[p](RATES[i] * r), 1e-5
                    change = (MATERN[p](RATES[i] * (1 + h) * r) - MATERN[p](RATES[i] * (1 - h) * r)) / (2 * h)
                    np.testing.assert_allclose(
                        d_variances[i], (slope * here).sum(), rtol=1e-6, atol=1e-9 * size
                    )
                    wanted = VARIANCES[i] * (slope * change).sum()
                    np.testing.assert_allclose(
                        d_rates[i] * RATES[i] / scale, wanted, rtol=1e-6, atol=1e-9 * size
                    )


# Unsorted, with duplicates, in the second column.
X = np.column_stack([np.ones(N), RNG.permutation(PLACES)])
Y = np.sin(X[:, 1]) + RNG.normal(size=N)
NEW = np.column_stack([np.ones(4), [-1.0, 2.5, 30.0, PLACES[4]]])


def declare(x: Any, sigma: Any = 0.3) -> tuple[Any, Any]:
    ls, eta = pm.HalfNormal("ls"), pm.HalfNormal("eta")
    k = pm.gp.cov
    cov = eta**2 * k.Matern52(2, ls=ls, active_dims=[1]) + 0.6 * k.Matern32(2, ls=[2.0], active_dims=[1])
    gp = pm.gp.Marginal(
        mean_func=pm.gp.mean.Constant(0.3), cov_func=cov + k.Constant(0.5) + k.WhiteNoise(0.1)
    )
    return gp, gp.marginal_likelihood("y", X=x, y=Y, sigma=sigma)


def dense(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r = np.abs(a[:, None, 1] - b[None, :, 1])
    return 1.44 * MATERN[2](np.sqrt(5) / 0.8 * r) + 0.6 * MATERN[1](np.sqrt(3) / 2 * r) + 0.5


def test_a_sum_of_matern_functions_of_one_column_is_a_chain() -> None:
    with pm.Model() as model:
        gp, y = declare(pm.Data("X", X))
        mean, cov = gp.predict(NEW, point={"ls": 0.8, "eta": 1.2})
        _, variances = gp.predict(NEW, point={"ls": 0.8, "eta": 1.2}, diag=True)
    assert isinstance(distribution_of(y), StateSpaceNormal)
    assert "y: its covariance function makes it a Markov chain" in model.explain(verbose=False)
    K = dense(X, X) + (0.3**2 + 0.1**2 + 1e-6) * np.eye(N)
    expected = stats.multivariate_normal(np.full(N, 0.3), K).logpdf(Y)
    expected += stats.halfnorm.logpdf([0.8, 1.2]).sum()
    found = model.compile_logp(jacobian=False)({"ls_log__": np.log(0.8), "eta_log__": np.log(1.2)})
    assert found == pytest.approx(expected, rel=1e-9)
    gain = linalg.solve(K, dense(X, NEW)).T
    exact = dense(NEW, NEW) - gain @ dense(X, NEW) + 0.1**2 * np.eye(4)
    np.testing.assert_allclose(mean, 0.3 + gain @ (Y - 0.3), rtol=1e-8)
    np.testing.assert_allclose(cov, exact + 1e-6 * np.eye(4), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(variances, np.diag(exact), rtol=1e-7)


def test_its_draws_have_the_covariance_of_the_process() -> None:
    with pm.Model():
        ls = pm.HalfNormal("ls")
        gp = pm.gp.Marginal(cov_func=1.7 * pm.gp.cov.Matern32(1, ls=ls))
        y = gp.marginal_likelihood("y", X=X[:, 1:], y=Y, sigma=0.3)
        draws = pm.draw(pm.do(pm.modelcontext(None), {"ls": 2.0})["y"], 4000, random_seed=1)
    assert y.shape == (N,)
    r = np.abs(X[:, 1:] - X[:, 1])
    np.testing.assert_allclose(
        np.cov(draws.T), 1.7 * MATERN[1](np.sqrt(3) / 2 * r) + 0.09 * np.eye(N), atol=0.25
    )


NO_CHAIN: dict[str, Callable[[Any], Any]] = {
    "a smoother function": lambda k: k.ExpQuad(2, ls=1.0, active_dims=[1]),
    "a product of functions": lambda k: (
        k.Matern12(2, 1.0, active_dims=[1]) * k.Matern12(2, 2.0, active_dims=[1])
    ),
    "two columns": lambda k: k.Matern12(2, ls=1.0),
    "a column each": lambda k: k.Matern12(2, 1.0, active_dims=[0]) + k.Matern12(2, 1.0, active_dims=[1]),
    "a power": lambda k: k.Matern12(2, 1.0, active_dims=[1]) ** 2,
    "a scaling function": lambda k: k.ScaledCov(2, k.Matern12(2, 1.0, active_dims=[1]), lambda x: x[:, 0]),
}


@pytest.mark.parametrize("name", NO_CHAIN)
def test_other_functions_are_not(name: str) -> None:
    with pm.Model():
        gp = pm.gp.Marginal(cov_func=NO_CHAIN[name](pm.gp.cov))
        y = gp.marginal_likelihood("y", X=X, y=Y, sigma=0.3)
    assert not isinstance(distribution_of(y), StateSpaceNormal)


def test_few_points_unknown_points_and_unknown_values_are_not() -> None:
    with pm.Model():
        gp = pm.gp.Marginal(cov_func=pm.gp.cov.Matern12(1, ls=1.0))
        few = gp.marginal_likelihood("few", X=X[:9, 1:], y=Y[:9], sigma=0.3)
        unknown = gp.marginal_likelihood("unknown", X=pm.Normal("x", shape=(N, 1)), y=Y, sigma=0.3)
        free = gp.marginal_likelihood("free", X=X[:, 1:], y=Y, sigma=0.3, is_observed=False)
    assert not any(isinstance(distribution_of(v), StateSpaceNormal) for v in (few, unknown, free))

"""Densities of loops that draw random variables: each step given those before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import pmjax as pm

Y = np.array([0.3, -0.2, 1.1, 0.4, -0.9, 0.2])
DRIFT = np.linspace(-1, 1, 6)


def autoregression(start: Any, rho: Any, sigma: Any, size: Any) -> Any:
    def step(before_last: Any, last: Any, rho: Any, sigma: Any) -> Any:
        return rho[0] * last + rho[1] * before_last + pm.Normal.dist(sigma=sigma)

    info = {"initial": start, "taps": [-2, -1]}
    return pm.scan(step, outputs_info=[info], non_sequences=[rho, sigma], n_steps=6)[0]


def test_autoregression_of_random_parameters() -> None:
    with pm.Model() as model:
        start, rho = pm.Normal("start", 0, 0.5, shape=2), pm.Normal("rho", 0, 0.2, shape=2)
        sigma = pm.HalfNormal("sigma")
        y = pm.CustomDist("y", start, rho, sigma, dist=autoregression, observed=Y)
    point = {"start": np.array([0.1, -0.4]), "rho": np.array([0.5, -0.2]), "sigma_log__": 0.3}
    path = np.concatenate([point["start"], Y])
    terms = stats.norm(0.5 * path[1:-1] - 0.2 * path[:-2], np.exp(0.3)).logpdf(Y)
    [found] = model.compile_logp(vars=[y], sum=False)(point)
    np.testing.assert_allclose(found, terms, rtol=1e-12)
    moved = {**point, "sigma_log__": 0.3 + 1e-6}
    slope = (model.compile_logp()(moved) - model.compile_logp()(point)) / 1e-6
    assert model.compile_dlogp()(point)[-1] == pytest.approx(slope, rel=1e-4)


def test_loop_over_a_sequence_with_a_monotone_step() -> None:
    # log x_t is normal around log x_{t-1} plus a drift.
    def walk(first: Any, size: Any = None) -> Any:
        return pm.scan(
            lambda drift, last: last * pm.math.exp(pm.Normal.dist(drift, 0.5)),
            sequences=[DRIFT],
            outputs_info=[first],
            return_updates=False,
        )

    value = np.exp(Y)
    before = np.concatenate([[2.0], value[:-1]])
    expected = stats.lognorm(0.5, scale=before * np.exp(DRIFT)).logpdf(value)
    np.testing.assert_allclose(pm.logp(walk(2.0), value).eval(), expected, rtol=1e-12)
    draws = np.log(pm.draw(pm.CustomDist.dist(2.0, dist=walk), 4000, random_seed=1))
    np.testing.assert_allclose(draws.mean(axis=0), np.log(2) + DRIFT.cumsum(), atol=0.08)
    np.testing.assert_allclose(np.diff(draws).std(axis=0), 0.5, atol=0.03)


def test_loops_of_what_has_no_value_are_refused() -> None:
    walk = pm.scan(lambda last: last + pm.Normal.dist(), outputs_info=[pm.Normal.dist()], n_steps=6)[0]
    with pytest.raises(pm.ModelError, match="its start or a parameter is random"):
        pm.logp(walk, Y)
    two = pm.scan(
        lambda a, b: [a + pm.Normal.dist(), b + pm.Normal.dist()], outputs_info=[0.0, 0.0], n_steps=6
    )[0]
    with pytest.raises(pm.ModelError, match="cannot be derived"):
        pm.logp(two[0], Y)

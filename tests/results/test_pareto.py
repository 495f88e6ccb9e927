"""Pareto smoothed weights and their tail, on both lines of ArviZ."""

from __future__ import annotations

import numpy as np
import pytest

from pmjax.results.pareto import smoothed_weights


@pytest.mark.parametrize("variance", [1.5, 2.5, 5.0])
def test_the_tail_is_that_of_the_ratios(variance):
    # With q = N(0, 1) and p = N(0, v) the ratios exceed t as t^(-1 / k), k = 1 - 1 / v (up to logarithms).
    x = np.random.default_rng(0).normal(size=100_000)
    _, khat = smoothed_weights(0.5 * x**2 * (1 - 1 / variance))
    assert khat == pytest.approx(1 - 1 / variance, abs=0.15)


def test_weights_follow_the_ratios_and_sum_to_one():
    ratios = np.random.default_rng(1).normal(size=2000)
    ratios[:3] = [-np.inf, np.nan, -50.0]
    weights, _ = smoothed_weights(ratios)
    assert np.exp(weights).sum() == pytest.approx(1)
    assert np.all(weights[:2] == -np.inf)
    assert np.corrcoef(weights[3:], ratios[3:])[0, 1] > 0.99


def test_equal_ratios_have_no_tail_and_ratios_that_are_no_numbers_no_end():
    assert smoothed_weights(np.zeros(100))[1] == -np.inf
    assert smoothed_weights(np.full(100, np.nan))[1] == np.inf

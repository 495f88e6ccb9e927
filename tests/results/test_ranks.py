"""Tests of uniform ranks: their p-values are uniform, and small where ranks are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pmjax.results.ranks import band, distribution, uniformity


@pytest.mark.parametrize(("simulations", "draws"), [(50, 19), (100, 99), (30, 200)])
def test_p_values_of_uniform_ranks_are_not_too_small(simulations, draws):
    rng = np.random.default_rng(simulations)
    p = np.array([uniformity(rng.integers(0, draws + 1, simulations), draws) for _ in range(1000)])
    for level in (0.01, 0.05, 0.2):
        # The statistic is discrete: the probability is at most the level.
        assert stats.binomtest(int((p <= level).sum()), 1000, level, "greater").pvalue > 1e-3


WRONG = {
    "too narrow": lambda rng: rng.beta(0.4, 0.4, 100),
    "too wide": lambda rng: rng.beta(4, 4, 100),
    "shifted": lambda rng: rng.beta(2, 1, 100),
    "all at one end": lambda rng: np.zeros(100),
}


@pytest.mark.parametrize("case", WRONG)
def test_p_values_of_other_ranks_are_small(case):
    u = WRONG[case](np.random.default_rng(1))
    assert uniformity(np.minimum((u * 100).astype(int), 99), 99) < 1e-3


def test_more_surprise_than_any_set_of_uniform_ranks_has_is_told_by_bonferroni():
    assert uniformity(np.zeros(200, int), 99) < 1e-50


def test_the_band_holds_the_whole_distribution_as_often_as_it_says():
    rng = np.random.default_rng(2)
    _, lower, upper = band(100, 99, 0.9)
    inside = 0
    for _ in range(1000):
        share = distribution(rng.integers(0, 100, 100), 99)
        inside += bool(np.all((share >= lower - 1e-12) & (share <= upper + 1e-12)))
    assert inside / 1000 == pytest.approx(0.9, abs=0.03)

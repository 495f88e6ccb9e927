"""Truncated and censored distributions against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import pmjax as pm


@pytest.mark.parametrize(
    ("lower", "upper"), [(-0.5, 2.0), (0.5, None), (None, 0.5), (9.0, None), (9.0, 10.0)]
)
def test_a_truncated_normal(lower: float | None, upper: float | None) -> None:
    law = stats.truncnorm(-np.inf if lower is None else lower, np.inf if upper is None else upper)
    x = pm.Truncated.dist(pm.Normal.dist(0.0, 1.0), lower=lower, upper=upper)
    points = law.ppf([0.01, 0.3, 0.9])
    np.testing.assert_allclose(pm.logp(x, points).eval(), law.logpdf(points), rtol=1e-8)
    np.testing.assert_allclose(np.exp(pm.logcdf(x, points).eval()), [0.01, 0.3, 0.9], rtol=1e-6)
    assert stats.kstest(pm.draw(x, 1000, random_seed=1), law.cdf).pvalue > 1e-4
    beyond = law.support()[0] - 1 if lower is not None else upper + 1
    assert pm.logp(x, beyond).eval() == -np.inf


def test_truncated_counts_and_mixtures() -> None:
    counts = pm.Truncated.dist(pm.Poisson.dist(3.0), lower=1, upper=5)
    k = np.arange(7)
    p = np.where((k >= 1) & (k <= 5), stats.poisson(3).pmf(k), 0)
    np.testing.assert_allclose(np.exp(pm.logp(counts, k).eval()), p / p.sum(), atol=1e-12)
    assert set(np.unique(pm.draw(counts, 500, random_seed=2))) == {1, 2, 3, 4, 5}
    mixed = pm.Truncated.dist(pm.NormalMixture.dist([0.5, 0.5], [-1.0, 2.0], [1.0, 1.0]), lower=0.0)
    whole = 0.5 * stats.norm(-1).sf(0) + 0.5 * stats.norm(2).sf(0)
    expected = np.log((0.5 * stats.norm(-1).pdf(1.0) + 0.5 * stats.norm(2).pdf(1.0)) / whole)
    np.testing.assert_allclose(pm.logp(mixed, 1.0).eval(), expected)
    assert (pm.draw(mixed, 100, random_seed=3) >= 0).all()


def test_a_censored_normal_and_counts() -> None:
    x = pm.Censored.dist(pm.Normal.dist(0.5, 2.0), lower=-1.0, upper=2.0)
    law, points = stats.norm(0.5, 2), np.array([-2.0, -1.0, 0.0, 2.0, 3.0])
    expected = [-np.inf, law.logcdf(-1), law.logpdf(0), law.logsf(2), -np.inf]
    np.testing.assert_allclose(pm.logp(x, points).eval(), expected)
    draws = pm.draw(x, 2000, random_seed=4)
    assert abs(np.mean(draws == -1) - law.cdf(-1)) < 0.04
    counts = pm.Censored.dist(pm.Poisson.dist(3.0), lower=None, upper=4)
    np.testing.assert_allclose(np.exp(pm.logp(counts, np.arange(5)).eval()).sum(), 1.0)


def test_transforms_and_messages() -> None:
    with pm.Model() as model:
        pm.Truncated("a", pm.Normal.dist(), lower=0.0)
        pm.Truncated("b", pm.HalfNormal.dist(), upper=2.0)
        pm.Censored("c", pm.Normal.dist(), lower=0.0, upper=None)
    assert sorted(model.initial_point()) == ["a_interval__", "b_interval__", "c"]
    with pytest.raises(pm.ModelError, match="dist must be a variable of numbers"):
        pm.Truncated.dist(pm.Dirichlet.dist([1.0, 1.0]), lower=0.0)

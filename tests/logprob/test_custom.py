"""CustomDist: densities, draws and expressions of the user's own functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import pmjax as pm

VALUES = np.array([0.5, 1.0, 2.0])


def exponential(x: Any, rate: Any) -> Any:
    return pm.math.switch(x >= 0, pm.math.log(rate) - rate * x, -np.inf)


def draw_exponential(rate: Any, rng: Any = None, size: Any = None) -> Any:
    return rng.exponential(1 / rate, size=size)


def test_the_density_of_a_model_of_functions() -> None:
    with pm.Model() as model:
        r = pm.HalfNormal("r", 1.0)
        pm.CustomDist("by_logp", r, logp=exponential, observed=VALUES)
        pm.CustomDist(
            "by_dist", r, dist=lambda r, size: pm.math.exp(pm.Normal.dist(0, r, size=size)), observed=VALUES
        )
        pm.CustomDist(
            "walk", r, dist=lambda r, size: pm.math.cumsum(pm.Normal.dist(0, r, shape=3)), observed=VALUES
        )
    r = np.exp(0.2)
    expected = stats.halfnorm.logpdf(r) + 0.2 + stats.expon(scale=1 / r).logpdf(VALUES).sum()
    expected += stats.lognorm(r).logpdf(VALUES).sum() + stats.norm(0, r).logpdf(np.diff([0, *VALUES])).sum()
    assert model.compile_logp()({"r_log__": 0.2}) == pytest.approx(expected, rel=1e-12)


def test_draws_of_both_kinds_follow_the_distribution() -> None:
    by_numpy = pm.CustomDist.dist(2.0, logp=exponential, random=draw_exponential, shape=20)
    drawn = pm.draw(by_numpy, draws=200, random_seed=1)
    assert drawn.shape == (200, 20)
    assert stats.kstest(drawn.ravel(), stats.expon(scale=0.5).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(drawn, pm.draw(by_numpy, draws=200, random_seed=1))
    by_graph = pm.CustomDist.dist(
        0.3, dist=lambda mu, size: pm.math.exp(pm.Normal.dist(mu, 1, size=size)), size=20
    )
    drawn = pm.draw(by_graph, draws=200, random_seed=1)
    assert stats.kstest(np.log(drawn.ravel()), stats.norm(0.3).cdf).pvalue > 1e-3


def test_the_posterior_of_a_custom_density() -> None:
    with pm.Model():
        rate = pm.Gamma("rate", 2.0, 1.0)
        pm.CustomDist("y", rate, logp=exponential, random=draw_exponential, observed=VALUES)
        trace = pm.sample(1000, tune=500, chains=2, random_seed=1, progressbar=False)
        predicted = pm.sample_posterior_predictive(trace, random_seed=1, progressbar=False)
    exact = stats.gamma(2 + 3, scale=1 / (1 + VALUES.sum()))
    assert trace.posterior["rate"].values.mean() == pytest.approx(exact.mean(), abs=0.05)
    assert predicted.posterior_predictive["y"].shape == (2, 1000, 3)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"dist": lambda size: 1.0, "random": draw_exponential}, "not both"),
        ({"dist": lambda size: 1.0}, "must return an expression"),
        ({"logp": exponential, "ndims_params": [0, 0]}, "parameters"),
        ({"density": exponential}, "density"),
    ],
)
def test_wrong_arguments_get_one_sentence(arguments: dict[str, Any], word: str) -> None:
    with pm.Model(), pytest.raises(pm.ModelError, match=word):
        pm.CustomDist("x", **arguments)


def test_the_old_name_warns_and_is_the_same() -> None:
    with pytest.warns(FutureWarning, match="use CustomDist"):
        old = pm.DensityDist.dist(2.0, logp=exponential)
    np.testing.assert_allclose(pm.logp(old, VALUES).eval(), stats.expon(scale=0.5).logpdf(VALUES))

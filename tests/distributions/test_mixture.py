"""Mixtures: their shapes, transforms and messages, and zeros that a continuous law does not give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import pmjax as pm


def test_components_in_a_list_and_along_an_axis_are_the_same() -> None:
    mu, x = np.array([-1.0, 0.5, 2.0]), np.linspace(-2, 2, 5)
    listed = pm.Mixture.dist([0.2, 0.3, 0.5], [pm.Normal.dist(m, 1.0, shape=5) for m in mu])
    stacked = pm.Mixture.dist([0.2, 0.3, 0.5], pm.Normal.dist(mu, 1.0, shape=(5, 3)))
    assert listed.shape == stacked.shape == (5,)
    expected = np.log(stats.norm(mu, 1).pdf(x[:, None]) @ [0.2, 0.3, 0.5])
    np.testing.assert_allclose(pm.logp(listed, x).eval(), expected)
    np.testing.assert_allclose(pm.logp(stacked, x).eval(), expected)


def test_a_vector_comes_from_one_component() -> None:
    a = np.array([[1.0, 10.0, 100.0], [100.0, 10.0, 1.0]])
    x = pm.Mixture.dist([0.5, 0.5], pm.Dirichlet.dist(a, shape=(2, 3)))
    value = np.array([0.1, 0.2, 0.7])
    expected = np.log(np.mean([stats.dirichlet(row).pdf(value) for row in a]))
    np.testing.assert_allclose(pm.logp(x, value).eval(), expected)
    draws = pm.draw(x, 200, random_seed=1)
    assert draws.shape == (200, 3)
    assert ((draws[:, 0] > 0.7) | (draws[:, 2] > 0.7)).all()


def test_the_transform_is_that_of_the_components_where_all_have_the_same() -> None:
    with pm.Model() as model:
        pm.Mixture("a", [0.5, 0.5], [pm.HalfNormal.dist(1.0), pm.Exponential.dist(1.0)])
        pm.Mixture("b", [0.5, 0.5], [pm.Normal.dist(0, 1), pm.Exponential.dist(1.0)])
        pm.Mixture("c", [0.5, 0.5], pm.Uniform.dist(0.0, [2.0, 2.0]))
        pm.Mixture("d", [0.5, 0.5], [pm.Uniform.dist(0.0, 1.0), pm.Uniform.dist(0.0, 2.0)])
    assert sorted(model.initial_point()) == ["a_log__", "b", "c_interval__", "d"]


def test_what_is_wrong_is_refused_by_name() -> None:
    with pytest.raises(pm.ModelError, match="continuous or all discrete"):
        pm.Mixture.dist([0.5, 0.5], [pm.Normal.dist(), pm.Poisson.dist(1.0)])
    with pytest.raises(pm.ModelError, match="each of the 2 components"):
        pm.Mixture.dist([0.5, 0.2, 0.3], [pm.Normal.dist(), pm.Normal.dist()])
    with pm.Model():
        named = pm.Normal("n")
        with pytest.raises(pm.ModelError, match=r"comp_dists\[0\] must be a variable made by .dist"):
            pm.Mixture("x", [0.5, 0.5], [named, pm.Normal.dist()])


@pytest.mark.parametrize(
    ("variable", "law"),
    [
        (pm.HurdleGamma.dist(0.7, 2.0, 1.5), stats.gamma(2, scale=1 / 1.5)),
        (pm.HurdleLogNormal.dist(0.7, 0.5, 0.8), stats.lognorm(0.8, scale=np.exp(0.5))),
    ],
)
def test_a_hurdle_before_a_continuous_law(variable: Any, law: Any) -> None:
    x = np.array([0.0, 0.3, 2.0])
    expected = np.log([0.3, *(0.7 * law.pdf(x[1:]))])
    np.testing.assert_allclose(pm.logp(variable, x).eval(), expected)
    np.testing.assert_allclose(np.exp(pm.logcdf(variable, x).eval()), 0.3 + 0.7 * law.cdf(x))
    draws = pm.draw(variable, 2000, random_seed=3)
    assert abs(np.mean(draws == 0) - 0.3) < 0.04
    assert stats.kstest(draws[draws > 0], law.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("declare", "expected"),
    [
        (lambda: pm.Categorical.dist([0.1, 0.3]), lambda: stats.bernoulli(0.75).logpmf(1)),
        (lambda: pm.Multinomial.dist(1, [[0.1, 0.3]]), lambda: stats.bernoulli(0.75).logpmf(1)),
        (lambda: pm.NormalMixture.dist([0.1, 0.3], [0.0, 0.0], 1.0), lambda: stats.norm.logpdf(1)),
    ],
)
def test_shares_that_do_not_sum_to_one_are_rescaled_in_a_sentence(declare: Any, expected: Any) -> None:
    with pytest.warns(UserWarning, match=r"sums to 0.4 instead of 1 and is rescaled"):
        variable = declare()
    value = np.array([0, 1])[None] if variable.ndim else 1
    np.testing.assert_allclose(
        pm.logp(variable, value).eval(), np.broadcast_to(expected(), value.shape[:1] if variable.ndim else ())
    )

"""Models from models: copies, interventions, conditioning; and missing values that are imputed."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from scipy import stats

import pmjax as pm


def generative() -> Any:
    with pm.Model(coords={"i": range(3)}) as model:
        x = pm.Data("x", [1.0, 2.0, 3.0], dims="i")
        b = pm.Normal("b")
        s = pm.HalfNormal("s")
        pm.Normal("y", pm.Deterministic("mu", b * x, dims="i"), s, dims="i")
    return model


@pytest.mark.parametrize("copied", [lambda m: m.copy(), copy.copy, copy.deepcopy])
def test_a_copy_has_data_and_variables_of_its_own(copied: Any) -> None:
    model = generative()
    other = copied(model)
    with other:
        pm.Normal("more")
        pm.set_data({"x": np.zeros(4)}, coords={"i": range(4)})
    assert "more" not in model
    assert (model["y"].shape, other["y"].shape) == ((3,), (4,))
    assert model["x"].get_value().tolist() == [1, 2, 3]
    point = {"b": 0.5, "s_log__": 0.1, "y": np.ones(3)}
    assert model.compile_logp()(point) == pytest.approx(model.copy().compile_logp()(point))


def test_do_sets_variables_and_leaves_the_model() -> None:
    model = generative()
    cut = pm.do(model, {"b": 2.0, model["s"]: 1e-9})
    assert [v.name for v in cut.free_RVs] == ["y"]
    assert [v.name for v in cut.data_vars] == ["x", "b", "s"]
    np.testing.assert_allclose(pm.draw(cut["y"]), [2, 4, 6], atol=1e-6)
    assert [v.name for v in model.free_RVs] == ["b", "s", "y"]
    linked = pm.do(model, {"s": pm.math.exp(model["b"])})
    expected = stats.norm.logpdf(0.5) + stats.norm([0.5, 1, 1.5], np.exp(0.5)).logpdf(1.0).sum()
    assert linked.compile_logp()({"b": 0.5, "y": np.ones(3)}) == pytest.approx(expected)
    with pytest.raises(pm.ModelError, match="do: the model has no variable 'bb'"):
        pm.do(model, {"bb": 1.0})
    with pytest.raises(pm.ModelError, match=r"do: 'b' has shape \(\), and its value \(2,\)"):
        pm.do(model, {"b": [1.0, 2.0]})


def test_observe_gives_values() -> None:
    given = pm.observe(generative(), {"y": [1.0, 2.0, 4.0], "s": 2.0})
    expected = stats.norm.logpdf(0.5) + stats.halfnorm.logpdf(2.0)
    expected += stats.norm([0.5, 1, 1.5], 2.0).logpdf([1, 2, 4]).sum()
    assert given.compile_logp()({"b": 0.5}) == pytest.approx(expected)
    with pytest.raises(pm.ModelError, match="'s': the observed value is outside the support"):
        pm.observe(generative(), {"s": -1.0})
    with pytest.raises(pm.ModelError, match="observe: 'mu' is no free random variable"):
        pm.observe(generative(), {"mu": np.zeros(3)})


@pytest.mark.parametrize(
    "observed", [[1.0, np.nan, 2.0, np.nan], np.ma.masked_equal([1.0, -9.0, 2.0, -9.0], -9.0)]
)
def test_missing_values_are_imputed(observed: Any) -> None:
    with pm.Model(coords={"i": range(4)}) as model:
        mu = pm.Normal("mu")
        with pytest.warns(pm.ImputationWarning, match="2 of 4 observed values are missing"):
            y = pm.Normal("y", mu + np.arange(4.0), 1.0, observed=observed, dims="i")
        pm.Potential("sum", 0.1 * y.sum())
    assert list(model.named_vars) == ["mu", "y_observed", "y_unobserved", "y", "sum"]
    assert model.named_vars_to_dims["y"] == ("i",)
    value = model.compile_logp()({"mu": 0.5, "y_unobserved": np.array([3.0, 4.0])})
    whole = np.array([1.0, 3.0, 2.0, 4.0])
    expected = stats.norm.logpdf(0.5) + stats.norm(0.5 + np.arange(4)).logpdf(whole).sum() + 0.1 * whole.sum()
    assert value == pytest.approx(expected)


def test_whole_vectors_are_imputed() -> None:
    values = np.array([[1.0, 2.0], [np.nan, np.nan], [0.0, 1.0]])
    with pm.Model() as model:
        mu = pm.Normal("mu", shape=2)
        with pytest.warns(pm.ImputationWarning):
            pm.MvNormal("y", mu, cov=np.eye(2), observed=values)
    point = {"mu": np.array([0.1, 0.2]), "y_unobserved": np.array([[3.0, 4.0]])}
    expected = stats.norm.logpdf([0.1, 0.2]).sum()
    expected += stats.norm([0.1, 0.2]).logpdf([[1, 2], [3, 4], [0, 1]]).sum()
    assert model.compile_logp()(point) == pytest.approx(expected)


COV = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
GAPS = np.array([[1.0, np.nan, 2.0], [0.5, 0.1, -1.0], [np.nan, np.nan, 0.3]])


def test_parts_of_vectors_are_imputed() -> None:
    with pm.Model() as model:
        mu = pm.Normal("mu", shape=3)
        with pytest.warns(pm.ImputationWarning, match="3 of 9 observed values"):
            y = pm.MvNormal("y", mu, cov=COV, observed=GAPS)
        pm.Potential("weighted", (np.arange(9.0).reshape(3, 3) * y).sum())
    assert [v.name for v in model.free_RVs] == ["mu", "y_unobserved"]
    assert [v.name for v in model.observed_RVs] == ["y_observed"]
    point = {"mu": np.array([0.1, 0.2, 0.3]), "y_unobserved": np.array([3.0, 4.0, 5.0])}
    whole = np.array([[1.0, 3.0, 2.0], [0.5, 0.1, -1.0], [4.0, 5.0, 0.3]])
    expected = stats.norm.logpdf(point["mu"]).sum()
    expected += stats.multivariate_normal(point["mu"], COV).logpdf(whole).sum()
    expected += (np.arange(9).reshape(3, 3) * whole).sum()
    assert model.compile_logp()(point) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(model.initial_point()["y_unobserved"], np.zeros(3))


def test_observed_parts_of_normal_vectors_are_drawn_given_the_imputed_ones() -> None:
    with pm.Model(), pytest.warns(pm.ImputationWarning):
        y = pm.MvNormal("y", [1.0, 2.0, 3.0], cov=COV, observed=GAPS)
    draws = pm.draw(y, 4000, random_seed=1)
    np.testing.assert_allclose(draws.mean(axis=0), [[1.0, 2.0, 3.0]] * 3, atol=0.1)
    for row in range(3):
        np.testing.assert_allclose(np.cov(draws[:, row].T), COV, atol=0.15)
    np.testing.assert_allclose(np.corrcoef(draws[:, 0, 1], draws[:, 2, 1])[0, 1], 0.0, atol=0.08)


def test_observed_parts_of_other_vectors_are_not_drawn() -> None:
    with pm.Model():
        with pytest.warns(pm.ImputationWarning):
            pm.MvStudentT("y", nu=4, mu=np.zeros(3), scale=COV, observed=GAPS)
        with pytest.raises(pm.ModelError, match="'y_observed': a part of a MvStudentT vector cannot"):
            pm.sample_prior_predictive(2)


def test_parts_of_vectors_that_are_no_real_numbers_are_refused() -> None:
    with pm.Model(), pytest.raises(pm.ModelError, match="'w': observed row 0 is missing in part"):
        pm.Dirichlet("w", np.ones(3), observed=[[0.2, np.nan, 0.5], [0.2, 0.3, 0.5]])


def test_total_size_weighs_observed_values() -> None:
    with pm.Model() as model:
        mu = pm.Normal("mu")
        pm.Normal("y", mu, 1.0, observed=[1.0, 2.0], total_size=10)
    expected = stats.norm.logpdf(0.5) + 5 * stats.norm(0.5).logpdf([1, 2]).sum()
    assert model.compile_logp()({"mu": 0.5}) == pytest.approx(expected)

"""Mappings of a model that users assign to, by PyMC's names."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm
from pmjax import transforms


def declared() -> pm.Model:
    with pm.Model(check_bounds=False) as model:
        sigma = pm.HalfNormal("sigma", 2.0, initval=3.0)
        pm.Normal("y", 0.0, sigma, observed=[1.0, 2.0])
    return model


def test_starts_are_assigned_and_cleared() -> None:
    model = declared()
    sigma = model["sigma"]
    assert model.initial_point()["sigma_log__"] == pytest.approx(np.log(3.0))
    model.rvs_to_initial_values[sigma] = 5.0
    assert model.initial_point()["sigma_log__"] == pytest.approx(np.log(5.0))
    model.rvs_to_initial_values = dict.fromkeys(model.free_RVs)
    assert model.initial_point()["sigma_log__"] == pytest.approx(np.log(2.0))


def test_transforms_are_assigned() -> None:
    model = declared()
    before = model.compile_logp()({"sigma_log__": np.log(3.0)})
    model.rvs_to_transforms = {model["sigma"]: None, model["y"]: None}
    assert list(model.initial_point()) == ["sigma"]
    assert model.compile_logp()({"sigma": 3.0}) == pytest.approx(before - np.log(3.0))
    model.rvs_to_transforms[model["sigma"]] = transforms.log
    assert model.compile_logp()({"sigma_log__": np.log(3.0)}) == pytest.approx(before)


def test_observed_values_are_assigned() -> None:
    model = declared()
    model.rvs_to_values = {**model.rvs_to_values, model["y"]: np.array([0.0, 5.0])}
    with pm.Model() as expected:
        sigma = pm.HalfNormal("sigma", 2.0)
        pm.Normal("y", 0.0, sigma, observed=[0.0, 5.0])
    point = {"sigma_log__": 0.3}
    assert model.compile_logp()(point) == pytest.approx(expected.compile_logp()(point))


def test_what_cannot_be_assigned_is_refused_and_changes_nothing() -> None:
    model = declared()
    stranger = pm.Normal.dist()
    for refused in (
        lambda: model.rvs_to_initial_values.update({stranger: 1.0}),
        lambda: model.rvs_to_transforms.update({stranger: None}),
        lambda: model.rvs_to_transforms.update({model["sigma"]: "log"}),
        lambda: model.rvs_to_transforms.update({model["y"]: transforms.log}),
        lambda: model.rvs_to_values.update({model["sigma"]: 1.0}),
        lambda: model.rvs_to_values.update({model["y"]: [1.0, 2.0, 3.0]}),
    ):
        with pytest.raises(pm.ModelError):
            refused()
    assert model.initial_point() == {"sigma_log__": pytest.approx(np.log(3.0))}


@pytest.mark.parametrize("name", ["Gamma", "HalfNormal", "Normal", "Uniform"])
def test_continuous_families_are_in_pymcs_module(name: str) -> None:
    assert getattr(pm.distributions.continuous, name) is getattr(pm, name)


def test_errors_have_pymcs_names() -> None:
    with pytest.raises(pm.exceptions.ShapeError), pm.Model():
        pm.Normal("x", np.zeros(3), np.ones(2))
    assert pm.exceptions.SamplingError is pm.SamplingError


def test_a_start_is_an_expression_of_data_and_of_variables_before_it() -> None:
    with pm.Model() as model:
        data = pm.Data("data", [1.0, 3.0])
        mu = pm.Normal("mu", initval=data.mean())
        pm.HalfNormal("sigma", initval=pm.math.exp(mu))
    assert model.initial_point() == {"mu": 2.0, "sigma_log__": pytest.approx(2.0)}
    pm.set_data({"data": [2.0, 4.0]}, model=model)
    assert model.initial_point() == {"mu": 3.0, "sigma_log__": pytest.approx(3.0)}


def test_a_start_of_what_has_none_is_refused() -> None:
    with pm.Model() as model:
        x = pm.Normal("x")
        y = pm.Normal("y")
    model.set_initval(x, y + 1)
    with pytest.raises(pm.ModelError, match="'x': initval depends on a variable"):
        model.initial_point()

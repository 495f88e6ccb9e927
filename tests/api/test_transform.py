"""PyMC's module of models from models, and what else PyMC's users ask of a model."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from pmjax.model.transform.conditioning import change_value_transforms, do, remove_value_transforms
from pmjax.model.transform.optimization import freeze_dims_and_data

import pmjax as pm

POINT = {"s_log__": np.array(0.1), "u_interval__": np.array(0.2), "x": np.array([1.0, -1.0, 0.5])}


@pytest.fixture(scope="module")
def model() -> pm.Model:
    with pm.Model(coords={"g": range(3)}) as built:
        data = pm.Data("data", np.arange(3.0), dims="g")
        s = pm.HalfNormal("s")
        pm.Uniform("u", 0, s + 1)
        x = pm.Normal("x", data, s, dims="g")
        y = pm.Deterministic("d", 2 * x + s)
        pm.Normal("y", y, observed=np.zeros(3))
    return built


def test_values_in_place_of_random_variables(model: pm.Model) -> None:
    given = {v: POINT[v.name] for v in model.value_vars}
    found = {v.name: v.eval(given) for v in model.unobserved_value_vars}
    s = np.exp(0.1)
    expected = {**POINT, "s": s, "u": (s + 1) / (1 + np.exp(-0.2)), "d": 2 * POINT["x"] + s}
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-14)
    np.testing.assert_allclose(model.dlogp().eval(given), model.compile_dlogp()(POINT), rtol=1e-12)
    np.testing.assert_allclose(model.d2logp().eval(given), model.compile_d2logp()(POINT), rtol=1e-10)
    np.testing.assert_allclose(model.dlogp(["x"]).eval(given), model.compile_dlogp()(POINT)[2:], rtol=1e-12)


def test_other_transforms(model: pm.Model) -> None:
    assert list(remove_value_transforms(model).initial_point()) == ["s", "u", "x"]
    ordered = change_value_transforms(model, {"x": pm.distributions.transforms.ordered})
    assert list(ordered.initial_point()) == ["s_log__", "u_interval__", "x_ordered__"]
    assert list(model.initial_point()) == list(POINT)


def test_a_frozen_model_keeps_its_data(model: pm.Model) -> None:
    frozen = freeze_dims_and_data(model)
    before = frozen.compile_logp()(POINT)
    with model.copy() as other:
        pm.set_data({"data": np.ones(3)})
    assert frozen.compile_logp()(POINT) == before == pytest.approx(model.compile_logp()(POINT))
    assert other.compile_logp()(POINT) != before
    assert do is pm.do


def test_table(model: pm.Model) -> None:
    console = pytest.importorskip("rich.console", reason="the table is one of the package rich")
    with (printed := console.Console(width=80, color_system=None)).capture() as capture:
        printed.print(model.table())
    lines = [line.split() for line in capture.get().splitlines()]
    assert ["x", "~", "Normal(data,", "s)", "g:", "3"] in lines
    assert lines[-1] == ["Parameter", "count", "=", "5"]


def test_latex(model: pm.Model) -> None:
    lines = model.str_repr(formatting="latex").splitlines()
    assert lines[:2] == ["$$", r"\begin{array}{rcl}"]
    assert r"\text{x} & \sim & \text{Normal(data, s)} \\" in lines
    with pytest.raises(pm.ModelError, match="'plain' or 'latex'"):
        model.str_repr("html")


def test_context_and_lengths(model: pm.Model) -> None:
    with model:
        assert pm.Model.get_context() is model
    assert pm.Model.get_context(error_if_none=False) is None
    with pytest.raises(pm.NoModelError):
        pm.Model.get_context()
    assert model.shape_from_dims("g") == (3,)
    with pytest.raises(pm.ModelError, match="'h'"):
        model.shape_from_dims("h")


def test_points(model: pm.Model) -> None:
    assert pm.Point({model["x"]: [1, 2]}, z=3, filter_model_vars=True, model=model).keys() == {"x"}


def test_starts_by_unconstrained_names(model: pm.Model) -> None:
    quiet = {"progressbar": False, "compute_convergence_checks": False}
    kwargs = {"tune": 0, "draws": 1, "chains": 1, "random_seed": 1, "init": "adapt_diag", **quiet}
    with model:
        by_name, hidden, variable, other = (
            pm.sample(initvals=v, **kwargs).posterior["x"].values
            for v in ({"s": 3.0}, {"s_log__": np.log(3.0)}, {model["s"]: 3.0}, {"s": 1.0})
        )
    np.testing.assert_allclose(hidden, by_name, rtol=1e-10)
    np.testing.assert_array_equal(variable, by_name)
    assert not np.allclose(other, by_name)


def test_operations_of_pytensor_are_refused(model: pm.Model) -> None:
    with pytest.raises(AttributeError, match=r"'s' .* an Op of PyTensor or as_op cannot take it; .* pm.lift"):
        _ = model["s"].type


def test_names_that_live_elsewhere() -> None:
    with pytest.warns(FutureWarning, match="use pm.math.invlogit"):
        assert pm.invlogit is pm.math.invlogit
    assert pm.summary.__module__.startswith("arviz")
    assert (
        importlib.import_module("pmjax.distributions.timeseries").GaussianRandomWalk is pm.GaussianRandomWalk
    )
    with pytest.raises(AttributeError, match="did you mean 'Normal'"):
        _ = pm.Nromal

"""What a model block declares: shapes from dims, sizes, parameters and observed values; data that change."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import pmjax as pm
from pmjax.errors import ModelError
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density
from pmjax.target.start import initial_point

COORDS = {"city": ["a", "b", "c"], "year": [1990, 2000]}


def log_density(spec: ModelSpec, theta: Any) -> float:
    density = joint_density(spec)
    with double_precision():
        return float(jax.jit(density.log_density)(np.asarray(theta, float), density.data, density.knobs))


def test_dims_give_shapes() -> None:
    with pm.Model(coords=COORDS) as model:
        one = pm.Normal("one", dims="city")
        two = pm.Normal("two", dims=("city", "year"))
        sized = pm.Normal("sized", dims="city", shape=3)
        part = pm.Normal("part", mu=np.zeros((3, 5)), dims=("city", None))
        simplex = pm.Dirichlet("simplex", np.ones(2), dims=("city", "year"))
        pm.Deterministic("sum", two.sum(axis=1), dims="city")
        model.add_coord("week", length=4)
        week = pm.Normal("week_effect", dims="week")
    shapes = [v.shape for v in (one, two, sized, part, simplex, week)]
    assert shapes == [(3,), (3, 2), (3,), (3, 5), (3, 2), (4,)]
    assert model.dim_lengths == {"city": 3, "year": 2, "week": 4}
    spec = model.freeze()
    assert spec.dims["two"] == ("city", "year")
    assert spec.dims["sum"] == ("city",)
    assert spec.coords["city"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("declare", "shape"),
    [
        (lambda: pm.Normal("x"), ()),
        (lambda: pm.Normal("x", shape=3), (3,)),
        (lambda: pm.Normal("x", shape=(2, 3)), (2, 3)),
        (lambda: pm.Normal("x", shape=np.int64(3)), (3,)),
        (lambda: pm.Normal("x", shape=()), ()),
        (lambda: pm.Normal("x", size=4), (4,)),
        (lambda: pm.Normal("x", np.zeros(3)), (3,)),
        (lambda: pm.Normal("x", np.zeros(3), np.ones((2, 1))), (2, 3)),
        (lambda: pm.Normal("x", pm.Normal("m", shape=3), shape=(2, 3)), (2, 3)),
        (lambda: pm.Normal("x", [0.0, 1.0]), (2,)),
        (lambda: pm.Normal("x", [pm.Normal("m"), 1.0]), (2,)),
        (lambda: pm.MvNormal("x", np.zeros(2), cov=np.eye(2), size=3), (3, 2)),
        (lambda: pm.Normal("x", observed=np.zeros((2, 3))), (2, 3)),
        (lambda: pm.Normal("x", np.zeros(3), observed=np.zeros((2, 3))), (2, 3)),
        (lambda: pm.Normal("x", observed=1.5), ()),
        (lambda: pm.Categorical("x", np.ones((4, 3)) / 3, observed=[0, 1, 2, 0]), (4,)),
        (lambda: pm.Normal("x", pd.Series([1.0, 2.0])), (2,)),
    ],
)
def test_shape_inference(declare: Any, shape: tuple[int, ...]) -> None:
    with pm.Model() as model:
        declare()
    assert model["x"].shape == shape


@pytest.mark.parametrize(
    "container",
    [
        *(list, tuple, np.asarray, pd.Series, xr.DataArray, pd.Index, jax.numpy.asarray),
        lambda v: pd.Series(v, index=[9, 3, 7]),
        lambda v: pd.Series(v, dtype="Float64"),
        lambda v: np.ma.masked_array(v, mask=False),
        lambda v: np.asarray(v, "float32"),
        lambda v: np.asarray(v, object),
    ],
    ids=[
        "list",
        "tuple",
        "array",
        "Series",
        "DataArray",
        "Index",
        "jax",
        "index",
        "Float64",
        "masked",
        "32",
        "object",
    ],
)
def test_observed_containers(container: Any) -> None:
    values = [1.0, -2.0, 0.5]
    with pm.Model() as model:
        mu = pm.Normal("mu")
        y = pm.Normal("y", mu, observed=container(values))
    assert y.shape == (3,)
    expected = stats.norm.logpdf(0.5) + stats.norm(0.5).logpdf(values).sum()
    assert log_density(model.freeze(), [0.5]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "values", [[0, 1, 1], [0.0, 1.0, 1.0], [False, True, True], pd.Series([0, 1, 1], dtype="Int64")]
)
def test_discrete_observed_values_become_integers(values: Any) -> None:
    with pm.Model() as model:
        p = pm.Beta("p", 2.0, 3.0)
        pm.Bernoulli("y", p, observed=values)
        pm.Categorical("k", [0.2, 0.8], observed=pm.Data("codes", np.asarray(values, float)))
    spec = model.freeze()
    expected = stats.beta(2, 3).logpdf(0.5) + np.log(0.25) + 3 * np.log(0.5) + np.log(0.2 * 0.8 * 0.8)
    assert log_density(spec, [0.0]) == pytest.approx(expected, rel=1e-12)
    assert spec.observed[0].value.dtype == np.int64


def test_deterministics_and_potentials() -> None:
    with pm.Model() as model:
        x = pm.Normal("x", shape=2)
        double = pm.Deterministic("double", 2 * x)
        pm.Potential("penalty", -(double**2))
        pm.Deterministic("constant", 3.0)
    assert model["double"] is double
    assert "double" in model
    spec = model.freeze()
    assert [v.name for v in spec.deterministics] == ["double", "constant"]
    assert log_density(spec, [1.0, 0.5]) == pytest.approx(
        stats.norm.logpdf([1, 0.5]).sum() - 4 - 1, rel=1e-12
    )
    density = joint_density(spec)
    with double_precision():
        outputs = jax.jit(density.outputs)(
            np.array([1.0, 0.5]), density.data, density.knobs, np.zeros(2, np.uint32)
        )
    assert {k: np.asarray(v).tolist() for k, v in outputs.items()} == {
        "x": [1, 0.5],
        "double": [2, 1],
        "constant": 3,
    }


def regression(**options: Any) -> Any:
    with pm.Model(**options) as model:
        x = pm.Data("x", np.array([1.0, 2.0, 3.0]), dims="row")
        slope = pm.Normal("slope")
        mu = pm.Deterministic("mu", slope * x, dims="row")
        pm.Normal("y", mu, observed=pm.Data("obs", np.array([1.0, 2.0, 4.0]), dims="row"), dims="row")
    return model


def expected(x: Any, y: Any, slope: float) -> float:
    return float(stats.norm.logpdf(slope) + stats.norm(slope * np.asarray(x)).logpdf(y).sum())


def test_new_data_of_the_same_shape_keep_the_structure() -> None:
    model = regression()
    before = model.freeze()
    assert log_density(before, [0.7]) == pytest.approx(expected([1, 2, 3], [1, 2, 4], 0.7))
    pm.set_data({"x": [3.0, 2.0, 1.0]}, model)
    after = model.freeze()
    assert log_density(after, [0.7]) == pytest.approx(expected([3, 2, 1], [1, 2, 4], 0.7))
    assert joint_density(before).structure == joint_density(after).structure


def test_new_data_of_another_shape() -> None:
    model = regression()
    with model:
        pm.set_data({"x": pd.Series([1.0, 2.0, 3.0, 4.0]), "obs": xr.DataArray([0.0, 1.0, 2.0, 3.0])})
    spec = model.freeze()
    assert spec.observed[0].variable.shape == (4,)
    assert spec.deterministics[0].shape == (4,)
    assert log_density(spec, [0.7]) == pytest.approx(expected([1, 2, 3, 4], [0, 1, 2, 3], 0.7))


def test_new_data_with_coordinates() -> None:
    model = regression(coords={"row": ["a", "b", "c"]})
    with pytest.raises(ModelError, match=r"give new ones: set_data\(..., coords={'row': ...}\)"):
        pm.set_data({"x": [1.0, 2.0]}, model)
    pm.set_data({"x": [1.0, 2.0], "obs": [0.0, 1.0]}, model, coords={"row": ["d", "e"]})
    spec = model.freeze()
    assert spec.coords["row"].tolist() == ["d", "e"]
    assert log_density(spec, [0.7]) == pytest.approx(expected([1, 2], [0, 1], 0.7))


def test_new_index_data_are_checked_against_new_lengths() -> None:
    with pm.Model() as model:
        weight = pm.Data("weight", np.ones(3), dims="group")
        index = pm.Data("index", np.array([1, 2]))
        a = pm.Normal("a", dims="group") * weight
        pm.Normal("y", a[index] + a[index - 1], observed=np.zeros(2))
    model.freeze()
    pm.set_data({"index": [1, 4]}, model)
    with pytest.raises(ModelError, match="index 4 is out of bounds for axis 0 with size 3"):
        model.freeze()
    pm.set_data({"weight": np.ones(5)}, model)
    spec = model.freeze()
    assert spec.free[0].variable.shape == (5,)


def test_starts() -> None:
    with pm.Model() as model:
        pm.Normal("given", shape=2, initval=[1.0, 2.0])
        pm.Uniform("middle", 1.0, 3.0)
        scale = pm.HalfNormal("scale", 2.0)
        pm.Normal("child", scale, 1.0, shape=2)
        pm.HalfNormal("free", transform=None, initval=0.5)
        pm.Gamma("drawn", 2.0, 1.0, initval="prior")
    point = initial_point(model.freeze())
    assert list(point) == ["given", "middle_interval__", "scale_log__", "child", "free", "drawn_log__"]
    assert point["given"].tolist() == [1, 2]
    assert point["middle_interval__"] == 0
    assert point["child"].tolist() == [2, 2]
    assert point["free"] == 0.5
    assert np.isfinite(point["drawn_log__"])


def test_lookup_and_nesting() -> None:
    with pm.Model() as outer:
        pm.Normal("x")
        with pm.Model(name="inner") as inner:
            pm.Normal("x")
        pm.Normal("z")
    assert outer["x"] is not inner["x"]
    assert inner["x"] is outer["inner::x"] is inner.x
    assert "z" not in inner
    assert [v.name for v in outer.free_RVs] == ["x", "inner::x", "z"]
    assert [v.name for v in inner.free_RVs] == ["inner::x"]
    with pytest.raises(KeyError, match="did you mean 'z'"):
        outer["zz"]


def test_unconstrained_names_are_pymcs() -> None:
    with pm.Model() as model:
        pm.Normal("a")
        pm.Gamma("b", 1.0, 1.0)
        pm.Beta("c", 1.0, 1.0)
        pm.Uniform("d")
        pm.Dirichlet("e", np.ones(3))
        pm.TruncatedNormal("f", lower=0.0)
        pm.TruncatedNormal("g")
        pm.Flat("h")
    names = [v.value_name for v in model.freeze().free]
    assert names == ["a", "b_log__", "c_logodds__", "d_interval__", "e_simplex__", "f_interval__", "g", "h"]


def test_a_density_with_random_bounds_and_vectors() -> None:
    with pm.Model() as model:
        low = pm.Normal("low")
        x = pm.Uniform("x", low, low + 2.0)
        pm.Dirichlet("w", np.array([2.0, 3.0]))
    assert isinstance(x, Variable)
    y = 0.3
    u = 1 / (1 + np.exp(-y))
    w = np.exp([0.4, -0.4]) / np.exp([0.4, -0.4]).sum()
    value = stats.norm.logpdf(1.0) - np.log(2) + np.log(2 * u * (1 - u))
    value += stats.dirichlet([2, 3]).logpdf(w) + np.log(2) + np.log(w).sum()
    assert log_density(model.freeze(), [1.0, y, 0.4]) == pytest.approx(value, rel=1e-12)

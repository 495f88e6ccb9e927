"""What is an input and what is a static argument makes a difference: to programs, and to rewrites."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pmjax as pm
from pmjax.errors import ModelError
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable, lift

ROWS = np.array([0, 1, 2])


def matrix() -> Variable:
    return pm.Normal.dist(0, 1, shape=(3, 3))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(lambda x: x[0, ROWS], lambda x: x[ROWS, 0], id="index"),
        pytest.param(lambda x: lift(jnp.subtract)(x, 0), lambda x: lift(jnp.subtract)(0, x), id="call"),
    ],
)
def test_the_place_of_an_input_is_part_of_the_fingerprint(one: object, other: object) -> None:
    assert fingerprint([one(matrix())]) == fingerprint([one(matrix())])
    assert fingerprint([one(matrix())]) != fingerprint([other(matrix())])


def test_elements_of_a_vector_are_told_from_gathers() -> None:
    x = np.array([1.0, 2.0, 3.0])
    with pm.Model() as model:
        beta = pm.Normal("beta", 0, 1, shape=2)
        pm.Normal("y", beta[0] + beta[1] * x, 1, observed=2 * x)
    terms = -0.5 * np.array([0.5, 1.5]) ** 2, -0.5 * (0.5 + 1.5 * x - 2 * x) ** 2
    expected = sum(t.sum() - t.size * 0.5 * np.log(2 * np.pi) for t in terms)
    assert np.isclose(model.compile_logp()({"beta": np.array([0.5, 1.5])}), expected, rtol=1e-12)


class Line(NamedTuple):
    slope: object
    intercept: object


@functools.partial(jax.tree_util.register_dataclass, data_fields=["knots"], meta_fields=["degree"])
@dataclasses.dataclass
class Basis:
    knots: object
    degree: int


# By name: arguments made of a vector, a function of them, and the same in NumPy.
PYTREES = {
    "named tuple": (
        lambda x: Line(x[0], x[1]),
        lambda t: t.slope * 2 + t.intercept,
        lambda v: 2 * v[0] + v[1],
    ),
    "array in a named tuple": (lambda x: Line(x, ROWS), lambda t: t.slope + t.intercept, lambda v: v + ROWS),
    "dataclass": (lambda x: Basis(x, 3), lambda t: t.knots**t.degree, lambda v: v**3),
    "nested": (
        lambda x: {"b": [Line(x, None)], "a": (Basis(x, 2), 4)},
        lambda t: t["b"][0].slope + t["a"][0].knots * t["a"][1] + (t["b"][0].intercept is None),
        lambda v: 5 * v + 1,
    ),
}
VECTOR = np.array([0.5, -1.0, 2.0])


@pytest.mark.parametrize("case", PYTREES)
def test_any_pytree_of_variables_reaches_the_function_whole(case: str) -> None:
    make, function, expected = PYTREES[case]
    x = pm.Normal.dist(0, 1, shape=3)
    result = lift(function)(make(x))
    np.testing.assert_allclose(result.eval({x: VECTOR}), expected(VECTOR))
    by_word = lift(lambda *, tree: function(tree))(tree=make(x))
    np.testing.assert_allclose(by_word.eval({x: VECTOR}), expected(VECTOR))


def test_a_dictionary_that_has_no_order_is_refused() -> None:
    with pytest.raises(ModelError, match="first: JAX cannot take the arguments apart"):
        lift(first)({"a": matrix(), 1: 2.0})


def first(tree: dict[object, object]) -> object:
    return tree["a"]


CALLS: list[str] = []


def moments(x: jax.Array) -> dict[str, object]:
    CALLS.append("moments")
    return {"mean": x.mean(), "line": Line(x - x.mean(), (x**2, jnp.argmax(x)))}


def test_a_function_may_return_a_pytree() -> None:
    x = pm.Normal.dist(0, 1, shape=3)
    found = lift(moments)(x)
    assert isinstance(found["line"], Line)
    slope, (squares, largest) = found["line"]
    assert [v.shape for v in (found["mean"], slope, squares, largest)] == [(), (3,), (3,), ()]
    assert largest.dtype == np.dtype("int64")
    for variable, expected in (
        (found["mean"], 0.5),
        (slope, VECTOR - 0.5),
        (squares, VECTOR**2),
        (largest + 1, 3),
    ):
        np.testing.assert_allclose(variable.eval({x: VECTOR}), expected)
    mode, log_det = np.linalg.slogdet(np.eye(3) * x)
    np.testing.assert_allclose(mode.eval({x: VECTOR}), -1.0)
    np.testing.assert_allclose(log_det.eval({x: VECTOR}), 0.0, atol=1e-12)


def test_a_function_that_returns_a_pytree_is_called_once_for_a_density() -> None:
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1, shape=3)
        found = lift(moments)(x)
        pm.Deterministic("squares", found["line"].intercept[0])
        pm.Normal("y", found["mean"], 1, observed=0.25)
        pm.Potential("p", found["line"].slope.sum())
    logp = model.compile_logp()
    CALLS.clear()
    expected = -0.5 * (VECTOR**2).sum() - 0.5 * 0.25**2 - 2 * np.log(2 * np.pi)
    np.testing.assert_allclose(logp({"x": VECTOR}), expected, rtol=1e-12)
    assert CALLS == ["moments"]
    idata = pm.sample(
        20, tune=20, chains=1, random_seed=1, progressbar=False, compute_convergence_checks=False, model=model
    )
    np.testing.assert_allclose(idata.posterior["squares"], idata.posterior["x"].values ** 2)


def test_a_pytree_of_data_follows_the_data() -> None:
    with pm.Model() as model:
        d = pm.Data("d", np.arange(4.0))
        found = lift(moments)(d)
        x = pm.Normal("x", found["mean"], 1)
        pm.Normal("y", x + found["line"].slope, 1, observed=np.zeros(4))
    pm.set_data({"d": np.arange(4.0) + 10}, model=model)
    slope = np.arange(4.0) - 1.5
    expected = -0.5 * (slope**2).sum() - 0.5 * 11.5**2 - 2.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(model.compile_logp()({"x": 0.0}), expected, rtol=1e-12)

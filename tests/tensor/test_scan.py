"""`pmjax.scan` against loops in Python, and its use inside models."""

from __future__ import annotations

import importlib.util
import operator
from typing import Any

import numpy as np
import pytest

import pmjax as pm
import pmjax.tensor as pt
from pmjax.errors import ModelError
from pmjax.graph.rewrite import fingerprint

X = np.array([0.5, 1.5, -1.0, 2.0, 0.3])
TABLE = np.arange(10.0).reshape(5, 2)
ADD = operator.add

# name -> (arguments of scan, what a loop gives)
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "powers": (
        {"fn": lambda x, a: x * a, "outputs_info": [1.0], "non_sequences": [3.0], "n_steps": 4},
        3.0 ** np.arange(1, 5),
    ),
    "no feedback": ({"fn": lambda x: x**2, "sequences": [X]}, X**2),
    "sum so far": ({"fn": ADD, "sequences": X, "outputs_info": 0.0}, np.cumsum(X)),
    "integer start": ({"fn": ADD, "sequences": X, "outputs_info": 0}, np.cumsum(X)),
    "rows": ({"fn": ADD, "sequences": [TABLE], "outputs_info": [np.zeros(2)]}, np.cumsum(TABLE, axis=0)),
    "two taps": (
        {"fn": ADD, "outputs_info": [{"initial": np.array([0, 1]), "taps": [-2, -1]}], "n_steps": 6},
        np.array([1, 2, 3, 5, 8, 13]),
    ),
    "one far tap": (
        {"fn": lambda a: 2 * a, "outputs_info": [{"initial": X[:2], "taps": [-2]}], "n_steps": 4},
        np.array([1.0, 3.0, 2.0, 6.0]),
    ),
    "taps by range": (
        {"fn": ADD, "outputs_info": {"initial": np.array([0.0, 1.0]), "taps": range(-2, 0)}, "n_steps": 3},
        np.array([1.0, 2.0, 3.0]),
    ),
    "taps of a sequence": (
        {"fn": lambda before, now: now - before, "sequences": [{"input": X, "taps": [-1, 0]}]},
        np.diff(X),
    ),
    "taps ahead": (
        {"fn": lambda now, after: after - now, "sequences": [{"input": X, "taps": [0, 1]}]},
        np.diff(X),
    ),
    "backwards": (
        {"fn": ADD, "sequences": X, "outputs_info": 0.0, "go_backwards": True},
        np.cumsum(X[::-1]),
    ),
    "fewer steps": ({"fn": ADD, "sequences": X, "outputs_info": 0.0, "n_steps": 3}, np.cumsum(X)[:3]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_a_loop(name: str) -> None:
    options, expected = CASES[name]
    outputs, updates = pm.scan(**options)
    assert outputs.shape == expected.shape
    assert updates == {}
    np.testing.assert_allclose(outputs.eval(), expected)


def test_values_are_pytensors() -> None:
    if importlib.util.find_spec("pytensor") is None:
        pytest.skip(
            "pytensor is not installed here: its values are compared in the environment that has PyMC"
        )
    import pytensor

    if int(pytensor.__version__.split(".")[0]) < 3:
        pytest.skip("values are compared with the PyTensor of PyMC 6; the one here is older")

    def theirs(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                k: pytensor.tensor.as_tensor(v) if k in ("input", "initial") else v for k, v in value.items()
            }
        if isinstance(value, list):
            return [theirs(v) for v in value]
        return pytensor.tensor.as_tensor(np.asarray(value))

    plain = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    for name, (options, expected) in CASES.items():
        if name == "integer start":  # PyTensor refuses what becomes real
            continue
        given = {
            k: theirs(v) if k in ("sequences", "outputs_info", "non_sequences") else v
            for k, v in options.items()
        }
        outputs, _ = pytensor.scan(**given)
        np.testing.assert_allclose(outputs.eval(mode=plain), expected, err_msg=name)


def test_several_outputs_of_several_shapes_and_dtypes() -> None:
    def step(x: Any, total: Any, count: Any) -> tuple[Any, ...]:
        return total + x, count + 1, pt.stack([x, 2 * x])

    (total, count, pair), _ = pm.scan(step, sequences=[X], outputs_info=[0.0, np.int64(0), None])
    np.testing.assert_allclose(total.eval(), np.cumsum(X))
    np.testing.assert_array_equal(count.eval(), [1, 2, 3, 4, 5])
    assert count.dtype == "int64"
    np.testing.assert_allclose(pair.eval(), np.stack([X, 2 * X], axis=1))


def test_what_is_returned() -> None:
    double = lambda x: 2 * x  # noqa: E731
    assert isinstance(pm.scan(double, sequences=X, return_updates=False), pm.Variable)
    assert len(pm.scan(double, sequences=X, return_list=True, return_updates=False)) == 1
    outputs, _ = pm.scan(lambda x: (2 * x, {}), sequences=X)
    np.testing.assert_allclose(outputs.eval(), 2 * X)


def test_a_loop_in_a_model_has_the_density_and_gradient_of_its_steps_written_out() -> None:
    def model(loop: Any) -> pm.Model:
        with pm.Model() as model:
            rho, drift = pm.Normal("rho"), pm.Normal("drift", shape=2)
            noise = pm.Normal("noise", shape=(4, 2))
            pm.Normal("y", loop(rho, drift, noise), 0.3, observed=np.ones((4, 2)))
        return model

    def scanned(rho: Any, drift: Any, noise: Any) -> Any:
        return pm.scan(
            lambda e, x, rho: rho * x + drift + e,
            sequences=[noise],
            outputs_info=[np.zeros(2)],
            non_sequences=[rho],
            strict=True,
        )[0]

    def written(rho: Any, drift: Any, noise: Any) -> Any:
        rows, x = [], np.zeros(2)
        for i in range(4):
            x = rho * x + drift + noise[i]
            rows.append(x)
        return pm.math.stack(rows)

    point = {"rho": 0.3, "drift": np.array([0.1, -0.2]), "noise": np.arange(8.0).reshape(4, 2) / 10}
    one, other = model(scanned), model(written)
    assert one.compile_logp()(point) == pytest.approx(other.compile_logp()(point), rel=1e-12)
    np.testing.assert_allclose(one.compile_dlogp()(point), other.compile_dlogp()(point), rtol=1e-10)


def test_random_variables_inside_are_drawn_anew_at_each_step() -> None:
    path, _ = pm.scan(
        lambda x, s: 0.9 * x + pm.Normal.dist(0.0, s), outputs_info=[10.0], non_sequences=[0.1], n_steps=200
    )
    draws = pm.draw(path, draws=50, random_seed=1)
    innovations = draws[:, 1:] - 0.9 * draws[:, :-1]
    assert innovations.std() == pytest.approx(0.1, rel=0.03)
    assert abs(np.corrcoef(innovations[:, 0], innovations[:, 1])[0, 1]) < 0.5
    np.testing.assert_array_equal(draws, pm.draw(path, draws=50, random_seed=1))
    assert np.unique(draws).size == draws.size


def test_loops_have_an_address() -> None:
    def build() -> pm.Variable:
        return pm.scan(lambda x, s: s * x, sequences=X, outputs_info=1.0)[0]

    assert fingerprint([build()]) == fingerprint([build()]) is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fn": lambda x: x, "outputs_info": [1.0]}, "n_steps"),
        ({"fn": lambda x: x, "sequences": X, "n_steps": 9}, "shortest sequence has 5"),
        ({"fn": lambda x: pt.zeros(2), "outputs_info": [1.0], "n_steps": 2}, "must be equal"),
        ({"fn": lambda x: (x, x), "outputs_info": [1.0], "n_steps": 2}, "returned 2 values"),
        ({"fn": lambda x: x, "outputs_info": [{"initial": 1.0, "taps": [1]}], "n_steps": 2}, "negative"),
        (
            {"fn": lambda x: x, "outputs_info": [{"initial": 1.0, "taps": [-3]}], "n_steps": 2},
            "holds 3 values",
        ),
        ({"fn": lambda x: x, "outputs_info": [{"inital": 1.0}], "n_steps": 2}, "inital"),
        ({"fn": lambda x: x, "sequences": 1.0}, "first axis"),
        ({"fn": dict, "n_steps": 2}, "no values"),
        ({"fn": lambda x: x, "sequences": X, "truncate_gradient": 5}, "truncate_gradient"),
    ],
    ids=range(10),
)
def test_wrong_arguments_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        pm.scan(**options)

"""What is said of a start whose density is not finite: the user's rows, parameters and families."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

import pmjax as pm
from pmjax.target.of_model import model_target

X = np.array([1.0, 2.0, np.nan, 4.0] * 5)
ROWS = np.arange(20.0)
GROUP = np.arange(20) % 4


def line(x: np.ndarray, group: np.ndarray | None = None) -> None:
    a = pm.Normal("a") if group is None else pm.Normal("a", 0, pm.HalfNormal("t"), shape=4)[group]
    pm.Normal("y", a + pm.Normal("b") * x, 1.0, observed=ROWS)


def set_later(name: str, value: np.ndarray) -> Callable[[], None]:
    def declare() -> None:
        x, e = pm.Data("x", np.ones(20)), pm.Data("e", np.ones(20))
        pm.Normal("y", pm.Normal("a") * x, e, observed=ROWS)
        pm.set_data({name: value})

    return declare


def of_two_classes() -> None:
    z = pm.Bernoulli("z", 0.5, shape=20)
    pm.Normal("y", pm.Normal("m", shape=2)[z] + X, 1.0, observed=ROWS)


ROW_2 = ["'y'", "5 of 20", "y[2]", "Normal's mu is NaN"]
# name -> (model, what the sentence says)
CASES: dict[str, tuple[Callable[[], object], Sequence[str]]] = {
    "NaN predictor": (lambda: line(X), [*ROW_2, "hold 5 values of 20", "[2]"]),
    "infinite predictor": (lambda: line(np.where(np.isnan(X), np.inf, X)), ROW_2[:3]),
    "recentred groups": (lambda: line(X, GROUP), ROW_2),
    "a column of a matrix": (
        lambda: pm.Normal("y", np.stack([X, ROWS], 1) @ pm.Normal("b", shape=2), 1.0, observed=ROWS),
        [*ROW_2, "hold 5 values of 40"],
    ),
    "data set later": (set_later("x", X), [*ROW_2, "the data 'x' hold"]),
    "no scale": (set_later("e", np.zeros(20)), ["20 of 20", "Normal's sigma is 0.0", "must be positive"]),
    "a rate of zero": (
        lambda: pm.Poisson(
            "y", pm.math.exp(pm.Normal("a")) * np.r_[0.0, np.ones(19)], observed=np.ones(20, int)
        ),
        ["1 of 20", "y[0]", "the value 1 is impossible under Poisson with mu = 0.0"],
    ),
    "summed out": (of_two_classes, ROW_2),
}


@pytest.mark.parametrize(("declare", "words"), CASES.values(), ids=CASES)
def test_the_users_rows_are_named(declare: Callable[[], object], words: Sequence[str]) -> None:
    with pm.Model() as model:
        declare()
    target = model_target(model.freeze())
    sentence = target.explain(np.full(target.density.size, 0.1))
    for word in words:
        assert word in sentence
    assert "Groups" not in sentence

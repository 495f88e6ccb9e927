"""What is an input and what is a static argument makes a difference: to programs, and to rewrites."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable, lift

ROWS = np.array([0, 1, 2])


def matrix() -> Variable:
    return pm.Normal.dist(0, 1, shape=(3, 3))


def add_twice(x: object, y: object) -> object:
    return x + 2 * y


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(lambda x: x[0, ROWS], lambda x: x[ROWS, 0], id="index"),
        pytest.param(lambda x: lift(add_twice)(x, 0), lambda x: lift(add_twice)(0, x), id="call"),
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

"""Readings of a graph, substitution, identity across processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from pmjax import distributions as d
from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, ancestors, arguments, evaluate_host, random_ancestors
from pmjax.graph.ops import Input
from pmjax.graph.rewrite import fingerprint, substitute
from pmjax.graph.variable import Variable, as_variable, lift


def expression(scale: float = 2.0, function: Callable[..., Any] = np.exp, rows: int = 3) -> Variable:
    mu = d.Normal.dist(0.0, scale)
    x = d.Normal.dist(mu, 1.0, shape=rows)
    return function(x)[np.array([0, 1, 1])] + np.sum(x, axis=0)


def symbol(shape: tuple[int, ...] = ()) -> Variable:
    return Variable(Input(shape, np.dtype(float)))


def test_ancestors_come_before_what_uses_them() -> None:
    x = symbol()
    y = x + 1
    z = y * x
    order = [id(v) for v in ancestors([z, y])]
    assert order.index(id(x)) < order.index(id(y)) < order.index(id(z))
    assert len(order) == len(set(order)) == 4
    stopped = {id(v) for v in ancestors([z], stop=lambda v: v is y)}
    assert stopped == {id(x), id(y), id(z)}


def test_arguments_are_arrays_but_not_scalars() -> None:
    data = np.arange(3.0)
    nodes = arguments([symbol((3,)) * data + 2.0])
    assert [v.data_value.tolist() for v in nodes] == [[0.0, 1.0, 2.0]]


def test_constants_are_copies() -> None:
    data = np.arange(3.0)
    node = as_variable(data)
    data[0] = 9
    assert node.eval().tolist() == [0, 1, 2]


def test_random_variables_need_a_value() -> None:
    x = d.Normal.dist()
    y = 2 * x
    assert [id(v) for v in random_ancestors([y])] == [id(x)]
    assert evaluate_host([y], {x: 1.5})[0] == 3
    assert y.eval({x: 1.5}) == 3
    with pytest.raises(ModelError, match=r"random and has no value"):
        evaluate_host([y], {})
    drawn = Reading({}, on_random=lambda variable, params: 4.0, host=True)
    assert drawn.read([y])[0] == 8


def test_each_node_is_computed_once() -> None:
    calls = []
    count = lift(lambda x: (calls.append(1), x + 1)[1])
    y = count(symbol())
    calls.clear()
    Reading({y.inputs[0]: 1.0}).read([y + y, y * y])
    assert len(calls) == 1


def test_substitute_rebuilds_only_what_depends() -> None:
    x, other = symbol((3,)), symbol((3,))
    kept, total = np.exp(other), x + 1
    result, same = substitute([total * kept, kept], {x: symbol((2, 3))})
    assert same is kept
    assert result.shape == (2, 3)
    assert result.inputs[1] is kept
    with pytest.raises(ModelError, match="do not broadcast"):
        substitute([total * kept], {x: symbol((4,))})


def test_fingerprint_is_the_same_in_another_process() -> None:
    code = f"""
import sys
sys.path[:0] = {sys.path!r}
from {__name__} import expression, fingerprint
print(fingerprint([expression()]))
"""
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == str(fingerprint([expression()]))


def test_fingerprint_tells_structures_apart() -> None:
    prints = [
        fingerprint([expression(**change)])
        for change in ({}, {"scale": 3.0}, {"function": np.log}, {"rows": 4}, {"function": lift(jnp.exp2)})
    ]
    assert None not in prints
    assert len(set(prints)) == len(prints)
    hash(prints[0])


def test_fingerprint_ignores_the_numbers_in_arrays() -> None:
    x = symbol((2,))
    assert fingerprint([x * np.array([1.0, 2.0])]) == fingerprint([x * np.array([3.0, 4.0])])


def test_a_lambda_has_no_fingerprint() -> None:
    assert fingerprint([lift(lambda x: x + 1)(symbol())]) is None

"""Products with tall matrices of data are the same with the transposes."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from pmjax.graph.evaluate import ancestors, of_data
from pmjax.graph.ops import Call, Input
from pmjax.graph.products import transpose_tall
from pmjax.graph.variable import Variable, as_variable, call

RNG = np.random.default_rng(0)
TALL, WIDE = as_variable(RNG.normal(size=(7, 3))), as_variable(RNG.normal(size=(3, 7)))
COUNTS = as_variable(np.arange(21).reshape(7, 3))
B = Variable(Input((3,), np.dtype(float)), (), "b")
MATRIX = Variable(Input((7, 3), np.dtype(float)), (), "matrix")
# An expression, and how many transposes are in it then.
CASES = {
    "tall @ b": (TALL @ B, 1),
    "dot": (call(jnp.dot, TALL, B), 1),
    "scaled data": ((TALL * 2.0 - 1.0) @ B, 1),
    "nested": (TALL @ (WIDE @ (TALL @ B)), 2),
    "wide": (WIDE @ (TALL @ B), 1),
    "b first": (B @ WIDE, 0),
    "random matrix": (MATRIX @ B, 0),
    "data alone": (TALL @ np.ones(3) + B[0], 0),
    "two matrices": (WIDE @ TALL @ B, 0),
    "tall @ matrix": (TALL @ call(jnp.outer, B, B), 0),
    "sum": ((TALL * B).sum(axis=-1), 1),
    "sum, b first": ((B * COUNTS).sum(1), 1),
    "sum over rows": ((TALL * B).sum(axis=0), 0),
    "sum over all": ((TALL * B).sum(), 0),
    "sum, kept": ((TALL * B).sum(axis=1, keepdims=True), 0),
    "sum, one number": ((TALL * B[:1]).sum(axis=1), 0),
    "sum of a sum": ((TALL + B).sum(axis=1), 0),
}


@pytest.mark.parametrize("case", CASES)
def test_transposing_keeps_the_values(case: str) -> None:
    before, transposes = CASES[case]
    (after,) = transpose_tall([before])
    values = {B: RNG.normal(size=3), MATRIX: RNG.normal(size=(7, 3))}
    np.testing.assert_allclose(after.eval(values), before.eval(values), rtol=1e-14)
    assert (before.shape, before.dtype) == (after.shape, after.dtype)
    found = [v for v in ancestors([after]) if isinstance(v.op, Call) and v.op.function is jnp.transpose]
    assert len(found) == transposes
    assert all(map(of_data, found))

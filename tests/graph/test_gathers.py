"""Merged gathers are the same function of the same variables, with fewer gathers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pmjax.graph.evaluate import ancestors
from pmjax.graph.gathers import merge_gathers
from pmjax.graph.ops import Index, Input
from pmjax.graph.variable import Variable
from pmjax.numerics.rows import MAX_TABLE, add_at_once, take_rows
from pmjax.runtime.precision import double_precision

IDX = np.array([0, 2, 2, 1, 0])
OTHER = np.array([1, 1, 0, 2, 2])


def vector(name: str, length: int = 3) -> Variable:
    return Variable(Input((length,), np.dtype(float)), (), name)


def gathers(nodes) -> int:
    """Return the number of nodes that read rows by an index array."""
    return sum(isinstance(n.op, Index) and len(n.inputs) == 2 for n in ancestors(nodes))


A, B, C = vector("a"), vector("b"), vector("c", 5)
CASES = {
    "two": ([A[IDX] + B[IDX] * 2.0], 1),
    "the same twice": ([A[IDX] * A[IDX.copy()]], 1),
    "over outputs": ([A[IDX], np.exp(B[IDX])], 1),
    "other indices": ([A[IDX] + B[OTHER]], 2),
    "two groups": ([A[IDX] + B[IDX] + A[OTHER] * B[OTHER]], 2),
    "other lengths": ([A[IDX] + C[IDX]], 2),
    "nested": ([A[IDX][IDX] + B[IDX]], 2),
    "chained": ([C[(A[IDX] > 0) * 1] + C[IDX]], 3),
}


@pytest.mark.parametrize("case", CASES)
def test_merging_keeps_the_values(case):
    outputs, expected = CASES[case]
    rng = np.random.default_rng(0)
    values = {v: rng.normal(size=v.shape) for v in (A, B, C)}
    merged = merge_gathers(outputs)
    assert gathers(merged) == expected
    for before, after in zip(outputs, merged, strict=True):
        assert (before.shape, before.dtype) == (after.shape, after.dtype)
        np.testing.assert_array_equal(before.eval(values), after.eval(values))


@pytest.mark.parametrize("columns", [(), (3,)])
@pytest.mark.parametrize("rows", [40, MAX_TABLE // 4 + 1])
def test_what_an_accelerator_does_adds_rows_up(rows, columns):
    rng = np.random.default_rng(2)
    index, values = rng.integers(0, 4, rows).astype(np.int32), rng.normal(size=(rows, *columns))
    expected = np.zeros((4, *columns))
    np.add.at(expected, index, values)
    with double_precision():
        added = add_at_once(jnp.zeros((4, *columns)), jnp.asarray(index), jnp.asarray(values))
    np.testing.assert_allclose(added, expected, rtol=1e-10)


# On a CPU 5 rows for 4 places are added in one stripe, 19 in two, and 43 in four and a rest.
@pytest.mark.parametrize("rows", [5, 19, 43])
@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_the_gradient_of_rows_adds_them_up(shape, rows):
    index = np.resize(np.array([3, 0, 3, 3, 1], np.int32), rows)
    weights = np.arange(1.0, rows + 1).reshape(-1, *[1] * (len(shape) - 1))
    expected = np.zeros(shape)
    np.add.at(expected, index, np.broadcast_to(weights, (rows, *shape[1:])))
    with double_precision():
        x = jnp.asarray(np.random.default_rng(0).normal(size=shape))
        np.testing.assert_array_equal(take_rows(x, index), np.asarray(x)[index])
        gradient = jax.grad(lambda x: (weights * take_rows(x, index)).sum())
        np.testing.assert_allclose(jax.jit(gradient)(x), expected, rtol=1e-15)
        np.testing.assert_allclose(jax.vmap(gradient)(x[None])[0], expected, rtol=1e-15)
        second = jax.jacrev(jax.grad(lambda x: (weights * take_rows(x, index) ** 2).sum()))(x)
        np.testing.assert_allclose(second, np.diag(2 * expected.ravel()).reshape(*shape, *shape), rtol=1e-14)

"""Rules of shape and dtype against `jax.eval_shape`, and elementwise functions against NumPy."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pmjax.graph import elementwise_table as table
from pmjax.graph.ops import Elementwise, Input
from pmjax.graph.variable import Variable, as_variable, elementwise
from pmjax.runtime.precision import double_precision

INTEGER_ONLY = {jnp.bitwise_and, jnp.bitwise_or, jnp.bitwise_xor, jnp.invert}
COUNT = {jnp.where: 3, jnp.clip: 3, jax.nn.sigmoid: 1, jax.nn.softplus: 1, jnp.round: 1}


def arity(function: Callable[..., Any]) -> int:
    """Number of array arguments."""
    if function in COUNT:
        return COUNT[function]
    if isinstance(function, jnp.ufunc):
        return int(function.nin)
    required = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    return len([p for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])


def symbol(shape: tuple[int, ...], dtype: str) -> Variable:
    return Variable(Input(shape, np.dtype(dtype)))


def arguments(function: Callable[..., Any]) -> list[list[Variable]]:
    """Argument lists with several shapes, dtypes and Python scalars."""
    n = arity(function)
    first = "bool" if function is jnp.where else None
    if n == 1:
        single = [("int64", (3,)), ("int32", ()), ("float32", (2, 3)), ("float64", ()), ("bool", (2,))]
        return [[symbol(shape, dtype)] for dtype, shape in single]
    lists = []
    for one, other in [
        (("float64", (3,)), ("int64", (2, 1))),
        (("float32", ()), ("int32", (4,))),
        (("int32", (2, 3)), ("int64", (3,))),
        (("float64", (2, 3)), 2),
        (("float32", (2,)), 0.5),
        (("int64", (2,)), 3),
        (("int64", (2,)), 0.5),
        (("bool", (2,)), ("bool", ())),
    ]:
        pair = [symbol(a[1], a[0]) if isinstance(a, tuple) else as_variable(a) for a in (one, other)]
        lists.append(
            [symbol((2, 3) if n == 3 and one[1] != (4,) else (), first or "int32"), *pair][3 - n :][-n:]
        )
    return lists


def traced(function: Callable[..., Any], args: list[Variable]) -> Any:
    """What JAX says, or None if it refuses these dtypes."""
    abstract = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in args if isinstance(a.op, Input)]

    evaluate = Elementwise(function).evaluate

    def run(*arrays: Any) -> Any:
        given = iter(arrays)
        return evaluate(*(next(given) if isinstance(a.op, Input) else a.op.value for a in args))

    with double_precision():
        try:
            return jax.eval_shape(run, *abstract)
        except (TypeError, ValueError):
            return None


@pytest.mark.parametrize("function", table.elementwise_functions(), ids=table.name_of)
def test_rule_agrees_with_jax(function: Callable[..., Any]) -> None:
    checked = 0
    for args in arguments(function):
        try:
            expected = traced(function, args)
            np.broadcast_shapes(*(a.shape for a in args))
        except ValueError:
            continue
        if expected is None:
            continue
        node = elementwise(function, *args)
        dtypes = [a.promotion_dtype for a in args]
        assert (node.shape, node.dtype) == (tuple(expected.shape), expected.dtype), dtypes
        checked += 1
    assert checked >= 2


@pytest.mark.parametrize(
    "function", [f for f in table.elementwise_functions() if table.host_function(f)], ids=table.name_of
)
def test_host_evaluation_is_numpys(function: Callable[..., Any]) -> None:
    """The value on the host (NumPy) is the value in a program (JAX)."""
    values: list[Any] = [np.array([0.3, 0.7]), np.array([[0.2], [0.9]]), np.array([0.4, 0.6])]
    if function in INTEGER_ONLY:
        values = [np.array([3, 6]), np.array([[5], [1]])]
    if function is jnp.where:
        values[0] = np.array([True, False])
    values = values[: arity(function)]
    node = elementwise(function, *values)
    with double_precision():
        expected = jax.jit(function)(*values)
    assert node.shape == expected.shape
    np.testing.assert_allclose(node.eval(), expected, rtol=1e-14, atol=1e-15)


def test_scalars_do_not_widen() -> None:
    x = symbol((3,), "float32")
    assert (x + 1).dtype == (2.5 * x).dtype == np.float32
    assert (x + np.zeros(3)).dtype == np.float64
    assert (symbol((), "int32") / 2).dtype == np.float64


def test_integers_of_32_bits_lose_no_precision() -> None:
    counts = np.array([3, 7], "int32")
    with double_precision():
        value = jax.jit(Elementwise(jnp.log).evaluate)(counts)
    np.testing.assert_allclose(value, np.log([3.0, 7.0]), rtol=1e-15)

"""Operators, indexing and NumPy's functions on variables, against NumPy on numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, as_variable, lift
from pmjax.runtime.precision import double_precision

few = settings(max_examples=60, deadline=None, derandomize=True)
BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod),
    *(operator.pow, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
]


def symbol(value: Any) -> Variable:
    array = np.asarray(value)
    return Variable(Input(array.shape, array.dtype))


def value_of(result: Variable, given: dict[Variable, Any], *, host: bool = True) -> np.ndarray:
    assert isinstance(result, Variable)
    if host:
        value = Reading(given, host=True).read([result])[0]
    else:
        with double_precision():
            program = jax.jit(lambda *v: Reading(dict(zip(given, v, strict=True))).read([result])[0])
            value = program(*given.values())
    value = np.asarray(value)
    assert value.shape == result.shape
    return value


@pytest.mark.parametrize("op", BINARY, ids=lambda f: f.__name__)
def test_binary_operators_and_their_reflections(op: Callable[..., Any]) -> None:
    a, b = np.array([[0.5], [1.5]]), np.array([1.0, 2.0, 0.5])
    x, y = symbol(a), symbol(b)
    given = {x: a, y: b}
    for result, expected in [
        (op(x, y), op(a, b)),
        (op(x, b), op(a, b)),
        (op(b, x), op(b, a)),
        (op(x, 2), op(a, 2)),
        (op(2, x), op(2, a)),
        (op(np.float64(2), x), op(2, a)),
        (op(x, [1.0, 2.0, 0.5]), op(a, b)),
    ]:
        np.testing.assert_allclose(value_of(result, given), expected)


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor], ids=lambda f: f.__name__)
def test_logical_operators(op: Callable[..., Any]) -> None:
    a, b = np.array([True, True, False]), np.array([True, False, False])
    x = symbol(a)
    np.testing.assert_array_equal(value_of(op(x, b), {x: a}), op(a, b))
    np.testing.assert_array_equal(value_of(op(b, x), {x: a}), op(b, a))
    np.testing.assert_array_equal(value_of(~x, {x: a}), ~a)


def test_unary_operators_and_matmul() -> None:
    a, m = np.array([1.0, -2.0, 3.0]), np.arange(6.0).reshape(2, 3)
    x = symbol(a)
    for result, expected in [
        *((-x, -a), (+x, a), (abs(x), abs(a)), (m @ x, m @ a), (x @ m.T, a @ m.T), (x @ x, a @ a)),
        (x.T, a.T),
    ]:
        np.testing.assert_allclose(value_of(result, {x: a}), expected)


@few
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_broadcasting_is_numpys(shapes: Any) -> None:
    a, b = (np.arange(1.0, 1 + np.prod(s, dtype=int)).reshape(s) for s in shapes.input_shapes)
    x = symbol(a)
    result = value_of(x - b, {x: a})
    assert result.shape == shapes.result_shape
    np.testing.assert_array_equal(result, a - b)


@few
@given(st.data())
def test_basic_indexing_is_numpys(data: Any) -> None:
    a = np.arange(60.0).reshape(3, 4, 5)
    key = data.draw(hnp.basic_indices(a.shape, allow_newaxis=True))
    x = symbol(a)
    np.testing.assert_array_equal(value_of(x[key], {x: a}), a[key])


@few
@given(st.data())
def test_integer_array_indexing_is_numpys(data: Any) -> None:
    a = np.arange(60.0).reshape(3, 4, 5)
    shape = a.shape[: data.draw(st.integers(1, 3))]
    key = data.draw(hnp.integer_array_indices(shape, dtype=np.dtype("uint8")))
    x = symbol(a)
    np.testing.assert_array_equal(value_of(x[key], {x: a}), a[key])


A = np.arange(60.0).reshape(3, 4, 5)
I, J = [2, 0, -1], np.array([[0], [-2]])
MASK = np.array([True, False, True, True])
KEYS: list[Any] = [
    *(0, -1, np.int64(-2), np.array(-1), slice(None, None, -1), ..., None, I, J, [0, -1], np.int32([-1, -3])),
    *(
        (-1, I),
        (I, -1),
        (slice(1, None), I),
        (..., I),
        (I, ...),
        (None, I),
        (I, None, J),
        (I, slice(None), -1),
    ),
    *(
        (J, I, -1),
        (..., -1, I),
        (slice(None), MASK),
        (slice(None), MASK, [0, 1, -1]),
        (0, MASK, None),
    ),
    *((A > 20), (A[..., 0] > 20), (..., A[0] > 3), (-1, A[0] > 3), (slice(None), list(MASK)), (..., MASK, 0)),
    *(
        pd.Series([0, 2]),
        xr.DataArray([0, -2]),
        np.zeros((0,), int),
        (I, slice(-3, -1), I),
        (-3, slice(None), -5),
    ),
    *(np.zeros(3, bool), [], np.uint8([1, 2]), range(2)),
]


@pytest.mark.parametrize("host", [True, False])
def test_every_kind_of_index(host: bool) -> None:
    x = symbol(A)
    results = [x[key] for key in KEYS]
    if host:
        values = Reading({x: A}, host=True).read(results)
    else:
        with double_precision():
            values = jax.jit(lambda a: Reading({x: a}).read(results))(A)
    for key, result, value in zip(KEYS, results, values, strict=True):
        plain = key
        if isinstance(key, (pd.Series, xr.DataArray, range)):
            plain = np.asarray(key)
        expected = A[np.array(plain, int) if isinstance(plain, list) and not plain else plain]
        assert result.shape == expected.shape, key
        np.testing.assert_array_equal(np.asarray(value), expected, err_msg=str(key))


def test_indices_may_be_symbolic() -> None:
    rows = np.array(I)
    x, i = symbol(A), symbol(rows)
    np.testing.assert_array_equal(value_of(x[i, 1:, -1], {x: A, i: rows}, host=False), A[I, 1:, -1])
    np.testing.assert_array_equal(value_of(x[-1, i + 1], {x: A, i: rows}, host=False), A[-1, rows + 1])


@pytest.mark.parametrize(
    "codes",
    [
        np.array([0, -1, 1, -1]),
        np.array([0, -1, 1, -1], "int8"),
        pd.Series(["u", None, "v", None]).astype("category").cat.codes,
    ],
)
def test_codes_of_missing_categories_are_refused_as_an_index(codes: Any) -> None:
    x = symbol(A)
    with pytest.raises(ModelError, match=r"rows 1, 3 are negative, for example -1 \(pandas codes"):
        x[codes]
    np.testing.assert_array_equal(value_of(x[list(codes[:2])], {x: A}), A[[0, -1]])


v, w, m = np.array([0.5, 1.5, 2.5]), np.array([1.0, -1.0, 2.0]), np.array([[2.0, 0.3], [0.3, 1.0]])
NUMPY: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "exp": (np.exp, (v,)),
    "add": (np.add, (v, w)),
    "maximum": (np.maximum, (v, w)),
    "arctan2": (np.arctan2, (v, w)),
    "sum": (np.sum, (m,)),
    "sum axis": (lambda x: np.sum(x, axis=0, keepdims=True), (m,)),
    "mean": (lambda x: np.mean(x, axis=-1), (m,)),
    "std": (np.std, (v,)),
    "prod": (np.prod, (v,)),
    "max": (np.max, (v,)),
    "argmax": (np.argmax, (v,)),
    "cumsum": (np.cumsum, (v,)),
    "dot": (np.dot, (v, w)),
    "outer": (np.outer, (v, w)),
    "matmul": (np.matmul, (m, m)),
    "stack": (lambda x, y: np.stack([x, y, np.ones(3)], axis=1), (v, w)),
    "concatenate": (lambda x, y: np.concatenate([x, y, np.ones(2)]), (v, w)),
    "where": (lambda x, y: np.where(x > 1, x, y), (v, w)),
    "clip": (lambda x: np.clip(x, 1.0, 2.0), (v,)),
    "clip one side": (lambda x: np.clip(x, None, 1.0), (v,)),
    "round": (lambda x: np.round(x / 3, 2), (v,)),
    "power": (np.power, (v, w)),
    "tensordot": (lambda x: np.tensordot(x, x, axes=1), (m,)),
    "einsum": (lambda x, y: np.einsum("ij,kj->ik", x, y), (m, m)),
    "transpose": (np.transpose, (m,)),
    "reshape": (lambda x: np.reshape(x, (4,)), (m,)),
    "expand_dims": (lambda x: np.expand_dims(x, 0), (v,)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3)), (v,)),
    "zeros_like": (np.zeros_like, (v,)),
    "diag": (np.diag, (v,)),
    "diff": (np.diff, (v,)),
    "inv": (np.linalg.inv, (m,)),
    "det": (np.linalg.det, (m,)),
    "solve": (np.linalg.solve, (m, m)),
    "cholesky": (np.linalg.cholesky, (m,)),
    "norm": (np.linalg.norm, (v,)),
    "methods": (lambda x: x.sum(axis=0) + x.max() * x.mean() - x.std(axis=1) / x.var(), (m,)),
    "more methods": (lambda x: x.reshape(2, 2).T.dot(x).ravel().cumsum().clip(0.5, 4).round(1), (m,)),
    "shape": (lambda x: x * np.shape(x)[0] + np.ndim(x) + np.size(x) + len(x), (m,)),
    "iteration": (lambda x: sum(row * (i + 1) for i, row in enumerate(x)), (m,)),
    "unpacking": (lambda x: (lambda a, b, c: a * b + c)(*x), (v,)),
    "astype": (lambda x: x.astype(int) + x.astype("int32"), (v,)),
    "list": (lambda x: x * np.ones(3) + [1.0, 2.0, 3.0], (v,)),
}


def test_numpys_functions_build_the_graph() -> None:
    """All in one program: compiled once, compared one by one."""
    built = {}
    for name, (function, args) in NUMPY.items():
        symbols = [symbol(a) for a in args]
        built[name] = (symbols, function(*symbols))
    flat = [s for symbols, _ in built.values() for s in symbols]
    numbers = [a for _, args in NUMPY.values() for a in args]
    results = [result for _, result in built.values()]
    with double_precision():
        values = jax.jit(lambda *n: Reading(dict(zip(flat, n, strict=True))).read(results))(*numbers)
    host = Reading(dict(zip(flat, numbers, strict=True)), host=True).read(results)
    for name, result, value, on_host in zip(NUMPY, results, values, host, strict=True):
        function, args = NUMPY[name]
        expected = function(*args)
        assert result.shape == np.shape(expected), name
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14, err_msg=name)
        np.testing.assert_allclose(on_host, expected, rtol=1e-12, atol=1e-14, err_msg=name)


def test_scipys_functions_build_the_graph() -> None:
    from scipy import special

    x = symbol(v)
    for function in (special.expit, special.erf, special.gammaln, special.ndtr):
        np.testing.assert_allclose(value_of(function(x), {x: v}), function(v), rtol=1e-12)


@pytest.mark.parametrize(
    "container",
    [list, tuple, pd.Series, xr.DataArray, pd.Index, lambda a: pd.Series(a, index=[7, 8, 9])],
    ids=["list", "tuple", "Series", "DataArray", "Index", "Series with index"],
)
@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.sub, operator.truediv, operator.lt])
def test_containers_on_both_sides(container: Any, op: Callable[..., Any]) -> None:
    x = symbol(v)
    given = {x: v}
    np.testing.assert_allclose(value_of(op(x, container(w)), given), op(v, w))
    left = as_variable(op(container(w), x)) if container not in (list, tuple) else op(np.array(w), x)
    np.testing.assert_allclose(value_of(left, given), op(w, v))


def test_data_frames() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})
    x = symbol(np.array([0.5, 2.0]))
    given = {x: np.array([0.5, 2.0])}
    for result in (frame * x, x * frame):
        np.testing.assert_allclose(value_of(as_variable(result), given), frame.values * [0.5, 2.0])
    np.testing.assert_allclose(value_of(frame.values @ x, given), frame.values @ [0.5, 2.0])


def test_lift() -> None:
    x = symbol(v)
    scale = lift(lambda tree, *, power: tree["a"] ** power + tree["b"][0])
    result = scale({"a": x, "b": [w]}, power=2)
    np.testing.assert_allclose(value_of(result, {x: v}, host=False), v**2 + w)
    with pytest.raises(ModelError, match="returns None, and nothing in it is an array"):
        lift(lambda a: None)(x)


def test_a_negative_power_of_integers_is_a_fraction() -> None:
    for counts in (np.array([1, 2, 4]), np.array([1, 2, 4], np.uint8)):
        x = symbol(counts)
        for host in (True, False):
            np.testing.assert_allclose(value_of(x**-1, {x: counts}, host=host), [1.0, 0.5, 0.25])
            np.testing.assert_allclose(value_of(x**-2, {x: counts}, host=host), [1.0, 0.25, 0.0625])
        assert (x**2).dtype.kind in "iu"


@pytest.mark.parametrize("place", [np.uint8(200), np.int16(300), np.int64(-1), np.uint64(3)])
def test_integers_of_any_width_are_an_index(place: np.integer) -> None:
    values = np.arange(400.0)
    x = symbol(values)
    assert value_of(x[place], {x: values}) == values[int(place)]
    assert value_of(x[None, place, ...], {x: values}) == values[int(place)]


def test_functions_of_numpys_fft_are_jaxs() -> None:
    values = np.array([1.0, 2.0, 0.5])
    x = symbol(values)
    np.testing.assert_allclose(value_of(np.abs(np.fft.fft(x)), {x: values}), np.abs(np.fft.fft(values)))

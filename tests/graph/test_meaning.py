"""What a function is said to mean, against what it does: one element of an input is moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pmjax as pm
from pmjax.graph import meaning as m
from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.meaning import meaning
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, call, elementwise

SHAPES = [(3,), (2, 1, 3)]
AXES: list[Any] = [0, -1, None]
OF_TWO = {"sum": np.add, "difference": np.subtract, "product": np.multiply, "quotient": np.divide}
OF_ONE = {"negative": np.negative, "same": np.positive, "exponential": np.exp}


def symbol(shape: tuple[int, ...]) -> Variable:
    return Variable(Input(shape, np.dtype("float64")))


def reductions() -> dict[str, Variable]:
    made = {}
    for f in m.REDUCTIONS:
        for shape in SHAPES:
            for axis in [*AXES, *([] if len(shape) < 2 or "arg" in f.__name__ else [(0, 1)])]:
                for more in ({}, {"keepdims": True}):
                    name = f"{f.__module__}.{f.__name__}{shape} {axis} {more}"
                    made[name] = call(f, symbol(shape), axis=axis, **more)
        made[f"{f.__name__} by position"] = call(f, symbol((2, 3)), 1)
    return made


def along() -> dict[str, Variable]:
    return {
        f"{f.__name__}{shape} {axis}": call(f, symbol(shape), **({} if axis is None else {"axis": axis}))
        for f in m.ALONG
        for shape in SHAPES
        for axis in AXES
    }


def joins() -> dict[str, Variable]:
    made = {}
    for f in m.JOINS:
        for shape in SHAPES:
            for axis in (0, -1):
                made[f"{f.__name__}{shape} {axis}"] = call(f, [symbol(shape), symbol(shape)], axis=axis)
    made["a number among them"] = call(jnp.stack, [symbol(()), 5.0, symbol(())])
    return made


def products() -> dict[str, Variable]:
    pairs = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4))]
    return {f"{f.__name__} {a} {b}": call(f, symbol(a), symbol(b)) for f in m.PRODUCTS for a, b in pairs}


def rearrangements() -> dict[str, Variable]:
    x, one = symbol((2, 3, 4)), symbol((2, 1, 3))
    cases: dict[Callable[..., Any], list[tuple[Variable, tuple[Any, ...], dict[str, Any]]]] = {
        jnp.transpose: [(x, (), {}), (x, ((1, 2, 0),), {}), (one, (), {"axes": (2, 0, 1)})],
        jnp.squeeze: [(one, (), {}), (one, (1,), {})],
        jnp.expand_dims: [(x, (1,), {}), (x, (), {"axis": (0, -1)})],
        jnp.moveaxis: [(x, (0, -1), {})],
        jnp.swapaxes: [(x, (0, 2), {})],
        jnp.reshape: [(x, ((6, 4),), {}), (x, (-1,), {})],
        jnp.ravel: [(x, (), {}), (symbol((3,)), (), {})],
        jnp.broadcast_to: [(one, ((2, 4, 3),), {})],
        jnp.flip: [(x, (), {}), (x, (0,), {})],
        jnp.tile: [(x, (2,), {})],
        jnp.repeat: [(x, (2,), {"axis": 1})],
        jnp.roll: [(x, (1,), {"axis": 2})],
    }
    assert cases.keys() == m.REARRANGEMENTS.keys()
    return {
        f"{f.__name__} {i}": call(f, v, *args, **kwargs)
        for f, calls in cases.items()
        for i, (v, args, kwargs) in enumerate(calls)
    }


def pointwise() -> dict[str, Variable]:
    one, two, scalar = symbol((2, 3)), symbol((3,)), symbol(())
    made = {}
    for f, kind in m.KINDS.items():
        if kind in OF_ONE:
            made[f"{kind} {len(made)}"] = elementwise(f, one)
        else:
            made |= {f"{kind} {len(made)} {v.shape}": elementwise(f, one, v) for v in (two, scalar)}
    return made | {"cast": call(jnp.astype, one, np.dtype("float32"))}


def densities() -> dict[str, Variable]:
    normal = pm.Normal.dist(symbol((2, 1)), 1.0, shape=(2, 3)).op.law
    vector = pm.MvNormal.dist(np.zeros(3), chol=np.eye(3)).op.law
    value = symbol((2, 3))
    return {
        "normal": call(normal.log_density, value, symbol((2, 1)), symbol(())),
        "vectors": call(vector.log_density, value, symbol((3,)), symbol((3, 3))),
    }


def gathers() -> dict[str, Variable]:
    x = symbol((3, 4, 2))
    keys: list[Any] = [
        *(1, (slice(None), 2), (Ellipsis, None), (slice(1, 3), [0, 3]), np.array([2, 0])),
        (np.array([1, 1]), slice(None), np.array([0, 1])),
    ]
    return {f"key {i}": x[key] for i, key in enumerate(keys)}


CATALOGUE = {
    **reductions(),
    **along(),
    **joins(),
    **products(),
    **rearrangements(),
    **pointwise(),
    **densities(),
    **gathers(),
    "not known": call(jnp.linalg.inv, symbol((2, 2))),
    "an argument more": call(jnp.sum, symbol((2, 2)), axis=0, where=np.array([True, False])),
}


def predicted(node: Variable, masks: list[np.ndarray]) -> np.ndarray:
    """Which elements of the result may move when the marked elements of the inputs do."""
    match meaning(node):
        case m.Pointwise():
            return np.logical_or.reduce([np.broadcast_to(mask, node.shape) for mask in masks])
        case m.Gather():
            return np.asarray(node.op.evaluate_host(masks[0], *[i.op.value for i in node.inputs[1:]]))
        case m.Reduce(axes, keepdims):
            return masks[0].any(axis=axes, keepdims=keepdims)
        case m.Along(axis):
            return np.broadcast_to(masks[0].any(axis=axis, keepdims=True), node.shape)
        case m.Contract():
            rows, columns = masks[0].any(axis=-1), masks[1].any(axis=0)
            both = rows[:, None] | columns if masks[0].ndim == masks[1].ndim == 2 else rows | columns
            return np.broadcast_to(both, node.shape)
        case m.Join(axis, new, parts):
            listed = [np.zeros((), bool) if i is None else masks[i] for i in parts]
            return (np.stack if new else np.concatenate)(listed, axis)
        case m.Rearrange(function):
            return function(masks[0])
        case m.Density(law):
            ndims = (law.event_ndim, *(law.param_ndims.get(name, 0) for name in law.param_names))
            events = [
                mask.any(axis=tuple(range(mask.ndim - n, mask.ndim)))
                for mask, n in zip(masks, ndims, strict=True)
            ]
            return np.logical_or.reduce([np.broadcast_to(e, node.shape) for e in events])
    return np.ones(node.shape, bool)


def given(node: Variable) -> tuple[list[Variable], list[np.ndarray]]:
    inputs = [v for v in node.inputs if isinstance(v.op, Input)]
    rng = np.random.default_rng(1)
    values = [rng.uniform(0.5, 1.5, v.shape) for v in inputs]
    return inputs, [np.eye(3) + np.tril(v, -1) if v.shape == (3, 3) else v for v in values]


@pytest.mark.parametrize("node", CATALOGUE.values(), ids=CATALOGUE)
def test_what_moves_was_predicted(node: Variable) -> None:
    inputs, values = given(node)
    first = np.asarray(evaluate_host([node], dict(zip(inputs, values, strict=True)))[0])
    for k, value in enumerate(values):
        for place in np.ndindex(value.shape):
            moved = [v.copy() for v in values]
            moved[k][place] += 0.01
            second = np.asarray(evaluate_host([node], dict(zip(inputs, moved, strict=True)))[0])
            masks = [np.zeros(v.shape, bool) for v in node.inputs]
            masks[next(i for i, v in enumerate(node.inputs) if v is inputs[k])][place] = True
            unforeseen = (first != second) & ~predicted(node, masks)
            assert not unforeseen.any(), (k, place)


@pytest.mark.parametrize("node", CATALOGUE.values(), ids=CATALOGUE)
def test_a_kind_is_the_formula_of_its_name(node: Variable) -> None:
    kind = getattr(meaning(node), "kind", None)
    inputs, values = given(node)
    found = evaluate_host([node], dict(zip(inputs, values, strict=True)))[0]
    match meaning(node):
        case m.Pointwise(str()):
            np.testing.assert_allclose(found, {**OF_TWO, **OF_ONE}[kind](*values), rtol=1e-14)
        case m.Reduce(axes, keepdims, str()):
            function = {"sum": np.sum, "mean": np.mean}[kind]
            np.testing.assert_allclose(found, function(values[0], axis=axes, keepdims=keepdims), rtol=1e-14)
        case m.Rearrange(function, axes):
            np.testing.assert_array_equal(found, function(values[0]))
            if axes is not None:  # rows cut from the input are the rows cut from the result
                for axis, own in enumerate(axes):
                    if own is not None:
                        cut = function(np.take(values[0], [1, 0], axis=own))
                        np.testing.assert_array_equal(cut, np.take(found, [1, 0], axis=axis))
        case m.Opaque():
            assert kind is None


def test_the_catalogue_knows_every_meaning() -> None:
    found = {type(meaning(node)) for node in CATALOGUE.values()}
    assert found == set(m.Meaning.__args__)  # type: ignore[attr-defined]
    assert isinstance(meaning(call(jax.nn.relu, symbol((2,)))), m.Opaque)

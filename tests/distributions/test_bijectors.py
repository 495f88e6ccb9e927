"""Bijectors: there and back, the Jacobian against a numerical one, and the whole unconstrained line."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pmjax as pm
from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.variable import as_variable
from pmjax.laws.law import Law
from pmjax.runtime.precision import double_precision
from pmjax.transforms import bijectors as b
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.vectors import Ordered

from .catalogue import EXAMPLES, Example

free = {name: e for name, e in EXAMPLES.items() if e.bijector is not None}
with_bijector = pytest.mark.parametrize("example", free.values(), ids=free)

# name -> (bijector, number of unconstrained values of one event)
BIJECTORS: dict[str, tuple[Bijector, int]] = {
    "log": (b.Log(), 1),
    "log-odds": (b.LogOdds(), 1),
    "interval": (b.Between(-1.0, 3.0), 1),
    "lower bound": (b.LowerBound(2.0), 1),
    "upper bound": (b.UpperBound(2.0), 1),
    "simplex of 2": (b.Simplex(), 1),
    "simplex of 5": (b.Simplex(), 4),
    "ordered": (Ordered(), 4),
}
every = pytest.mark.parametrize(("bijector", "size"), BIJECTORS.values(), ids=BIJECTORS)


def bounds(bijector: Bijector) -> list[Any]:
    return list(evaluate_host(bijector.inputs, {}))


def program(bijector: Bijector) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a compiled function from y to x and log |det|."""
    inputs = bounds(bijector)
    compiled = jax.jit(lambda y: (bijector.inverse(y, *inputs), bijector.log_det(y, *inputs)))

    def run(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with double_precision():
            x, log_det = compiled(y)
        return np.asarray(x), np.asarray(log_det)

    return run


@every
def test_round_trip_and_jacobian(bijector: Bijector, size: int) -> None:
    run = program(bijector)
    for y in np.random.default_rng(0).normal(size=(5, size)):
        x, log_det = run(y)
        np.testing.assert_allclose(bijector.forward(x, *bounds(bijector)), y, rtol=1e-9, atol=1e-12)
        assert bijector.unconstrained_shape(x.shape) == y.shape
        h = 1e-4 * np.eye(size)
        slopes = [
            (8 * (run(y + k)[0] - run(y - k)[0]) - (run(y + 2 * k)[0] - run(y - 2 * k)[0])) / 12e-4 for k in h
        ]
        # A simplex has one dimension less than elements: the last element follows from the others.
        jacobian = np.array(slopes)[:, :size]
        np.testing.assert_allclose(np.sum(log_det), np.linalg.slogdet(jacobian)[1], rtol=1e-8, atol=1e-9)


@every
def test_events_stack(bijector: Bijector, size: int) -> None:
    run = program(bijector)
    y = np.random.default_rng(1).normal(size=(3, 2, size))
    x, log_det = run(y)
    one_x, one_log_det = run(y[2, 1])
    np.testing.assert_allclose(x[2, 1], one_x, rtol=1e-12)
    np.testing.assert_allclose(log_det[2, 1], one_log_det, rtol=1e-12)


def test_simplex_sums_to_one() -> None:
    x, _ = program(b.Simplex())(np.array([[300.0, -200.0], [0.0, 0.0], [1e-3, 40.0]]))
    np.testing.assert_allclose(x.sum(axis=-1), 1, rtol=1e-14)
    assert np.all(x >= 0)


@pytest.mark.parametrize(
    ("lower", "upper", "kind"),
    [
        (-np.inf, np.inf, None),
        (0.0, np.inf, b.LowerBound),
        (-np.inf, 0.0, b.UpperBound),
        (0.0, 1.0, b.Between),
        (np.array([0.0, 1.0]), np.inf, b.LowerBound),
        (np.array([0.0, 1.0]), 2.0, b.Between),
    ],
)
def test_interval_chooses_by_its_bounds(lower: Any, upper: Any, kind: type | None) -> None:
    chosen = b.interval(as_variable(lower), as_variable(upper))
    assert (None if chosen is None else type(chosen)) is kind


@with_bijector
def test_default_bijector_covers_the_support(example: Example) -> None:
    bijector = example.bijector
    assert bijector is not None
    inputs = bounds(bijector)
    points = example.inside if example.is_vector else example.inside[1:-1]
    y = bijector.forward(points, *inputs)
    x, _ = program(bijector)(y)
    np.testing.assert_allclose(x, points, rtol=1e-9)
    assert np.all(example.law.contains(x, *example.values))


@with_bijector
def test_unconstrained_density_is_never_nan(example: Example) -> None:
    """Far out, where x rounds to an edge or overflows, the value is finite or -inf and no gradient is NaN."""
    bijector = example.bijector
    assert bijector is not None
    far = np.array([-300.0, -100.0, -40.0, -5.0, 0.0, 5.0, 40.0, 100.0, 300.0])
    y = far
    if example.is_vector:
        (size,) = bijector.unconstrained_shape(example.inside.shape[1:])
        y = far[:, None] * np.resize([0.7, -0.4], size)
    arguments = (*map(jnp.asarray, example.values), *bounds(bijector))
    key = (example.law, b.fingerprint(bijector), example.differentiable)
    if key not in COMPILED:
        COMPILED[key] = unconstrained(example.law, bijector, example.differentiable)
    with double_precision():
        value, grads = COMPILED[key](y, *arguments)
    assert not np.isnan(value).any()
    assert not np.isposinf(value).any()
    finite = np.isfinite(np.asarray(value))
    for argument, grad in zip(example.differentiable, grads, strict=True):
        assert not np.isnan(np.asarray(grad)[finite]).any(), argument


COMPILED: dict[Hashable, Callable[..., Any]] = {}  # examples that differ by numbers only share a program


def unconstrained(law: Law, bijector: Bijector, wanted: tuple[int, ...]) -> Callable[..., Any]:
    """Return a compiled function of (y, parameters, bounds): unconstrained log densities and gradients."""
    count = len(law.param_names)

    def log_density(y: Any, *rest: Any) -> Any:
        params, inputs = rest[:count], rest[count:]
        value = law.log_density(bijector.inverse(y, *inputs), *params)
        return value + bijector.log_det(y, *inputs)

    each = jax.value_and_grad(log_density, wanted)
    return jax.jit(lambda ys, *rest: jax.vmap(lambda y: each(y, *rest))(ys))


def test_correlation_factors_are_lower() -> None:
    with pytest.raises(pm.ModelError, match="lower factors"):
        pm.distributions.transforms.CholeskyCorrTransform(3, upper=True)


def test_fingerprints_name_our_own_bijectors_only() -> None:
    class Mine(b.Log):
        pass

    assert b.fingerprint(b.Log()) == b.fingerprint(b.Log()) is not None
    assert len({b.fingerprint(bijector) for bijector in (None, b.Log(), b.LogOdds(), Ordered())}) == 4
    assert b.fingerprint(Mine()) is None


def test_ordered_cutpoints_start_in_order() -> None:
    with pm.Model() as model:
        pm.Normal("c", 0, 2, shape=(2, 3), transform=pm.distributions.transforms.ordered)
        pm.Normal("d", [0.0, 1.0, 4.0], 2, transform=pm.transforms.ordered)
        pm.Normal("e", 0, 2, shape=3, transform=pm.transforms.ordered, initval=[1.0, 2.0, 4.0])
    point = model.initial_point()
    start = {name: program(Ordered())(point[f"{name}_ordered__"])[0] for name in "cde"}
    np.testing.assert_allclose(start["c"], np.tile([-1.0, 0.0, 1.0], (2, 1)), atol=1e-15)
    np.testing.assert_allclose(start["d"], [0.0, 1.0, 4.0])
    np.testing.assert_allclose(start["e"], [1.0, 2.0, 4.0])

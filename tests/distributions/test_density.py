"""Log densities against SciPy, and their gradients against finite differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmjax import distributions

from .catalogue import EXAMPLES, SAME, Example

examples = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
scalars = {name: e for name, e in EXAMPLES.items() if not e.is_vector}


# Families without a distribution in SciPy: each has tests of its own in the file that is named.
TESTED_ELSEWHERE = {
    "Censored": "test_limited.py",
    "Truncated": "test_limited.py",
    "HurdleGamma": "test_mixture.py",
    "HurdleLogNormal": "test_mixture.py",
    "Simulator": "../logprob/test_simulator.py",
    "CustomDist": "../logprob/test_custom.py",
    "DensityDist": "../logprob/test_custom.py",
}


def test_every_distribution_has_an_example() -> None:
    ours = {getattr(distributions, n).name for n in distributions.__all__}
    assert ours - TESTED_ELSEWHERE.keys() == {e.family.name for e in EXAMPLES.values()}


@pytest.mark.parametrize(("family", "file"), TESTED_ELSEWHERE.items())
def test_the_others_are_tested_in_a_file_of_their_own(family: str, file: str) -> None:
    assert f"pm.{family}" in (Path(__file__).parent / file).read_text()


@examples
def test_value_is_scipys(example: Example) -> None:
    value, _ = example.evaluate(example.inside, *example.values)
    np.testing.assert_allclose(value, example.log_density_of_scipy(example.inside), rtol=1e-9, atol=1e-9)


@examples
def test_density_is_zero_outside_the_support(example: Example) -> None:
    value, _ = example.evaluate(example.outside, *example.values)
    assert np.all(np.isneginf(value))


@pytest.mark.parametrize("example", scalars.values(), ids=scalars)  # SciPy refuses the edges of vectors
def test_value_at_the_edges_is_scipys(example: Example) -> None:
    """At an end of the support SciPy knows the limit; far out both may say -inf."""
    value, _ = example.evaluate(example.edge, *example.values)
    with np.errstate(all="ignore"):
        expected = example.log_density_of_scipy(example.edge)
    known = np.isfinite(expected) & (np.abs(expected) < 1e8)
    np.testing.assert_allclose(value[known], expected[known], rtol=1e-7, atol=1e-7)


@examples
def test_nothing_is_nan_inside_the_support(example: Example) -> None:
    points = np.concatenate([example.inside, example.edge])
    value, grads = example.evaluate(points, *example.values)
    assert not np.isnan(value).any()
    for name, grad in grads.items():
        assert not np.isnan(grad).any(), name


@examples
def test_gradient_is_the_finite_difference(example: Example) -> None:
    rng = np.random.default_rng(3)
    points = example.middle
    _, grads = example.evaluate(points, *example.values)
    given = dict(zip(("x", *example.names), (points, *example.values), strict=True))
    for name, grad in grads.items():
        at = given[name]
        direction = rng.uniform(0.5, 1.5, at.shape)
        if name == "chol":
            direction = np.tril(direction)
        h = 1e-5 * np.maximum(np.abs(at), 0.01) * direction
        if name == "x" and not example.is_vector:
            low, high = example.scipy.support()
            h = np.minimum(h, 0.01 * np.minimum(at - low, high - at))

        def value(shift: float, name: str = name, h: Any = h) -> np.ndarray:
            moved = {**given, name: given[name] + shift * h}
            return np.asarray(example.evaluate(*moved.values())[0])

        slope = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / 12
        per_point = grad * h
        predicted = per_point.reshape(len(points), -1).sum(axis=1)
        noise = 1e-15 * np.maximum(1, np.abs(value(0)))
        np.testing.assert_allclose(slope, predicted, rtol=1e-5, atol=20 * noise.max(), err_msg=name)


@pytest.mark.filterwarnings("ignore:.*and is rescaled:UserWarning")
@pytest.mark.parametrize(("law", "one", "other"), SAME.values(), ids=SAME)
def test_parameterisations_agree(law: Any, one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (Example(law, params, None) for params in (one, other))
    for a, b in zip(first.values, second.values, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)

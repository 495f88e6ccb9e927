"""Log densities and their gradients in single precision, against double precision at the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from .catalogue import EXAMPLES, Example

examples = pytest.mark.parametrize("example", EXAMPLES.items(), ids=EXAMPLES)

# Absolute errors of those that subtract large terms from each other.
CANCELS = {
    # The binomial coefficient: log 5000! is 37591, and its last digit is worth 0.004. It is the same at all
    # values of the parameters, so neither a gradient nor a difference of energies sees it.
    "binomial, many": {"value": 5e-3},
    # log 2000! is 13206, with a last digit of 0.001; this too is no matter of the parameter.
    "Poisson, large": {"value": 1e-3},
    # The hazard at 9 is the exponential of a difference of two terms of about 40, so that its relative error
    # is 40 units in the last place; mu takes 9 from it, and sigma 81 from 9 of it.
    "truncated, far tail": {"mu": 2e-5, "sigma": 2e-4},
}


def as_single(values: np.ndarray) -> np.ndarray:
    """Round to numbers that both precisions have."""
    if values.dtype.kind == "i":
        return values
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(float)


def both(example: Example, points: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return value and gradients by name, in double and in single precision."""
    params = [as_single(v) for v in example.values]
    found = (example.evaluate(points, *params, double=double) for double in (True, False))
    double, single = ({"value": value, **grads} for value, grads in found)
    return double, single


@examples
def test_single_precision_agrees_with_double(example: tuple[str, Example]) -> None:
    name, given = example
    points = as_single(given.inside)
    if not (given.is_vector or given.law.discrete):
        low, high = given.scipy.support()
        points = points[(points > low) & (points < high)]
    double, single = both(given, points)
    for label, expected in double.items():
        assert single[label].dtype == np.float32, label
        assert np.isfinite(single[label]).all(), label
        atol = CANCELS.get(name, {}).get(label, 1e-6)
        np.testing.assert_allclose(single[label], expected, rtol=1e-4, atol=atol, err_msg=label)


@examples
def test_nothing_is_nan_at_the_edges_in_single_precision(example: tuple[str, Example]) -> None:
    _, given = example
    points = as_single(given.edge)
    if not given.is_vector:
        points = points[np.isfinite(points)]
    _, single = both(given, points)
    for label, found in single.items():
        assert not np.isnan(found).any(), (label, points, found)

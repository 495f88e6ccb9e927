"""Data, indices and variables of no elements: the density and its gradient are those of what is left."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest

import pmjax as pm
from pmjax.runtime.precision import double_precision
from pmjax.target.of_model import model_target

NO_ROWS = np.zeros(0)
NO_INDEX = np.zeros(0, int)

# name -> model without a single observed value; every free variable has a standard normal prior
MODELS: dict[str, Callable[[], object]] = {
    "nothing observed": lambda: pm.Normal("y", pm.Normal("mu"), 1.0, observed=[]),
    "no counts": lambda: pm.Poisson("y", pm.math.exp(pm.Normal("mu")), observed=NO_INDEX),
    "no rows of two predictors": lambda: pm.Normal(
        "y", np.zeros((0, 2)) @ pm.Normal("b", shape=2), 1.0, observed=NO_ROWS
    ),
    "an empty index": lambda: pm.Normal("y", pm.Normal("a", shape=3)[NO_INDEX], 1.0, observed=NO_ROWS),
    "no groups": lambda: pm.Normal(
        "y", pm.Normal("a", shape=0)[NO_INDEX] + pm.Normal("c"), 1.0, observed=NO_ROWS
    ),
    "a mask that keeps nothing": lambda: pm.Normal(
        "y", pm.Normal("a", shape=3)[np.zeros(3, bool)], 1.0, observed=NO_ROWS
    ),
    "rows of a matrix": lambda: pm.Normal(
        "y", pm.Normal("a", shape=(3, 2))[NO_INDEX], 1.0, observed=np.zeros((0, 2))
    ),
}


@pytest.mark.parametrize("rewrites", ["auto", False])
@pytest.mark.parametrize("declare", MODELS.values(), ids=MODELS)
def test_what_is_left_is_the_prior(declare: Callable[[], object], rewrites: str | bool) -> None:
    with pm.Model() as model:
        declare()
    density = model_target(model.freeze(), rewrites).density
    theta = np.linspace(-1, 2, density.size)
    with double_precision():
        value, gradient = jax.value_and_grad(density.log_density)(theta, density.data, density.knobs)
    assert float(value) == pytest.approx(-0.5 * (theta**2).sum() - 0.5 * theta.size * np.log(2 * np.pi))
    np.testing.assert_allclose(gradient, -theta)

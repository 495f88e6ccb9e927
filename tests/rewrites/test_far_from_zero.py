"""Observations far from zero (seconds since 1970): the statistics of groups keep the digits that differ."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import numpy as np
import pytest

import pmjax as pm
from pmjax.model.spec import ModelSpec
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

from .compare import rewritten

ROWS = 100_000
RNG = np.random.default_rng(30)
NOISE = RNG.normal(size=ROWS)
GROUP = RNG.integers(0, 3, ROWS)
X = RNG.normal(size=ROWS)
CENTERS = (1.7e9, 1e12)


def normal(center: float) -> np.ndarray:
    mu = pm.Normal("mu", center, 1e3)
    y = center + NOISE
    pm.Normal("y", mu, 1.0, observed=y)
    return np.array([math.fsum(y - center)])


def groups(center: float) -> np.ndarray:
    a = pm.Normal("a", center, 1e3, shape=3)
    y = center + NOISE
    pm.Normal("y", a[GROUP], np.ones(3)[GROUP], observed=y)
    return np.array([math.fsum(y[g == GROUP] - center) for g in range(3)])


def line(center: float) -> np.ndarray:
    a, b = pm.Normal("a", center, 1e3), pm.Normal("b", 0, 1e3)
    y = center + NOISE
    pm.Normal("y", a + b * X, 1.0, observed=y)
    return np.array([math.fsum(y - center), math.fsum((y - center) * X)])


def lines_without_intercept(center: float) -> np.ndarray:
    a, b = pm.Normal("a", center, 1e3, shape=3), pm.Normal("b", 0, 1e3)
    y = center + NOISE
    pm.Normal("y", a[GROUP] + b * X, 1.0, observed=y)
    return np.array([*(math.fsum(y[g == GROUP] - center) for g in range(3)), math.fsum((y - center) * X)])


def offset(center: float) -> np.ndarray:
    a = pm.Normal("a", 0.0, 1e3)
    y = center + NOISE + X
    pm.Normal("y", a + (center + X), 1.0, observed=y)
    return np.array([math.fsum(y - (center + X))])


def logarithm(center: float) -> np.ndarray:
    a = pm.Normal("a", math.log(center), 1e3)
    y = center * np.exp(1e-9 * NOISE)
    pm.LogNormal("y", a, 1e-9, observed=y)
    return np.array([math.fsum(np.log(y) - math.log(center)) * 1e18])


MODELS: list[Callable[[float], np.ndarray]] = [
    *(normal, groups, line, lines_without_intercept, offset, logarithm)
]


def gradient(spec: ModelSpec, theta: np.ndarray) -> np.ndarray:
    density = joint_density(spec)
    with double_precision():
        return np.asarray(jax.grad(density.log_density)(theta, density.data, density.knobs))


@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize("declare", MODELS, ids=lambda f: f.__name__)
def test_the_gradient_is_that_of_the_deviations(
    declare: Callable[[float], np.ndarray], center: float
) -> None:
    """The posterior's scale is about 1 / sqrt(rows), so errors are counted in units of sqrt(rows)."""
    with pm.Model() as model:
        wanted = declare(center)
    _, after, reports = rewritten(model, "collapse_rows")
    assert reports["y"].done
    theta = np.concatenate([np.ravel(v) for v in model.initial_point().values()])
    scale = 1e9 if declare is logarithm else 1.0
    # The mean of a group is one number, with its own last digit.
    error = np.abs(gradient(after, theta) - wanted).max() / (scale * math.sqrt(ROWS))
    digits = np.finfo(float).eps * (math.log(center) * 1e9 if declare is logarithm else center)
    assert error < 1e-5 + 0.5 * digits * math.sqrt(ROWS)

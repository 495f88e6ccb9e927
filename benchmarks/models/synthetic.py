"""Densities without data: correlated Gaussians and a funnel."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def gaussian(pm: ModuleType, size: int, correlation: float) -> Any:
    """A Gaussian with correlations ``correlation**|i - j|`` and scales from 0.1 to 10."""
    steps = np.arange(size)
    scales = np.random.default_rng(0).permutation(np.geomspace(0.1, 10, size))
    covariance = correlation ** np.abs(steps[:, None] - steps) * scales[:, None] * scales
    with pm.Model() as model:
        pm.MvNormal("x", mu=np.zeros(size), chol=np.linalg.cholesky(covariance), shape=size)
    return model


def funnel(pm: ModuleType) -> Any:
    """A scale and nine variables of that scale, centred: Neal (2003)."""
    with pm.Model() as model:
        v = pm.Normal("v", 0, 3)
        pm.Normal("x", 0, pm.math.exp(v / 2), shape=9)
    return model

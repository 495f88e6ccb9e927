"""Made-up hierarchies, from those that are right as written to those that are not: for warm-up's figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np


def groups(pm: ModuleType, count: int, each: int) -> Any:
    """Normal groups with a common mean and scale, ``each`` observations in each."""
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(count), each)
    y = rng.normal(rng.normal(size=count)[group], 1.0)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfNormal("tau", 2)
        theta = pm.Normal("theta", mu, tau, shape=count)
        pm.Normal("y", theta[group], pm.HalfNormal("noise", 2), observed=y)
    return model


def two_levels(pm: ModuleType) -> Any:
    """Thirty sites in six regions, six observations at each site."""
    rng = np.random.default_rng(2)
    region, site = np.repeat(np.arange(6), 5), np.repeat(np.arange(30), 6)
    effect = rng.normal(size=6)[region] + rng.normal(0, 0.3, 30)
    y = rng.normal(effect[site], 0.5)
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 5)
        regions = pm.Normal("regions", mu, pm.HalfNormal("between_regions", 2), shape=6)
        sites = pm.Normal("sites", regions[region], pm.HalfNormal("between_sites", 2), shape=30)
        pm.Normal("y", sites[site], pm.HalfNormal("noise", 2), observed=y)
    return model


def crossed(pm: ModuleType) -> Any:
    """Logistic regression with two crossed groupings, 800 answers."""
    rng = np.random.default_rng(3)
    i, j = rng.integers(0, 40, 800), rng.integers(0, 25, 800)
    logit = rng.normal(size=40)[i] + rng.normal(0, 0.5, 25)[j]
    y = (rng.random(800) < 1 / (1 + np.exp(-logit))).astype(int)
    with pm.Model() as model:
        a = pm.Normal("a", 0, pm.HalfNormal("sd_a", 2), shape=40)
        b = pm.Normal("b", 0, pm.HalfNormal("sd_b", 2), shape=25)
        pm.Bernoulli("y", logit_p=pm.Normal("mu", 0, 2) + a[i] + b[j], observed=y)
    return model


def rates(pm: ModuleType, each: int) -> Any:
    """Twenty log-normal Poisson rates with ``each`` counts."""
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(20), each)
    y = rng.poisson(np.exp(rng.normal(0, 0.7, 20))[group])
    with pm.Model() as model:
        mu, sd = pm.Normal("mu", 0, 2), pm.HalfNormal("sd", 1)
        rate = pm.LogNormal("rate", mu, sd, shape=20)
        pm.Poisson("y", rate[group], observed=y)
    return model


def sparse(pm: ModuleType) -> Any:
    """Regression on 30 columns, of which three matter, with a scale for each coefficient."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(100, 30))
    y = X[:, :3] @ np.array([2.0, -1.5, 1.0]) + rng.normal(size=100)
    with pm.Model() as model:
        scale = pm.HalfNormal("scale", 1) * pm.HalfStudentT("scales", 3, 1, shape=30)
        b = pm.Normal("b", 0, scale, shape=30)
        pm.Normal("y", X @ b, pm.HalfNormal("noise", 2), observed=y)
    return model


HIERARCHIES: dict[str, Callable[[ModuleType], Any]] = {
    "5 groups of 100": partial(groups, count=5, each=100),
    "30 groups of 400": partial(groups, count=30, each=400),
    "30 groups of 30": partial(groups, count=30, each=30),
    "30 groups of 3": partial(groups, count=30, each=3),
    "20 Poisson rates of 100 counts, log-normal": partial(rates, each=100),
    "20 Poisson rates of 4 counts, log-normal": partial(rates, each=4),
    "regions and sites, two levels": two_levels,
    "crossed effects, logistic": crossed,
    "sparse regression, a scale for each coefficient": sparse,
}

"""Simulation-based calibration: ranks of true parameters among posterior draws are uniform.

Talts et al. (2018, arXiv:1804.06788): parameters are drawn from the prior, data from the parameters, and
the posterior given the data is sampled; over many repetitions the rank of the parameter is uniform if
density, gradient, transforms and sampler are right.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import pmjax as pm

GROUPS = np.repeat(np.arange(4), 5)
X = np.linspace(-1, 1, 20)


def hierarchical() -> pm.Model:
    """Group means with a common scale: recentred, and its rows collapsed, unless rewrites are off."""
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 1)
        tau = pm.HalfNormal("tau", 1)
        theta = pm.Normal("theta", mu, tau, shape=4)
        y = pm.Data("y", np.zeros(len(GROUPS)))
        pm.Normal("obs", theta[GROUPS], 0.7, observed=y)
    return model


def regression() -> pm.Model:
    """Poisson regression with a bounded and a simplex parameter."""
    with pm.Model() as model:
        a = pm.Uniform("a", -1, 2)
        b = pm.Normal("b", 0, 0.5)
        w = pm.Dirichlet("w", np.array([2.0, 3.0, 1.0]))
        y = pm.Data("y", np.zeros(len(X), int))
        pm.Poisson("obs", np.exp(a + b * X) * (w[0] + 2 * w[1]), observed=y)
    return model


def mixture() -> pm.Model:
    """Two normal components; the deterministic is computed from the classes that are drawn afterwards."""
    with pm.Model() as model:
        w = pm.Beta("w", 2, 2)
        mu = pm.Normal("mu", np.array([-1.0, 1.0]), 0.5)
        z = pm.Bernoulli("z", w, shape=len(X))
        pm.Deterministic("level", mu[z].mean())
        y = pm.Data("y", np.zeros(len(X)))
        pm.Normal("obs", mu[z], 0.7, observed=y)
    return model


def ranks(model: pm.Model, names: list[str], repetitions: int, rewrites) -> dict[str, np.ndarray]:
    """Return the ranks of the first element of each variable among 49 nearly independent draws."""
    *truth, data = pm.draw([*(model[n] for n in names), model["obs"]], draws=repetitions, random_seed=7)
    found = {name: np.empty(repetitions, int) for name in names}
    for i in range(repetitions):
        pm.set_data({"y": data[i]}, model)
        trace = pm.sample(
            490, tune=400, chains=1, random_seed=i, progressbar=False, compute_convergence_checks=False,
            target_accept=0.95, rewrites=rewrites, model=model,
        )  # fmt: skip
        for name, values in zip(names, truth, strict=True):
            draws = trace.posterior[name].values[0].reshape(490, -1)[::10, 0]
            found[name][i] = int((draws < values[i].ravel()[0]).sum())
    return found


CASES = {
    "hierarchical": (hierarchical, ["mu", "tau", "theta"], "auto"),
    "hierarchical as written": (hierarchical, ["mu", "tau", "theta"], False),
    "regression": (regression, ["a", "b", "w"], "auto"),
    "mixture": (mixture, ["w", "mu", "level"], "auto"),
}


def check(case: str, repetitions: int) -> None:
    make, names, rewrites = CASES[case]
    for name, rank in ranks(make(), names, repetitions, rewrites).items():
        counts = np.bincount(rank // 10, minlength=5)
        assert stats.chisquare(counts).pvalue > 1e-3, (name, counts)


@pytest.mark.parametrize("case", ["hierarchical", "mixture"])
def test_ranks_are_uniform(case):
    check(case, 60)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_ranks_are_uniform_over_many_repetitions(case):
    check(case, 1000)

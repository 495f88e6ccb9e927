"""Single precision on request: the same posterior, with a step size as in double precision."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm

from .models import eight_schools, mcse, radon, reference
from .posteriors import POSTERIORS

QUIET = {"progressbar": False, "compute_convergence_checks": False, "random_seed": 3}


def many_rows(rows: int) -> pm.Model:
    """A robust regression, whose rows cannot be collapsed: the log density is about -3.3 for each row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    y = 1 + 2 * x + 5 * rng.standard_t(4, size=rows)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 10)
        sigma = pm.HalfNormal("sigma", 10)
        pm.StudentT("y", nu=4, mu=a + b * x, sigma=sigma, observed=y)
    return model


def check(model: pm.Model, draws: int = 500, tune: int = 400, target_accept: float = 0.8) -> None:
    """Step sizes agree within a factor of 1.5, means of all variables within 5 combined standard errors."""
    traces = [
        pm.sample(
            draws, tune=tune, target_accept=target_accept, model=model,
            nuts_sampler_kwargs={"precision": precision}, **QUIET,
        )
        for precision in ("float64", "float32")
    ]  # fmt: skip
    double, single = (np.median(trace.sample_stats["step_size"]) for trace in traces)
    assert double / 1.5 < single < 1.5 * double
    assert all(values.dtype == np.float32 for values in traces[1].posterior.data_vars.values())
    for name in traces[0].posterior.data_vars:
        one, other = (trace.posterior[name].values.astype(float) for trace in traces)
        for i in np.ndindex(one.shape[2:]):
            a, b = one[(..., *i)], other[(..., *i)]
            assert abs(a.mean() - b.mean()) < 5 * np.hypot(mcse(a), mcse(b)), (name, i, a.mean(), b.mean())


@pytest.mark.parametrize("rows", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_energies_of_many_rows(rows):
    """Where the log density is so large that its last digit is worth 0.008 (0.25 in the slow one)."""
    check(many_rows(rows), draws=200, tune=200)


def test_eight_schools():
    check(eight_schools(centred=False), target_accept=0.9)


@pytest.mark.slow
def test_radon():
    check(radon(), draws=1000, tune=1000, target_accept=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in POSTERIORS if n not in ("gp_pois_regr-gp_pois_regr",)])
def test_posteriors(name):
    posterior = POSTERIORS[name]
    data, _ = reference(name, posterior.data)
    arrays = {key: np.array(value) if isinstance(value, list) else value for key, value in data.items()}
    check(posterior.build(arrays), tune=1000, target_accept=posterior.target_accept)

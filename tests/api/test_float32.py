"""Single precision on request: the same posterior, with a step size as in double precision."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import xarray as xr
from posteriordb.posteriors import POSTERIORS, arrays_of, gp_pois_regr, hidden_markov

import pmjax as pm

from .models import RADON, eight_schools, mcse, radon, reference
from .test_posteriors import assert_agrees, assert_has_moments, draws_of

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


def in_both(model: pm.Model, draws: int, double_draws: int, tune: int, target_accept: float = 0.8) -> list:
    """Sample in double and in single precision.

    Step sizes agree within a factor of 1.5, single precision has at most a handful of divergences more, and
    its draws are of its type.
    """
    kept = {"float64": double_draws, "float32": draws}
    traces = [
        pm.sample(
            kept[precision], tune=tune, target_accept=target_accept, model=model,
            nuts_sampler_kwargs={"precision": precision}, **QUIET,
        )
        for precision in kept
    ]  # fmt: skip
    double, single = (np.median(trace.sample_stats["step_size"]) for trace in traces)
    assert double / 1.5 < single < 1.5 * double
    assert int(traces[1].sample_stats["diverging"].sum()) <= 5
    kinds = {str(values.dtype) for values in traces[1].posterior.data_vars.values()}
    assert "float32" in kinds
    assert "float64" not in kinds
    return traces


def in_single(model: pm.Model, **options: float) -> xr.Dataset:
    """Return draws in single precision, of a sampler that adapted as it does in double precision."""
    return in_both(model, draws=1000, double_draws=50, tune=1000, **options)[1]


@pytest.mark.parametrize("rows", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_energies_of_many_rows(rows):
    """Where the log density is so large that its last digit is worth 0.008 (0.25 in the slow one)."""
    double, single = in_both(many_rows(rows), draws=200, double_draws=200, tune=200)
    for name in ("a", "b", "sigma"):
        one, other = draws_of(double, name), draws_of(single, name).astype(float)
        assert abs(one.mean() - other.mean()) < 4 * np.hypot(mcse(one), mcse(other)), name


def test_radon():
    trace = in_single(radon(), target_accept=0.9)
    for label, (mean, sd) in RADON.items():
        assert_agrees(draws_of(trace, label), mean, sd, label)


def test_eight_schools():
    _, expected = reference("eight_schools-eight_schools_noncentered", "eight_schools")
    trace = in_single(eight_schools(centred=False), target_accept=0.9)
    assert_has_moments(trace, {label: expected[label] for label in ("mu", "tau", "theta[1]", "theta[8]")})


@pytest.mark.slow
def test_a_hidden_markov_chain_that_is_summed_out():
    _, expected = reference("hmm_example-hmm_example", "hmm_example")
    assert_has_moments(in_single(hidden_markov()), expected)


# A kernel's smallest eigenvalues must stand above 1e-7 of its largest for its Cholesky factor to have a
# gradient in single precision: 1e-10 on the diagonal, as posteriordb has it, is none, 1e-4 leaves the
# posterior as it is.
ADAPTED = {"gp_pois_regr-gp_pois_regr": partial(gp_pois_regr, jitter=1e-4)}


# One of each kind; the others are linear regressions like the first.
QUICK = ("kidiq-kidscore_interaction", "diamonds-diamonds", "kilpisjarvi_mod-kilpisjarvi", "arK-arK",
         "garch-garch11", "gp_pois_regr-gp_regr", "low_dim_gauss_mix-low_dim_gauss_mix")  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in POSTERIORS]
)
def test_posteriors(name):
    posterior = POSTERIORS[name]
    data, expected = reference(name, posterior.data)
    model = ADAPTED.get(name, posterior.build)(arrays_of(data))
    assert_has_moments(in_single(model, target_accept=posterior.target_accept), expected)

"""Posteriors that were computed elsewhere, by all our samplers."""

from __future__ import annotations

import numpy as np
import pytest
from posteriordb.posteriors import POSTERIORS, arrays_of

import pmjax as pm

from .models import RADON, eight_schools, mcse, radon, reference

QUIET = {"progressbar": False, "compute_convergence_checks": False, "random_seed": 11}


def draws_of(trace, label: str) -> np.ndarray:
    """Return the draws, shape (chains, draws), of ``"mu"`` or ``"a[0]"``."""
    name, _, index = label.rstrip("]").partition("[")
    values = trace.posterior[name].values
    return values[..., int(index)] if index else values


def assert_agrees(values: np.ndarray, mean: float, sd: float, label: str) -> None:
    """The means agree within 4 combined Monte Carlo standard errors; the reference's is 0.01 sd."""
    error = np.hypot(mcse(values), 0.01 * sd)
    assert abs(values.mean() - mean) < 4 * error, (label, values.mean(), mean, error)


def assert_has_moments(trace, expected: dict) -> None:
    """Means and second moments are those of reference draws, whose labels count from 1."""
    for label, known in expected.items():
        name, _, index = label.rstrip("]").partition("[")
        values = draws_of(trace, f"{name}[{int(index) - 1}]" if index else name).astype(float)
        assert_agrees(values, known["mean"], known["sd"], label)
        assert_agrees(values**2, known["mean_sq"], np.std(values**2), f"{label} squared")


@pytest.mark.smoke
def test_radon_with_the_compiled_sampler():
    with radon():
        trace = pm.sample(2000, tune=1000, target_accept=0.9, **QUIET)
    for label, (mean, sd) in RADON.items():
        assert_agrees(draws_of(trace, label), mean, sd, label)
    for label in ("mu_a", "sigma_a", "eps", "a[0]"):
        assert draws_of(trace, label).std() == pytest.approx(RADON[label][1], rel=0.1)


@pytest.mark.slow
def test_radon_with_numpyro():
    # As written the model has a neck in which a chain can stay for hundreds of draws, so that fewer draws do
    # not tell their own error.
    with radon():
        trace = pm.sampling_jax.sample_numpyro_nuts(1000, tune=1000, target_accept=0.9, chains=4, **QUIET)
    for label, (mean, sd) in RADON.items():
        assert_agrees(draws_of(trace, label), mean, sd, label)


@pytest.mark.slow
def test_radon_with_the_python_loop():
    with radon():
        trace = pm.sample(300, tune=300, chains=2, nuts_sampler="python", **QUIET)
    for label in ("mu_a", "sigma_a", "eps", "a[0]"):
        assert_agrees(draws_of(trace, label), *RADON[label], label)


def test_eight_schools_with_the_python_loop():
    _, expected = reference("eight_schools-eight_schools_noncentered", "eight_schools")
    with eight_schools(centred=False):
        trace = pm.sample(500, tune=500, nuts_sampler="python", target_accept=0.9, **QUIET)
    assert_has_moments(trace, {k: known for k, known in expected.items() if not k.startswith("theta_")})


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if p.slow else ()) for n, p in POSTERIORS.items()]
)
def test_reference_draws_of_posteriordb(name):
    """Means and second moments agree within 4 combined Monte Carlo standard errors."""
    posterior = POSTERIORS[name]
    data, expected = reference(name, posterior.data)
    left_out = ("theta_", *posterior.heavy)
    expected = {label: known for label, known in expected.items() if not label.startswith(left_out)}
    with posterior.build(arrays_of(data)):
        trace = pm.sample(posterior.draws, target_accept=posterior.target_accept, **QUIET)
    assert_has_moments(trace, expected)

"""Posteriors whose moments and quantiles are known, through the whole of `pm.sample`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.transforms.vectors import Ordered

from .test_sample import assert_mean, ess

QUIET = {"progressbar": False, "compute_convergence_checks": False, "random_seed": 5}
LEVELS = (0.01, 0.1, 0.5, 0.9, 0.99)
WEIGHTS = np.array([0.8, 2.0, 5.0])

# A distribution as users write it, and SciPy's version of it: mass at an edge, heavy tails, no bound.
SCALARS = {
    "beta, both edges": (lambda name: pm.Beta(name, 0.5, 0.5), stats.beta(0.5, 0.5)),
    "beta, one edge": (lambda name: pm.Beta(name, 8, 0.7), stats.beta(8, 0.7)),
    "uniform": (lambda name: pm.Uniform(name, -1, 3), stats.uniform(-1, 4)),
    "half normal": (lambda name: pm.HalfNormal(name, 2), stats.halfnorm(scale=2)),
    "exponential": (lambda name: pm.Exponential(name, 0.5), stats.expon(scale=2)),
    "gamma, mass at zero": (lambda name: pm.Gamma(name, alpha=0.7, beta=1), stats.gamma(0.7)),
    "Student-t": (lambda name: pm.StudentT(name, nu=3), stats.t(3)),
    "truncated": (
        lambda name: pm.TruncatedNormal(name, mu=0, sigma=1, lower=2),
        stats.truncnorm(2, np.inf),
    ),
}


@pytest.fixture(scope="module")
def posterior():
    """All of them in one model, so that they are compiled once."""
    with pm.Model():
        for name, (declare, _) in SCALARS.items():
            declare(name)
        pm.Dirichlet("simplex", WEIGHTS)
        pm.Normal("ordered", 0, 1, shape=3, transform=Ordered(), initval=[-1.0, 0.0, 1.0])
        return pm.sample(4000, tune=500, target_accept=0.9, **QUIET).posterior


@pytest.mark.parametrize("name", SCALARS)
def test_quantiles(posterior, name):
    """The share of draws below each quantile is its level, at 5 Monte Carlo standard errors."""
    x = posterior[name].values
    for level in LEVELS:
        assert_mean((x < SCALARS[name][1].ppf(level)).astype(float), level)


def test_moments_of_a_simplex(posterior):
    """Means and covariances of a Dirichlet: a_i / A and (a_i A [i = j] - a_i a_j) / (A^2 (A + 1))."""
    w, a, total = posterior["simplex"].values, WEIGHTS, WEIGHTS.sum()
    np.testing.assert_allclose(w.sum(axis=-1), 1, rtol=1e-12)
    for i in range(3):
        assert_mean(w[..., i], a[i] / total)
        for j in range(3):
            expected = (a[i] * total * (i == j) - a[i] * a[j]) / (total**2 * (total + 1))
            assert_mean((w[..., i] - a[i] / total) * (w[..., j] - a[j] / total), expected)


def test_moments_of_order_statistics(posterior):
    """Three ordered standard normals are order statistics; the outer ones have means of 1.5 / sqrt(pi)."""
    x = posterior["ordered"].values
    assert np.all(np.diff(x, axis=-1) > 0)
    for k, expected in enumerate((-1.5 / np.sqrt(np.pi), 0.0, 1.5 / np.sqrt(np.pi))):
        assert_mean(x[..., k], expected)


def check_wide(size: int, metric: str, precision: str, correlation: float) -> None:
    """Compare means and variances of a Gaussian whose correlations are ``correlation^|i - j|``.

    Of so many z scores the largest may be what the largest of as many normal ones seldom is, and one more,
    as the standard errors are estimates.
    """
    steps = np.arange(size)
    mean = np.linspace(-1, 1, size)
    scale = np.random.default_rng(0).permutation(np.geomspace(0.1, 10, size))
    with pm.Model():
        if correlation:
            covariance = correlation ** np.abs(steps[:, None] - steps) * scale * scale[:, None]
            pm.MvNormal("x", mu=mean, chol=np.linalg.cholesky(covariance), shape=size)
        else:
            pm.Normal("x", mean, scale, shape=size)
        options = {"metric": metric, "precision": precision}
        trace = pm.sample(400, tune=400, nuts_sampler_kwargs=options, **QUIET)
    z = (trace.posterior["x"].values.astype(float) - mean) / scale
    limit = stats.norm.isf(1e-3 / (4 * size)) + 1
    for i in range(size):
        for values, expected in ((z[..., i], 0.0), (z[..., i] ** 2, 1.0)):
            error = values.std() / np.sqrt(ess(values))
            assert abs(values.mean() - expected) < limit * error, (i, values.mean(), expected, error)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_thousand_dimensions(precision):
    check_wide(1000, "diag", precision, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(
    ("size", "metric"), [(1000, "diag"), (1000, "low_rank"), (300, "low_rank"), (300, "dense")]
)
def test_wide_correlated_gaussians(size, metric, precision):
    check_wide(size, metric, precision, 0.5)

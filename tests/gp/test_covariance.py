"""Covariance functions against their formulas, and against PyMC's where it is installed."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import numpy as np
import pytest

import pmjax as pm
from pmjax.errors import ModelError
from pmjax.gp import cov
from tests.gp.catalogue import BESSEL, CASES, OURS_ALONE, SPECTRAL, XS, X, inputs


@pytest.mark.parametrize("name", CASES)
def test_matrices_are_the_formula(name: str) -> None:
    build, formula = CASES[name]
    k, (x, xs) = build(cov), inputs(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        full, cross, diag = k(x).eval(), k(x, xs).eval(), k(x, diag=True).eval()
    # PyMC, and so we, take the root of r² + 1e-12, which moves values at r = 0 by 1e-6.
    np.testing.assert_allclose(full, [[formula(a, b) for b in x] for a in x], atol=4e-6)
    np.testing.assert_allclose(cross, [[formula(a, b) for b in xs] for a in x], atol=4e-6)
    np.testing.assert_allclose(diag, [formula(a, a) for a in x], atol=1e-12)
    np.testing.assert_array_equal(full, full.T)


def test_matrices_are_pymcs() -> None:
    if importlib.util.find_spec("pymc") is None:
        pytest.skip("pymc is not installed here: its matrices are compared in the environment that has it")
    import pymc

    for name, (build, _) in CASES.items():
        ours, theirs, (x, xs) = build(cov), build(pymc.gp.cov), inputs(name)
        for args in ((x,), (x, xs)):
            np.testing.assert_allclose(
                ours(*args).eval(), theirs(*args).eval(), rtol=1e-10, atol=1e-10, err_msg=name
            )
        if name != "WarpedInput":  # whose diagonal PyMC cannot give
            np.testing.assert_allclose(ours(x, diag=True).eval(), theirs(x, diag=True).eval(), atol=1e-10)
    omega = np.abs(XS)
    for name, build_spectral in SPECTRAL.items():
        ours = build_spectral(cov, 2).power_spectral_density(omega).eval()
        theirs = build_spectral(pymc.gp.cov, 2).power_spectral_density(omega).eval()
        # PyTensor takes powers of 5 and 3 for the Matérn functions in 32 bits.
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, err_msg=name)
    names = set(pymc.gp.cov.__all__) | set(pymc.gp.mean.__all__)
    assert {n for n in names if not hasattr(cov, n) and not hasattr(pm.gp.mean, n)} == set()


def test_white_noise() -> None:
    noise = cov.WhiteNoise(0.3)
    np.testing.assert_allclose(noise(X).eval(), 0.09 * np.eye(len(X)))
    np.testing.assert_allclose(noise(X, XS).eval(), np.zeros((len(X), len(XS))))
    np.testing.assert_allclose(noise(X, diag=True).eval(), np.full(len(X), 0.09))


@pytest.mark.parametrize("name", [*SPECTRAL, *OURS_ALONE])
def test_spectral_densities_integrate_to_the_variance(name: str) -> None:
    k = {**SPECTRAL, **OURS_ALONE}[name](cov, 1)
    # A substitution that reaches far into the tails.
    u = np.linspace(-np.pi / 2, np.pi / 2, 40001)[1:-1]
    omega = np.tan(u)
    density = k.power_spectral_density(omega[:, None]).eval() / np.cos(u) ** 2
    total = np.trapezoid(density, u) / (2 * np.pi)
    assert total == pytest.approx(float(k(np.zeros((1, 1)), diag=True).eval()[0]), rel=2e-3)


def test_the_cosine_series_of_the_periodic_function() -> None:
    k = cov.Periodic(1, period=2.0, ls=0.6)
    coefficients = k.power_spectral_density_approx(np.arange(24)).eval()
    np.testing.assert_allclose(coefficients[1:], 2 * BESSEL(np.arange(1, 24), 1 / 0.36), rtol=1e-10)
    at = np.array([[0.0], [0.3], [0.9]])
    series = (coefficients * np.cos(np.pi * np.arange(24) * at)).sum(axis=1)
    # The series is of exp(-2 a sin²(x / 2)) = exp(a (cos x - 1)), a = 1 / ls².
    np.testing.assert_allclose(series, np.exp((np.cos(np.pi * at[:, 0]) - 1) / 0.36), rtol=1e-9)


def test_variables_of_the_model_are_taken_everywhere() -> None:
    with pm.Model():
        eta, ls = pm.HalfNormal("eta"), pm.HalfNormal("ls", shape=2)
        k = eta**2 * cov.ExpQuad(2, ls) + cov.WhiteNoise(eta)
    given = {eta: 2.0, ls: np.array([0.7, 1.9])}
    expected = 4 * CASES["ExpQuad, scales"][0](cov)(X).eval() + 4 * np.eye(len(X))
    np.testing.assert_allclose(k(X).eval(given), expected)


def test_far_from_the_origin_distances_are_exact() -> None:
    shift = 1e7
    near, far = cov.Matern52(2, ls=0.8)(X).eval(), cov.Matern52(2, ls=0.8)(X + shift).eval()
    np.testing.assert_allclose(far, near, rtol=1e-7)


def test_many_columns() -> None:
    wide = np.random.default_rng(1).normal(size=(6, 40))
    value = cov.ExpQuad(40, ls=3.0)(wide).eval()
    expected = np.exp(-0.5 * ((wide[:, None] - wide[None]) ** 2).sum(-1) / 9)
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_a_covariance_function_of_the_user() -> None:
    class Brownian(cov.Covariance):
        def full(self, X: Any, Xs: Any = None) -> Any:
            return pm.math.minimum(X, (X if Xs is None else Xs).T)

    k = 2.0 * Brownian(1) + cov.WhiteNoise(0.1)
    x = np.array([[0.5], [1.0], [2.0]])
    np.testing.assert_allclose(k(x).eval(), 2 * np.minimum(x, x.T) + 0.01 * np.eye(3))
    np.testing.assert_allclose(k(x, diag=True).eval(), 2 * x[:, 0] + 0.01)


def test_means() -> None:
    mean = pm.gp.mean
    linear = mean.Linear(coeffs=np.array([2.0, -1.0]), intercept=0.5)
    np.testing.assert_allclose(linear(X).eval(), X @ [2.0, -1.0] + 0.5)
    np.testing.assert_allclose((linear + mean.Constant(3.0))(X).eval(), X @ [2.0, -1.0] + 3.5)
    np.testing.assert_allclose((linear * mean.Constant(3.0))(X).eval(), 3 * (X @ [2.0, -1.0] + 0.5))
    np.testing.assert_allclose(mean.Zero()(X).eval(), np.zeros(5))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: cov.ExpQuad(1), "one of ls and ls_inv"),
        (lambda: cov.ExpQuad(1, ls=1.0, active_dims=[1]), "active_dims"),
        (lambda: cov.ExpQuad(1, ls=1.0) + cov.ExpQuad(2, ls=1.0), "same input_dim"),
        (lambda: cov.ExpQuad(2, ls=1.0)(np.zeros(3)), r"write X\[:, None\]"),
        (lambda: cov.ExpQuad(2, ls=1.0)(np.zeros((3, 1))), "1 column"),
        (lambda: cov.Coregion(2, active_dims=[0]), "W and kappa, or B"),
        (lambda: cov.Gibbs(2, lambda x: x), "one column"),
        (lambda: cov.Constant(1.0) ** 2, "no power"),
        (lambda: cov.WrappedPeriodic(cov.Linear(1, c=0), 1.0), "stationary"),
        (lambda: cov.Linear(1, c=0).power_spectral_density(np.zeros((2, 1))), "no power spectral density"),
        (
            lambda: (cov.ExpQuad(1, 1.0) * cov.ExpQuad(1, 1.0)).power_spectral_density(np.zeros((2, 1))),
            "product of covariance functions",
        ),
    ],
    ids=range(11),
)
def test_wrong_arguments_are_named(build: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        build()

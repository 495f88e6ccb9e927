"""Kronecker products against NumPy's, and normal densities against those of the whole covariance."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.stats import multivariate_normal

from pmjax.numerics.kronecker import kronecker_diagonal, kronecker_product, log_kronecker_normal
from pmjax.runtime.precision import double_precision

TWO, THREE = np.array([[2.0, 0.3], [0.3, 1.0]]), np.diag([1.0, 2.0, 0.5]) + 0.2
DEVIATION = np.random.default_rng(0).normal(size=6)


def test_products_are_numpys() -> None:
    with double_precision():
        x = np.random.default_rng(1).normal(size=(4, 6))
        found = kronecker_product([TWO, THREE], jnp.asarray(x))
        np.testing.assert_allclose(found, x @ np.kron(TWO, THREE).T, rtol=1e-12)
        stacked = kronecker_product([np.stack([TWO, np.eye(2)]), THREE], jnp.asarray(x[0]))
        whole = np.stack([np.kron(TWO, THREE), np.kron(np.eye(2), THREE)])
        np.testing.assert_allclose(stacked, whole @ x[0], rtol=1e-12)
        diagonal = kronecker_diagonal([np.diag(TWO), np.diag(THREE)])
        np.testing.assert_allclose(diagonal, np.diag(np.kron(TWO, THREE)), rtol=1e-12)


@pytest.mark.parametrize("variance", [0.0, 0.3])
@pytest.mark.parametrize(
    "covs", [(TWO, THREE), (2 * np.eye(2), np.eye(3)), (np.eye(1), TWO, THREE)], ids=["any", "equal", "three"]
)
def test_density_and_gradient_are_those_of_the_whole_covariance(
    covs: tuple[np.ndarray, ...], variance: float
) -> None:
    """Where eigenvalues are equal, eigenvectors have no derivative and the density has one."""

    def whole(deviation, variance, covs):
        cov = functools.reduce(jnp.kron, covs) + variance * jnp.eye(6)
        return multivariate_normal.logpdf(deviation, jnp.zeros(6), cov)

    with double_precision():
        values = [
            jax.jit(jax.value_and_grad(function, (0, 1, 2)))(DEVIATION, variance, covs)
            for function in (log_kronecker_normal, whole)
        ]
    for found, expected in zip(*map(jax.tree.leaves, values), strict=True):
        if np.ndim(found) == 2:  # a symmetric matrix: its gradient's halves may be shared out otherwise
            found, expected = found + found.T, expected + expected.T
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_singular_covariance_has_no_density() -> None:
    with double_precision():
        value = log_kronecker_normal(DEVIATION, 0.0, [np.ones((2, 2)) - 1e-9 * np.eye(2), THREE])
    assert np.isneginf(value)

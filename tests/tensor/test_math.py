"""`pm.math`: PyMC's names, and what is not among PyTensor's functions."""

from __future__ import annotations

import importlib.util
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from pmjax.errors import ModelError
from pmjax.graph.rewrite import fingerprint
from pmjax.numerics import functions
from pmjax.tensor import math

P, Q = np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.9])
M, L = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[2.0, 0.0], [0.3, 1.0]])
A, B = np.array([[1.0, 2.0], [0.5, 3.0]]), np.array([[2.0, 0.0, 0.1], [0.2, 1.0, 0.0], [0.0, 0.4, 3.0]])


def test_every_name_of_pymc_is_there() -> None:
    if importlib.util.find_spec("pymc") is None:
        pytest.skip("pymc is not installed here: its names are compared in the environment that has it")
    import pymc

    assert set(pymc.math.__all__) - set(math.__all__) == set()


@pytest.mark.parametrize("name", math.__all__)
def test_names_document_themselves(name: str) -> None:
    assert getattr(math, name).__doc__


def test_arrays_and_numbers_are_taken_too() -> None:
    assert math.exp(0.0).eval() == 1
    np.testing.assert_allclose(math.sum(math.stack([P, Q]), axis=0).eval(), P + Q)
    np.testing.assert_allclose(math.sum([1.0, 2.0]).eval(), 3)
    np.testing.assert_allclose(math.switch(P > 0.4, 1.0, 0.0).eval(), [0, 1, 1])


def test_own_functions_have_an_address() -> None:
    assert fingerprint([math.logdet(M), math.log1mexp(P), math.softmax(P), math.eigh(M)[1]]) is not None


def test_kronecker_products() -> None:
    both, column = np.kron(A, B), np.arange(6.0)
    np.testing.assert_allclose(math.kronecker(A, B).eval(), both)
    np.testing.assert_allclose(math.kron_dot([A, B], column).eval(), (both @ column)[:, None])
    np.testing.assert_allclose(math.kron_dot([A, B], both).eval(), both @ both)
    lower = [np.tril(A), np.tril(B)]
    np.testing.assert_allclose(
        math.kron_solve_lower(lower, column).eval()[:, 0], np.linalg.solve(np.kron(*lower), column)
    )
    np.testing.assert_allclose(
        math.kron_solve_upper([a.T for a in lower], column).eval()[:, 0],
        np.linalg.solve(np.kron(*lower).T, column),
    )
    np.testing.assert_allclose(math.kron_diag(P, Q).eval(), np.diag(np.kron(np.diag(P), np.diag(Q))))
    np.testing.assert_allclose(math.flat_outer(P, Q).eval(), np.outer(P, Q).ravel())
    np.testing.assert_allclose(math.block_diagonal([M, L]).eval()[2:, 2:], L)


def test_packed_triangles() -> None:
    packed = np.arange(1.0, 7.0)
    lower = np.array([[1.0, 0, 0], [2, 3, 0], [4, 5, 6]])
    upper = np.array([[1.0, 2, 3], [0, 4, 5], [0, 0, 6]])
    np.testing.assert_array_equal(math.expand_packed_triangular(3, packed).eval(), lower)
    np.testing.assert_array_equal(math.expand_packed_triangular(3, packed, lower=False).eval(), upper)
    for is_lower, full in ((True, lower), (False, upper)):
        diagonal = math.expand_packed_triangular(3, packed, lower=is_lower, diagonal_only=True)
        np.testing.assert_array_equal(diagonal.eval(), np.diag(full))
    with pytest.raises(ModelError, match=r"n \(n \+ 1\) / 2 = 10"):
        math.expand_packed_triangular(4, packed)


def test_combinations_and_coins() -> None:
    pairs = math.cartesian(np.array([1, 2]), np.array([[3.0, 4.0], [5.0, 6.0]]))
    np.testing.assert_array_equal(pairs, [[1, 3, 4], [1, 5, 6], [2, 3, 4], [2, 5, 6]])
    rng = np.random.default_rng(1)
    assert sum(math.logbern(np.log(0.25), rng) for _ in range(1000)) == pytest.approx(250, abs=60)
    with pytest.raises(AttributeError, match=r"pmjax\.tensor"):
        math.nonsense


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-15), (np.float32, 3e-7)], ids=str)
def test_softplus_and_its_derivatives(dtype: Any, tolerance: float) -> None:
    exact = np.concatenate([np.linspace(-80, 80, 9001), [0.0, 1e-30, -1e-8, 1e4, -1e4]])
    with jax.enable_x64(True):
        x = jnp.asarray(exact, dtype)
        given = np.asarray(x, float)
        first, second = jax.grad(functions.softplus), jax.grad(jax.grad(functions.softplus))
        for ours, known in (
            (functions.softplus(x), np.logaddexp(0, given)),
            (jax.vmap(first)(x), special.expit(given)),
            (jax.vmap(second)(x), special.expit(given) * special.expit(-given)),
        ):
            assert ours.dtype == dtype
            np.testing.assert_allclose(ours, known, rtol=tolerance, atol=tolerance * 1e-3)
        np.testing.assert_array_equal(
            functions.softplus(jnp.array([-jnp.inf, jnp.inf, jnp.nan])), [0, np.inf, np.nan]
        )
        np.testing.assert_array_equal(jax.vmap(first)(jnp.array([-jnp.inf, jnp.inf])), [0, 1])

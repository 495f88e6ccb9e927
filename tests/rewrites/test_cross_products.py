"""Linear regressions: cross-products instead of rows, the same log density and gradient."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given, settings

import pmjax as pm
from pmjax.rewrites.collapse_rows import NAME
from pmjax.rewrites.cross_products import NormalLinear, cross_products
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

from .compare import assert_same_density, rewritten, terms

POSTERIORDB = Path(__file__).parents[3] / "shared" / "posteriordb"
ROWS = 90
RNG = np.random.default_rng(8)
X = RNG.normal(size=(ROWS, 3))
U, V, W = X.T
Y = X @ [1.0, -2.0, 0.5] + RNG.normal(size=ROWS)
GROUP = RNG.integers(0, 2, ROWS)


def means(a: Any, b: Any, s: Any) -> dict[str, tuple[Any, int]]:
    """Linear means and how many coefficients they have."""
    table = pm.math.outer(a * np.ones(2), b)
    return {
        "product with a matrix": (X @ b, 3),
        "product from the left": (b @ X.T, 3),
        "dot": (pm.math.dot(X, b), 3),
        "intercept": (a + X @ b, 4),
        "sum over columns": ((X * b).sum(axis=-1), 3),
        "sum over columns, other way round": (np.sum(b * X, axis=1) + a, 4),
        "mean over columns": ((X * b).mean(axis=1), 3),
        "products of scalars": (a + b[0] * U + b[1] * V + b[2] * U * V, 4),
        "one scalar twice": (a * U - (a * V - a), 1),
        "part of a vector": (b[0] * U + b[2] * V, 2),
        "offset": (100.0 + a + b[1] * U - W, 2),
        "quotients": ((a + b[0] * U) / (1 + V**2) / np.exp(s), 2),
        "scaled by a parameter": (s * (X @ b) + a, 4),
        "a scaled sum with an offset": ((a * U + V) * s, 2),
        "expressions of parameters": (np.exp(a) + (a * b[0]) * U + (-np.tanh(b)).sum() * V, 3),
        "centred and scaled coefficients": (X @ (a + s * b), 3),
        "stacked coefficients": (np.dot(X, np.stack([a, b[0], b[1]])), 3),
        "by group": ((b[:2])[GROUP] + a * U, 3),
        "slopes by group": (a + b[GROUP] * U, 3),
        "a matrix of slopes": (table[GROUP, 1] * U + table[0, 0] * V, 3),
        "rows in another order": ((X @ b)[::-1] + a, 4),
        "dependent columns": (b[0] * U + b[1] * (2 * U) + b[2], 3),
        "two intercepts": (a + b[0] + b[1] * U, 2),
        "no variation": (a + b[0] * np.full(ROWS, 7.0) + b[1] * U, 3),
        "column of ones": (np.column_stack([U, np.ones(ROWS), V]) @ b, 3),
        "data": (pm.Data("X", X) @ b + pm.Data("o", W), 3),
        "integers": (a + b[0] * np.arange(ROWS) - b[1] * (np.arange(ROWS) % 7 == 0), 3),
    }


def variables() -> tuple[Any, Any, Any]:
    return pm.Normal("a"), pm.Normal("b", shape=3), pm.HalfNormal("s")


def test_a_linear_mean_takes_one_number_for_each_coefficient() -> None:
    with pm.Model() as model:
        a, b, s = variables()
        numbers = {}
        for name, (eta, numbers[name]) in means(a, b, s).items():
            pm.Normal(name, pm.Deterministic(f"mean, {name}", eta), s, observed=Y)
    before, after, reports = rewritten(model, NAME)
    assert all("do the work of 90 rows" in report.sentence for report in reports.values())
    assert {name: terms(after, name) for name in numbers} == numbers
    assert_same_density(before, after)


def test_families_and_scales() -> None:
    with pm.Model() as model:
        a, b, s = variables()
        eta = a + X @ b
        pm.Normal("known sigma", eta, 0.7, observed=Y)
        pm.Normal("precision", eta, tau=np.exp(s), observed=Y)
        pm.Normal("sigma of shape (1,)", eta, s * np.ones(1), observed=pm.Data("v", Y))
        pm.LogNormal("logarithm", eta, s, observed=np.exp(Y / 3))
    before, after, _ = rewritten(model, NAME)
    assert [terms(after, v.name) for v in after.observed] == [4] * 4
    assert_same_density(before, after)


def test_what_is_not_linear_or_does_not_pay_is_left_alone() -> None:
    with pm.Model() as model:
        a, b, s = variables()
        latent, many = pm.Normal("latent", shape=ROWS), pm.Normal("many", shape=80)
        pm.Normal("a function of it", np.tanh(X @ b), s, observed=Y)
        pm.Normal("its square", (X @ b) ** 2, s, observed=Y)
        pm.Normal("a product of two", (X @ b) * (a + U * a), s, observed=Y)
        pm.Normal("a quotient", X @ b / (a + W), s, observed=Y)
        pm.Normal("a scale for each row", X @ b, s * np.exp(U), observed=Y)
        pm.StudentT("not normal", 4.0, X @ b, s, observed=Y)
        pm.Normal("one random value for each row", latent + U, s, observed=Y)
        pm.Normal("a running sum", np.cumsum(a * U), s, observed=Y)
        pm.Normal("nearly as many coefficients as rows", RNG.normal(size=(ROWS, 80)) @ many, s, observed=Y)
        pm.Normal("infinite data", a + b[0] * np.where(U > 1, np.inf, U), s, observed=Y)
        pm.Normal("two columns", b[:2] * U[:, None], s, observed=X[:, :2])
    before, after, reports = rewritten(model, NAME)
    assert [name for name, report in reports.items() if report.done] == []
    assert after.observed == before.observed


def test_groups_are_taken_where_they_are_fewer() -> None:
    switch = GROUP * 1.0
    wide = RNG.integers(0, 2, (ROWS, 12)) * 1.0
    wide = np.concatenate([wide[:6]] * 15)
    with pm.Model() as model:
        a, b, s = variables()
        pm.Normal("y", a + b[0] * switch, s, observed=Y)
        pm.Normal("z", a + wide @ pm.Normal("c", shape=12), s, observed=Y)
    before, after, _ = rewritten(model, NAME)
    assert terms(after, "y") == 2
    assert terms(after, "z") == 6
    assert_same_density(before, after)


def test_large_offsets_cancel_nowhere() -> None:
    """Columns of a million with a spread of one, at the least-squares fit, against extended precision."""
    shifted = X * [1.0, 1e-3, 1e3] + [1e6, 1e6, -1e6]
    y = 1e6 + Y
    with pm.Model() as model:
        a, b = pm.Flat("a"), pm.Flat("b", shape=3)
        pm.Normal("y", a + shifted @ b, 1.0, observed=y)
    _, after, _ = rewritten(model, NAME)
    assert terms(after, "y") == 4
    density = joint_density(after)
    theta = np.linalg.lstsq(np.column_stack([np.ones(ROWS), shifted]), y, rcond=None)[0]
    theta = theta + np.array([3.0, 1e-6, 2e-6, 1e-6])
    wide = np.longdouble
    full = np.column_stack([np.ones(ROWS), shifted]).astype(wide)
    deviation = y.astype(wide) - full @ theta.astype(wide)
    expected = -np.sum(deviation**2) / 2 - ROWS * np.log(2 * wide(np.pi)) / 2
    slope = full.T @ deviation
    with double_precision():
        run = jax.jit(jax.value_and_grad(density.log_density))
        value, gradient = run(theta, density.data, density.knobs)
    rounding = 1e-16 * 1e6 * np.abs(theta).max()  # of the product of a row with theta, in any order
    np.testing.assert_allclose(value, float(expected), rtol=max(1e-10, rounding))
    np.testing.assert_allclose(gradient, slope.astype(float), rtol=max(1e-10, rounding))


def test_at_random_points_badly_scaled_columns_cost_no_digit() -> None:
    with pm.Model() as model:
        a, b, s = variables()
        pm.Normal("y", a + (X * [1.0, 1e4, 1e-4] + [1e6, 0.0, 1e6]) @ b, s, observed=Y)
        pm.Normal("z", (X + 1e6) @ b, s, observed=Y)
    before, after, _ = rewritten(model, NAME)
    assert_same_density(before, after, points=10)


@given(st.integers(0, 2**20), st.integers(1, 6), st.integers(0, 8), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_sum_of_squares_is_the_same_for_every_beta(
    seed: int, p: int, offset: int, intercept: bool, dependent: bool
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(12, p)) * 10.0 ** rng.uniform(-4, 4, p) + 10.0**offset * rng.integers(0, 2, p)
    if dependent:
        X[:, -1] = X[:, 0]
    if intercept:
        X[:, rng.integers(p)] = rng.choice([1.0, -3.0])
    y, beta = rng.normal(size=12) + 10.0**offset, rng.normal(size=p)
    R, x, residual = cross_products(X, y)
    exact = np.sum((y.astype(np.longdouble) - X.astype(np.longdouble) @ beta) ** 2)
    np.testing.assert_allclose(np.sum((R @ beta - x) ** 2) + residual, float(exact), rtol=1e-10)


def test_data_of_the_same_shape_give_the_same_program() -> None:
    with pm.Model() as model:
        a, b, s = variables()
        pm.Normal("y", a + pm.Data("X", X) @ b, s, observed=pm.Data("v", Y))
    old = joint_density(rewritten(model, NAME)[1])
    pm.set_data({"X": X[::-1] * 2, "v": Y + 1}, model)
    before, after, _ = rewritten(model, NAME)
    new = joint_density(after)
    assert new.structure == old.structure
    assert [x.shape for x in new.data] == [x.shape for x in old.data]
    assert_same_density(before, after)


def kidscore(data: Any) -> Any:
    beta, sigma = pm.Flat("beta", shape=4), pm.HalfCauchy("sigma", 2.5)
    hs, iq = np.array(data["mom_hs"]), np.array(data["mom_iq"])
    mu = beta[0] + beta[1] * hs + beta[2] * iq + beta[3] * (hs * iq)
    pm.Normal("y", mu, sigma, observed=data["kid_score"])


def mesquite(data: Any) -> Any:
    beta, sigma = pm.Flat("beta", shape=7), pm.HalfFlat("sigma")
    names = ["diam1", "diam2", "canopy_height", "total_height", "density", "group"]
    mu = beta[0]
    for i, name in enumerate(names):
        mu = mu + beta[i + 1] * np.array(data[name], float)
    pm.Normal("y", mu, sigma, observed=np.array(data["weight"], float))


def diamonds(data: Any) -> Any:
    raw = np.array(data["X"], float)[:, 1:]
    b = pm.Normal("b", 0, 1, shape=raw.shape[1])
    intercept, sigma = pm.StudentT("intercept", 3, 8, 10), pm.HalfStudentT("sigma", 3, 10)
    pm.Normal("y", intercept + pm.math.dot(raw - raw.mean(axis=0), b), sigma, observed=data["Y"])


@pytest.mark.parametrize(
    ("data", "build", "coefficients"),
    [("kidiq", kidscore, 4), ("mesquite", mesquite, 7), ("diamonds", diamonds, 25)],
)
def test_regressions_of_posteriordb(data: str, build: Callable[[Any], Any], coefficients: int) -> None:
    file = POSTERIORDB / f"{data}.data.json"
    if not file.exists():
        pytest.skip(f"{file.name} is not beside the repository")
    with pm.Model() as model:
        build(json.loads(file.read_text()))
    before, after, _ = rewritten(model, NAME)
    assert isinstance(after.observed[0].variable.op.law, NormalLinear)
    assert terms(after, "y") == coefficients
    assert_same_density(before, after)

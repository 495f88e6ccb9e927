"""collapse_rows: the same density from fewer terms, and no firing in doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pmjax as pm
from pmjax.rewrites.collapse_rows import NAME
from pmjax.rewrites.pipeline import apply, check, explain, summary
from pmjax.rewrites.row_groups import group_rows
from pmjax.target.joint import joint_density

from .compare import assert_same_density, rewritten, terms

ROWS, GROUPS = 160, 4
RNG = np.random.default_rng(3)
GROUP = RNG.integers(0, GROUPS, ROWS)
SWITCH = RNG.integers(0, 2, ROWS) * 1.0
EXPOSURE = RNG.uniform(0.5, 2.0, ROWS)
REAL = RNG.normal(size=ROWS)
ROUNDED = np.clip(np.round(REAL), -1, 1)
COUNTS = RNG.poisson(1.0, ROWS)

# Each declares the observed variable from a linear predictor eta (one value for each row).
FAMILIES: dict[str, Callable[[Any, Any], Any]] = {
    "Normal": lambda eta, s: pm.Normal("y", eta, s, observed=REAL),
    "Normal, known sigma": lambda eta, s: pm.Normal("y", eta, 0.7, observed=REAL),
    "Normal, sigma by row": lambda eta, s: pm.Normal("y", eta, 1 + np.exp(eta), observed=REAL),
    "LogNormal": lambda eta, s: pm.LogNormal("y", eta, s, observed=np.exp(REAL)),
    "StudentT": lambda eta, s: pm.StudentT("y", 4.0, eta, s, observed=ROUNDED),
    "Cauchy": lambda eta, s: pm.Cauchy("y", eta, s, observed=ROUNDED),
    "Laplace": lambda eta, s: pm.Laplace("y", eta, s, observed=ROUNDED),
    "Logistic": lambda eta, s: pm.Logistic("y", eta, s, observed=ROUNDED),
    "Bernoulli": lambda eta, s: pm.Bernoulli("y", logit_p=eta, observed=SWITCH[::-1]),
    "Bernoulli, p": lambda eta, s: pm.Bernoulli("y", p=1 / (1 + np.exp(-eta)), observed=SWITCH[::-1]),
    "Binomial": lambda eta, s: pm.Binomial("y", n=COUNTS + 3, logit_p=eta, observed=COUNTS),
    "Poisson": lambda eta, s: pm.Poisson("y", np.exp(eta), observed=COUNTS),
    "Poisson, exposure": lambda eta, s: pm.Poisson("y", EXPOSURE * np.exp(eta), observed=COUNTS),
    "Poisson, offset": lambda eta, s: pm.Poisson("y", np.exp(eta + np.log(EXPOSURE)), observed=COUNTS),
    "NegativeBinomial": lambda eta, s: pm.NegativeBinomial("y", np.exp(eta), s, observed=COUNTS),
    "Exponential": lambda eta, s: pm.Exponential("y", np.exp(eta), observed=np.exp(REAL)),
    "Gamma": lambda eta, s: pm.Gamma("y", s, np.exp(eta), observed=np.exp(REAL)),
    "HalfNormal": lambda eta, s: pm.HalfNormal("y", np.exp(eta), observed=np.abs(ROUNDED)),
    "TruncatedNormal": lambda eta, s: pm.TruncatedNormal("y", eta, s, lower=-5.0, observed=ROUNDED),
    "OrderedLogistic": lambda eta, s: pm.OrderedLogistic(
        "y", eta, np.stack([-s, 0.5 * s, 1 + s]), observed=np.minimum(COUNTS, 3)
    ),
    "Categorical": lambda eta, s: pm.Categorical(
        "y", logit_p=np.stack([eta, s * eta, 0 * eta], axis=-1), observed=COUNTS % 3
    ),
}


def model_of(family: Callable[[Any, Any], Any]) -> pm.Model:
    with pm.Model() as model:
        a = pm.Normal("a", shape=GROUPS)
        b = pm.Normal("b")
        s = pm.HalfNormal("s")
        family(a[GROUP] + b * SWITCH, s)
    return model


@pytest.mark.parametrize("name", FAMILIES)
def test_the_density_of_each_family_is_the_same(name: str) -> None:
    before, after, reports = rewritten(model_of(FAMILIES[name]), NAME)
    assert reports["y"].done
    assert terms(after, "y") < ROWS
    assert_same_density(before, after)


@pytest.mark.parametrize(
    "name", ["Normal", "Bernoulli", "Binomial", "Poisson, offset", "Gamma", "Exponential"]
)
def test_sufficient_statistics_need_one_term_for_each_group(name: str) -> None:
    _, after, _ = rewritten(model_of(FAMILIES[name]), NAME)
    assert terms(after, "y") == len({*zip(GROUP, SWITCH, strict=True)})


def test_identical_rows_are_one_term() -> None:
    with pm.Model() as model:
        mu, sigma = pm.Normal("mu"), pm.HalfNormal("sigma")
        pm.Normal("y", mu, sigma, observed=REAL)
    before, after, reports = rewritten(model, NAME)
    assert terms(after, "y") == 1
    assert "160 rows" in reports["y"].sentence
    assert_same_density(before, after)


X = RNG.integers(0, 2, (ROWS, 3)) * 1.0


def predictors(a: Any, b: Any) -> dict[str, Any]:
    group, rows = GROUP, np.arange(ROWS) % 2
    by_both = np.outer(a, b)
    return {
        "product with a matrix": X @ b,
        "product from the left": b @ X.T,
        "dot": np.dot(X, b),
        "index of two axes": by_both[group, rows],
        "index after a whole axis": by_both.T[:, group].sum(axis=0),
        "index and slice": by_both[group, 1:].sum(axis=-1),
        "index and integer": by_both[group, 2],
        "index and new axis": (by_both[group][:, None, :] * 1.0).mean(axis=(1, 2)),
        "ellipsis": by_both[..., rows].sum(axis=0),
        "negative index": a[-1 - group],
        "mask": a[group] * (a[group] > 0),
        "stack": np.stack([a[group], b[rows]]).sum(axis=0),
        "concatenate": np.concatenate([by_both[group], X * b], axis=1) @ np.ones(6),
        "where": np.where(SWITCH > 0, a[group], b[0]),
        "reduction with keepdims": by_both[group].max(axis=1, keepdims=True)[:, 0],
        "softmax over columns": pm.lift(jax.nn.softmax)(by_both[group], axis=-1)[:, 0],
        "transpose": by_both[group].T[0],
        "clip": a[group].clip(-1, 1),
        "astype": a[group].astype("float64"),
        "polynomial": a[group] ** 2 + b[0] * SWITCH - (SWITCH - 0.5) / (2 + b[1] ** 2),
        "the same array twice, as rows and as values": a[group] + (group == a.argmax()),
    }


def test_what_depends_on_rows_through_data_collapses() -> None:
    with pm.Model() as model:
        a, b = pm.Normal("a", shape=GROUPS), pm.Normal("b", shape=3)
        for name, eta in predictors(a, b).items():
            pm.Normal(f"y, {name}", pm.Deterministic(name, eta), 1.0, observed=REAL)
    before, after, reports = rewritten(model, NAME)
    assert [str(report) for report in reports.values() if not report.done] == []
    assert_same_density(before, after)


def refused(a: Any, latent: Any, slopes: Any) -> dict[str, Any]:
    return {
        "one random value for each row": a[GROUP] + latent,
        "a running sum over rows": np.cumsum(a[GROUP]),
        "an unknown function": pm.lift(lambda x: x - x[::-1])(a[GROUP]),
        "a softmax over rows": pm.lift(jax.nn.softmax)(a[GROUP]),
        "a slice of rows": latent[::-1] * 1.0,
        "a shift": np.concatenate([a[GROUP][1:], a[:1]]),
        "rows centred by their mean are understood only where the mean is": np.sort(a[GROUP]),
        "reshaped": (slopes[GROUP] * 1.0).reshape(-1)[:ROWS],
        "distinct rows": np.tanh(slopes[0, 0] * REAL),
    }


@pytest.mark.parametrize(
    "name", refused(np.ones(GROUPS), *(pm.Normal.dist(shape=s) for s in (ROWS, (GROUPS, 2))))
)
def test_in_doubt_nothing_happens(name: str) -> None:
    with pm.Model() as model:
        a, latent, slopes = (
            pm.Normal("a", shape=GROUPS),
            pm.Normal("u", shape=ROWS),
            pm.Normal("s", shape=(GROUPS, 2)),
        )
        pm.Normal("y", refused(a, latent, slopes)[name], 1.0, observed=REAL)
    before, after, reports = rewritten(model, NAME)
    assert not reports["y"].done
    assert after.observed == before.observed


def test_means_over_all_rows_stay_means_over_all_rows() -> None:
    with pm.Model() as model:
        a = pm.Normal("a", shape=GROUPS)
        eta = a[GROUP]
        pm.Normal("y", eta - eta.mean(), 1.0, observed=REAL)
    before, after, reports = rewritten(model, NAME)
    assert reports["y"].done
    assert_same_density(before, after)


def test_a_length_that_happens_to_be_the_number_of_rows_is_no_row_axis() -> None:
    with pm.Model() as model:
        a = pm.Normal("a", shape=ROWS)  # as many groups as rows
        pm.Normal("y", (a * REAL)[GROUP] + (a * REAL).sum(), 1.0, observed=REAL)
    before, after, reports = rewritten(model, NAME)
    assert reports["y"].done
    assert_same_density(before, after)


def test_matrices_of_observations_collapse_by_rows() -> None:
    y = RNG.normal(size=(ROWS, 4))
    with pm.Model() as model:
        a, b = pm.Normal("a", shape=(GROUPS, 4)), pm.HalfNormal("b", shape=4)
        pm.Normal("y", a[GROUP], b, observed=y)
        pm.Categorical("c", logit_p=a[GROUP], observed=COUNTS % 4)
        pm.StudentT("t", 3.0, a[GROUP, :2], 1.0, observed=np.sign(y[:, :2]))
    before, after, reports = rewritten(model, NAME)
    assert all(report.done for report in reports.values())
    assert_same_density(before, after)


def test_an_observed_variable_that_others_depend_on_is_left_alone() -> None:
    with pm.Model() as model:
        a = pm.Normal("a", shape=GROUPS)
        y = pm.Normal("y", a[GROUP], 1.0, observed=REAL)
        pm.Potential("p", -((y - a[0]) ** 2))
    _, _, reports = rewritten(model, NAME)
    assert "other parts" in reports["y"].sentence


def test_potentials_and_deterministics_keep_the_users_rows() -> None:
    with pm.Model() as model:
        a = pm.Normal("a", shape=GROUPS)
        eta = pm.Deterministic("eta", a[GROUP])
        pm.Potential("p", -0.1 * (eta - REAL) ** 2)
        pm.Normal("y", eta, 1.0, observed=REAL)
    before, after, reports = rewritten(model, NAME)
    assert reports["y"].done
    assert_same_density(before, after)


def test_the_work_of_the_rows_leaves_the_density() -> None:
    with pm.Model() as model:
        a = pm.Normal("a", shape=GROUPS)
        pm.Normal("y", pm.Deterministic("eta", a[GROUP]), 1.0, observed=REAL)
    _, after, _ = rewritten(model, NAME)
    density = joint_density(after)
    program = jax.make_jaxpr(lambda theta: density.log_density(theta, density.data, density.knobs))(
        np.zeros(GROUPS)
    )
    shapes = {v.aval.shape for equation in program.jaxpr.eqns for v in equation.outvars}
    assert (ROWS,) not in shapes
    assert (GROUPS,) in shapes


def test_new_data_give_the_same_program_where_the_padding_allows() -> None:
    with pm.Model() as model:
        group, y = pm.Data("group", GROUP), pm.Data("y_values", REAL)
        a = pm.Normal("a", shape=GROUPS)
        pm.Normal("y", a[group], 1.0, observed=y)
    old = joint_density(rewritten(model, NAME)[1])
    pm.set_data({"group": np.minimum(GROUP, 3), "y_values": REAL[::-1]}, model)
    before, after, _ = rewritten(model, NAME)
    new = joint_density(after)
    assert new.structure == old.structure
    assert [x.shape for x in new.data] == [x.shape for x in old.data]
    assert_same_density(before, after)


def test_observations_outside_the_formula_take_the_general_way() -> None:
    with pm.Model() as model:
        a, s = pm.Gamma("a", 2.0, 1.0, shape=GROUPS), pm.Normal("s")
        pm.Binomial("y", n=(s * 0 + 9).round().astype(int), p=0.1 + 0.1 / (1 + a[GROUP]), observed=COUNTS)
    before, after, reports = rewritten(model, NAME)
    assert reports["y"].done
    assert terms(after, "y") > GROUPS
    assert_same_density(before, after)


def test_equal_rows_are_found_bit_for_bit() -> None:
    zeros = np.array([0.0, -0.0, 0.0, 1.0])
    assert group_rows([zeros], 4).group.tolist() == [0, 1, 0, 2]
    wide = RNG.integers(0, 3, (500, 4)).astype(float)
    groups = group_rows([wide], 500)
    assert len(groups) == len(np.unique(wide, axis=0))
    assert np.array_equal(wide[groups.first][groups.group], wide)
    np.testing.assert_allclose(groups.sum(wide).sum(axis=0), wide.sum(axis=0))


def test_extreme_log_odds_stay_finite_and_their_gradient_is_right_at_zero() -> None:
    with pm.Model() as model:
        a = pm.Flat("a", shape=2)
        pm.Bernoulli("y", logit_p=a[np.arange(40) % 2], observed=np.arange(40) % 4 == 0)
    _, after, _ = rewritten(model, NAME)
    density = joint_density(after)
    with jax.enable_x64(True):
        gradient = jax.grad(density.log_density)
        at_zero = gradient(jnp.zeros(2), density.data, density.knobs)
        far = gradient(jnp.array([800.0, -800.0]), density.data, density.knobs)
    assert at_zero.tolist() == [10 - 20 / 2, 0 - 20 / 2]
    assert far.tolist() == [-10.0, 0.0]


def test_the_pipeline_says_what_was_done() -> None:
    model = model_of(FAMILIES["Normal"])
    spec = model.freeze()
    _, reports = apply(spec, "auto")
    assert "160 rows" in explain(reports)
    assert "y" in summary(reports)
    assert apply(spec, False) == (spec, ())
    assert explain(()) == "The model is sampled as it is written."
    with pytest.raises(ValueError, match="did you mean 'collapse_rows'"):
        apply(spec, ["colapse_rows"])


def test_a_pass_that_loses_a_variable_is_found_out() -> None:
    from dataclasses import replace

    spec = model_of(FAMILIES["Normal"]).freeze()
    with pytest.raises(AssertionError, match="changed what is recorded"):
        check(spec, replace(spec, free=spec.free[1:]), "a broken pass")

"""Rows collapse anew when data are replaced, and the compiled program stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmjax as pm
from pmjax.rewrites.collapse_rows import padded_size
from pmjax.rewrites.pipeline import apply
from pmjax.runtime.programs import Counter

from .compare import assert_same_density, rewritten, terms

ROWS, GROUPS = 400, 40


def rows(seed: int, groups: int = GROUPS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "group": rng.integers(0, groups, ROWS),
        "switch": rng.integers(0, 2, ROWS) * 1.0,
        "x": rng.normal(size=ROWS),
        "real": rng.normal(size=ROWS),
        "count": rng.poisson(2.0, ROWS),
    }


def regression() -> pm.Model:
    """Groups with sufficient statistics, groups of equal values, and a linear mean."""
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in rows(0).items()}
        mu, tau = pm.Normal("mu"), pm.HalfNormal("tau")
        a = pm.Normal("a", mu, tau, shape=GROUPS)
        b = pm.Normal("b", shape=3)
        pm.Normal("y", a[data["group"]] + b[0] * data["switch"], 1.0, observed=data["real"])
        pm.NegativeBinomial("n", np.exp(b[1] * data["switch"]), 2.0, observed=data["count"])
        pm.Normal("z", b[0] + b[1] * data["x"], tau, observed=data["real"])
    return model


def sample(model: pm.Model) -> Any:
    options = {"random_seed": 1, "progressbar": False, "compute_convergence_checks": False}
    return pm.sample(30, tune=30, chains=2, model=model, **options)


def test_new_data_need_no_new_program() -> None:
    model = regression()
    sample(model)
    shapes = [v.variable.shape for v in apply(model.freeze())[0].observed]
    programs = Counter.compiled + Counter.loaded
    pm.set_data(rows(1), model)
    before, after, reports = rewritten(model, "collapse_rows")
    assert all(report.done for report in reports.values())
    assert [v.variable.shape for v in after.observed] == shapes
    assert_same_density(before, after, points=1)
    sample(model)
    assert Counter.compiled + Counter.loaded == programs


def test_new_data_of_another_kind_are_grouped_anew() -> None:
    model = regression()
    pm.set_data({"group": np.zeros(ROWS, int), "switch": np.zeros(ROWS)}, model)
    before, after, _ = rewritten(model, "collapse_rows")
    assert terms(after, "y") == padded_size(1) == 8
    assert_same_density(before, after)
    new = {name: values[: ROWS // 2] for name, values in rows(4).items()}
    pm.set_data({**new, "group": np.arange(ROWS // 2) % GROUPS}, model)
    before, after, _ = rewritten(model, "collapse_rows")
    assert_same_density(before, after)


def test_padding_is_rare_and_small() -> None:
    sizes = np.arange(1, 20_000)
    padded = np.array([padded_size(int(n)) for n in sizes])
    assert np.all(padded >= sizes)
    assert np.all(padded - sizes < np.maximum(8, sizes / 8))
    assert len(np.unique(padded)) < 100


@pytest.mark.parametrize(
    ("y", "x"),
    [
        (np.zeros(0), np.zeros(0)),
        (np.ones(1), np.ones(1)),
        (np.arange(200.0), np.arange(200.0) ** 2),
        (np.zeros((40, 0)), np.zeros((40, 1))),
        (np.zeros((0, 3)), np.zeros((0, 1))),
        (np.arange(120.0).reshape(40, 3), np.arange(40.0)[:, None]),
        (np.zeros((20, 2, 2)), np.repeat([0.0, 1.0], 10)[:, None, None]),
        (np.array(3.0), np.array(1.0)),
        (np.arange(40.0), np.array([2.0])),
        (np.arange(40), np.arange(40) // 10),
        (np.ma.masked_array(np.arange(40.0), np.zeros(40, bool)), np.arange(40) > 20),
        (np.arange(40, dtype="float32"), np.arange(40, dtype="uint8") % 3),
    ],
    ids=lambda value: f"{value.dtype}{list(value.shape)}",
)
def test_every_shape_of_data(y: Any, x: Any) -> None:
    with pm.Model() as model:
        a, s = pm.Normal("a"), pm.HalfNormal("s")
        pm.Normal("y", np.tanh(a * x) + a, s, observed=y)
        pm.Normal("linear", a * x - 1, s, observed=y)
        pm.Cauchy("values", a * (x * 0), s, observed=y)
    before, after, reports = rewritten(model, "collapse_rows")
    assert list(reports) == ["y", "linear", "values"]
    for old, new in zip(before.observed, after.observed, strict=True):
        assert new.variable.size <= old.variable.size
    if any(report.done for report in reports.values()):
        assert_same_density(before, after, points=1)
    assert len(model.explain(verbose=False).split("\n")) >= 3


def test_rows_with_dims() -> None:
    with pm.Model(coords={"home": range(60), "item": ["p", "q"]}) as model:
        a = pm.Normal("a", dims="item")
        kind = pm.Data("kind", np.arange(60) % 3, dims="home")
        eta = pm.Deterministic("eta", a[kind // 2], dims="home")
        pm.Normal("y", eta, 1.0, observed=np.arange(60.0), dims="home")
        pm.Normal("z", a * kind[:, None], 1.0, observed=np.zeros((60, 2)), dims=("home", "item"))
    before, after, _ = rewritten(model, "collapse_rows")
    # Neither is linear in fewer operations than its groups.
    assert terms(after, "z") == 8
    assert after.dims == before.dims
    assert_same_density(before, after)

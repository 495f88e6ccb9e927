"""`pm.sample_many`: one program for many data sets, each result as of `pm.sample`."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pmjax as pm
from pmjax.runtime import programs

QUIET = {"progressbar": False, "compute_convergence_checks": False}
X = np.linspace(0, 1, 20)


def line() -> pm.Model:
    with pm.Model() as model:
        x = pm.Data("x", X)
        slope = pm.Normal("slope", 0, 10)
        level = pm.Normal("level", 0, 10)
        pm.Normal("y", level + slope * x, 0.5, observed=np.zeros(20))
    return model


def counts() -> pm.Model:
    """How many of its rows are equal depends on the data."""
    with pm.Model() as model:
        rate = pm.Gamma("rate", 2, 1)
        counts = pm.Data("counts", np.zeros(40, int))
        pm.Poisson("y", rate, observed=counts)
    return model


def bounded() -> pm.Model:
    """No start is found where the data lie above the bound."""
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 1)
        y = pm.Data("y", np.zeros(3))
        pm.Normal("seen", mu, 1, observed=y)
        pm.Potential("bound", pm.math.switch(pm.math.sum(y) > 100, -np.inf, 0.0))
    return model


RNG = np.random.default_rng(0)
LINES = [{"x": X * scale, "y": 1 + 2 * X * scale + RNG.normal(0, 0.5, 20)} for scale in (1.0, 2.0, 3.0)]
COUNTS = [{"y": RNG.poisson(rate, 40)} for rate in (0.3, 4.0, 30.0)]


ARGUMENTS = {"tune": 150, "chains": 2, "random_seed": 3, **QUIET}


def made() -> int:
    """How many programs the process has compiled or loaded."""
    return programs.Counter.compiled + programs.Counter.loaded


def test_many_data_sets_compile_what_one_does():
    before = made()
    pm.sample_many(line(), LINES[:1], 50, **ARGUMENTS)
    of_one = made()
    assert of_one > before
    results = pm.sample_many(line(), LINES, 50, **ARGUMENTS)
    assert made() == of_one
    assert [r.posterior.sizes["draw"] for r in results] == [50, 50, 50]


@pytest.mark.slow
def test_repeated_rows_do_not_make_many_programs():
    """As many programs as for one data set without repeated rows: the numbers of groups differ."""
    programs.forget_programs()
    before = made()
    pm.sample_many(counts(), COUNTS, 50, **ARGUMENTS)
    of_all = made() - before
    programs.forget_programs()
    before = made()
    pm.sample_many(counts(), COUNTS[:1], 50, rewrites=["recentre"], **ARGUMENTS)
    assert of_all == made() - before


def test_each_result_is_that_of_sample():
    results = pm.sample_many(line(), LINES, 60, tune=100, chains=2, random_seed=3, **QUIET)
    for data, result in zip(LINES, results, strict=True):
        model = line()
        model.set_data("x", data["x"])
        model.set_observed("y", data["y"])
        alone = pm.sample(
            60, tune=100, chains=2, random_seed=result.posterior.attrs["seed"], model=model, **QUIET
        )
        np.testing.assert_array_equal(alone.posterior["slope"], result.posterior["slope"])
        np.testing.assert_array_equal(result.observed_data["y"], data["y"])
        np.testing.assert_array_equal(result.constant_data["x"], data["x"])


def test_the_posteriors_are_those_of_the_gamma_law():
    results = pm.sample_many(
        counts(), {f"set {i}": data for i, data in enumerate(COUNTS)}, 1000, tune=300, chains=2,
        random_seed=3, **QUIET,
    )  # fmt: skip
    for data, (name, result) in zip(COUNTS, results.items(), strict=True):
        assert name.startswith("set")
        exact = (2 + data["y"].sum()) / 41
        assert float(result.posterior["rate"].mean()) == pytest.approx(exact, rel=0.05)


def test_the_model_stays_as_it_is():
    model = line()
    pm.sample_many(model, LINES, 10, tune=10, chains=1, random_seed=3, **QUIET)
    np.testing.assert_array_equal(model["x"].eval(), X)
    np.testing.assert_array_equal(model.freeze().observed[0].value.eval(), np.zeros(20))


def test_a_failing_data_set_is_named_and_the_others_are_kept():
    sets = [{"y": np.ones(3)}, {"y": np.full(3, 200.0)}, {"y": np.ones(3)}]
    with pytest.warns(pm.SamplingWarning, match=r"1 of 3 data sets have no draws \(1\).*'bound'") as caught:
        results = pm.sample_many(bounded(), sets, 50, tune=50, chains=2, random_seed=1, **QUIET)
    assert results[1] is None
    assert "\n" not in str(caught[0].message)
    assert results[0].posterior["mu"].shape == results[2].posterior["mu"].shape == (2, 50)
    with pytest.raises(pm.SamplingError, match="1 of 1 data sets"):
        pm.sample_many(bounded(), sets[1:2], 50, tune=50, chains=2, random_seed=1, **QUIET)


def test_discrete_variables_that_take_steps():
    with pm.Model() as model:
        n = pm.Poisson("n", 5)
        pm.Normal("y", n, 1.0, observed=np.zeros(5))
    sets = [{"y": np.full(5, value)} for value in (2.0, 9.0)]
    results = pm.sample_many(model, sets, 200, tune=200, chains=2, random_seed=1, **QUIET)
    means = [float(r.posterior["n"].mean()) for r in results]
    np.testing.assert_allclose(means, [2, 9], atol=0.7)


REFUSED = {
    "unknown name": ([{"z": X}], "data set 0: 'z' is neither data nor observed; the model has x, y"),
    "shape": ([{"y": X}, {"y": X[:3]}], "data set 1: 'y': observed values of shape (3,), expected (20,)"),
    "none": ([], "at least one data set"),
    "no mapping": ([X], "data set 0 must be a mapping"),
    "no list": (3, "must be a list of mappings"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_data_sets_get_one_sentence(case):
    datasets, words = REFUSED[case]
    with pytest.raises(pm.ModelError, match=re.escape(words)) as caught:
        pm.sample_many(line(), datasets, 10, tune=10, **QUIET)
    assert "\n" not in str(caught.value)

"""Predictive sampling: what it draws, from which draws, under which names, and what it says of it."""

from __future__ import annotations

import _thread
import threading
import time

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pmjax as pm
from pmjax.errors import ImplicitFreezeWarning
from pmjax.results.groups import assemble, group, group_names
from pmjax.runtime import memory
from pmjax.target import over_draws

QUIET = {"progressbar": False}


def recorded(coords=None, dims=None, data=None, **draws) -> object:
    """A result with these draws, shape (chain, draw, ...), as `pm.sample` would give it."""
    rest = {n: (dims or {}).get(n, [f"{n}_dim_{i}" for i in range(np.ndim(v) - 2)]) for n, v in draws.items()}
    posterior = xr.Dataset({n: (("chain", "draw", *rest[n]), v) for n, v in draws.items()}, coords or {})
    groups = {"posterior": posterior}
    if data:
        groups["constant_data"] = xr.Dataset({n: (f"{n}_dim", v) for n, v in data.items()})
    return assemble(groups)


def schools(labels="abcd", groups=(0, 1, 2, 3)) -> pm.Model:
    with pm.Model(coords={"school": list(labels)}) as model:
        index = pm.Data("index", np.array(groups))
        mu, tau = pm.Normal("mu", 0, 1), pm.HalfNormal("tau", 1)
        theta = pm.Normal("theta", mu, tau, dims="school")
        shifted = pm.Deterministic("shifted", theta + 100, dims="school")
        pm.Normal("y", shifted[index] - 100, 0.01, observed=np.zeros(len(groups)))
    return model


def schools_draws(n=500, seed=0) -> dict:
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(2, n, 4))
    return {
        "mu": np.full((2, n), 5.0),
        "tau": np.full((2, n), 0.5),
        "theta": theta,
        "shifted": theta + 100,
    }


def schools_result(**more) -> object:
    dims = {"theta": ("school",), "shifted": ("school",)}
    return recorded({"school": list("abcd")}, dims, {"index": [0, 1, 2, 3]}, **{**schools_draws(), **more})


def drawn(result: object, name: str = "posterior_predictive") -> str:
    return group(result, name).attrs["drawn"]


# ---------------------------------------------------------------- against closed forms


def test_the_prior_predictive_distribution_is_the_analytic_one():
    with pm.Model():
        mu = pm.Normal("mu", 1, 2)
        pm.Normal("y", mu, 1.5, observed=np.zeros(3))
        prior = pm.sample_prior_predictive(4000, random_seed=1, **QUIET)
    y = group(prior, "prior_predictive")["y"].values[0]
    for column in y.T:
        assert stats.kstest(column, stats.norm(1, 2.5).cdf).pvalue > 1e-3
    # Rows share mu: their correlation is 4 / 6.25.
    assert np.corrcoef(y.T)[0, 1] == pytest.approx(0.64, abs=0.04)


def test_the_posterior_predictive_distribution_is_the_analytic_one():
    # With a Beta(2, 3) posterior of p the counts are beta-binomial.
    p = np.random.default_rng(3).beta(2, 3, size=(2, 4000))
    with pm.Model():
        chance = pm.Uniform("p")
        pm.Binomial("k", 10, chance, observed=4)
        result = pm.sample_posterior_predictive(recorded(p=p), random_seed=1, **QUIET)
    k = group(result, "posterior_predictive")["k"].values.ravel()
    counts = np.bincount(k, minlength=11)
    expected = stats.betabinom(10, 2, 3).pmf(np.arange(11)) * k.size
    assert stats.chisquare(counts, expected).pvalue > 1e-3
    assert k.dtype == np.int64


def test_prior_groups_hold_what_pymcs_do():
    with schools():
        prior = pm.sample_prior_predictive(draws=7, random_seed=1, **QUIET)
        plain = pm.sample_prior_predictive(7, random_seed=1, return_inferencedata=False, **QUIET)
    assert set(group_names(prior)) == {"prior", "prior_predictive", "observed_data", "constant_data"}
    assert set(group(prior, "prior").data_vars) == {"mu", "tau", "theta", "shifted"}
    assert group(prior, "prior")["theta"].dims == ("chain", "draw", "school")
    assert group(prior, "prior_predictive")["y"].shape == (1, 7, 4)
    np.testing.assert_array_equal(plain["theta"], group(prior, "prior")["theta"].values[0])


# ---------------------------------------------------------------- what a draw depends on


def test_a_draw_depends_on_seed_name_and_number_alone(monkeypatch):
    with schools():
        whole = pm.sample_prior_predictive(20, random_seed=4, **QUIET)
        part = pm.sample_prior_predictive(20, random_seed=4, var_names=["theta"], **QUIET)
        other = pm.sample_prior_predictive(20, random_seed=5, var_names=["theta"], **QUIET)
        monkeypatch.setattr(over_draws, "MAX_BLOCK", 3)
        blocks = pm.sample_prior_predictive(20, random_seed=4, var_names=["theta"], **QUIET)
    theta = group(whole, "prior")["theta"].values
    np.testing.assert_array_equal(theta, group(part, "prior")["theta"].values)
    np.testing.assert_array_equal(theta, group(blocks, "prior")["theta"].values)
    assert not np.any(theta == group(other, "prior")["theta"].values)


def test_variables_of_one_name_in_two_models_have_streams_of_their_own():
    with pm.Model():
        a = pm.Normal("x")
    with pm.Model():
        b = pm.Normal("x")
    one, two = pm.draw([a, b], draws=100, random_seed=1)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.4


# ---------------------------------------------------------------- which recorded draws stand


def test_recorded_variables_keep_their_draws_and_observed_ones_are_drawn():
    with schools():
        result = pm.sample_posterior_predictive(schools_result(), random_seed=1, **QUIET)
    y = group(result, "posterior_predictive")["y"]
    np.testing.assert_allclose(y.values, schools_draws()["theta"], atol=0.06)
    assert drawn(result) == "Drawn from their distributions: y"
    assert set(group_names(result)) == {"posterior_predictive", "observed_data", "constant_data"}


def test_a_new_group_is_drawn_from_its_population_and_the_others_keep_their_draws():
    with schools() as model:
        pm.set_data({"index": [4, 4, 0, 1]}, coords={"school": list("dbcax")})
        result = pm.sample_posterior_predictive(
            schools_result(), random_seed=1, predictions=True, var_names=["theta", "shifted", "y"], **QUIET
        )
    found = group(result, "predictions")
    theta = found["theta"].values
    np.testing.assert_array_equal(theta[..., :4], schools_draws()["theta"][..., [3, 1, 2, 0]])
    assert stats.kstest(theta[..., 4].ravel(), stats.norm(5, 0.5).cdf).pvalue > 1e-3
    np.testing.assert_allclose(found["shifted"].values, theta + 100)
    np.testing.assert_allclose(found["y"].values[..., 0], theta[..., 4], atol=0.06)
    assert list(found["school"].values) == list("dbcax")
    assert drawn(result, "predictions") == "Drawn from their distributions: theta (new: 'x'), y"
    assert "predictions_constant_data" in group_names(result)
    assert "observed_data" not in group_names(result)


@pytest.mark.parametrize(
    ("labels", "said"),
    [("bd", "y"), ("xyz", "theta (all labels of 'school' are new), y"), ("ax", "theta (new: 'x'), y")],
)
def test_labels_decide_which_draws_stand(labels, said):
    with schools():
        pm.set_data({"index": [0, 1, 0, 1]}, coords={"school": list(labels)})
        result = pm.sample_posterior_predictive(
            schools_result(), var_names=["theta", "y"], random_seed=1, **QUIET
        )
    assert drawn(result) == f"Drawn from their distributions: {said}"
    theta = group(result, "posterior_predictive")["theta"].values
    for place, label in enumerate(labels):
        known = "abcd".find(label)
        if known >= 0:
            np.testing.assert_array_equal(theta[..., place], schools_draws()["theta"][..., known])


def test_a_vector_whose_elements_depend_on_each_other_is_drawn_as_a_whole():
    draws = np.random.default_rng(0).normal(size=(1, 50, 2)) + 50
    result = recorded({"k": ["a", "b"]}, {"v": ("k",)}, v=draws)
    with pm.Model(coords={"k": ["a", "b", "c"]}):
        v = pm.MvNormal("v", np.zeros(3), np.eye(3), dims="k")
        found = pm.sample_posterior_predictive(result, var_names=["v"], random_seed=1, **QUIET)
    assert np.all(np.abs(group(found, "posterior_predictive")["v"].values) < 10)
    assert "not independent" in drawn(found)


def test_rows_without_labels_are_drawn_anew_when_their_number_changes():
    draws = np.full((1, 50, 3), 70.0)
    with pm.Model():
        x = pm.Data("x", np.zeros(2), dims="row")
        latent = pm.Normal("latent", x, 1, dims="row")
        pm.Normal("y", latent, 1, observed=np.zeros(2))
        found = pm.sample_posterior_predictive(
            recorded(latent=draws, data={"x": np.zeros(3)}), var_names=["latent"], random_seed=1, **QUIET
        )
    assert group(found, "posterior_predictive")["latent"].shape == (1, 50, 2)
    assert np.all(np.abs(group(found, "posterior_predictive")["latent"].values) < 10)
    assert "latent (its shape is (2,) and was (3,))" in drawn(found)


def changed() -> pm.Model:
    with pm.Model() as model:
        x = pm.Data("x", np.array([1.0, 2.0]))
        a = pm.Normal("a", 0, 1)
        b = pm.Normal("b", a * x, 1)
        d = pm.Deterministic("d", a * x)
        pm.Normal("y", b + d, 0.001, observed=np.zeros(2))
    return model


CHANGED = {"a": np.full((1, 5), 3.0), "b": np.full((1, 5, 2), 100.0), "d": np.full((1, 5, 2), 7.0)}


@pytest.mark.parametrize(
    ("data", "options", "warned", "d", "y"),
    [
        # Nothing has changed: what is recorded stands.
        ([1.0, 2.0], {}, None, [7, 7], [107, 107]),
        # Data have changed: deterministics are computed anew, random variables stand, and this is said.
        ([1.0, 5.0], {}, "b", [3, 15], [103, 115]),
        ([1.0, 5.0], {"freeze_vars": ["b"]}, None, [3, 15], [103, 115]),
        ([1.0, 5.0], {"freeze_vars": ["b", "d"]}, None, [7, 7], [107, 107]),
        ([1.0, 2.0], {"sample_vars": ["d"]}, None, [3, 6], [103, 106]),
        ([1.0, 2.0], {"sample_vars": ["a"], "freeze_vars": ["b", "d"]}, None, [7, 7], [107, 107]),
    ],
)
def test_what_has_changed_decides_which_draws_stand(data, options, warned, d, y):
    result = recorded(data={"x": [1.0, 2.0]}, **CHANGED)
    with changed():
        pm.set_data({"x": data})
        if warned:
            with pytest.warns(ImplicitFreezeWarning, match=rf"'{warned}' are used although .*\(x\)"):
                found = pm.sample_posterior_predictive(result, var_names=["d", "y"], **options, **QUIET)
        else:
            found = pm.sample_posterior_predictive(result, var_names=["d", "y"], **options, **QUIET)
    means = group(found, "posterior_predictive").mean(("chain", "draw"))
    np.testing.assert_allclose(means["d"].values, d)
    np.testing.assert_allclose(means["y"].values, y, atol=0.02)


def test_sample_vars_are_drawn_anew_and_returned():
    result = recorded(data={"x": [1.0, 2.0]}, **CHANGED)
    with changed():
        found = pm.sample_posterior_predictive(result, sample_vars="b", random_seed=2, **QUIET)
    b = group(found, "posterior_predictive")["b"].values
    assert list(group(found, "posterior_predictive").data_vars) == ["b"]
    np.testing.assert_allclose(b.mean((0, 1)), [3, 6], atol=1.5)


def test_a_recorded_deterministic_stands_for_variables_that_are_not_recorded():
    with changed():
        found = pm.sample_posterior_predictive(
            recorded(data={"x": [1.0, 2.0]}, b=CHANGED["b"], d=CHANGED["d"]), random_seed=1, **QUIET
        )
    np.testing.assert_allclose(group(found, "posterior_predictive")["y"].values, 107, atol=0.01)
    assert drawn(found) == "Drawn from their distributions: y"


def test_what_is_not_recorded_is_drawn_and_named():
    with changed():
        found = pm.sample_posterior_predictive(recorded(b=CHANGED["b"]), random_seed=1, **QUIET)
    assert drawn(found) == "Drawn from their distributions: a (not in the trace), y"


# ---------------------------------------------------------------- what may be given, and what comes back


def test_points_datasets_and_results_are_the_same_draws():
    draws = schools_draws(3)
    with schools():
        one = {k: v[0, 0] for k, v in draws.items()}
        points = [{k: v[0, i] for k, v in draws.items()} | {"tau_log__": 0.0} for i in range(3)]
        result = recorded(
            dims={"theta": ("school",), "shifted": ("school",)}, **{k: v[:1] for k, v in draws.items()}
        )
        shapes = [
            pm.sample_posterior_predictive(t, random_seed=1, return_inferencedata=False, **QUIET)["y"]
            for t in (points, group(result, "posterior"), result)
        ]
        single = pm.sample_posterior_predictive(one, random_seed=1, return_inferencedata=False, **QUIET)
    np.testing.assert_array_equal(shapes[0], shapes[1])
    np.testing.assert_array_equal(shapes[0], shapes[2])
    np.testing.assert_array_equal(single["y"], shapes[0][:, :1])


def test_sample_dims_name_the_axes_of_draws():
    posterior = xr.Dataset({"mu": (("sample", "again"), np.arange(6.0).reshape(3, 2))}, {"sample": [5, 6, 7]})
    with pm.Model():
        mu = pm.Normal("mu")
        pm.Normal("y", mu, 1e-3, observed=np.zeros(4))
        found = pm.sample_posterior_predictive(posterior, sample_dims=["sample", "again"], **QUIET)
    y = group(found, "posterior_predictive")["y"]
    assert y.dims == ("sample", "again", "y_dim_0")
    assert list(y["sample"].values) == [5, 6, 7]
    np.testing.assert_allclose(y.values[..., 0], np.arange(6.0).reshape(3, 2), atol=0.01)


def test_the_result_is_extended_in_place_and_a_group_that_was_there_replaced():
    result = schools_result()
    with schools():
        assert pm.sample_posterior_predictive(result, extend_inferencedata=True, **QUIET) is result
        with pytest.warns(pm.SamplingWarning, match="posterior_predictive is replaced"):
            pm.sample_posterior_predictive(result, extend_inferencedata=True, var_names=["theta"], **QUIET)
    assert list(group(result, "posterior_predictive").data_vars) == ["theta"]
    assert {"posterior", "constant_data", "observed_data"} <= set(group_names(result))


def test_deterministics_of_observed_variables_are_predicted_with_them():
    with pm.Model():
        mu = pm.Normal("mu")
        y = pm.Normal("y", mu, 1, observed=np.zeros(2))
        pm.Deterministic("double", 2 * y)
        found = pm.sample_posterior_predictive(recorded(mu=np.zeros((1, 9))), random_seed=1, **QUIET)
    found = group(found, "posterior_predictive")
    np.testing.assert_allclose(found["double"].values, 2 * found["y"].values)


def test_potentials_are_left_out_and_this_is_said():
    with pm.Model():
        x = pm.Normal("x")
        pm.Potential("bound", -(x**2))
        with pytest.warns(pm.SamplingWarning, match="leave out the potentials of the model \\(bound\\)"):
            pm.sample_prior_predictive(2, **QUIET)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"var_names": ["thetta"]}, "var_names has an unknown variable 'thetta' .did you mean 'theta'"),
        ({"sample_vars": ["nu"]}, "sample_vars has an unknown variable 'nu'"),
        ({"freeze_vars": ["y"]}, "freeze_vars has 'y', of which the trace has no draws"),
        ({"freeze_vars": ["mu"], "sample_vars": ["mu"]}, "'mu' is in freeze_vars and in sample_vars"),
        ({"sample_dims": ["walker"]}, "no dimension 'walker'"),
    ],
)
def test_wrong_names_are_refused(options, message):
    with schools(), pytest.raises(pm.ModelError, match=message):
        pm.sample_posterior_predictive(schools_result(), **options, **QUIET)


@pytest.mark.parametrize("trace", [3.0, [], "trace", None, [1, 2]])
def test_what_holds_no_draws_is_refused(trace):
    with schools(), pytest.raises(pm.ModelError, match="expected the result"):
        pm.sample_posterior_predictive(trace, **QUIET)


@pytest.mark.parametrize("draws", [0, 2.5, True, "many"])
def test_a_wrong_number_of_draws_is_refused(draws):
    with schools(), pytest.raises(pm.ModelError, match="draws must be an integer of at least 1"):
        pm.sample_prior_predictive(draws, **QUIET)


def test_an_improper_variable_is_drawn_only_from_recorded_draws():
    with pm.Model():
        x = pm.Flat("x")
        pm.Normal("y", x, 1, observed=0.0)
        with pytest.raises(pm.ModelError, match="'x': Flat is improper"):
            pm.sample_prior_predictive(3, **QUIET)
        found = pm.sample_posterior_predictive(recorded(x=np.full((1, 4), 9.0)), **QUIET)
    assert group(found, "posterior_predictive")["y"].values.min() > 3


def test_draws_that_do_not_fit_into_memory_are_refused_with_the_number(monkeypatch):
    monkeypatch.setattr(over_draws, "available_memory", lambda: 8 * 2**30)
    with pm.Model():
        pm.Normal("x", shape=1_000_000)
        with pytest.raises(
            pm.ModelError, match=r"8000 draws of 7.6 MiB each need 59.6 GiB .* 8.0 GiB are free"
        ):
            pm.sample_prior_predictive(8000, **QUIET)


def test_memory_on_the_way_is_bounded(monkeypatch):
    # A million elements are summed to one number in each draw: blocks hold a few draws, not all of them.
    sizes = []
    program = over_draws.program

    def spy(name, function, arguments, *rest):
        sizes.append(arguments[0].shape[0])
        return program(name, function, arguments, *rest)

    monkeypatch.setattr(over_draws, "program", spy)
    x = pm.Normal.dist(shape=1_000_000).sum()
    assert pm.draw(x, draws=20, random_seed=1).shape == (20,)
    assert sizes == [8]


def test_available_memory_is_what_the_system_says():
    free = memory.available_memory()
    assert free is None or 2**20 < free < 2**50


def test_ctrl_c_is_answered_while_blocks_run():
    with pm.Model():
        x = pm.Normal("x", shape=200_000)
        pm.Deterministic("total", x.sum())
        interrupt = threading.Timer(2.0, _thread.interrupt_main)
        interrupt.start()
        began = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            pm.sample_prior_predictive(2_000_000, var_names=["total"], **QUIET)
        interrupt.join()
    assert time.perf_counter() - began < 30


def test_new_rows_where_the_observed_values_are_no_data():
    """The values that were fitted do not fit the new rows, and are not needed to draw them."""
    with pm.Model(coords={"row": range(5)}) as model:
        x = pm.Data("x", np.arange(5.0), dims="row")
        slope = pm.Normal("slope")
        pm.Deterministic("mean", slope * x, dims="row")
        pm.Normal("y", slope * x, 0.1, observed=2 * np.arange(5.0), dims="row")
        pm.Poisson("n", pm.math.exp(slope) + 0 * x, observed=np.arange(5), shape=x.shape)
        pm.set_data({"x": [10.0, 20.0]}, coords={"row": ["a", "b"]})
        points = [{"slope": 2.0}, {"slope": 3.0}]
        drawn = pm.sample_posterior_predictive(points, predictions=True, random_seed=1, progressbar=False)
        again = pm.sample_posterior_predictive(points, random_seed=1, progressbar=False)
        with pytest.raises(pm.ModelError, match="observed values have shape"):
            pm.sample(10, tune=10, progressbar=False)
    np.testing.assert_allclose(drawn.predictions["y"].values[0], [[20, 40], [30, 60]], atol=0.5)
    assert list(drawn.predictions["row"].values) == ["a", "b"]
    assert drawn.predictions["n"].shape == (1, 2, 2)
    assert not hasattr(again, "observed_data")

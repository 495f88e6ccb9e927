"""The most probable point against closed forms, and the curvature there."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm
from pmjax.results.groups import group

QUIET = {"progressbar": False}
Y = np.random.default_rng(5).normal(1.0, 1.0, 20)


def normal() -> pm.Model:
    with pm.Model() as model:
        mu = pm.Flat("mu")
        s = pm.HalfFlat("s")
        pm.Deterministic("twice", 2 * mu)
        pm.Normal("y", mu, s, observed=Y)
    return model


@pytest.mark.parametrize("method", ["L-BFGS-B", "Powell", "trust-exact"])
def test_with_flat_priors_it_is_the_maximum_of_the_likelihood(method):
    best = pm.find_MAP(method=method, model=normal(), **QUIET)
    assert best["mu"] == pytest.approx(Y.mean(), abs=1e-4)
    assert best["s"] == pytest.approx(Y.std(), abs=1e-4)
    assert best["s_log__"] == pytest.approx(np.log(Y.std()), abs=1e-4)
    assert best["twice"] == pytest.approx(2 * best["mu"])


def test_it_does_not_depend_on_how_variables_are_transformed():
    modes = []
    for transform in ("default", None):
        with pm.Model():
            pm.Gamma("s", 3, 2, transform=transform, initval=0.7)
            modes.append(float(pm.find_MAP(**QUIET)["s"]))
    np.testing.assert_allclose(modes, [1.0, 1.0], atol=1e-5)


def test_only_the_named_variables_move():
    best = pm.find_MAP({"mu": 3.0}, vars=["s"], model=normal(), include_transformed=False, **QUIET)
    assert set(best) == {"mu", "s", "twice"}
    assert best["mu"] == 3.0
    assert best["s"] == pytest.approx(np.sqrt(np.mean((Y - 3) ** 2)), abs=1e-5)


def test_the_point_is_a_posterior_of_one_draw_on_request_and_predicts():
    idata = pm.find_MAP("L-BFGS-B", return_inferencedata=True, model=normal(), **QUIET)
    assert group(idata, "posterior")["mu"].shape == (1, 1)
    best, raw = pm.find_MAP(return_raw=True, model=normal(), **QUIET)
    assert raw.success
    found = pm.sample_posterior_predictive(best, model=normal(), random_seed=1, **QUIET)
    assert group(found, "posterior_predictive")["y"].shape == (1, 1, 20)


def test_the_curvature_is_the_fisher_information():
    n, s = len(Y), Y.std()
    matrix = pm.find_hessian(pm.find_MAP(model=normal(), **QUIET), model=normal())
    # In (mu, log s) at the maximum: n / s^2 and 2 n, without correlation.
    np.testing.assert_allclose(matrix, np.diag([n / s**2, 2 * n]), atol=1e-2)
    by_name = pm.find_hessian({"mu": Y.mean(), "s": s}, vars=["mu"], model=normal(), negate_output=False)
    np.testing.assert_allclose(by_name, [[-n / s**2]])


def test_discrete_variables_are_summed_out():
    with pm.Model():
        p = pm.Beta("p", 2, 5)
        z = pm.Bernoulli("z", p)
        pm.Normal("y", 3.0 * z, 1, observed=1.5)
        best = pm.find_MAP(**QUIET)
    # The likelihood of both values is equal: the mode is that of the prior.
    assert best["p"] == pytest.approx(0.2, abs=1e-5)
    assert int(best["z"]) in (0, 1)


def test_an_optimiser_that_stops_early_is_heard_of():
    with pytest.warns(pm.SamplingWarning, match="has not converged"):
        pm.find_MAP(model=normal(), maxeval=2, start={"mu": 50.0}, **QUIET)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pm.find_MAP(vars=["nu"], model=normal(), **QUIET), "vars has 'nu', which is no free"),
        (lambda: pm.find_MAP(method="walk", model=normal(), **QUIET), "method='walk'"),
        (lambda: pm.find_MAP({"nu": 1}, model=normal(), **QUIET), "unknown variable 'nu'"),
        (lambda: pm.find_hessian({"mu": 0.0}, model=normal()), "the point lacks 's'"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(pm.ModelError, match=message):
        call()

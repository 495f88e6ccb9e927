"""`pm.calibrate`: a right model passes, a wrong one is found out, and the sentence says how it is wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pmjax as pm

ARGUMENTS = {"draws": 49, "thin": 4, "tune": 300, "random_seed": 4, "progressbar": False}


def right(extra=None) -> pm.Model:
    with pm.Model(coords={"group": ["a", "b", "c"]}) as model:
        tau = pm.HalfNormal("tau", 1)
        theta = pm.Normal("theta", 0, tau, dims="group")
        pm.Deterministic("range", theta.max() - theta.min())
        pm.Normal("y", theta[np.repeat(np.arange(3), 4)], 0.5, observed=np.zeros(12))
        if extra is not None:
            pm.Potential("extra", extra(theta))
    return model


@pytest.fixture(scope="module")
def found() -> pm.Calibration:
    return pm.calibrate(right(), 40, **ARGUMENTS)


def test_a_right_model_is_calibrated(found):
    assert found.calibrated, found.verdict()
    assert found.ranks["theta"].dims == ("simulation", "group")
    assert list(found.ranks["group"].values) == ["a", "b", "c"]
    assert 0 <= found.ranks.to_array().min() <= found.ranks.to_array().max() <= 49
    assert found.simulations == found.truths.sizes["simulation"] == 40
    assert found.verdict().startswith("The ranks of tau, theta, range are as uniform in 40 simulations")
    assert repr(found) == f"<Calibration: {found.verdict()}>"


WRONG = {
    "pulled up": (lambda theta: 4 * theta.sum(), "its draws are too large"),
    "counted four times": (lambda theta: -6 * (theta**2).sum(), "theta"),
}


SLOW = pytest.mark.slow


@pytest.mark.parametrize("case", ["pulled up", pytest.param("counted four times", marks=SLOW)])
def test_a_wrong_density_is_found(case):
    extra, words = WRONG[case]
    with pytest.warns(pm.SamplingWarning, match=r"leave out the potentials of the model \(extra\)"):
        found = pm.calibrate(right(extra), 40, var_names=["theta"], **ARGUMENTS)
    assert found.doubtful == ["theta"]
    assert words in found.verdict()
    assert "\n" not in found.verdict()


@SLOW
def test_ranks_of_counts_are_uniform_too():
    """A variable that is summed out and drawn again: its ties are broken at random."""
    with pm.Model() as model:
        w = pm.Beta("w", 2, 2)
        z = pm.Bernoulli("z", w, shape=3)
        pm.Normal("y", 2.0 * z, 1.0, observed=np.zeros(3))
    found = pm.calibrate(model, 60, **ARGUMENTS)
    assert found.calibrated, found.verdict()


@SLOW
@pytest.mark.parametrize("step", [None, "Slice", "Metropolis", "DEMetropolisZ"])
def test_steps_are_calibrated(step):
    """Counts without bound, moved by steps around the others."""
    with pm.Model() as model:
        rate = pm.Gamma("rate", 3, 1)
        n = pm.Poisson("n", rate, shape=2)
        pm.Normal("y", n, 1.0, observed=np.zeros(2))
    steps = None if step is None else [getattr(pm, step)([rate])]
    found = pm.calibrate(
        model, 200, draws=49, thin=20, tune=1000, random_seed=1, progressbar=False, step=steps
    )
    assert found.calibrated, found.verdict()


@pytest.mark.parametrize("kind", ["ecdf", "hist"])
def test_ranks_are_plotted(found, kind):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = found.plot(["tau", "theta"], kind=kind)
    assert [a.get_title() for a in axes.flat] == ["tau", "theta[0]", "theta[1]", "theta[2]"]
    matplotlib.pyplot.close("all")


def unobserved() -> pm.Model:
    with pm.Model() as model:
        pm.Normal("x")
    return model


def improper() -> pm.Model:
    with pm.Model() as model:
        x = pm.Flat("x")
        pm.Normal("y", x, observed=np.zeros(3))
    return model


REFUSED = {
    "nothing observed": (unobserved, {}, "no observed variables"),
    "improper": (improper, {}, "'x': Flat is improper"),
    "unknown variable": (right, {"var_names": ["thata"]}, "did you mean 'theta'"),
    "draws": (right, {"draws": 0}, "draws must be an integer of at least 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_calibrated_says_why(case):
    make, arguments, words = REFUSED[case]
    with pytest.raises(pm.ModelError, match=re.escape(words)) as caught:
        pm.calibrate(make(), 10, **{**ARGUMENTS, **arguments})
    assert "\n" not in str(caught.value)

"""Parameters with a given mass between two bounds, against SciPy's distribution functions."""

from __future__ import annotations

import pytest
from scipy import stats

import pmjax as pm

CASES = {
    "Gamma": (
        {"lower": 0.5, "upper": 4.0, "mass": 0.9, "init_guess": {"alpha": 2.0, "beta": 1.0}},
        lambda p: stats.gamma(p["alpha"], scale=1 / p["beta"]),
        0.05,
    ),
    "StudentT": (
        {"lower": 0, "upper": 1, "init_guess": {"mu": 5, "sigma": 2}, "fixed_params": {"nu": 7}},
        lambda p: stats.t(7, p["mu"], p["sigma"]),
        0.025,
    ),
    "Exponential": (
        {"lower": 0, "upper": 3.0, "mass": 0.9, "init_guess": {"lam": 1}, "mass_below_lower": 0},
        lambda p: stats.expon(scale=1 / p["lam"]),
        0.0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_mass_is_between_the_bounds(name):
    arguments, law, below = CASES[name]
    found = pm.find_constrained_prior(getattr(pm, name), **arguments)
    cdf = law(found).cdf
    lower, upper = arguments["lower"], arguments["upper"]
    assert cdf(upper) - cdf(lower) == pytest.approx(arguments.get("mass", 0.95), abs=1e-4)
    assert cdf(lower) == pytest.approx(below, abs=1e-4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mass": 1.0}, "mass must lie between 0.01 and 0.99"),
        ({"lower": 5.0}, "lower must be less than upper"),
        ({"init_guess": {}}, "init_guess names the parameters"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(changed, message):
    arguments = {"lower": 0.0, "upper": 1.0, "init_guess": {"mu": 0.0, "sigma": 1.0}, **changed}
    with pytest.raises(pm.ModelError, match=message):
        pm.find_constrained_prior(pm.Normal, **arguments)


def test_a_mass_that_no_parameter_has_is_said():
    with pytest.raises(pm.ModelError, match="no parameters lam were found"):
        pm.find_constrained_prior(pm.Exponential, lower=-2, upper=-1, init_guess={"lam": 1.0})

"""Expressions at all draws of a posterior."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm


def drawn():
    with pm.Model():
        x = pm.Normal("x", 0, 1, shape=2)
        y = pm.Normal("y", x.sum(), 1e-9)
        prior = pm.sample_prior_predictive(draws=20, random_seed=1).prior
    return x, y, prior


def test_draws_take_the_place_of_variables_and_others_are_drawn():
    x, y, prior = drawn()
    double, sums = pm.vectorize_over_posterior([2 * x, y], prior, [x])
    np.testing.assert_allclose(double.eval(), 2 * prior["x"].values)
    np.testing.assert_allclose(sums.eval(), prior["x"].values.sum(-1), atol=1e-7)


def test_other_random_variables_are_refused_on_request_and_missing_draws_always():
    x, y, prior = drawn()
    with pytest.raises(pm.ModelError, match="'y' is random"):
        pm.vectorize_over_posterior([y], prior, [x], allow_rvs_in_graph=False)
    with pytest.raises(pm.ModelError, match="no draws of 'x'"):
        pm.vectorize_over_posterior([2 * x], prior.drop_vars("x"), [x])

"""Masks: constants, and expressions of data whose length follows `pm.set_data`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.errors import ModelError

EVENT = np.array([1.0, 0.0, 1.0, 1.0])
Y = np.array([0.3, -0.2, 1.5, 0.7])


def model(values: np.ndarray, event: np.ndarray) -> pm.Model:
    with pm.Model() as model:
        y, seen = pm.Data("y", values), pm.Data("seen", event == 1.0)
        mu = pm.Normal("mu") + y
        pm.Potential("inside", pm.logp(pm.Normal.dist(0, 1), mu[seen]))
        pm.Potential("outside", -(mu[~seen] ** 2))
    return model


def expected(values: np.ndarray, event: np.ndarray) -> float:
    at = 0.4 + values
    inside, outside = at[event == 1.0], at[event != 1.0]
    return float(stats.norm.logpdf(0.4) + stats.norm.logpdf(inside).sum() - (outside**2).sum())


def test_a_mask_of_data_selects_what_it_says_now() -> None:
    built = model(Y, EVENT)
    assert built.compile_logp()({"mu": 0.4}) == pytest.approx(expected(Y, EVENT), rel=1e-12)
    fewer = np.array([0.0, 0.0, 1.0, 0.0])
    with built:
        pm.set_data({"seen": fewer == 1.0})
    assert built.compile_logp()({"mu": 0.4}) == pytest.approx(expected(Y, fewer), rel=1e-12)
    with built:
        pm.set_data({"y": Y[:3], "seen": EVENT[:3] == 1.0})
    assert built.compile_logp()({"mu": 0.4}) == pytest.approx(expected(Y[:3], EVENT[:3]), rel=1e-12)


def test_masks_of_several_dimensions_and_beside_other_keys() -> None:
    table, mask = np.arange(6.0).reshape(2, 3), np.array([[True, False, True], [False, True, True]])
    x, m = pm.shared(table), pm.shared(mask)
    np.testing.assert_array_equal((2 * x)[m].eval(), 2 * table[mask])
    np.testing.assert_array_equal((2 * x)[:, m[0]].eval(), 2 * table[:, mask[0]])
    np.testing.assert_array_equal((2 * x)[m & (x > 1)].eval(), 2 * table[mask & (table > 1)])
    assert pm.function([], (2 * x)[m].sum())() == (2 * table[mask]).sum()


def test_a_random_mask_has_no_length() -> None:
    with pm.Model():
        z = pm.Bernoulli("z", 0.5, shape=3)
        with pytest.raises(ModelError, match="no length"):
            pm.math.exp(z)[z > 0]

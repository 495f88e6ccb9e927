"""Batches of data in `pm.fit`."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm


def regression(batch_size=None):
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    y = 1.0 + 2.0 * x + rng.normal(0, 0.5, 600)
    with pm.Model() as model:
        xb, yb = (x, y) if batch_size is None else pm.Minibatch(x, y, batch_size=batch_size)
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 10)
        pm.Normal("y", a + b * (2 * xb) / 2, 0.5, observed=yb, total_size=600)
    design = np.stack([np.ones(600), x], 1)
    return model, np.linalg.solve(design.T @ design + 0.25 / 100 * np.eye(2), design.T @ y)


def test_batches_that_are_drawn_anew_give_the_posterior_mean_of_all_rows():
    model, exact = regression(batch_size=40)
    with model:
        approx = pm.fit(5000, random_seed=1, progressbar=False, obj_optimizer=pm.adam(learning_rate=0.01))
    # Its first 40 rows alone would be off by 0.08; the noise of the last steps is about 0.02.
    np.testing.assert_allclose(approx.mean.eval(), exact, atol=0.06)
    assert np.isnan(approx.khat)
    assert "minibatches" in approx.verdict()


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("sample", lambda: pm.sample(10, tune=10, progressbar=False)),
        ("sample_smc", lambda: pm.sample_smc(10, progressbar=False)),
        ("fit", lambda: pm.fit(method="laplace", progressbar=False)),
    ],
)
def test_batches_are_refused_where_they_would_be_all_data(method, call):
    model, _ = regression(batch_size=40)
    with model, pytest.raises(pm.ModelError, match=rf"{method}.*: 'y' has a pm.Minibatch"):
        call()


def test_batches_that_cannot_be_are_refused():
    with pytest.raises(pm.ModelError, match="same number of rows"):
        pm.Minibatch(np.ones(3), np.ones(4), batch_size=2)
    with pytest.raises(pm.ModelError, match="batch_size must be an integer"):
        pm.Minibatch(np.ones(3), batch_size=0)

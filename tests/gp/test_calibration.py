"""Processes whose values are drawn from the prior and found again: ranks of true values are uniform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pmjax as pm

X = np.linspace(0, 4, 15)[:, None]
MANY = np.linspace(0, 4, 200)[:, None]


def latent(scale: Any, cov: Any) -> None:
    f = pm.gp.Latent(cov_func=cov).prior("f", X=X)
    pm.Poisson("y", pm.math.exp(f), observed=np.zeros(len(X), int))


def hilbert(scale: Any, cov: Any) -> None:
    f = pm.gp.HSGP(m=[10], c=1.5, cov_func=cov).prior("f", X=X)
    pm.Normal("y", f, 0.5, observed=np.zeros(len(X)))


def state_space(scale: Any, cov: Any) -> None:
    pm.gp.Marginal(cov_func=cov).marginal_likelihood("y", X=MANY, y=np.zeros(len(MANY)), sigma=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("process", [latent, hilbert, state_space])
def test_the_posterior_of_a_process_is_calibrated(process: Callable[[Any, Any], None]) -> None:
    with pm.Model() as model:
        scale, eta = pm.LogNormal("scale", 0.0, 0.4), pm.LogNormal("eta", -0.3, 0.3)
        process(scale, eta**2 * pm.gp.cov.Matern52(1, ls=scale))
    names = ["scale", "eta", *(["f"] if "f" in model else [])]
    found = pm.calibrate(
        model, 60, draws=49, var_names=names, random_seed=1, progressbar=False, quiet=True, target_accept=0.95
    )
    assert found.calibrated, found.verdict()

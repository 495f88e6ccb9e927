"""A log density written in JAX, sampled as it is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import pmjax as pm

Y = np.array([0.3, -1.2, 2.0, 0.7])


def log_density(p: Any, data: Any) -> Any:
    location = p["location"][0]
    terms = jax.scipy.stats.norm.logpdf(data["y"], location, p["scale"])
    return jnp.sum(terms) - jnp.sum(location**2) / 2 - p["scale"]


def model() -> pm.Model:
    return pm.from_logp(
        log_density,
        {"location": [jnp.zeros(4)], "scale": 1.0},
        bijectors={"scale": pm.distributions.transforms.log},
        coords={"row": list("abcd")},
        dims={"location.0": "row"},
        data={"y": Y},
    )


def test_density_is_the_function_and_the_log_determinant() -> None:
    mu, log_scale = np.array([0.1, 0.2, 0.3, 0.4]), 0.3
    scale = np.exp(log_scale)
    right = stats.norm.logpdf(Y, mu, scale).sum() - (mu**2).sum() / 2 - scale + log_scale
    found = model().compile_logp()({"location.0": mu, "scale_log__": log_scale})
    np.testing.assert_allclose(found, right, rtol=1e-12)


def test_draws_carry_the_paths_and_dims() -> None:
    idata = pm.sample(
        100, tune=100, chains=2, model=model(), progressbar=False, compute_convergence_checks=False
    )
    assert idata.posterior["location.0"].dims == ("chain", "draw", "row")
    assert (idata.posterior["scale"].values > 0).all()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(pm.ModelError, match="bijectors has an unknown parameter 'scal'"):
        pm.from_logp(lambda p: 0.0, {"scale": 1.0}, bijectors={"scal": pm.distributions.transforms.log})

"""Models that several tests sample, and the reference posteriors to hold them against."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pmjax as pm
from pmjax.results.arviz_series import arviz_series

POSTERIORDB = Path(__file__).parents[3] / "shared" / "posteriordb"

# Mean and standard deviation of a long run made elsewhere.
RADON = {
    "mu_a": (1.4922, 0.0511),
    "mu_b": (-0.6490, 0.0820),
    "sigma_a": (0.3248, 0.0454),
    "sigma_b": (0.2594, 0.1289),
    "eps": (0.72057, 0.01814),
    "a[0]": (1.2143, 0.2472),
    "b[0]": (-0.6146, 0.2722),
}


def radon() -> pm.Model:
    """The model of the notebook, word for word."""
    data = pd.read_csv(pm.get_data("radon.csv"))
    county_idx = data.county_code.values.astype("int32")
    n_counties = len(data.county.unique())
    with pm.Model() as hierarchical_model:
        mu_a = pm.Normal("mu_a", mu=0.0, sigma=100.0)
        sigma_a = pm.HalfNormal("sigma_a", 5.0)
        mu_b = pm.Normal("mu_b", mu=0.0, sigma=100.0)
        sigma_b = pm.HalfNormal("sigma_b", 5.0)
        a = pm.Normal("a", mu=mu_a, sigma=sigma_a, shape=n_counties)
        b = pm.Normal("b", mu=mu_b, sigma=sigma_b, shape=n_counties)
        eps = pm.HalfCauchy("eps", 5.0)
        radon_est = a[county_idx] + b[county_idx] * data.floor.values
        radon_like = pm.Normal("radon_like", mu=radon_est, sigma=eps, observed=data.log_radon)
    return hierarchical_model


def reference(posterior: str, data: str) -> tuple[dict, dict]:
    """Return the data and the reference summaries of a posterior of posteriordb; skip if absent."""
    if not POSTERIORDB.exists():
        pytest.skip(f"posteriordb is not beside the repository ({POSTERIORDB.name})")
    values = json.loads((POSTERIORDB / f"{data}.data.json").read_text())
    summaries = json.loads((POSTERIORDB / "reference_summaries.json").read_text())
    return values, summaries[posterior]["parameters"]


def eight_schools(*, centred: bool) -> pm.Model:
    data, _ = reference("eight_schools-eight_schools_noncentered", "eight_schools")
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        if centred:
            theta = pm.Normal("theta", mu, tau, shape=data["J"])
        else:
            z = pm.Normal("z", 0, 1, shape=data["J"])
            theta = pm.Deterministic("theta", mu + tau * z)
        pm.Normal("y", theta, np.array(data["sigma"], float), observed=data["y"])
    return model


def mcse(values: np.ndarray) -> float:
    """Return the Monte Carlo standard error of the mean of draws of shape (chains, draws)."""
    if arviz_series() == 0:
        import arviz

        # One number, or a list of one where Numba is installed.
        return float(np.squeeze(arviz.mcse(values)))
    from arviz_stats.base import array_stats

    return float(array_stats.mcse(values))

"""Models with groups: radon, eight schools, item response, and polls by state."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from models.data import RADON, posteriordb


def radon(pm: ModuleType) -> Any:
    """Log radon in homes of 85 counties, centred: Gelman & Hill (2006), chapter 12; 175 parameters."""
    import pandas as pd

    data = pd.read_csv(RADON)
    county_idx = data.county_code.values.astype("int32")
    n_counties = len(data.county.unique())
    with pm.Model() as model:
        mu_a = pm.Normal("mu_a", mu=0.0, sigma=100.0)
        sigma_a = pm.HalfNormal("sigma_a", 5.0)
        mu_b = pm.Normal("mu_b", mu=0.0, sigma=100.0)
        sigma_b = pm.HalfNormal("sigma_b", 5.0)
        a = pm.Normal("a", mu=mu_a, sigma=sigma_a, shape=n_counties)
        b = pm.Normal("b", mu=mu_b, sigma=sigma_b, shape=n_counties)
        eps = pm.HalfCauchy("eps", 5.0)
        radon_est = a[county_idx] + b[county_idx] * data.floor.values
        pm.Normal("radon_like", mu=radon_est, sigma=eps, observed=data.log_radon)
    return model


def eight_schools(pm: ModuleType) -> Any:
    """Coaching effects, non-centred: Rubin (1981); 10 parameters."""
    data = posteriordb("eight_schools")
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        theta_trans = pm.Normal("theta_trans", 0, 1, shape=data["J"])
        theta = pm.Deterministic("theta", mu + tau * theta_trans)
        pm.Normal("y", theta, data["sigma"], observed=data["y"])
    return model


def irt_2pl(pm: ModuleType) -> Any:
    """Answers of 100 persons to 20 items, with discriminations and difficulties; 144 parameters."""
    data = posteriordb("irt_2pl")
    items, persons = data["I"], data["J"]
    with pm.Model() as model:
        sigma_theta = pm.HalfCauchy("sigma_theta", 2)
        theta = pm.Normal("theta", 0, sigma_theta, shape=persons)
        sigma_a = pm.HalfCauchy("sigma_a", 2)
        a = pm.LogNormal("a", 0, sigma_a, shape=items)
        mu_b = pm.Normal("mu_b", 0, 5)
        sigma_b = pm.HalfCauchy("sigma_b", 2)
        b = pm.Normal("b", mu_b, sigma_b, shape=items)
        pm.Bernoulli("y", logit_p=a[:, None] * (theta[None, :] - b[:, None]), observed=data["y"])
    return model


def election88(pm: ModuleType) -> Any:
    """Polls of 1988 by state and group of voters: Gelman & Hill (2006), chapter 14; 90 parameters."""
    data = posteriordb("election88")
    sizes = {"age": 4, "edu": 4, "age_edu": 16, "state": 51, "region_full": 5}
    female, black = data["female"], data["black"]
    X = np.stack([np.ones(data["N"]), black, female, data["v_prev_full"], female * black], axis=1)
    with pm.Model() as model:
        beta = pm.Normal("beta", 0, 100, shape=5)
        y_hat = pm.math.dot(X, beta)
        for group, size in sizes.items():
            sigma = pm.Uniform(f"sigma_{group}", 0, 100)
            effect = pm.Normal(group, 0, sigma, shape=size)
            y_hat = y_hat + effect[data[group].astype("int32") - 1]
        pm.Bernoulli("y", logit_p=y_hat, observed=data["y"])
    return model

"""Models without groups: logistic, linear and Gaussian-process regressions."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from models.data import posteriordb


def wells(pm: ModuleType) -> Any:
    """Logistic regression of 3,020 households: Gelman & Hill (2006), chapter 5; 4 parameters."""
    data = posteriordb("wells_data")
    predictors = [np.ones(data["N"]), data["dist"] / 100, data["arsenic"], data["educ"] / 4]
    X = np.stack(predictors, axis=1)
    with pm.Model() as model:
        beta = pm.Normal("beta", 0, 5, shape=4)
        pm.Bernoulli("switched", logit_p=pm.math.dot(X, beta), observed=data["switched"])
    return model


def kidscore_interaction(pm: ModuleType) -> Any:
    """Children's test scores on predictors as they are, so strongly correlated coefficients; 5 parameters."""
    data = posteriordb("kidiq")
    mom_hs, mom_iq = data["mom_hs"], data["mom_iq"]
    with pm.Model() as model:
        beta = pm.Flat("beta", shape=4)
        sigma = pm.HalfCauchy("sigma", 2.5)
        mu = beta[0] + beta[1] * mom_hs + beta[2] * mom_iq + beta[3] * (mom_hs * mom_iq)
        pm.Normal("kid_score", mu, sigma, observed=data["kid_score"])
    return model


def diamonds(pm: ModuleType) -> Any:
    """Prices of 5,000 diamonds on 24 nearly collinear predictors; 26 parameters."""
    data = posteriordb("diamonds")
    X = data["X"][:, 1:] - data["X"][:, 1:].mean(axis=0)
    with pm.Model() as model:
        b = pm.Normal("b", 0, 1, shape=X.shape[1])
        intercept = pm.StudentT("Intercept", nu=3, mu=8, sigma=10)
        sigma = pm.HalfStudentT("sigma", nu=3, sigma=10)
        pm.Normal("Y", intercept + pm.math.dot(X, b), sigma, observed=data["Y"])
    return model


def gp_regression(pm: ModuleType) -> Any:
    """A Gaussian process with exponentiated quadratic kernel at 11 points; 3 parameters."""
    data = posteriordb("gp_pois_regr")
    x, y = data["x"], data["y"]
    squared_distance = (x[:, None] - x[None, :]) ** 2.0
    with pm.Model() as model:
        rho = pm.Gamma("rho", alpha=25, beta=4)
        alpha = pm.HalfNormal("alpha", 2)
        sigma = pm.HalfNormal("sigma", 1)
        kernel = alpha**2 * pm.math.exp(-0.5 * squared_distance / rho**2)
        pm.MvNormal("y", mu=np.zeros(len(x)), cov=kernel + sigma * np.eye(len(x)), observed=y)
    return model

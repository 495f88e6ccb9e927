"""Samples a model whose density needs LAPACK and prints how its program was obtained; run by a test."""

from __future__ import annotations

import numpy as np

import pmjax as pm
from pmjax.runtime.programs import Counter

with pm.Model():
    pm.MvNormal("x", mu=np.zeros(2), chol=np.array([[1.0, 0.0], [0.5, 1.0]]), shape=2)
    trace = pm.sample(
        20, tune=20, chains=1, random_seed=1, progressbar=False, compute_convergence_checks=False
    )
print(Counter.compiled, Counter.loaded, float(trace.posterior["x"].sum()))

"""The radon model from import to trace plot, with the time each part took.

Run it with ``make demo``. Gelman & Hill (2006), chapter 12: radon in 919 homes of 85 counties.
"""

from __future__ import annotations

import time
from pathlib import Path

STARTED = time.perf_counter()

import pmjax as pm  # noqa: E402

IMPORTED = time.perf_counter()

HYPERPARAMETERS = ["mu_a", "mu_b", "sigma_a", "sigma_b", "eps"]


def radon_model() -> pm.Model:
    """Return the hierarchical model of log radon: an intercept and a floor effect for each county."""
    import pandas as pd

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
        pm.Normal("radon_like", mu=radon_est, sigma=eps, observed=data.log_radon)
    return hierarchical_model


def main() -> None:
    """Sample, summarise, plot."""
    began = time.perf_counter()
    model = radon_model()
    built = time.perf_counter()
    with model:
        trace = pm.sample(2000, tune=2000, chains=4, target_accept=0.9, random_seed=20)
    sampled = time.perf_counter()

    import arviz as az

    attributes = trace.posterior.attrs
    print(az.summary(trace, var_names=HYPERPARAMETERS).to_string())
    print()
    print(f"import pmjax      {IMPORTED - STARTED:6.2f} s")
    print(f"read, build model {built - began + attributes['build_time']:6.2f} s")
    print(f"compile           {attributes['compile_time']:6.2f} s")
    print(f"sample            {attributes['sampling_time']:6.2f} s")
    print(f"pm.sample         {sampled - built:6.2f} s, with the results wrapped and checked")
    print(f"divergences       {int(trace.sample_stats['diverging'].sum())}")
    print(f"smallest bulk ESS {smallest_ess(trace):.0f} of {trace.posterior['mu_a'].size}")
    print(f"gradients         {attributes['gradients']}")
    print(f"trace plot        {plot(trace)}")


def smallest_ess(trace: object) -> float:
    """Return the smallest bulk effective sample size over all elements of all variables."""
    import arviz as az

    found = az.ess(trace)
    groups = found if "mu_a" in found else found["posterior"]
    return min(float(groups[name].min()) for name in [*HYPERPARAMETERS, "a", "b"])


def plot(trace: object) -> Path:
    """Write the trace plot of the hyperparameters as PNG and return its path."""
    import matplotlib

    matplotlib.use("Agg")
    import arviz as az
    import matplotlib.pyplot as plt

    path = Path("radon_trace.png").resolve()
    az.plot_trace(trace, var_names=HYPERPARAMETERS)
    figure = plt.gcf()
    figure.set_layout_engine("constrained")
    figure.savefig(path)
    return path


if __name__ == "__main__":
    main()

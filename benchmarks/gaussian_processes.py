"""Time to sample Gaussian processes of n points of one dimension, with each way to write them.

Run ``python benchmarks/gaussian_processes.py [n ...]`` (100, 1000 and 10000 by default). The model is a
Matérn 5/2 process with normal noise: length scale, amplitude and noise are sampled by 4 chains of
1000 + 1000 draws. Each run is a process of its own. *Cold* is from its start to the first result, with empty
caches; *warm* is a second call in the same process. Prints a table in Markdown; a case that takes longer
than `LIMIT` seconds is said to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LIMIT = 1800
SIZES = (100, 1000, 10_000)
# Points up to which a case is tried: the cube of n grows.
DENSE = 1000


def data(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted inputs and noisy values of a smooth function."""
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 100, n))
    return x, np.sin(x) + 0.3 * rng.normal(size=n)


def declare(pm: Any, n: int, kind: str) -> Any:
    """Return the model in PyMC's language; the same text for both libraries."""
    x, y = data(n)
    with pm.Model() as model:
        ls, eta = pm.InverseGamma("ls", 3, 3), pm.HalfNormal("eta", 2)
        sigma = pm.HalfNormal("sigma", 1)
        function = pm.gp.cov.ExpQuad if kind == "marginal smooth" else pm.gp.cov.Matern52
        cov = eta**2 * function(1, ls=ls)
        if kind.startswith("marginal"):
            pm.gp.Marginal(cov_func=cov).marginal_likelihood("y", X=x[:, None], y=y, sigma=sigma)
        elif kind == "latent":
            f = pm.gp.Latent(cov_func=cov).prior("f", X=x[:, None])
            pm.Normal("y", f, sigma, observed=y)
        else:
            f = pm.gp.HSGP(m=[150], c=1.2, cov_func=cov).prior("f", X=x[:, None])
            pm.Normal("y", f, sigma, observed=y)
    return model


def pmjax(n: int, kind: str) -> Callable[[], Any]:
    """Return a call that samples with pmjax."""
    import pmjax as pm

    model = declare(pm, n, kind)
    return lambda: pm.sample(1000, tune=1000, chains=4, random_seed=1, progressbar=False, model=model)


def nutpie(n: int, kind: str) -> Callable[[], Any]:
    """Return a call that samples the model of PyMC with nutpie."""
    import pymc

    model = declare(pymc, n, kind)
    options = {"nuts_sampler": "nutpie", "progressbar": False, "random_seed": 1, "model": model}
    return lambda: pymc.sample(1000, tune=1000, chains=4, **options)


def tinygp(n: int, kind: str) -> Callable[[], Any]:
    """Return a call that samples with NumPyro, with the quasi-separable solver of tinygp."""
    import jax
    import numpyro
    from numpyro import distributions as dist
    from tinygp import GaussianProcess
    from tinygp.kernels import quasisep

    jax.config.update("jax_enable_x64", True)
    x, y = data(n)

    def model() -> None:
        ls = numpyro.sample("ls", dist.InverseGamma(3.0, 3.0))
        eta, sigma = (
            numpyro.sample("eta", dist.HalfNormal(2.0)),
            numpyro.sample("sigma", dist.HalfNormal(1.0)),
        )
        kernel = quasisep.Matern52(scale=ls, sigma=eta)
        numpyro.sample("y", GaussianProcess(kernel, x, diag=sigma**2).numpyro_dist(), obs=y)

    mcmc = numpyro.infer.MCMC(
        numpyro.infer.NUTS(model), num_warmup=1000, num_samples=1000, num_chains=4,
        chain_method="sequential", progress_bar=False,
    )  # fmt: skip
    return lambda: mcmc.run(jax.random.key(1))


CASES: dict[str, tuple[Callable[[int, str], Callable[[], Any]], str, int]] = {
    "pmjax Marginal, Matern52 (state space)": (pmjax, "marginal", max(SIZES)),
    "pmjax Marginal, ExpQuad (dense)": (pmjax, "marginal smooth", DENSE),
    "pmjax Latent, Matern52 (dense)": (pmjax, "latent", DENSE),
    "pmjax HSGP, 150 functions": (pmjax, "hsgp", max(SIZES)),
    "PyMC + nutpie Marginal, Matern52": (nutpie, "marginal", DENSE),
    "PyMC + nutpie HSGP, 150 functions": (nutpie, "hsgp", max(SIZES)),
    "tinygp + NumPyro, Matern52 (quasi-separable)": (tinygp, "marginal", max(SIZES)),
}


def work(case: str, n: int, born: float) -> None:
    """Sample twice, and print the seconds of both."""
    sampler, kind, _ = CASES[case]
    sample = sampler(n, kind)
    sample()
    first = time.time()
    sample()
    print(json.dumps({"cold": first - born, "warm": time.time() - first}))


def timed(case: str, n: int) -> str:
    """Return "cold / warm" of a case in a process of its own, or why there is none."""
    if n > CASES[case][2]:
        return "–"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--work", case, str(n), str(time.time())]
        cache = {"XDG_CACHE_HOME": folder, "PYTENSOR_FLAGS": f"base_compiledir={folder}"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT, env={**os.environ, **cache}
            )
        except subprocess.TimeoutExpired:
            return f"> {LIMIT} s"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:60]
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return f"{result['cold']:.1f} / {result['warm']:.1f}"


def main(sizes: list[int]) -> None:
    """Print the table."""
    print("| cold / warm seconds | " + " | ".join(f"n = {n:,}" for n in sizes) + " |")
    print("| --- |" + " --: |" * len(sizes))
    for case in CASES:
        print(f"| {case} | " + " | ".join(timed(case, n) for n in sizes) + " |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        main([int(n) for n in sys.argv[1:]] or list(SIZES))

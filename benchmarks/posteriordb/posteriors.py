"""The 21 posteriors of posteriordb that have reference draws, in PyMC's language.

Stan's parameters without a statement have a flat prior on their support; a statement about a
positive parameter is the half of the density, which differs from it by a constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from models import BENCHMARKS

import pmjax as pm
from posteriordb.dynamics import lotka_volterra, one_compartment

Data = dict[str, Any]


@dataclass(frozen=True)
class Posterior:
    """A model, what it is called in posteriordb, and how it is sampled.

    Attributes
    ----------
    build : callable
        ``build(data) -> model``, with the lists of the data as arrays.
    data : str
        The file of the data.
    target_accept : float
    draws : int
    slow : bool
        Whether it is left to the slow tests.
    heavy : tuple of str
        Positive parameters whose square has no variance, so that no number of draws says how well its mean is
        known: they are compared by their logarithms.
    """

    build: Callable[[Data], pm.Model]
    data: str
    target_accept: float = 0.8
    draws: int = 2000
    slow: bool = False
    heavy: tuple[str, ...] = ()


def arrays_of(data: Data) -> Data:
    """Return the data with its lists as arrays."""
    return {key: np.array(value) if isinstance(value, list) else value for key, value in data.items()}


def benchmark(name: str) -> Callable[[Data], pm.Model]:
    """Return a model of the benchmarks, which reads its data itself."""
    return lambda data: BENCHMARKS[name].build(pm)


def linear(X: np.ndarray, y: np.ndarray) -> pm.Model:
    """Linear regression on a constant and the columns of X; everything flat."""
    with pm.Model() as model:
        beta = pm.Flat("beta", shape=X.shape[1] + 1)
        sigma = pm.HalfFlat("sigma")
        pm.Normal("y", beta[0] + pm.math.dot(X, beta[1:]), sigma, observed=y)
    return model


def kidscore_momiq(d: Data) -> pm.Model:
    with pm.Model() as model:
        beta = pm.Flat("beta", shape=2)
        sigma = pm.HalfCauchy("sigma", 2.5)
        pm.Normal("y", beta[0] + beta[1] * d["mom_iq"], sigma, observed=d["kid_score"])
    return model


def earn_height(d: Data) -> pm.Model:
    return linear(d["height"][:, None], d["earn"])


def logearn_interaction(d: Data) -> pm.Model:
    X = np.stack([d["height"], d["male"], d["height"] * d["male"]], axis=1)
    return linear(X, np.log(d["earn"]))


def mesquite(d: Data) -> pm.Model:
    names = ("diam1", "diam2", "canopy_height", "total_height", "density", "group")
    return linear(np.stack([d[name] for name in names], axis=1), d["weight"])


def logmesquite(d: Data) -> pm.Model:
    area = d["diam1"] * d["diam2"]
    shape = d["diam1"] / d["diam2"]
    columns = (area * d["canopy_height"], area, shape, d["total_height"], d["density"])
    return linear(np.stack([*map(np.log, columns), d["group"]], axis=1), np.log(d["weight"]))


def nes(d: Data) -> pm.Model:
    ages = [d["age_discrete"] == k for k in (2, 3, 4)]
    columns = (d["real_ideo"], d["race_adj"], *ages, d["educ1"], d["gender"], d["income"])
    return linear(np.stack([np.asarray(c, float) for c in columns], axis=1), d["partyid7"].astype(float))


def ar_k(d: Data) -> pm.Model:
    K, y = d["K"], d["y"]
    lagged = np.stack([y[K - k - 1 : len(y) - k - 1] for k in range(K)], axis=1)
    with pm.Model() as model:
        alpha = pm.Normal("alpha", 0, 10)
        beta = pm.Normal("beta", 0, 10, shape=K)
        sigma = pm.HalfCauchy("sigma", 2.5)
        pm.Normal("y", alpha + pm.math.dot(lagged, beta), sigma, observed=y[K:])
    return model


@pm.lift
def volatility(mu: jax.Array, a0: jax.Array, a1: jax.Array, b1: jax.Array, y: jax.Array, first: Any) -> Any:
    """Return sigma_t with sigma_t^2 = a0 + a1 (y_{t-1} - mu)^2 + b1 sigma_{t-1}^2."""

    def step(variance: jax.Array, shock: jax.Array) -> tuple[jax.Array, jax.Array]:
        variance = a0 + a1 * shock + b1 * variance
        return variance, variance

    first = jnp.asarray(first, y.dtype) ** 2
    later = jax.lax.scan(step, first, (y[:-1] - mu) ** 2)[1]
    return jnp.sqrt(jnp.concatenate([first[None], later]))


def garch11(d: Data) -> pm.Model:
    with pm.Model() as model:
        mu = pm.Flat("mu")
        alpha0 = pm.HalfFlat("alpha0")
        alpha1 = pm.Uniform("alpha1", 0, 1)
        beta1 = pm.Uniform("beta1", 0, 1 - alpha1)
        # Stan's beta1 is flat on (0, 1 - alpha1): no normalising 1 / (1 - alpha1).
        pm.Potential("flat", pm.math.log(1 - alpha1))
        sigma = volatility(mu, alpha0, alpha1, beta1, d["y"], d["sigma1"])
        pm.Normal("y", mu, sigma, observed=d["y"])
    return model


def gp_pois_regr(d: Data, jitter: float = 1e-10) -> pm.Model:
    x, n = d["x"], d["N"]
    with pm.Model() as model:
        rho = pm.Gamma("rho", alpha=25, beta=4)
        alpha = pm.HalfNormal("alpha", 2)
        z = pm.Normal("f_tilde", 0, 1, shape=n)
        kernel = alpha**2 * pm.math.exp(-0.5 * (x[:, None] - x[None, :]) ** 2.0 / rho**2)
        f = pm.Deterministic("f", pm.math.dot(pm.math.cholesky(kernel + jitter * np.eye(n)), z))
        pm.Poisson("k", pm.math.exp(f), observed=d["k"])
    return model


def gauss_mix(d: Data) -> pm.Model:
    with pm.Model() as model:
        ordered = pm.distributions.transforms.ordered
        mu = pm.Normal("mu", 0, 2, shape=2, transform=ordered, initval=[-1.0, 1.0])
        sigma = pm.HalfNormal("sigma", 2, shape=2)
        theta = pm.Beta("theta", 5, 5)
        z = (d["y"][:, None] - mu) / sigma
        terms = pm.math.log(pm.math.stack([theta, 1 - theta])) - pm.math.log(sigma) - 0.5 * z**2
        pm.Potential("y", pm.math.logsumexp(terms, axis=1).sum())
    return model


def blr(d: Data) -> pm.Model:
    with pm.Model() as model:
        beta = pm.Normal("beta", 0, 10, shape=d["D"])
        sigma = pm.HalfNormal("sigma", 10)
        pm.Normal("y", pm.math.dot(d["X"], beta), sigma, observed=d["y"])
    return model


def kilpisjarvi(d: Data) -> pm.Model:
    with pm.Model() as model:
        alpha = pm.Normal("alpha", d["pmualpha"], d["psalpha"])
        beta = pm.Normal("beta", d["pmubeta"], d["psbeta"])
        sigma = pm.HalfFlat("sigma")
        pm.Normal("y", alpha + beta * d["x"], sigma, observed=d["y"])
    return model


def eight_schools(d: Data, *, centred: bool) -> pm.Model:
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        if centred:
            theta = pm.Normal("theta", mu, tau, shape=d["J"])
        else:
            z = pm.Normal("z", 0, 1, shape=d["J"])
            theta = pm.Deterministic("theta", mu + tau * z)
        pm.Normal("y", theta, d["sigma"].astype(float), observed=d["y"])
    return model


def hidden_markov(d: Data) -> pm.Model:
    with pm.Model() as model:
        theta1, theta2 = pm.Dirichlet("theta1", np.ones(2)), pm.Dirichlet("theta2", np.ones(2))
        mu = pm.Normal("mu", np.array([3.0, 10.0]), 1.0)
        z = pm.DiscreteMarkovChain("z", P=pm.math.stack([theta1, theta2]), shape=d["N"])
        pm.Potential("ordered", pm.math.switch((mu[0] > 0) & (mu[0] < mu[1]), 0.0, -np.inf))
        pm.Normal("y", mu[z], 1.0, observed=d["y"])
    return model


POSTERIORS: dict[str, Posterior] = {
    "eight_schools-eight_schools_centered": Posterior(
        partial(eight_schools, centred=True), "eight_schools", 0.99, draws=4000
    ),
    "eight_schools-eight_schools_noncentered": Posterior(
        partial(eight_schools, centred=False), "eight_schools", 0.9, draws=4000
    ),
    "hmm_example-hmm_example": Posterior(hidden_markov, "hmm_example"),
    "hudson_lynx_hare-lotka_volterra": Posterior(lotka_volterra, "hudson_lynx_hare", slow=True),
    "one_comp_mm_elim_abs-one_comp_mm_elim_abs": Posterior(
        one_compartment, "one_comp_mm_elim_abs", 0.95, draws=4000, slow=True, heavy=("K_m", "V_m")
    ),
    "kidiq-kidscore_interaction": Posterior(benchmark("kidscore_interaction"), "kidiq"),
    "kidiq-kidscore_momiq": Posterior(kidscore_momiq, "kidiq"),
    "diamonds-diamonds": Posterior(benchmark("diamonds"), "diamonds", slow=True),
    "earnings-earn_height": Posterior(earn_height, "earnings"),
    "earnings-logearn_interaction": Posterior(logearn_interaction, "earnings"),
    "mesquite-mesquite": Posterior(mesquite, "mesquite"),
    "mesquite-logmesquite_logvas": Posterior(logmesquite, "mesquite"),
    "nes1972-nes": Posterior(nes, "nes1972"),
    "nes2000-nes": Posterior(nes, "nes2000"),
    "arK-arK": Posterior(ar_k, "arK"),
    "garch-garch11": Posterior(garch11, "garch"),
    "gp_pois_regr-gp_regr": Posterior(benchmark("gp_regression"), "gp_pois_regr"),
    "gp_pois_regr-gp_pois_regr": Posterior(gp_pois_regr, "gp_pois_regr", 0.95, slow=True),
    "low_dim_gauss_mix-low_dim_gauss_mix": Posterior(gauss_mix, "low_dim_gauss_mix"),
    "sblrc-blr": Posterior(blr, "sblrc"),
    "kilpisjarvi_mod-kilpisjarvi": Posterior(kilpisjarvi, "kilpisjarvi_mod"),
}

"""Models of NumPyro over the breadth of its language: one function each, with what it is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

RNG = np.random.default_rng(20261101)
X = RNG.normal(size=(30, 2))
Y = X @ [0.5, -1.0] + RNG.normal(scale=0.4, size=30)
GROUP = RNG.integers(0, 4, 30)
COUNTS = RNG.poisson(3.0, 30)

CATALOGUE: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {}


def called_with(*args: Any, **kwargs: Any) -> Callable[..., Any]:
    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        CATALOGUE[build.__name__] = (build, args, kwargs)
        return build

    return register


@called_with(X, y=Y)
def linear_regression(numpyro: Any, dist: Any, x: Any, y: Any = None) -> None:
    with numpyro.plate("predictor", x.shape[1]):
        beta = numpyro.sample("beta", dist.Normal(0, 2))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    with numpyro.plate("row", len(x)):
        mu = numpyro.deterministic("mu", x @ beta)
        numpyro.sample("y", dist.Normal(mu, sigma), obs=y)


@called_with(GROUP, Y, groups=4)
def hierarchy(numpyro: Any, dist: Any, group: Any, y: Any, groups: int) -> None:
    mu = numpyro.sample("mu", dist.Normal(0, 3))
    tau = numpyro.sample("tau", dist.HalfCauchy(1))
    with numpyro.plate("group", groups):
        a = numpyro.sample("a", dist.Normal(mu, tau))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.StudentT(4.0, a[group], 0.5), obs=y)


@called_with(np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18]))
def decentred_by_handler(numpyro: Any, dist: Any, y: Any, sigma: Any) -> None:
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    reparam = {"theta": numpyro.infer.reparam.LocScaleReparam(0.0)}
    with numpyro.plate("school", 8), numpyro.handlers.reparam(config=reparam):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("effect", dist.Normal(theta, sigma), obs=y)


@called_with(X, (Y > 0).astype(int))
def logistic_regression(numpyro: Any, dist: Any, x: Any, y: Any) -> None:
    beta = numpyro.sample("beta", dist.Laplace(jnp.zeros(2), 1.0).to_event(1))
    numpyro.sample("y", dist.Bernoulli(logits=x @ beta), obs=y)


@called_with(COUNTS)
def bounds_of_other_sites(numpyro: Any, dist: Any, counts: Any) -> None:
    low = numpyro.sample("low", dist.Uniform(0.1, 1.0))
    high = numpyro.sample("high", dist.Uniform(low, counts.max()))
    numpyro.sample("counts", dist.Poisson(low + high), obs=counts)


@called_with(Y)
def mixture(numpyro: Any, dist: Any, y: Any) -> None:
    w = numpyro.sample("w", dist.Dirichlet(jnp.array([2.0, 1.0, 3.0])))
    mu = numpyro.sample("mu", dist.Normal(jnp.array([-1.0, 0.0, 1.0]), 0.5))
    parts = dist.MixtureSameFamily(dist.Categorical(w), dist.Normal(mu, 0.6))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", parts, obs=y)


@called_with(X)
def covariance(numpyro: Any, dist: Any, x: Any) -> None:
    scale = numpyro.sample("scale", dist.Exponential(1.0).expand([2]))
    corr = numpyro.sample("corr", dist.LKJCholesky(2, 1.5))
    chol = numpyro.deterministic("chol", scale[:, None] * corr)
    with numpyro.plate("row", len(x)):
        numpyro.sample("x", dist.MultivariateNormal(jnp.zeros(2), scale_tril=chol), obs=x)


@called_with(Y[:12])
def random_walk(numpyro: Any, dist: Any, y: Any) -> None:
    from numpyro.contrib.control_flow import scan

    step = numpyro.sample("step", dist.HalfNormal(0.5))

    def move(level: Any, value: Any) -> Any:
        level = numpyro.sample("level", dist.Normal(level, step))
        numpyro.sample("y", dist.Normal(level, 0.5), obs=value)
        return level, level

    scan(move, 0.0, y)


@called_with(X[:, 0], GROUP)
def ordinal_regression(numpyro: Any, dist: Any, x: Any, y: Any) -> None:
    cut = numpyro.sample(
        "cut",
        dist.TransformedDistribution(
            dist.Normal(0.0, 2.0).expand([3]).to_event(1), dist.transforms.OrderedTransform()
        ),
    )
    eta = numpyro.sample("eta", dist.Normal(0, 1))
    with numpyro.plate("row", len(x)):
        numpyro.sample("y", dist.OrderedLogistic(eta * x, cut), obs=y)


@called_with(Y)
def weights_and_factors(numpyro: Any, dist: Any, y: Any) -> None:
    mu = numpyro.sample("mu", dist.TruncatedNormal(0, 1, low=-2.0))
    rate = numpyro.sample("rate", dist.Gamma(2.0, 1.0))
    numpyro.factor("soft", -0.5 * (mu - 0.3) ** 2)
    with numpyro.plate("row", len(y)), numpyro.handlers.scale(scale=2.5), numpyro.handlers.mask(mask=y > -1):
        numpyro.sample("y", dist.Normal(mu, 1 / rate), obs=y)


@called_with(GROUP, Y)
def values_of_an_argument(numpyro: Any, dist: Any, group: Any, y: Any) -> None:
    with numpyro.plate("group", int(group.max()) + 1):
        a = numpyro.sample("a", dist.Logistic(0, 1))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Normal(a[group], 1), obs=y)


@called_with(COUNTS, n=40)
def nested_plates(numpyro: Any, dist: Any, counts: Any, n: int) -> None:
    with numpyro.plate("batch", 3, dim=-2):
        share = numpyro.sample("share", dist.Beta(2, 3))
        with numpyro.plate("day", 10, dim=-1):
            boost = numpyro.sample("boost", dist.Normal(0, 0.1))
            p = numpyro.deterministic("p", jnp.clip(share + 0.1 * jnp.tanh(boost), 0.01, 0.99))
            numpyro.sample("counts", dist.Binomial(n, p), obs=counts.reshape(3, 10))

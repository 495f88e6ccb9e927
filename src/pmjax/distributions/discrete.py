"""Distributions of integers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.distributions.distribution import Distribution, distribution
from pmjax.distributions.parameters import check_order, one_of
from pmjax.distributions.support import (
    BINARY,
    CATEGORIES,
    COUNTS,
    COUNTS_TO_N,
    INTEGERS,
    NON_NEGATIVE,
    POSITIVE,
    UNIT_INTERVAL,
)
from pmjax.errors import ModelError
from pmjax.graph.ops import Shape
from pmjax.graph.variable import Variable, call, elementwise
from pmjax.numerics.functions import softplus
from pmjax.numerics.special import log_odds, log_probability, xlogy


def logit_of(p: Any, logit_p: Any) -> Any:
    """Return the log-odds, given the probability or the log-odds.

    A probability written as a sigmoid of x gives x back, so that nothing overflows.
    """
    if one_of(p=p, logit_p=logit_p) == "logit_p":
        return logit_p
    if not isinstance(p, Variable):
        return np.log(p) - np.log1p(-p)
    if getattr(p.op, "function", None) is jax.nn.sigmoid:
        return p.inputs[0]
    return elementwise(log_odds, p)


def _bernoulli(successes: Any, failures: Any, logit_p: Any) -> Any:
    """Return the log of p^successes (1 - p)^failures, exact at p = 0 and p = 1."""
    log_p, log_q = -softplus(-logit_p), -softplus(logit_p)
    return jnp.where(successes == 0, 0.0, successes * log_p) + jnp.where(failures == 0, 0.0, failures * log_q)


@distribution
class Bernoulli(Distribution):
    """The outcome 0 or 1 of one trial.

    Parameters
    ----------
    p : array
        Probability of 1; or give its log-odds, `logit_p`.
    """

    support = BINARY
    discrete = True
    domains = {"p": UNIT_INTERVAL}

    def parameters(self, p: Any = None, logit_p: Any = None) -> dict[str, Any]:
        return {"logit_p": logit_of(p, logit_p)}

    def log_density(self, x: Any, logit_p: Any) -> Any:
        inside = (x == 0) | (x == 1)
        return jnp.where(inside, -softplus(jnp.where(x == 1, -logit_p, logit_p)), -jnp.inf)

    def draw(self, key: Any, shape: Shape, logit_p: Any) -> Any:
        return jax.random.bernoulli(key, jax.nn.sigmoid(logit_p), shape).astype(int)

    def center(self, logit_p: Any) -> Any:
        return np.where(np.asarray(logit_p) > 0, 1, 0)


@distribution
class Binomial(Distribution):
    """The number of successes in n independent trials.

    Parameters
    ----------
    n : array of integers
        Number of trials.
    p : array
        Probability of success; or give its log-odds, `logit_p`.
    """

    support = COUNTS_TO_N
    discrete = True
    domains = {"n": COUNTS, "p": UNIT_INTERVAL}

    def parameters(self, n: Any, p: Any = None, logit_p: Any = None) -> dict[str, Any]:
        return {"n": n, "logit_p": logit_of(p, logit_p)}

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[0] is None else inside & (x <= params[0])

    def log_density(self, x: Any, n: Any, logit_p: Any) -> Any:
        inside = (x >= 0) & (x <= n)
        safe = jnp.where(inside, x, 0)
        log_choose = jsp.gammaln(n + 1.0) - jsp.gammaln(safe + 1.0) - jsp.gammaln(n - safe + 1.0)
        return jnp.where(inside, log_choose + _bernoulli(safe, n - safe, logit_p), -jnp.inf)

    def draw(self, key: Any, shape: Shape, n: Any, logit_p: Any) -> Any:
        return jax.random.binomial(key, n, jax.nn.sigmoid(logit_p), shape).astype(int)

    def center(self, n: Any, logit_p: Any) -> Any:
        return np.round(np.asarray(n) / (1 + np.exp(-np.asarray(logit_p, float)))).astype(int)


@distribution
class DiscreteUniform(Distribution):
    """Every integer from lower to upper, both included, with the same probability.

    Parameters
    ----------
    lower, upper : array of integers
        The smallest and the largest value.
    """

    support = INTEGERS
    discrete = True
    domains = {"lower": INTEGERS, "upper": INTEGERS}

    def parameters(self, lower: Any, upper: Any) -> dict[str, Any]:
        check_order(lower, upper, strict=False)
        return {"lower": lower, "upper": upper}

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        lower, upper = params
        inside = INTEGERS.contains(x)
        inside = inside if lower is None else inside & (x >= lower)
        return inside if upper is None else inside & (x <= upper)

    def log_density(self, x: Any, lower: Any, upper: Any) -> Any:
        return jnp.where((x >= lower) & (x <= upper), -jnp.log(upper - lower + 1.0), -jnp.inf)

    def draw(self, key: Any, shape: Shape, lower: Any, upper: Any) -> Any:
        low, high = jnp.asarray(lower).astype(int), jnp.asarray(upper).astype(int)
        return jax.random.randint(key, shape, low, high + 1)

    def center(self, lower: Any, upper: Any) -> Any:
        return ((np.asarray(lower) + np.asarray(upper)) // 2).astype(int)


@distribution
class Poisson(Distribution):
    r"""Poisson distribution of counts, with mean and variance mu.

    Parameters
    ----------
    mu : array
        Mean, at least 0.
    """

    support = COUNTS
    discrete = True
    domains = {"mu": NON_NEGATIVE}

    def parameters(self, mu: Any) -> dict[str, Any]:
        return {"mu": mu}

    def log_density(self, x: Any, mu: Any) -> Any:
        safe = jnp.where(x >= 0, x, 0)
        return jnp.where(x >= 0, xlogy(safe, mu) - mu - jsp.gammaln(safe + 1.0), -jnp.inf)

    def draw(self, key: Any, shape: Shape, mu: Any) -> Any:
        return jax.random.poisson(key, mu, shape).astype(int)

    def center(self, mu: Any) -> Any:
        return np.floor(mu).astype(int)


@distribution
class NegativeBinomial(Distribution):
    r"""Counts with mean mu and variance mu + mu² / alpha.

    Parameters
    ----------
    mu, alpha : array
        Mean and dispersion, positive; or
    n, p : array
        number of successes (alpha = n) and probability of one (mu = n (1 - p) / p).
    """

    support = COUNTS
    discrete = True
    domains = {"mu": NON_NEGATIVE, "alpha": POSITIVE, "n": POSITIVE, "p": UNIT_INTERVAL}

    def parameters(
        self, mu: Any = None, alpha: Any = None, *, n: Any = None, p: Any = None
    ) -> dict[str, Any]:
        if one_of(mu=mu, p=p) == "mu":
            return {"mu": mu, "alpha": alpha if one_of(alpha=alpha, n=n) == "alpha" else n}
        size = alpha if one_of(alpha=alpha, n=n) == "alpha" else n
        return {"mu": size * (1 - p) / p, "alpha": size}

    def log_density(self, x: Any, mu: Any, alpha: Any) -> Any:
        safe = jnp.where(x >= 0, x, 0)
        log_choose = jsp.gammaln(safe + alpha) - jsp.gammaln(safe + 1.0) - jsp.gammaln(alpha)
        inner = log_choose - alpha * jnp.log1p(mu / alpha) + xlogy(safe, mu) - safe * jnp.log(mu + alpha)
        return jnp.where(x >= 0, inner, -jnp.inf)

    def draw(self, key: Any, shape: Shape, mu: Any, alpha: Any) -> Any:
        rate_key, count_key = jax.random.split(key)
        rate = jax.random.gamma(rate_key, alpha, shape) * mu / alpha
        return jax.random.poisson(count_key, rate, shape).astype(int)

    def center(self, mu: Any, alpha: Any) -> Any:
        return np.floor(mu).astype(int)


@distribution
class Categorical(Distribution):
    """One of K categories, numbered from 0.

    Parameters
    ----------
    p : array, shape (..., K)
        Probabilities (normalised if they do not sum to one); or give their logits, `logit_p`.
    """

    support = CATEGORIES
    discrete = True
    param_ndims = {"logit_p": 1}
    domains = {"p": NON_NEGATIVE}

    def parameters(self, p: Any = None, logit_p: Any = None) -> dict[str, Any]:
        if one_of(p=p, logit_p=logit_p) == "logit_p":
            return {"logit_p": call(jax.nn.log_softmax, logit_p)}
        if not np.ndim(p):
            raise ModelError(f"p must hold the probability of each category, got {p}")
        share = p / p.sum(axis=-1, keepdims=True)
        return {"logit_p": elementwise(log_probability, share) if isinstance(p, Variable) else np.log(share)}

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[0] is None else inside & (x < params[0].shape[-1])

    def log_density(self, x: Any, logit_p: Any) -> Any:
        categories = logit_p.shape[-1]
        inside = (x >= 0) & (x < categories)
        safe = jnp.where(inside, x, 0).astype(int)
        if logit_p.ndim == 1:
            return jnp.where(inside, logit_p[safe], -jnp.inf)
        batch = jnp.broadcast_shapes(jnp.shape(safe), logit_p.shape[:-1])
        full = jnp.broadcast_to(logit_p, (*batch, categories))
        chosen = jnp.broadcast_to(safe, batch)[..., None]
        return jnp.where(inside, jnp.take_along_axis(full, chosen, axis=-1)[..., 0], -jnp.inf)

    def draw(self, key: Any, shape: Shape, logit_p: Any) -> Any:
        return jax.random.categorical(key, logit_p, shape=shape)

    def center(self, logit_p: Any) -> Any:
        return np.argmax(logit_p, axis=-1)

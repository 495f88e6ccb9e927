"""Laws of integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law, Limit
from pmjax.laws.statistics import BERNOULLI, BINOMIAL, POISSON
from pmjax.laws.support import (
    BINARY,
    CATEGORIES,
    COUNTS,
    COUNTS_FROM_1,
    COUNTS_TO_N,
    INTEGERS,
    NON_NEGATIVE,
    POSITIVE,
    REAL,
    UNIT_INTERVAL,
)
from pmjax.numerics.functions import softplus
from pmjax.numerics.special import (
    deviance,
    factorial_rest,
    gamma_rest,
    log1mexp,
    log_beta_share,
    log_choose,
    log_gamma_share,
    log_gamma_tail,
    xlog1my,
)
from pmjax.runtime.types import Array, Key, Shape


def _bernoulli(successes: Array, failures: Array, logit_p: Array) -> Array:
    """Return the log of p^successes (1 - p)^failures, exact at p = 0 and p = 1."""
    log_p, log_q = -softplus(-logit_p), -softplus(logit_p)
    return jnp.where(successes == 0, 0.0, successes * log_p) + jnp.where(failures == 0, 0.0, failures * log_q)


def _entropy(k: Array, n: Array) -> Array:
    """Return -k log(k / n)."""
    some = k > 0
    return jnp.where(some, k * (jnp.log(jnp.where(some, n, 1.0)) - jnp.log(jnp.where(some, k, 1.0))), 0.0)


@dataclass(frozen=True)
class Bernoulli(Law):
    """The outcome 0 or 1 of one trial, by its log-odds."""

    signature = "()->()"
    support = BINARY
    discrete = True
    statistics = BERNOULLI

    def limits(self, *params: Any) -> tuple[Limit, Limit]:
        return 0, 1

    def log_density(self, x: Array, logit_p: Array) -> Array:
        inside = (x == 0) | (x == 1)
        return jnp.where(inside, -softplus(jnp.where(x == 1, -logit_p, logit_p)), -jnp.inf)

    def draw(self, key: Key, shape: Shape, logit_p: Array) -> Array:
        return jax.random.bernoulli(key, jax.nn.sigmoid(logit_p), shape).astype(int)

    def center(self, logit_p: Array) -> Array:
        return np.where(np.asarray(logit_p) < 0, 0, 1)

    def log_cdf(self, x: Array, logit_p: Array) -> Array:
        return jnp.where(x < 0, -jnp.inf, jnp.where(x < 1, -softplus(logit_p), 0.0))

    def log_sf(self, x: Array, logit_p: Array) -> Array:
        return jnp.where(x < 0, 0.0, jnp.where(x < 1, -softplus(-logit_p), -jnp.inf))


@dataclass(frozen=True)
class Binomial(Law):
    """The number of successes in n independent trials, by their log-odds."""

    signature = "(),()->()"
    support = COUNTS_TO_N
    discrete = True
    domains = {"n": COUNTS}
    statistics = BINOMIAL

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[0] is None else inside & (x <= params[0])

    def limits(self, *params: Any) -> tuple[Limit, Limit]:
        return 0, params[0]

    def log_density(self, x: Array, n: Array, logit_p: Array) -> Array:
        inside = (x >= 0) & (x <= n)
        k = jnp.where(inside, x, 0) * 1.0
        rests = factorial_rest(n * 1.0) - factorial_rest(k) - factorial_rest(n - k)
        share, rest = jax.nn.sigmoid(logit_p), jax.nn.sigmoid(-logit_p)
        # By deviances, which do not cancel; far out by logarithms of the shares, which do not underflow.
        near = jnp.abs(logit_p) < 600
        log_p = -deviance(k, n * share) - deviance(n - k, n * rest)
        far = _entropy(k, n) + _entropy(n - k, n) + _bernoulli(k, n - k, logit_p)
        return jnp.where(inside, rests + jnp.where(near, log_p, far), -jnp.inf)

    def draw(self, key: Key, shape: Shape, n: Array, logit_p: Array) -> Array:
        return jax.random.binomial(key, n, jax.nn.sigmoid(logit_p), shape).astype(int)

    def center(self, n: Array, logit_p: Array) -> Array:
        return np.round(np.asarray(n) / (1 + np.exp(-np.asarray(logit_p, float)))).astype(int)

    def log_cdf(self, x: Array, n: Array, logit_p: Array) -> Array:
        inside = (x >= 0) & (x < n)
        k = jnp.where(inside, jnp.floor(x), 0.0)
        log = log_beta_share(jax.nn.sigmoid(-logit_p), jnp.where(inside, n - k, 1.0), k + 1)
        return jnp.where(inside, log, jnp.where(x < 0, -jnp.inf, 0.0))

    def log_sf(self, x: Array, n: Array, logit_p: Array) -> Array:
        inside = (x >= 0) & (x < n)
        k = jnp.where(inside, jnp.floor(x), 0.0)
        log = log_beta_share(jax.nn.sigmoid(logit_p), k + 1, jnp.where(inside, n - k, 1.0))
        return jnp.where(inside, log, jnp.where(x < 0, 0.0, -jnp.inf))


@dataclass(frozen=True)
class DiscreteUniform(Law):
    """Every integer from lower to upper, both included, with the same probability."""

    signature = "(),()->()"
    support = INTEGERS
    discrete = True
    domains = {"lower": INTEGERS, "upper": INTEGERS}
    bounds = ("lower", "upper")

    def limits(self, *params: Any) -> tuple[Limit, Limit]:
        return params[0], params[1]

    def log_density(self, x: Array, lower: Array, upper: Array) -> Array:
        return jnp.where((x >= lower) & (x <= upper), -jnp.log(upper - lower + 1.0), -jnp.inf)

    def draw(self, key: Key, shape: Shape, lower: Array, upper: Array) -> Array:
        low, high = jnp.asarray(lower).astype(int), jnp.asarray(upper).astype(int)
        return jax.random.randint(key, shape, low, high + 1)

    def center(self, lower: Array, upper: Array) -> Array:
        return ((np.asarray(lower) + np.asarray(upper)) // 2).astype(int)

    def log_cdf(self, x: Array, lower: Array, upper: Array) -> Array:
        return jnp.log(jnp.clip((jnp.floor(x) - lower + 1.0) / (upper - lower + 1.0), 0.0, 1.0))

    def quantile(self, q: Array, lower: Array, upper: Array) -> Array:
        # The last digits of q (n / 3, say) must not lift an exact quantile to the next integer.
        steps = jnp.ceil(q * (upper - lower + 1.0) * (1 - 4 * jnp.finfo(float).eps)) - 1
        return lower + jnp.clip(steps, 0, upper - lower)


@dataclass(frozen=True)
class Poisson(Law):
    """Counts with mean and variance mu."""

    signature = "()->()"
    support = COUNTS
    discrete = True
    domains = {"mu": NON_NEGATIVE}
    exposure = "mu"
    statistics = POISSON

    def log_density(self, x: Array, mu: Array) -> Array:
        safe = jnp.maximum(x, 0) * 1.0
        return jnp.where(x >= 0, -deviance(safe, mu * 1.0) - factorial_rest(safe), -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array) -> Array:
        return draw_poisson(key, shape, mu)

    def center(self, mu: Array) -> Array:
        return np.floor(mu).astype(int)

    def log_cdf(self, x: Array, mu: Array) -> Array:
        k = jnp.floor(jnp.maximum(x, 0))
        return jnp.where(x < 0, -jnp.inf, log_gamma_tail(k + 1, mu))

    def log_sf(self, x: Array, mu: Array) -> Array:
        k = jnp.floor(jnp.maximum(x, 0))
        return jnp.where(x < 0, 0.0, log_gamma_share(k + 1, mu))


def draw_poisson(key: Key, shape: Shape, mu: Array) -> Array:
    """Return Poisson counts, for large means by rejection from a transformed uniform number (JAX).

    Hörmann 1993, doi:10.1016/0167-6687(93)90997-4 (algorithm PTRS). `jax.random.poisson` computes in
    single precision, in which the densities of large counts are noise.
    """
    small_key, large_key = jax.random.split(key)
    mu = jnp.broadcast_to(jnp.asarray(mu, float), shape)
    large = mu >= 10
    few = jax.random.poisson(small_key, jnp.where(large, 1.0, mu), shape).astype(int)
    mean = jnp.where(large, mu, 10.0)
    b = 0.931 + 2.53 * jnp.sqrt(mean)
    a = -0.059 + 0.02483 * b
    log_inverse_alpha = jnp.log(1.1239 + 1.1328 / (b - 3.4))

    def propose(state: tuple[Key, Array, Array]) -> tuple[Key, Array, Array]:
        key, count, done = state
        key, own = jax.random.split(key)
        u, v = jax.random.uniform(own, (2, *shape), minval=jnp.finfo(float).tiny)
        u = u - 0.5
        edge = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / edge + b) * u + mean + 0.43)
        safe = jnp.maximum(k, 0)
        log_ratio = jnp.log(v) + log_inverse_alpha - jnp.log(a / edge**2 + b)
        accepted = (k >= 0) & (log_ratio <= -deviance(safe, mean) - factorial_rest(safe))
        return key, jnp.where(done, count, safe), done | accepted

    start = (large_key, mean, ~large)
    many = jax.lax.while_loop(lambda state: ~state[2].all(), propose, start)[1]
    return jnp.where(large, many.astype(int), few)


@dataclass(frozen=True)
class NegativeBinomial(Law):
    """Counts with mean mu and variance mu + mu² / alpha."""

    signature = "(),()->()"
    support = COUNTS
    discrete = True
    domains = {"mu": NON_NEGATIVE, "alpha": POSITIVE}

    def log_density(self, x: Array, mu: Array, alpha: Array) -> Array:
        k = jnp.maximum(x, 0) * 1.0
        # C(k + alpha - 1, k) is the share alpha / (k + alpha) of C(k + alpha, k).
        total, spread = k + alpha, mu + alpha
        rests = gamma_rest(total) - gamma_rest(alpha) - factorial_rest(k)
        inner = rests - deviance(alpha, total * (alpha / spread)) - deviance(k, total * (mu / spread))
        return jnp.where(x >= 0, inner, -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, alpha: Array) -> Array:
        rate_key, count_key = jax.random.split(key)
        rate = jax.random.gamma(rate_key, alpha, shape) * mu / alpha
        return draw_poisson(count_key, shape, rate)

    def center(self, mu: Array, alpha: Array) -> Array:
        return np.floor(mu).astype(int)

    def log_cdf(self, x: Array, mu: Array, alpha: Array) -> Array:
        k = jnp.floor(jnp.maximum(x, 0))
        return jnp.where(x < 0, -jnp.inf, log_beta_share(alpha / (mu + alpha), alpha, k + 1))

    def log_sf(self, x: Array, mu: Array, alpha: Array) -> Array:
        k = jnp.floor(jnp.maximum(x, 0))
        return jnp.where(x < 0, 0.0, log_beta_share(mu / (mu + alpha), k + 1, alpha))


@dataclass(frozen=True)
class Categorical(Law):
    """One of K categories, numbered from 0, by the logs of their probabilities."""

    signature = "(k)->()"
    support = CATEGORIES
    discrete = True

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[0] is None else inside & (x < params[0].shape[-1])

    def limits(self, *params: Any) -> tuple[Limit, Limit]:
        return 0, params[0].shape[-1] - 1

    def log_density(self, x: Array, logit_p: Array) -> Array:
        categories = logit_p.shape[-1]
        inside = (x >= 0) & (x < categories)
        safe = jnp.where(inside, x, 0).astype(int)
        if logit_p.ndim == 1:
            return jnp.where(inside, logit_p[safe], -jnp.inf)
        batch = jnp.broadcast_shapes(jnp.shape(safe), logit_p.shape[:-1])
        full = jnp.broadcast_to(logit_p, (*batch, categories))
        chosen = jnp.broadcast_to(safe, batch)[..., None]
        return jnp.where(inside, jnp.take_along_axis(full, chosen, axis=-1)[..., 0], -jnp.inf)

    def draw(self, key: Key, shape: Shape, logit_p: Array) -> Array:
        return jax.random.categorical(key, logit_p, shape=shape)

    def center(self, logit_p: Array) -> Array:
        return np.argmax(logit_p, axis=-1)

    def log_cdf(self, x: Array, logit_p: Array) -> Array:
        below = jnp.arange(logit_p.shape[-1]) <= jnp.asarray(x)[..., None]
        return jsp.logsumexp(jnp.where(below, logit_p, -jnp.inf), axis=-1)


@dataclass(frozen=True)
class Geometric(Law):
    """The number of the first trial that succeeds, counted from 1."""

    signature = "()->()"
    support = COUNTS_FROM_1
    discrete = True
    domains = {"p": UNIT_INTERVAL}

    def log_density(self, x: Array, p: Array) -> Array:
        inside = x >= 1
        return jnp.where(inside, jnp.log(p) + xlog1my(jnp.where(inside, x, 1) - 1.0, p), -jnp.inf)

    def draw(self, key: Key, shape: Shape, p: Array) -> Array:
        return jax.random.geometric(key, p, shape).astype(int)

    def center(self, p: Array) -> Array:
        return np.round(1 / np.maximum(p, 1e-12)).astype(int)

    def log_cdf(self, x: Array, p: Array) -> Array:
        return log1mexp(self.log_sf(x, p))

    def log_sf(self, x: Array, p: Array) -> Array:
        return jnp.maximum(jnp.floor(x), 0) * jnp.log1p(-p)

    def quantile(self, q: Array, p: Array) -> Array:
        # The last digits of the ratio must not lift an exact quantile to the next integer.
        return jnp.maximum(jnp.ceil(jnp.log1p(-q) / jnp.log1p(-p) * (1 - 4 * jnp.finfo(float).eps)), 1)


@dataclass(frozen=True)
class DiscreteWeibull(Law):
    r"""Counts with survival function :math:`P(X > x) = q^{(x + 1)^\beta}`."""

    signature = "(),()->()"
    support = COUNTS
    discrete = True
    domains = {"q": UNIT_INTERVAL, "beta": POSITIVE}

    def log_density(self, x: Array, q: Array, beta: Array) -> Array:
        inside = x >= 0
        k = jnp.where(inside, x, 0).astype(float)
        log_q = jnp.log(q)
        here = jnp.where(k == 0, 0.0, jnp.where(k == 0, 1.0, k) ** beta) * log_q
        return jnp.where(inside, here + log1mexp((k + 1) ** beta * log_q - here), -jnp.inf)

    def draw(self, key: Key, shape: Shape, q: Array, beta: Array) -> Array:
        return self.quantile(jax.random.uniform(key, shape), q, beta).astype(int)

    def center(self, q: Array, beta: Array) -> Array:
        return np.maximum(np.floor((np.log(0.5) / np.log(q)) ** (1 / np.asarray(beta, float)) - 1), 0).astype(
            int
        )

    def log_cdf(self, x: Array, q: Array, beta: Array) -> Array:
        return log1mexp(self.log_sf(x, q, beta))

    def log_sf(self, x: Array, q: Array, beta: Array) -> Array:
        return jnp.where(x < 0, 0.0, (jnp.floor(jnp.maximum(x, 0)) + 1) ** beta * jnp.log(q))

    def quantile(self, q: Array, *params: Array) -> Array:
        share, beta = params
        steps = (jnp.log1p(-q) / jnp.log(share)) ** (1 / beta)
        return jnp.maximum(jnp.ceil(steps * (1 - 4 * jnp.finfo(float).eps)) - 1, 0)


@dataclass(frozen=True)
class BetaBinomial(Law):
    """Successes in n trials whose probability has a beta law."""

    signature = "(),(),()->()"
    support = COUNTS_TO_N
    discrete = True
    domains = {"n": COUNTS, "alpha": POSITIVE, "beta": POSITIVE}

    contains = Binomial.contains
    limits = Binomial.limits

    def log_density(self, x: Array, n: Array, alpha: Array, beta: Array) -> Array:
        inside = (x >= 0) & (x <= n)
        k = jnp.where(inside, x, 0)
        k, rest, total = k * 1.0, n - k * 1.0, alpha + beta
        p, q = (k + alpha) / (n + total), (rest + beta) / (n + total)
        after = gamma_rest(k + alpha) + gamma_rest(rest + beta) - gamma_rest(n + total)
        before = gamma_rest(alpha) + gamma_rest(beta) - gamma_rest(total)
        spread = deviance(alpha, total * p) + deviance(beta, total * q)
        return jnp.where(inside, log_choose(n * 1.0, k, p, q) + after - before - spread, -jnp.inf)

    def draw(self, key: Key, shape: Shape, n: Array, alpha: Array, beta: Array) -> Array:
        share_key, count_key = jax.random.split(key)
        share = jax.random.beta(share_key, alpha, beta, shape)
        return jax.random.binomial(count_key, n, share, shape).astype(int)

    def center(self, n: Array, alpha: Array, beta: Array) -> Array:
        return np.round(n * alpha / (alpha + beta)).astype(int)

    def log_cdf(self, x: Array, n: Array, alpha: Array, beta: Array) -> Array:
        return _summed_up(self, x, jnp.zeros_like(jnp.asarray(n)), n, n, alpha, beta)


@dataclass(frozen=True)
class HyperGeometric(Law):
    """Good ones among n that are drawn without return from `good` good and `bad` bad ones."""

    signature = "(),(),()->()"
    support = COUNTS
    discrete = True
    domains = {"good": COUNTS, "bad": COUNTS, "n": COUNTS}

    def log_density(self, x: Array, good: Array, bad: Array, n: Array) -> Array:
        inside = (x >= jnp.maximum(0, n - bad)) & (x <= jnp.minimum(good, n))
        k = jnp.where(inside, x, jnp.maximum(0, n - bad))
        total = good + bad * 1.0
        p, q = n / total, (total - n) / total
        drawn = log_choose(good * 1.0, k * 1.0, p, q) + log_choose(bad * 1.0, n - k * 1.0, p, q)
        log_p = drawn - log_choose(total, n * 1.0, p, q)
        return jnp.where(inside, log_p, -jnp.inf)

    def draw(self, key: Key, shape: Shape, good: Array, bad: Array, n: Array) -> Array:
        # From the smallest value upwards, until the probabilities exceed a uniform number.
        u = jax.random.uniform(key, shape)
        least = jnp.broadcast_to(jnp.maximum(0, n - bad), shape)
        most = jnp.broadcast_to(jnp.minimum(good, n), shape)

        def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            k, log_p, left = state
            further = (left > jnp.exp(log_p)) & (k < most)
            ratio = jnp.log((good - k) * (n - k) * 1.0) - jnp.log((k + 1.0) * (bad - n + k + 1.0))
            after = jnp.where(further, left - jnp.exp(log_p), left)
            return jnp.where(further, k + 1, k), jnp.where(further, log_p + ratio, log_p), after

        def unfinished(state: tuple[Array, Array, Array]) -> Array:
            k, log_p, left = state
            return jnp.any((left > jnp.exp(log_p)) & (k < most))

        first = self.log_density(least, good, bad, n)
        return jax.lax.while_loop(unfinished, step, (least, first, u))[0].astype(int)

    def center(self, good: Array, bad: Array, n: Array) -> Array:
        return np.floor((n + 1) * (good + 1) / (good + bad + 2)).astype(int)

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        good, bad, n = params
        inside = inside if good is None else inside & (x <= good)
        inside = inside if n is None else inside & (x <= n)
        return inside if bad is None or n is None else inside & (x >= n - bad)

    def log_cdf(self, x: Array, good: Array, bad: Array, n: Array) -> Array:
        least = jnp.maximum(0, jnp.asarray(n) - bad)
        return _summed_up(self, x, least, jnp.minimum(good, n), good, bad, n)


def _summed_up(law: Law, x: Array, least: Array, most: Array, *params: Array) -> Array:
    """Return log P(X <= x), one probability after the other (JAX)."""
    x, least, most, *own = jnp.broadcast_arrays(x, least, most, *params)
    end = jnp.minimum(jnp.floor(x), most)

    def add(state: tuple[Array, Array]) -> tuple[Array, Array]:
        k, log_sum = state
        more = jnp.logaddexp(log_sum, law.log_density(k, *own))
        return k + 1, jnp.where(k <= end, more, log_sum)

    start = (least * 1.0, jnp.full(x.shape, -jnp.inf))
    log_sum = jax.lax.while_loop(lambda state: jnp.any(state[0] <= end), add, start)[1]
    return jnp.where(x >= most, 0.0, jnp.where(x < least, -jnp.inf, log_sum))


@dataclass(frozen=True)
class DiracDelta(Law):
    """One value, with probability one.

    Attributes
    ----------
    whole : bool
        Whether the value is an integer.
    """

    whole: bool = True
    signature = "()->()"
    support = REAL

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        return self.whole

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        return np.isfinite(x) if params[0] is None else x == params[0]

    def log_density(self, x: Array, c: Array) -> Array:
        return jnp.where(x == c, 0.0, -jnp.inf)

    def draw(self, key: Key, shape: Shape, c: Array) -> Array:
        return jnp.broadcast_to(jnp.asarray(c), shape)

    def center(self, c: Array) -> Array:
        return c

    def log_cdf(self, x: Array, c: Array) -> Array:
        return jnp.where(x < c, -jnp.inf, 0.0)

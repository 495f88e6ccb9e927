"""Laws of positive numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.real import Cauchy, Normal, StudentT
from pmjax.laws.statistics import EXPONENTIAL, GAMMA, LOG_NORMAL
from pmjax.laws.support import NON_NEGATIVE, POSITIVE
from pmjax.numerics import polya_gamma
from pmjax.numerics.special import (
    HALF_LOG_2PI,
    deviance,
    gamma_rest,
    log1mexp,
    log_gamma_ratio,
    log_gamma_share,
    log_gamma_tail,
    log_ndtr,
    xlogy,
)
from pmjax.runtime.types import Array, Key, Shape

LOG_2 = np.log(2)


def _where_positive(x: Array, log_density: Array) -> Array:
    return jnp.where(x >= 0, log_density, -jnp.inf)


@dataclass(frozen=True)
class Half(Law):
    """The absolute value of a variable with a law that is symmetric around zero."""

    support = NON_NEGATIVE

    def log_sf(self, x: Array, *params: Array) -> Array:
        return jnp.where(x > 0, LOG_2 + self._whole_log_sf(jnp.maximum(x, 0), *params), 0.0)

    def log_cdf(self, x: Array, *params: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, log1mexp(self.log_sf(jnp.where(inside, x, 1.0), *params)), -jnp.inf)

    def _whole_log_sf(self, x: Array, *params: Array) -> Array:
        raise NotImplementedError


@dataclass(frozen=True)
class HalfNormal(Half):
    """The absolute value of a centred normal variable."""

    signature = "()->()"
    domains = {"sigma": POSITIVE}
    scale = "sigma"

    def log_density(self, x: Array, sigma: Array) -> Array:
        z = x / sigma
        return _where_positive(x, LOG_2 - 0.5 * z * z - jnp.log(sigma) - HALF_LOG_2PI)

    def draw(self, key: Key, shape: Shape, sigma: Array) -> Array:
        return sigma * jnp.abs(jax.random.normal(key, shape))

    def center(self, sigma: Array) -> Array:
        return sigma

    def _whole_log_sf(self, x: Array, sigma: Array) -> Array:
        return Normal().log_sf(x, 0.0, sigma)

    def quantile(self, q: Array, sigma: Array) -> Array:
        return sigma * jsp.ndtri((1 + q) / 2)


@dataclass(frozen=True)
class HalfCauchy(Half):
    """The absolute value of a centred Cauchy variable."""

    signature = "()->()"
    domains = {"beta": POSITIVE}
    scale = "beta"

    def log_density(self, x: Array, beta: Array) -> Array:
        z = x / beta
        return _where_positive(x, np.log(2 / np.pi) - jnp.log1p(z * z) - jnp.log(beta))

    def draw(self, key: Key, shape: Shape, beta: Array) -> Array:
        return beta * jnp.abs(jax.random.cauchy(key, shape))

    def center(self, beta: Array) -> Array:
        return beta

    def _whole_log_sf(self, x: Array, beta: Array) -> Array:
        return Cauchy().log_sf(x, 0.0, beta)

    def log_cdf(self, x: Array, beta: Array) -> Array:
        return jnp.log(jnp.arctan(jnp.maximum(x, 0) / beta)) + np.log(2 / np.pi)

    def quantile(self, q: Array, beta: Array) -> Array:
        return beta * jnp.tan(np.pi * q / 2)


@dataclass(frozen=True)
class HalfStudentT(Half):
    """The absolute value of a centred Student's t variable."""

    signature = "(),()->()"
    domains = {"nu": POSITIVE, "sigma": POSITIVE}
    scale = "sigma"

    def log_density(self, x: Array, nu: Array, sigma: Array) -> Array:
        z = x / sigma
        log_norm = log_gamma_ratio(nu / 2, 0.5) - 0.5 * jnp.log(nu / 2) - HALF_LOG_2PI - jnp.log(sigma)
        return _where_positive(x, LOG_2 + log_norm - (nu + 1) / 2 * jnp.log1p(z * z / nu))

    def draw(self, key: Key, shape: Shape, nu: Array, sigma: Array) -> Array:
        return sigma * jnp.abs(jax.random.t(key, nu, shape))

    def center(self, nu: Array, sigma: Array) -> Array:
        return sigma

    def _whole_log_sf(self, x: Array, nu: Array, sigma: Array) -> Array:
        return StudentT().log_sf(x, nu, 0.0, sigma)

    def quantile(self, q: Array, nu: Array, sigma: Array) -> Array:
        return StudentT().quantile((1 + q) / 2, nu, 0.0, sigma)


@dataclass(frozen=True)
class Exponential(Law):
    r"""Density :math:`\lambda \exp(-\lambda x)`."""

    signature = "()->()"
    support = NON_NEGATIVE
    domains = {"lam": POSITIVE}
    rate = "lam"
    statistics = EXPONENTIAL

    def log_density(self, x: Array, lam: Array) -> Array:
        return _where_positive(x, jnp.log(lam) - lam * x)

    def draw(self, key: Key, shape: Shape, lam: Array) -> Array:
        return jax.random.exponential(key, shape) / lam

    def center(self, lam: Array) -> Array:
        return 1 / lam

    def log_cdf(self, x: Array, lam: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, log1mexp(-lam * jnp.where(inside, x, 1.0)), -jnp.inf)

    def log_sf(self, x: Array, lam: Array) -> Array:
        return -lam * jnp.maximum(x, 0)

    def quantile(self, q: Array, lam: Array) -> Array:
        return -jnp.log1p(-q) / lam


@dataclass(frozen=True)
class Gamma(Law):
    r"""Density proportional to :math:`x^{\alpha - 1} \exp(-\beta x)`."""

    signature = "(),()->()"
    support = NON_NEGATIVE
    domains = {"alpha": POSITIVE, "beta": POSITIVE}
    rate = "beta"
    statistics = GAMMA

    def log_density(self, x: Array, alpha: Array, beta: Array) -> Array:
        # Powers of small order are exact where they vanish; those of large order cancel.
        large = alpha >= 8
        safe, shape = jnp.where(x > 0, x, 1.0), jnp.where(large, 1.0, alpha)
        small_x = jnp.where(x >= 0, x, 1.0)
        power = shape * jnp.log(beta) - jsp.gammaln(shape) + xlogy(shape - 1, small_x) - beta * small_x
        peak = -deviance(alpha, beta * safe) - gamma_rest(alpha) - jnp.log(safe)
        density = jnp.where(large, jnp.where(x > 0, peak, -jnp.inf), power)
        return _where_positive(x, density)

    def draw(self, key: Key, shape: Shape, alpha: Array, beta: Array) -> Array:
        return jax.random.gamma(key, alpha, shape) / beta

    def center(self, alpha: Array, beta: Array) -> Array:
        return alpha / beta

    def log_cdf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log_gamma_share(alpha, beta * x)

    def log_sf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log_gamma_tail(alpha, beta * x)


@dataclass(frozen=True)
class InverseGamma(Law):
    r"""Density proportional to :math:`x^{-\alpha - 1} \exp(-\beta / x)`."""

    signature = "(),()->()"
    support = POSITIVE
    domains = {"alpha": POSITIVE, "beta": POSITIVE}
    scale = "beta"

    def log_density(self, x: Array, alpha: Array, beta: Array) -> Array:
        safe = jnp.where(x > 0, x, 1.0)
        inner = -deviance(alpha, beta / safe) - gamma_rest(alpha) - jnp.log(safe)
        return jnp.where(x > 0, inner, -jnp.inf)

    def draw(self, key: Key, shape: Shape, alpha: Array, beta: Array) -> Array:
        return beta / jax.random.gamma(key, alpha, shape)

    def center(self, alpha: Array, beta: Array) -> Array:
        return np.where(alpha > 1, beta / np.maximum(alpha - 1, 1e-3), beta / (alpha + 1))

    def log_cdf(self, x: Array, alpha: Array, beta: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, log_gamma_tail(alpha, beta / jnp.where(inside, x, 1.0)), -jnp.inf)

    def log_sf(self, x: Array, alpha: Array, beta: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, log_gamma_share(alpha, beta / jnp.where(inside, x, 1.0)), 0.0)


@dataclass(frozen=True)
class LogNormal(Law):
    """The exponential of a normal variable."""

    signature = "(),()->()"
    support = POSITIVE
    domains = {"sigma": POSITIVE}
    log_location_scale = ("mu", "sigma")
    normal_scale = "log"
    statistics = LOG_NORMAL

    def log_density(self, x: Array, mu: Array, sigma: Array) -> Array:
        log_x = jnp.log(jnp.where(x > 0, x, 1.0))
        z = (log_x - mu) / sigma
        return jnp.where(x > 0, -0.5 * z * z - log_x - jnp.log(sigma) - HALF_LOG_2PI, -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, sigma: Array) -> Array:
        return jnp.exp(mu + sigma * jax.random.normal(key, shape))

    def center(self, mu: Array, sigma: Array) -> Array:
        return np.exp(mu + sigma * sigma / 2)

    def log_cdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, Normal().log_cdf(jnp.log(jnp.where(inside, x, 1.0)), mu, sigma), -jnp.inf)

    def log_sf(self, x: Array, mu: Array, sigma: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, Normal().log_sf(jnp.log(jnp.where(inside, x, 1.0)), mu, sigma), 0.0)

    def quantile(self, q: Array, mu: Array, sigma: Array) -> Array:
        return jnp.exp(Normal().quantile(q, mu, sigma))


@dataclass(frozen=True)
class HalfFlat(Law):
    """Density one on the positive numbers: improper."""

    support = NON_NEGATIVE

    def log_density(self, x: Array) -> Array:
        return _where_positive(x, jnp.zeros_like(x))

    def draw(self, key: Key, shape: Shape) -> Array:
        raise NotImplementedError("HalfFlat is improper and cannot be drawn from")

    def center(self) -> Array:
        return 1.0


@dataclass(frozen=True)
class Pareto(Law):
    r"""Density :math:`\alpha m^\alpha / x^{\alpha + 1}` from m on."""

    signature = "(),()->()"
    support = POSITIVE
    domains = {"alpha": POSITIVE, "m": POSITIVE}
    bounds = ("m", None)

    def log_density(self, x: Array, alpha: Array, m: Array) -> Array:
        inside = x >= m
        log_x = jnp.log(jnp.where(inside, x, m))
        return jnp.where(inside, jnp.log(alpha) + alpha * jnp.log(m) - (alpha + 1) * log_x, -jnp.inf)

    def draw(self, key: Key, shape: Shape, alpha: Array, m: Array) -> Array:
        return m * jnp.exp(jax.random.exponential(key, shape) / alpha)

    def center(self, alpha: Array, m: Array) -> Array:
        return m * 2 ** (1 / np.asarray(alpha, float))

    def log_cdf(self, x: Array, alpha: Array, m: Array) -> Array:
        return log1mexp(self.log_sf(x, alpha, m))

    def log_sf(self, x: Array, alpha: Array, m: Array) -> Array:
        return alpha * (jnp.log(m) - jnp.log(jnp.maximum(x, m)))

    def quantile(self, q: Array, alpha: Array, m: Array) -> Array:
        return m * jnp.exp(-jnp.log1p(-q) / alpha)


@dataclass(frozen=True)
class PolyaGamma(Law):
    r"""An infinite sum of gamma variables of shape h, whose Laplace transform is a power of a cosine.

    .. math:: E[e^{-t x}] = \cosh(z / 2)^h / \cosh(\sqrt{t / 2 + z^2 / 4})^h
    """

    signature = "(),()->()"
    support = POSITIVE
    domains = {"h": POSITIVE}

    def log_density(self, x: Array, h: Array, z: Array) -> Array:
        inside = x > 0
        value = polya_gamma.log_density(jnp.where(inside, x, 1.0), h, z)
        return jnp.where(inside, value, -jnp.inf)

    def draw(self, key: Key, shape: Shape, h: Array, z: Array) -> Array:
        return polya_gamma.draw(key, shape, h, z)

    def center(self, h: Array, z: Array) -> Array:
        steep = np.abs(z) > 1e-4
        ratio = np.where(steep, np.tanh(z / 2) / (2 * np.where(steep, z, 1.0)), 0.25)
        return h * ratio

    def log_cdf(self, x: Array, h: Array, z: Array) -> Array:
        inside = x > 0
        lower = polya_gamma.log_tails(jnp.where(inside, x, 1.0), h, z)[0]
        return jnp.where(inside, lower, -jnp.inf)

    def log_sf(self, x: Array, h: Array, z: Array) -> Array:
        inside = x > 0
        upper = polya_gamma.log_tails(jnp.where(inside, x, 1.0), h, z)[1]
        return jnp.where(inside, upper, 0.0)


@dataclass(frozen=True)
class Rice(Law):
    r"""The length of a vector of two normal numbers with deviation sigma around a point at distance b sigma.

    Density :math:`x / \sigma^2 \exp(-(x/\sigma - b)^2 / 2) I_0(b x / \sigma) e^{-b x / \sigma}`.
    """

    signature = "(),()->()"
    support = POSITIVE
    domains = {"b": NON_NEGATIVE, "sigma": POSITIVE}

    def log_density(self, x: Array, b: Array, sigma: Array) -> Array:
        inside = x > 0
        z = jnp.where(inside, x, 1.0) / sigma
        density = jnp.log(z) - 0.5 * (z - b) ** 2 + jnp.log(jsp.i0e(z * b)) - jnp.log(sigma)
        return jnp.where(inside, density, -jnp.inf)

    def draw(self, key: Key, shape: Shape, b: Array, sigma: Array) -> Array:
        along, across = jax.random.normal(key, (2, *shape))
        return sigma * jnp.hypot(b + along, across)

    def center(self, b: Array, sigma: Array) -> Array:
        return np.maximum(b, 1) * sigma


@dataclass(frozen=True)
class Wald(Law):
    r"""Inverse Gaussian variable of mean mu and shape lam, shifted by alpha.

    Density :math:`\sqrt{\lambda / 2 \pi y^3} \exp(-\lambda (y - \mu)^2 / 2 \mu^2 y)` with y = x - alpha.
    """

    signature = "(),(),()->()"
    support = POSITIVE
    domains = {"mu": POSITIVE, "lam": POSITIVE, "alpha": NON_NEGATIVE}

    def log_density(self, x: Array, mu: Array, lam: Array, alpha: Array) -> Array:
        inside = x > alpha
        root = jnp.sqrt(jnp.where(inside, x - alpha, 1.0))
        # (y - mu)² / mu² y = (root / mu - 1 / root)², whose slope in mu stays small where y does.
        z = root / mu - 1 / root
        density = 0.5 * jnp.log(lam) - HALF_LOG_2PI - 3 * jnp.log(root) - 0.5 * lam * z * z
        return jnp.where(inside, density, -jnp.inf)

    def draw(self, key: Key, shape: Shape, mu: Array, lam: Array, alpha: Array) -> Array:
        return alpha + lam * jax.random.wald(key, mu / lam, shape)

    def center(self, mu: Array, lam: Array, alpha: Array) -> Array:
        return mu + alpha

    def log_cdf(self, x: Array, mu: Array, lam: Array, alpha: Array) -> Array:
        inside = x > alpha
        y = jnp.where(inside, x - alpha, 1.0)
        root = jnp.sqrt(lam / y)
        a = log_ndtr(root * (y / mu - 1))
        b = 2 * lam / mu + log_ndtr(-root * (y / mu + 1))
        return jnp.where(inside, jnp.logaddexp(a, b), -jnp.inf)


@dataclass(frozen=True)
class Weibull(Law):
    r"""Survival function :math:`\exp(-(x / \beta)^\alpha)`."""

    signature = "(),()->()"
    support = NON_NEGATIVE
    domains = {"alpha": POSITIVE, "beta": POSITIVE}
    scale = "beta"

    def log_density(self, x: Array, alpha: Array, beta: Array) -> Array:
        zero = x / beta <= 0
        safe = jnp.where(zero, beta, x)
        log_z = alpha * jnp.log(safe / beta)
        inside = log_z - jnp.log(safe) - jnp.exp(log_z)
        at_zero = xlogy(alpha - 1, jnp.where(zero, 0.0, 1.0)) - jnp.log(beta)
        return _where_positive(x, jnp.log(alpha) + jnp.where(zero, at_zero, inside))

    def draw(self, key: Key, shape: Shape, alpha: Array, beta: Array) -> Array:
        return beta * jax.random.exponential(key, shape) ** (1 / alpha)

    def center(self, alpha: Array, beta: Array) -> Array:
        return beta * np.vectorize(math.gamma, otypes=[float])(1 + 1 / np.asarray(alpha, float))

    def log_cdf(self, x: Array, alpha: Array, beta: Array) -> Array:
        return log1mexp(self.log_sf(x, alpha, beta))

    def log_sf(self, x: Array, alpha: Array, beta: Array) -> Array:
        inside = x > 0
        return jnp.where(inside, -((jnp.where(inside, x, 1.0) / beta) ** alpha), 0.0)

    def quantile(self, q: Array, alpha: Array, beta: Array) -> Array:
        return beta * (-jnp.log1p(-q)) ** (1 / alpha)

"""Distributions of positive numbers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.distributions.continuous import HALF_LOG_2PI
from pmjax.distributions.distribution import Distribution, distribution
from pmjax.distributions.parameters import both_or_neither, one_of, scale_of
from pmjax.distributions.support import NON_NEGATIVE, POSITIVE
from pmjax.graph.ops import Shape
from pmjax.numerics.special import xlogy

LOG_2 = np.log(2)


def _where_positive(x: Any, log_density: Any) -> Any:
    return jnp.where(x >= 0, log_density, -jnp.inf)


@distribution
class HalfNormal(Distribution):
    r"""The absolute value of a centred normal variable.

    Parameters
    ----------
    sigma : array, default 1
        Scale, positive; or give `tau` = 1 / sigma².
    """

    support = NON_NEGATIVE
    domains = {"sigma": POSITIVE, "tau": POSITIVE}

    def parameters(self, sigma: Any = None, tau: Any = None) -> dict[str, Any]:
        return {"sigma": scale_of(sigma, tau)}

    def log_density(self, x: Any, sigma: Any) -> Any:
        z = x / sigma
        return _where_positive(x, LOG_2 - 0.5 * z * z - jnp.log(sigma) - HALF_LOG_2PI)

    def draw(self, key: Any, shape: Shape, sigma: Any) -> Any:
        return sigma * jnp.abs(jax.random.normal(key, shape))

    def center(self, sigma: Any) -> Any:
        return sigma


@distribution
class HalfCauchy(Distribution):
    r"""The absolute value of a centred Cauchy variable.

    Parameters
    ----------
    beta : array, default 1
        Scale, positive.
    """

    support = NON_NEGATIVE
    domains = {"beta": POSITIVE}

    def parameters(self, beta: Any = 1.0) -> dict[str, Any]:
        return {"beta": beta}

    def log_density(self, x: Any, beta: Any) -> Any:
        z = x / beta
        return _where_positive(x, np.log(2 / np.pi) - jnp.log1p(z * z) - jnp.log(beta))

    def draw(self, key: Any, shape: Shape, beta: Any) -> Any:
        return beta * jnp.abs(jax.random.cauchy(key, shape))

    def center(self, beta: Any) -> Any:
        return beta


@distribution
class HalfStudentT(Distribution):
    r"""The absolute value of a centred Student's t variable.

    Parameters
    ----------
    nu : array
        Degrees of freedom, positive.
    sigma : array, default 1
        Scale, positive; or give `lam` = 1 / sigma².
    """

    support = NON_NEGATIVE
    domains = {"nu": POSITIVE, "sigma": POSITIVE, "lam": POSITIVE}

    def parameters(self, nu: Any, sigma: Any = None, lam: Any = None) -> dict[str, Any]:
        return {"nu": nu, "sigma": scale_of(sigma, lam, "lam")}

    def log_density(self, x: Any, nu: Any, sigma: Any) -> Any:
        z = x / sigma
        log_norm = (
            jsp.gammaln((nu + 1) / 2) - jsp.gammaln(nu / 2) - 0.5 * jnp.log(np.pi * nu) - jnp.log(sigma)
        )
        return _where_positive(x, LOG_2 + log_norm - (nu + 1) / 2 * jnp.log1p(z * z / nu))

    def draw(self, key: Any, shape: Shape, nu: Any, sigma: Any) -> Any:
        return sigma * jnp.abs(jax.random.t(key, nu, shape))

    def center(self, nu: Any, sigma: Any) -> Any:
        return sigma


@distribution
class Exponential(Distribution):
    r"""Exponential distribution, with density :math:`\lambda \exp(-\lambda x)`.

    Parameters
    ----------
    lam : array
        Rate, positive; or give the `scale` = 1 / lam. The default rate is 1.
    """

    support = NON_NEGATIVE
    domains = {"lam": POSITIVE, "scale": POSITIVE}

    def parameters(self, lam: Any = None, *, scale: Any = None) -> dict[str, Any]:
        if lam is None and scale is None:
            return {"lam": 1.0}
        return {"lam": lam if one_of(lam=lam, scale=scale) == "lam" else 1.0 / scale}

    def log_density(self, x: Any, lam: Any) -> Any:
        return _where_positive(x, jnp.log(lam) - lam * x)

    def draw(self, key: Any, shape: Shape, lam: Any) -> Any:
        return jax.random.exponential(key, shape) / lam

    def center(self, lam: Any) -> Any:
        return 1 / lam


@distribution
class Gamma(Distribution):
    r"""Gamma distribution, with density proportional to :math:`x^{\alpha - 1} \exp(-\beta x)`.

    Parameters
    ----------
    alpha, beta : array
        Shape and rate, positive; or
    mu, sigma : array
        mean and standard deviation.
    """

    support = NON_NEGATIVE
    domains = {"alpha": POSITIVE, "beta": POSITIVE, "mu": POSITIVE, "sigma": POSITIVE}

    def parameters(
        self, alpha: Any = None, beta: Any = None, *, mu: Any = None, sigma: Any = None
    ) -> dict[str, Any]:
        if one_of(alpha=alpha, mu=mu) == "alpha" and both_or_neither(("alpha", alpha), ("beta", beta)):
            return {"alpha": alpha, "beta": beta}
        both_or_neither(("mu", mu), ("sigma", sigma))
        return {"alpha": mu**2 / sigma**2, "beta": mu / sigma**2}

    def log_density(self, x: Any, alpha: Any, beta: Any) -> Any:
        safe = jnp.where(x >= 0, x, 1.0)
        log_norm = alpha * jnp.log(beta) - jsp.gammaln(alpha)
        return _where_positive(x, log_norm + xlogy(alpha - 1, safe) - beta * safe)

    def draw(self, key: Any, shape: Shape, alpha: Any, beta: Any) -> Any:
        return jax.random.gamma(key, alpha, shape) / beta

    def center(self, alpha: Any, beta: Any) -> Any:
        return alpha / beta


@distribution
class InverseGamma(Distribution):
    r"""Inverse gamma distribution, with density proportional to :math:`x^{-\alpha - 1} \exp(-\beta / x)`.

    Parameters
    ----------
    alpha : array
        Shape, positive.
    beta : array, default 1
        Scale, positive; or give `mu` and `sigma`, mean and standard deviation.
    """

    support = POSITIVE
    domains = {"alpha": POSITIVE, "beta": POSITIVE, "mu": POSITIVE, "sigma": POSITIVE}

    def parameters(
        self, alpha: Any = None, beta: Any = None, *, mu: Any = None, sigma: Any = None
    ) -> dict[str, Any]:
        if one_of(alpha=alpha, mu=mu) == "alpha":
            return {"alpha": alpha, "beta": 1.0 if beta is None else beta}
        both_or_neither(("mu", mu), ("sigma", sigma))
        alpha = mu**2 / sigma**2 + 2
        return {"alpha": alpha, "beta": mu * (alpha - 1)}

    def log_density(self, x: Any, alpha: Any, beta: Any) -> Any:
        safe = jnp.where(x > 0, x, 1.0)
        inner = alpha * jnp.log(beta) - jsp.gammaln(alpha) - (alpha + 1) * jnp.log(safe) - beta / safe
        return jnp.where(x > 0, inner, -jnp.inf)

    def draw(self, key: Any, shape: Shape, alpha: Any, beta: Any) -> Any:
        return beta / jax.random.gamma(key, alpha, shape)

    def center(self, alpha: Any, beta: Any) -> Any:
        return np.where(alpha > 1, beta / np.maximum(alpha - 1, 1e-3), beta / (alpha + 1))


@distribution
class LogNormal(Distribution):
    r"""The exponential of a normal variable.

    Parameters
    ----------
    mu : array, default 0
        Mean of the logarithm.
    sigma : array, default 1
        Standard deviation of the logarithm, positive; or give `tau` = 1 / sigma².
    """

    support = POSITIVE
    domains = {"sigma": POSITIVE, "tau": POSITIVE}

    def parameters(self, mu: Any = 0.0, sigma: Any = None, tau: Any = None) -> dict[str, Any]:
        return {"mu": mu, "sigma": scale_of(sigma, tau)}

    def log_density(self, x: Any, mu: Any, sigma: Any) -> Any:
        log_x = jnp.log(jnp.where(x > 0, x, 1.0))
        z = (log_x - mu) / sigma
        return jnp.where(x > 0, -0.5 * z * z - log_x - jnp.log(sigma) - HALF_LOG_2PI, -jnp.inf)

    def draw(self, key: Any, shape: Shape, mu: Any, sigma: Any) -> Any:
        return jnp.exp(mu + sigma * jax.random.normal(key, shape))

    def center(self, mu: Any, sigma: Any) -> Any:
        return np.exp(mu)


@distribution
class HalfFlat(Distribution):
    """The improper prior of density one on the positive numbers; it cannot be drawn from."""

    support = NON_NEGATIVE

    def parameters(self) -> dict[str, Any]:
        return {}

    def log_density(self, x: Any) -> Any:
        return _where_positive(x, jnp.zeros_like(x))

    def draw(self, key: Any, shape: Shape) -> Any:
        raise NotImplementedError("HalfFlat is improper and cannot be drawn from")

    def center(self) -> Any:
        return 1.0

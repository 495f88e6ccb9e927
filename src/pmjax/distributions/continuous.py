"""Distributions on the real line, or on an interval of it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.distributions.distribution import Distribution, distribution
from pmjax.distributions.parameters import both_or_neither, check_order, one_of, scale_of
from pmjax.distributions.support import BETWEEN_BOUNDS, POSITIVE, UNIT_INTERVAL
from pmjax.graph.ops import Shape
from pmjax.graph.variable import Variable
from pmjax.numerics.functions import softplus
from pmjax.numerics.special import log_normal_mass, lower_tail, standardise, xlog1my, xlogy
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import interval

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@distribution
class Normal(Distribution):
    r"""Normal distribution, with density :math:`\exp(-(x - \mu)^2 / 2 \sigma^2) / \sqrt{2 \pi} \sigma`.

    Parameters
    ----------
    mu : array, default 0
        Mean.
    sigma : array, default 1
        Standard deviation, positive; or give the precision `tau` = 1 / sigma².

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x", mu=0.0, sigma=2.0, shape=3)
    """

    domains = {"sigma": POSITIVE, "tau": POSITIVE}

    def parameters(self, mu: Any = 0.0, sigma: Any = None, tau: Any = None) -> dict[str, Any]:
        return {"mu": mu, "sigma": scale_of(sigma, tau)}

    def log_density(self, x: Any, mu: Any, sigma: Any) -> Any:
        z = (x - mu) / sigma
        return -0.5 * z * z - jnp.log(sigma) - HALF_LOG_2PI

    def total(self, x: Any, mu: Any, sigma: Any) -> Any:
        if jnp.ndim(sigma):
            return super().total(x, mu, sigma)
        # One pass for the squares; the normaliser is counted, not summed over the elements.
        z = jnp.ravel(x - mu)
        return -0.5 * jnp.dot(z, z) / (sigma * sigma) - z.size * (jnp.log(sigma) + HALF_LOG_2PI)

    def draw(self, key: Any, shape: Shape, mu: Any, sigma: Any) -> Any:
        return mu + sigma * jax.random.normal(key, shape)

    def center(self, mu: Any, sigma: Any) -> Any:
        return mu


@distribution
class Cauchy(Distribution):
    r"""Cauchy distribution, with density :math:`1 / (\pi \beta (1 + ((x - \alpha) / \beta)^2))`.

    Parameters
    ----------
    alpha : array, default 0
        Location.
    beta : array, default 1
        Scale, positive.
    """

    domains = {"beta": POSITIVE}

    def parameters(self, alpha: Any = 0.0, beta: Any = 1.0) -> dict[str, Any]:
        return {"alpha": alpha, "beta": beta}

    def log_density(self, x: Any, alpha: Any, beta: Any) -> Any:
        z = (x - alpha) / beta
        return -jnp.log1p(z * z) - jnp.log(beta) - np.log(np.pi)

    def draw(self, key: Any, shape: Shape, alpha: Any, beta: Any) -> Any:
        return alpha + beta * jax.random.cauchy(key, shape)

    def center(self, alpha: Any, beta: Any) -> Any:
        return alpha


@distribution
class StudentT(Distribution):
    r"""Student's t distribution with location and scale.

    Parameters
    ----------
    nu : array
        Degrees of freedom, positive.
    mu : array, default 0
        Location.
    sigma : array, default 1
        Scale, positive; or give `lam` = 1 / sigma².
    """

    domains = {"nu": POSITIVE, "sigma": POSITIVE, "lam": POSITIVE}

    def parameters(self, nu: Any, mu: Any = 0.0, sigma: Any = None, lam: Any = None) -> dict[str, Any]:
        return {"nu": nu, "mu": mu, "sigma": scale_of(sigma, lam, "lam")}

    def log_density(self, x: Any, nu: Any, mu: Any, sigma: Any) -> Any:
        z = (x - mu) / sigma
        log_norm = (
            jsp.gammaln((nu + 1) / 2) - jsp.gammaln(nu / 2) - 0.5 * jnp.log(np.pi * nu) - jnp.log(sigma)
        )
        return log_norm - (nu + 1) / 2 * jnp.log1p(z * z / nu)

    def draw(self, key: Any, shape: Shape, nu: Any, mu: Any, sigma: Any) -> Any:
        return mu + sigma * jax.random.t(key, nu, shape)

    def center(self, nu: Any, mu: Any, sigma: Any) -> Any:
        return mu


@distribution
class Laplace(Distribution):
    r"""Laplace distribution, with density :math:`\exp(-|x - \mu| / b) / 2 b`.

    Parameters
    ----------
    mu : array, default 0
        Location.
    b : array, default 1
        Scale, positive.
    """

    domains = {"b": POSITIVE}

    def parameters(self, mu: Any = 0.0, b: Any = 1.0) -> dict[str, Any]:
        return {"mu": mu, "b": b}

    def log_density(self, x: Any, mu: Any, b: Any) -> Any:
        return -jnp.abs(x - mu) / b - jnp.log(2 * b)

    def draw(self, key: Any, shape: Shape, mu: Any, b: Any) -> Any:
        return mu + b * jax.random.laplace(key, shape)

    def center(self, mu: Any, b: Any) -> Any:
        return mu


@distribution
class Logistic(Distribution):
    r"""Logistic distribution, with distribution function :math:`1 / (1 + \exp(-(x - \mu) / s))`.

    Parameters
    ----------
    mu : array, default 0
        Location.
    s : array, default 1
        Scale, positive.
    """

    domains = {"s": POSITIVE}

    def parameters(self, mu: Any = 0.0, s: Any = 1.0) -> dict[str, Any]:
        return {"mu": mu, "s": s}

    def log_density(self, x: Any, mu: Any, s: Any) -> Any:
        z = (x - mu) / s
        return -softplus(z) - softplus(-z) - jnp.log(s)

    def draw(self, key: Any, shape: Shape, mu: Any, s: Any) -> Any:
        return mu + s * jax.random.logistic(key, shape)

    def center(self, mu: Any, s: Any) -> Any:
        return mu


@distribution
class Flat(Distribution):
    """The improper prior of density one on the whole real line; it cannot be drawn from."""

    def parameters(self) -> dict[str, Any]:
        return {}

    def log_density(self, x: Any) -> Any:
        return jnp.zeros_like(x)

    def draw(self, key: Any, shape: Shape) -> Any:
        raise NotImplementedError("Flat is improper and cannot be drawn from")


class _Bounded(Distribution):
    """A distribution whose support lies between its parameters `lower` and `upper`, the last two."""

    support = BETWEEN_BOUNDS

    def bijector(self, *params: Variable) -> Bijector | None:
        return interval(params[-2], params[-1])

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        lower, upper = params[-2:]
        above = np.isfinite(x) if lower is None else x >= lower
        return above & (np.isfinite(x) if upper is None else x <= upper)


@distribution
class Uniform(_Bounded):
    """Uniform distribution between two bounds.

    Parameters
    ----------
    lower : array, default 0
    upper : array, default 1
    """

    def parameters(self, lower: Any = 0.0, upper: Any = 1.0) -> dict[str, Any]:
        check_order(lower, upper)
        return {"lower": lower, "upper": upper}

    def log_density(self, x: Any, lower: Any, upper: Any) -> Any:
        return jnp.where((x >= lower) & (x <= upper), -jnp.log(upper - lower), -jnp.inf)

    def draw(self, key: Any, shape: Shape, lower: Any, upper: Any) -> Any:
        return lower + (upper - lower) * jax.random.uniform(key, shape)

    def center(self, lower: Any, upper: Any) -> Any:
        return (lower + upper) / 2


@distribution
class TruncatedNormal(_Bounded):
    """Normal distribution restricted to an interval.

    Parameters
    ----------
    mu : array, default 0
        Mean before truncation.
    sigma : array, default 1
        Standard deviation before truncation, positive; or give the precision `tau`.
    lower, upper : array, optional
        Bounds; none by default.
    """

    domains = {"sigma": POSITIVE, "tau": POSITIVE}

    def parameters(
        self, mu: Any = 0.0, sigma: Any = None, tau: Any = None, lower: Any = None, upper: Any = None
    ) -> dict[str, Any]:
        lower, upper = -np.inf if lower is None else lower, np.inf if upper is None else upper
        check_order(lower, upper)
        return {"mu": mu, "sigma": scale_of(sigma, tau), "lower": lower, "upper": upper}

    def log_density(self, x: Any, mu: Any, sigma: Any, lower: Any, upper: Any) -> Any:
        z = (x - mu) / sigma
        log_mass = log_normal_mass(standardise(lower, mu, sigma), standardise(upper, mu, sigma))
        inside = (x >= lower) & (x <= upper)
        return jnp.where(inside, -0.5 * z * z - jnp.log(sigma) - HALF_LOG_2PI - log_mass, -jnp.inf)

    def draw(self, key: Any, shape: Shape, mu: Any, sigma: Any, lower: Any, upper: Any) -> Any:
        low, high, mirrored = lower_tail((lower - mu) / sigma, (upper - mu) / sigma)
        start, end = jsp.ndtr(low), jsp.ndtr(high)
        z = jsp.ndtri(start + (end - start) * jax.random.uniform(key, shape))
        return jnp.clip(mu + sigma * jnp.where(mirrored, -z, z), lower, upper)

    def center(self, mu: Any, sigma: Any, lower: Any, upper: Any) -> Any:
        margin = np.minimum(sigma, (upper - lower) / 4)
        return np.clip(mu, lower + margin, upper - margin)


@distribution
class Beta(Distribution):
    r"""Beta distribution, with density proportional to :math:`x^{\alpha - 1} (1 - x)^{\beta - 1}`.

    Parameters
    ----------
    alpha, beta : array
        Shapes, positive; or
    mu, sigma : array
        mean and standard deviation (sigma² < mu (1 - mu)); or
    mu, nu : array
        mean and concentration alpha + beta.
    """

    support = UNIT_INTERVAL
    domains = {
        "alpha": POSITIVE,
        "beta": POSITIVE,
        "mu": UNIT_INTERVAL,
        "sigma": POSITIVE,
        "nu": POSITIVE,
    }

    def parameters(
        self, alpha: Any = None, beta: Any = None, *, mu: Any = None, sigma: Any = None, nu: Any = None
    ) -> dict[str, Any]:
        if one_of(alpha=alpha, mu=mu) == "alpha" and both_or_neither(("alpha", alpha), ("beta", beta)):
            return {"alpha": alpha, "beta": beta}
        if one_of(sigma=sigma, nu=nu) == "sigma":
            nu = mu * (1 - mu) / sigma**2 - 1
        return {"alpha": mu * nu, "beta": (1 - mu) * nu}

    def log_density(self, x: Any, alpha: Any, beta: Any) -> Any:
        inside = (x >= 0) & (x <= 1)
        safe = jnp.where(inside, x, 0.5)
        kernel = xlogy(alpha - 1, safe) + xlog1my(beta - 1, safe)
        return jnp.where(inside, kernel - jsp.betaln(alpha, beta), -jnp.inf)

    def draw(self, key: Any, shape: Shape, alpha: Any, beta: Any) -> Any:
        return jax.random.beta(key, alpha, beta, shape)

    def center(self, alpha: Any, beta: Any) -> Any:
        return alpha / (alpha + beta)

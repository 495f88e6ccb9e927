"""Distributions on the real line, or on an interval of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.distributions.parameters import check_order, scale_of
from pmjax.laws import bounded, real
from pmjax.laws.support import POSITIVE, UNIT_INTERVAL
from pmjax.model.family import Family, family, parametrisation


@family
class Normal(Family):
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

    law = real.Normal()
    domains = {"tau": POSITIVE}

    @parametrisation
    def by_scale(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return mu, sigma

    @parametrisation
    def by_precision(mu: Any = 0.0, *, tau: Any) -> Any:
        return mu, scale_of(tau)


@family
class Cauchy(Family):
    r"""Cauchy distribution, with density :math:`1 / (\pi \beta (1 + ((x - \alpha) / \beta)^2))`.

    Parameters
    ----------
    alpha : array, default 0
        Location.
    beta : array, default 1
        Scale, positive.
    """

    law = real.Cauchy()

    @parametrisation
    def by_scale(alpha: Any = 0.0, beta: Any = 1.0) -> Any:
        return alpha, beta


@family
class StudentT(Family):
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

    law = real.StudentT()
    domains = {"lam": POSITIVE}

    @parametrisation
    def by_scale(nu: Any, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return nu, mu, sigma

    @parametrisation
    def by_precision(nu: Any, mu: Any = 0.0, *, lam: Any) -> Any:
        return nu, mu, scale_of(lam)


@family
class Laplace(Family):
    r"""Laplace distribution, with density :math:`\exp(-|x - \mu| / b) / 2 b`.

    Parameters
    ----------
    mu : array, default 0
        Location.
    b : array, default 1
        Scale, positive.
    """

    law = real.Laplace()

    @parametrisation
    def by_scale(mu: Any = 0.0, b: Any = 1.0) -> Any:
        return mu, b


@family
class Logistic(Family):
    r"""Logistic distribution, with distribution function :math:`1 / (1 + \exp(-(x - \mu) / s))`.

    Parameters
    ----------
    mu : array, default 0
        Location.
    s : array, default 1
        Scale, positive.
    """

    law = real.Logistic()

    @parametrisation
    def by_scale(mu: Any = 0.0, s: Any = 1.0) -> Any:
        return mu, s


@family
class Flat(Family):
    """The improper prior of density one on the whole real line; it cannot be drawn from."""

    law = real.Flat()

    @parametrisation
    def alone() -> Any:
        return ()


@family
class Uniform(Family):
    """Uniform distribution between two bounds.

    Parameters
    ----------
    lower : array, default 0
    upper : array, default 1
    """

    law = bounded.Uniform()

    @parametrisation
    def by_bounds(lower: Any = 0.0, upper: Any = 1.0) -> Any:
        check_order(lower, upper)
        return lower, upper


@family
class TruncatedNormal(Family):
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

    law = bounded.TruncatedNormal()
    domains = {"tau": POSITIVE}

    @parametrisation
    def by_scale(mu: Any = 0.0, sigma: Any = 1.0, lower: Any = -np.inf, upper: Any = np.inf) -> Any:
        check_order(lower, upper)
        return mu, sigma, lower, upper

    @parametrisation
    def by_precision(mu: Any = 0.0, *, tau: Any, lower: Any = -np.inf, upper: Any = np.inf) -> Any:
        check_order(lower, upper)
        return mu, scale_of(tau), lower, upper


@family
class Beta(Family):
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

    law = bounded.Beta()
    domains = {"mu": UNIT_INTERVAL, "sigma": POSITIVE, "nu": POSITIVE}

    @parametrisation
    def by_shapes(alpha: Any, beta: Any) -> Any:
        return alpha, beta

    @parametrisation
    def by_mean_and_sd(mu: Any, sigma: Any) -> Any:
        nu = mu * (1 - mu) / sigma**2 - 1
        return mu * nu, (1 - mu) * nu

    @parametrisation
    def by_mean_and_concentration(mu: Any, nu: Any) -> Any:
        return mu * nu, (1 - mu) * nu

"""Distributions of positive numbers."""

from __future__ import annotations

from typing import Any

from pmjax.distributions.parameters import scale_of
from pmjax.laws import positive
from pmjax.laws.support import NON_NEGATIVE, POSITIVE
from pmjax.model.family import Family, family, parametrisation


@family
class HalfNormal(Family):
    r"""The absolute value of a centred normal variable.

    Parameters
    ----------
    sigma : array, default 1
        Scale, positive; or give `tau` = 1 / sigma².
    """

    law = positive.HalfNormal()
    domains = {"tau": POSITIVE}

    @parametrisation
    def by_scale(sigma: Any = 1.0) -> Any:
        return (sigma,)

    @parametrisation
    def by_precision(tau: Any) -> Any:
        return (scale_of(tau),)


@family
class HalfCauchy(Family):
    r"""The absolute value of a centred Cauchy variable.

    Parameters
    ----------
    beta : array, default 1
        Scale, positive.
    """

    law = positive.HalfCauchy()

    @parametrisation
    def by_scale(beta: Any = 1.0) -> Any:
        return (beta,)


@family
class HalfStudentT(Family):
    r"""The absolute value of a centred Student's t variable.

    Parameters
    ----------
    nu : array
        Degrees of freedom, positive.
    sigma : array, default 1
        Scale, positive; or give `lam` = 1 / sigma².
    """

    law = positive.HalfStudentT()
    domains = {"lam": POSITIVE}

    @parametrisation
    def by_scale(nu: Any, sigma: Any = 1.0) -> Any:
        return nu, sigma

    @parametrisation
    def by_precision(nu: Any, lam: Any) -> Any:
        return nu, scale_of(lam)


@family
class Exponential(Family):
    r"""Exponential distribution, with density :math:`\lambda \exp(-\lambda x)`.

    Parameters
    ----------
    lam : array
        Rate, positive; or give the `scale` = 1 / lam. The default rate is 1.
    """

    law = positive.Exponential()
    domains = {"scale": POSITIVE}

    @parametrisation
    def by_rate(lam: Any = 1.0) -> Any:
        return (lam,)

    @parametrisation
    def by_scale(scale: Any) -> Any:
        return (1.0 / scale,)


@family
class Gamma(Family):
    r"""Gamma distribution, with density proportional to :math:`x^{\alpha - 1} \exp(-\beta x)`.

    Parameters
    ----------
    alpha, beta : array
        Shape and rate, positive; or
    mu, sigma : array
        mean and standard deviation.
    """

    law = positive.Gamma()
    domains = {"mu": POSITIVE, "sigma": POSITIVE}

    @parametrisation
    def by_shape(alpha: Any, beta: Any) -> Any:
        return alpha, beta

    @parametrisation
    def by_mean(mu: Any, sigma: Any) -> Any:
        return mu**2 / sigma**2, mu / sigma**2


@family
class InverseGamma(Family):
    r"""Inverse gamma distribution, with density proportional to :math:`x^{-\alpha - 1} \exp(-\beta / x)`.

    Parameters
    ----------
    alpha : array
        Shape, positive.
    beta : array, default 1
        Scale, positive; or give `mu` and `sigma`, mean and standard deviation.
    """

    law = positive.InverseGamma()
    domains = {"mu": POSITIVE, "sigma": POSITIVE}

    @parametrisation
    def by_shape(alpha: Any, beta: Any = 1.0) -> Any:
        return alpha, beta

    @parametrisation
    def by_mean(mu: Any, sigma: Any) -> Any:
        alpha = mu**2 / sigma**2 + 2
        return alpha, mu * (alpha - 1)


@family
class LogNormal(Family):
    r"""The exponential of a normal variable.

    Parameters
    ----------
    mu : array, default 0
        Mean of the logarithm.
    sigma : array, default 1
        Standard deviation of the logarithm, positive; or give `tau` = 1 / sigma².
    """

    law = positive.LogNormal()
    domains = {"tau": POSITIVE}

    @parametrisation
    def by_scale(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return mu, sigma

    @parametrisation
    def by_precision(mu: Any = 0.0, *, tau: Any) -> Any:
        return mu, scale_of(tau)


@family
class HalfFlat(Family):
    """The improper prior of density one on the positive numbers; it cannot be drawn from."""

    law = positive.HalfFlat()

    @parametrisation
    def alone() -> Any:
        return ()


@family
class ChiSquared(Family):
    r"""The sum of the squares of nu standard normal variables.

    Parameters
    ----------
    nu : array
        Degrees of freedom, positive.
    """

    law = positive.Gamma()
    domains = {"nu": POSITIVE}

    @parametrisation
    def by_freedom(nu: Any) -> Any:
        return nu / 2, 0.5


@family
class Pareto(Family):
    r"""Pareto distribution, with density alpha m^alpha / x^(alpha + 1) from m on.

    Parameters
    ----------
    alpha : array
        Exponent, positive.
    m : array
        Smallest value, positive.
    """

    law = positive.Pareto()

    @parametrisation
    def by_exponent(alpha: Any, m: Any) -> Any:
        return alpha, m


@family
class PolyaGamma(Family):
    r"""Pólya-Gamma distribution: given it, a logistic likelihood is a normal one.

    .. math:: x = \frac{1}{2 \pi^2} \sum_{k \ge 1} \frac{g_k}{(k - 1/2)^2 + z^2 / 4 \pi^2}, \quad
        g_k \sim \mathrm{Gamma}(h, 1)

    Parameters
    ----------
    h : array, default 1
        Shape, positive.
    z : array, default 0
        Tilting.

    References
    ----------
    Polson, Scott and Windle (2013), doi:10.1080/01621459.2013.829001.

    Examples
    --------
    >>> import pmjax as pm
    >>> round(float(pm.logp(pm.PolyaGamma.dist(h=1.0, z=0.0), 0.25).eval()), 3)
    0.604
    """

    law = positive.PolyaGamma()

    @parametrisation
    def by_shape(h: Any = 1.0, z: Any = 0.0) -> Any:
        return h, z


@family
class Rice(Family):
    r"""The length of a vector of two normal numbers around a point.

    Parameters
    ----------
    nu : array
        Distance of the point from the origin, at least 0; or give `b` = nu / sigma.
    sigma : array, default 1
        Standard deviation of each number, positive.
    """

    law = positive.Rice()
    domains = {"nu": NON_NEGATIVE}

    @parametrisation
    def by_distance(nu: Any, sigma: Any = 1.0) -> Any:
        return nu / sigma, sigma

    @parametrisation
    def by_ratio(b: Any, sigma: Any = 1.0) -> Any:
        return b, sigma


@family
class Wald(Family):
    r"""Inverse Gaussian distribution, shifted.

    Parameters
    ----------
    mu : array
        Mean, positive.
    lam : array, default 1
        Shape, positive; or give `phi` = lam / mu beside mu, or lam and phi.
    alpha : array, default 0
        Shift, at least 0.
    """

    law = positive.Wald()
    domains = {"phi": POSITIVE}

    @parametrisation
    def by_mean(mu: Any, lam: Any = 1.0, *, alpha: Any = 0.0) -> Any:
        return mu, lam, alpha

    @parametrisation
    def by_mean_and_ratio(mu: Any, *, phi: Any, alpha: Any = 0.0) -> Any:
        return mu, mu * phi, alpha

    @parametrisation
    def by_shape_and_ratio(lam: Any, phi: Any, alpha: Any = 0.0) -> Any:
        return lam / phi, lam, alpha


@family
class Weibull(Family):
    r"""Weibull distribution, with survival function exp(-(x / beta)^alpha).

    Parameters
    ----------
    alpha : array
        Shape, positive.
    beta : array
        Scale, positive.
    """

    law = positive.Weibull()

    @parametrisation
    def by_shape(alpha: Any, beta: Any) -> Any:
        return alpha, beta


Lognormal = LogNormal

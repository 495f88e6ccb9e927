"""Distributions on the real line, or on an interval of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.distributions.parameters import check_order, scale_of
from pmjax.distributions.positive import ChiSquared as ChiSquared
from pmjax.distributions.positive import Exponential as Exponential
from pmjax.distributions.positive import Gamma as Gamma
from pmjax.distributions.positive import HalfCauchy as HalfCauchy
from pmjax.distributions.positive import HalfFlat as HalfFlat
from pmjax.distributions.positive import HalfNormal as HalfNormal
from pmjax.distributions.positive import HalfStudentT as HalfStudentT
from pmjax.distributions.positive import InverseGamma as InverseGamma
from pmjax.distributions.positive import LogNormal as LogNormal
from pmjax.distributions.positive import Lognormal as Lognormal
from pmjax.distributions.positive import Pareto as Pareto
from pmjax.distributions.positive import Rice as Rice
from pmjax.distributions.positive import Wald as Wald
from pmjax.distributions.positive import Weibull as Weibull
from pmjax.errors import ModelError
from pmjax.graph.variable import Variable
from pmjax.laws import bounded, real
from pmjax.laws.support import INCREASING, NON_NEGATIVE, POSITIVE, UNIT_INTERVAL
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


@family
class AsymmetricLaplace(Family):
    r"""Laplace distribution with a slope of its own on each side of mu.

    Parameters
    ----------
    kappa : array
        Asymmetry, positive; or give `q`, with kappa = sqrt(q / (1 - q)).
    mu : array
        Location.
    b : array
        Scale of the slopes, positive: b kappa above mu and b / kappa below.
    """

    law = real.AsymmetricLaplace()
    domains = {"q": UNIT_INTERVAL}

    @parametrisation
    def by_asymmetry(kappa: Any, mu: Any, b: Any) -> Any:
        return b, kappa, mu

    @parametrisation
    def by_share(q: Any, mu: Any, b: Any) -> Any:
        return b, np.sqrt(q / (1 - q)), mu


@family
class ExGaussian(Family):
    r"""The sum of a normal and an exponential variable.

    Parameters
    ----------
    mu : array, default 0
        Mean of the normal variable.
    sigma : array, default 1
        Its standard deviation, positive.
    nu : array
        Mean of the exponential variable, positive.
    """

    law = real.ExGaussian()

    @parametrisation
    def by_mean(mu: Any = 0.0, sigma: Any = 1.0, *, nu: Any) -> Any:
        return mu, sigma, nu


@family
class Gumbel(Family):
    r"""Gumbel distribution of largest values.

    Parameters
    ----------
    mu : array
        Location.
    beta : array
        Scale, positive.
    """

    law = real.Gumbel()

    @parametrisation
    def by_scale(mu: Any, beta: Any) -> Any:
        return mu, beta


@family
class Moyal(Family):
    r"""Moyal distribution of energy losses.

    Parameters
    ----------
    mu : array, default 0
        Location.
    sigma : array, default 1
        Scale, positive.
    """

    law = real.Moyal()

    @parametrisation
    def by_scale(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return mu, sigma


@family
class SkewNormal(Family):
    r"""Normal distribution with skewness.

    Parameters
    ----------
    alpha : array, default 1
        Skewness; 0 is the normal distribution.
    mu : array, default 0
        Location.
    sigma : array, default 1
        Scale, positive; or give `tau` = 1 / sigma².
    """

    law = real.SkewNormal()
    domains = {"tau": POSITIVE}

    @parametrisation
    def by_scale(alpha: Any = 1.0, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return mu, sigma, alpha

    @parametrisation
    def by_precision(alpha: Any = 1.0, mu: Any = 0.0, *, tau: Any) -> Any:
        return mu, scale_of(tau), alpha


@family
class SkewStudentT(Family):
    r"""Skewed Student's t distribution of Jones & Faddy.

    Parameters
    ----------
    a, b : array
        Heaviness of the left and of the right side, positive; a = b is symmetric.
    mu : array, default 0
        Location.
    sigma : array, default 1
        Scale, positive; or give `lam` = 1 / sigma².
    """

    law = real.SkewStudentT()
    domains = {"lam": POSITIVE}

    @parametrisation
    def by_scale(a: Any, b: Any, *, mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return a, b, mu, sigma

    @parametrisation
    def by_precision(a: Any, b: Any, *, mu: Any = 0.0, lam: Any) -> Any:
        return a, b, mu, scale_of(lam)


@family
class Kumaraswamy(Family):
    r"""Distribution on the unit interval with distribution function 1 - (1 - x^a)^b.

    Parameters
    ----------
    a, b : array
        Shapes, positive.
    """

    law = bounded.Kumaraswamy()

    @parametrisation
    def by_shapes(a: Any, b: Any) -> Any:
        return a, b


@family
class LogitNormal(Family):
    r"""The logistic function of a normal variable.

    Parameters
    ----------
    mu : array, default 0
        Mean of the log-odds.
    sigma : array, default 1
        Standard deviation of the log-odds, positive; or give `tau` = 1 / sigma².
    """

    law = bounded.LogitNormal()
    domains = {"tau": POSITIVE}

    @parametrisation
    def by_scale(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return mu, sigma

    @parametrisation
    def by_precision(mu: Any = 0.0, *, tau: Any) -> Any:
        return mu, scale_of(tau)


@family
class Triangular(Family):
    r"""Density that rises evenly from lower to c and falls evenly to upper.

    Parameters
    ----------
    lower, upper : array, default 0 and 1
        Bounds.
    c : array, default 0.5
        Mode, between the bounds.
    """

    law = bounded.Triangular()

    @parametrisation
    def by_bounds(lower: Any = 0.0, upper: Any = 1.0, c: Any = 0.5) -> Any:
        check_order(lower, upper)
        check_order(lower, c, strict=False)
        check_order(c, upper, strict=False)
        return lower, c, upper


@family
class VonMises(Family):
    r"""Distribution of angles between -pi and pi.

    Parameters
    ----------
    mu : array, default 0
        Mean direction, in radians.
    kappa : array, default 1
        Concentration, positive.
    """

    law = bounded.VonMises()

    @parametrisation
    def by_concentration(mu: Any = 0.0, kappa: Any = 1.0) -> Any:
        return mu, kappa


@family
class Interpolated(Family):
    """A density given by points between which it is linear; zero beyond them.

    Parameters
    ----------
    x_points : array, shape (K,)
        Increasing.
    pdf_points : array, shape (K,)
        The density there, not negative; it need not be normalised.
    """

    law = bounded.Interpolated()
    domains = {"x_points": INCREASING, "pdf_points": NON_NEGATIVE}

    @parametrisation
    def by_points(x_points: Any, pdf_points: Any) -> Any:
        if isinstance(x_points, Variable) or isinstance(pdf_points, Variable):
            raise ModelError(
                "x_points and pdf_points must be numbers; a density with random points has no name"
            )
        if np.shape(x_points) != np.shape(pdf_points) or np.ndim(x_points) != 1 or len(x_points) < 2:
            raise ModelError(
                "x_points and pdf_points are vectors of one length of at least 2, got shapes "
                f"{np.shape(x_points)} and {np.shape(pdf_points)}"
            )
        x, pdf = np.asarray(x_points, float), np.asarray(pdf_points, float)
        areas = np.diff(x) * (pdf[1:] + pdf[:-1]) / 2
        total = areas.sum()
        if not total > 0:
            raise ModelError("pdf_points are all zero; a density is positive somewhere")
        return x, pdf / total, np.concatenate([[0.0], np.cumsum(areas) / total]), x[0], x[-1]

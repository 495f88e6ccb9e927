"""Distributions whose probability of zero is their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pmjax.distributions.discrete import Binomial, NegativeBinomial, Poisson
from pmjax.distributions.parameters import log_odds_of
from pmjax.distributions.positive import Gamma, LogNormal
from pmjax.laws import modifiers
from pmjax.laws.law import Law
from pmjax.laws.support import NON_NEGATIVE, POSITIVE, UNIT_INTERVAL
from pmjax.model.family import Family, family

Read = tuple[Law, Sequence[Any]]


def _zero_inflated(psi: Any, within: Any, **given: Any) -> Read:
    law, params = within.read(**{n: v for n, v in given.items() if v is not None})
    return modifiers.ZeroInflated(law), [log_odds_of(psi), *params]


def _hurdle(psi: Any, within: Any, **given: Any) -> Read:
    law, params = within.read(**{n: v for n, v in given.items() if v is not None})
    return modifiers.Hurdle(law), [log_odds_of(psi), *params]


@family
class ZeroInflatedPoisson(Family):
    r"""Zero with probability 1 - psi, and otherwise a draw from a Poisson distribution.

    Parameters
    ----------
    psi : array
        Probability of a draw from the Poisson distribution.
    mu : array
        Its mean, at least 0.
    """

    domains = {"psi": UNIT_INTERVAL, "mu": NON_NEGATIVE}

    def read(self, psi: Any, mu: Any) -> Read:  # type: ignore[override]
        return _zero_inflated(psi, Poisson, mu=mu)


@family
class ZeroInflatedBinomial(Family):
    r"""Zero with probability 1 - psi, and otherwise a draw from a binomial distribution.

    Parameters
    ----------
    psi : array
        Probability of a draw from the binomial distribution.
    n : array of integers
        Its number of trials.
    p : array
        Its probability of success.
    """

    domains = {"psi": UNIT_INTERVAL, "p": UNIT_INTERVAL}

    def read(self, psi: Any, n: Any, p: Any) -> Read:  # type: ignore[override]
        return _zero_inflated(psi, Binomial, n=n, p=p)


@family
class ZeroInflatedNegativeBinomial(Family):
    r"""Zero with probability 1 - psi, and otherwise a draw from a negative binomial distribution.

    Parameters
    ----------
    psi : array
        Probability of a draw from the negative binomial distribution.
    mu, alpha : array
        Its mean and dispersion, positive; or
    p, n : array
        its probability of success and number of successes.
    """

    domains = {"psi": UNIT_INTERVAL, "mu": NON_NEGATIVE, "alpha": POSITIVE, "p": UNIT_INTERVAL, "n": POSITIVE}

    def read(  # type: ignore[override]
        self, psi: Any, mu: Any = None, alpha: Any = None, p: Any = None, n: Any = None
    ) -> Read:
        return _zero_inflated(psi, NegativeBinomial, mu=mu, alpha=alpha, p=p, n=n)


@family
class HurdlePoisson(Family):
    r"""Zero with probability 1 - psi, and otherwise a positive draw from a Poisson distribution.

    Parameters
    ----------
    psi : array
        Probability of a positive count.
    mu : array
        Mean of the Poisson distribution (of all its draws, zeros too), positive.
    """

    domains = {"psi": UNIT_INTERVAL, "mu": POSITIVE}

    def read(self, psi: Any, mu: Any) -> Read:  # type: ignore[override]
        return _hurdle(psi, Poisson, mu=mu)


@family
class HurdleNegativeBinomial(Family):
    r"""Zero with probability 1 - psi, and otherwise a positive draw from a negative binomial distribution.

    Parameters
    ----------
    psi : array
        Probability of a positive count.
    mu, alpha : array
        Mean (of all draws, zeros too) and dispersion of the negative binomial distribution, positive; or
    p, n : array
        its probability of success and number of successes.
    """

    domains = {"psi": UNIT_INTERVAL, "mu": POSITIVE, "alpha": POSITIVE, "p": UNIT_INTERVAL, "n": POSITIVE}

    def read(  # type: ignore[override]
        self, psi: Any, mu: Any = None, alpha: Any = None, p: Any = None, n: Any = None
    ) -> Read:
        return _hurdle(psi, NegativeBinomial, mu=mu, alpha=alpha, p=p, n=n)


@family
class HurdleGamma(Family):
    r"""Zero with probability 1 - psi, and otherwise a draw from a gamma distribution.

    Parameters
    ----------
    psi : array
        Probability of a positive number.
    alpha, beta : array
        Shape and rate of the gamma distribution, positive; or
    mu, sigma : array
        its mean and standard deviation.
    """

    domains = {"psi": UNIT_INTERVAL, "alpha": POSITIVE, "beta": POSITIVE, "mu": POSITIVE, "sigma": POSITIVE}

    def read(  # type: ignore[override]
        self, psi: Any, alpha: Any = None, beta: Any = None, mu: Any = None, sigma: Any = None
    ) -> Read:
        return _hurdle(psi, Gamma, alpha=alpha, beta=beta, mu=mu, sigma=sigma)


@family
class HurdleLogNormal(Family):
    r"""Zero with probability 1 - psi, and otherwise a draw from a log-normal distribution.

    Parameters
    ----------
    psi : array
        Probability of a positive number.
    mu, sigma : array
        Mean and standard deviation of its logarithm, 0 and 1 by default; or
    tau : array
        the precision of the logarithm.
    """

    domains = {"psi": UNIT_INTERVAL, "sigma": POSITIVE, "tau": POSITIVE}

    def read(  # type: ignore[override]
        self, psi: Any, mu: Any = 0.0, sigma: Any = None, tau: Any = None
    ) -> Read:
        return _hurdle(psi, LogNormal, mu=mu, sigma=sigma, tau=tau)

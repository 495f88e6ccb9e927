"""Distributions of integers."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from pmjax.distributions.ordinal import OrderedLogistic as OrderedLogistic
from pmjax.distributions.ordinal import OrderedProbit as OrderedProbit
from pmjax.distributions.parameters import check_order, log_odds_of, log_shares_of
from pmjax.graph.variable import Variable, call
from pmjax.laws import discrete
from pmjax.laws.law import Law
from pmjax.laws.support import COUNTS, NON_NEGATIVE, POSITIVE, UNIT_INTERVAL
from pmjax.model.family import Family, family, parametrisation


@family
class Bernoulli(Family):
    """The outcome 0 or 1 of one trial.

    Parameters
    ----------
    p : array
        Probability of 1; or give its log-odds, `logit_p`.
    """

    law = discrete.Bernoulli()
    domains = {"p": UNIT_INTERVAL}

    @parametrisation
    def by_probability(p: Any) -> Any:
        return (log_odds_of(p),)

    @parametrisation
    def by_log_odds(logit_p: Any) -> Any:
        return (logit_p,)


@family
class Binomial(Family):
    """The number of successes in n independent trials.

    Parameters
    ----------
    n : array of integers
        Number of trials.
    p : array
        Probability of success; or give its log-odds, `logit_p`.
    """

    law = discrete.Binomial()
    domains = {"p": UNIT_INTERVAL}

    @parametrisation
    def by_probability(n: Any, p: Any) -> Any:
        return n, log_odds_of(p)

    @parametrisation
    def by_log_odds(n: Any, logit_p: Any) -> Any:
        return n, logit_p


@family
class DiscreteUniform(Family):
    """Every integer from lower to upper, both included, with the same probability.

    Parameters
    ----------
    lower, upper : array of integers
        The smallest and the largest value.
    """

    law = discrete.DiscreteUniform()

    @parametrisation
    def by_bounds(lower: Any, upper: Any) -> Any:
        check_order(lower, upper, strict=False)
        return lower, upper


@family
class Poisson(Family):
    r"""Poisson distribution of counts, with mean and variance mu.

    Parameters
    ----------
    mu : array
        Mean, at least 0.
    """

    law = discrete.Poisson()

    @parametrisation
    def by_mean(mu: Any) -> Any:
        return (mu,)


@family
class NegativeBinomial(Family):
    r"""Counts with mean mu and variance mu + mu² / alpha.

    Parameters
    ----------
    mu, alpha : array
        Mean and dispersion, positive; or
    n, p : array
        number of successes (alpha = n) and probability of one (mu = n (1 - p) / p).
    """

    law = discrete.NegativeBinomial()
    domains = {"n": POSITIVE, "p": UNIT_INTERVAL}

    @parametrisation
    def by_mean(mu: Any, alpha: Any) -> Any:
        return mu, alpha

    @parametrisation
    def by_mean_and_number(mu: Any, n: Any) -> Any:
        return mu, n

    @parametrisation
    def by_probability(p: Any, n: Any) -> Any:
        return n * (1 - p) / p, n

    @parametrisation
    def by_probability_and_dispersion(p: Any, alpha: Any) -> Any:
        return alpha * (1 - p) / p, alpha


@family
class Categorical(Family):
    """One of K categories, numbered from 0.

    Parameters
    ----------
    p : array, shape (..., K)
        Probabilities (normalised if they do not sum to one); or give their logits, `logit_p`.
    """

    law = discrete.Categorical()
    domains = {"p": NON_NEGATIVE}
    shares = ("p",)

    @parametrisation
    def by_probability(p: Any) -> Any:
        return (log_shares_of(p),)

    @parametrisation
    def by_logits(logit_p: Any) -> Any:
        return (call(jax.nn.log_softmax, logit_p),)


@family
class Geometric(Family):
    r"""The number of the first trial that succeeds, counted from 1.

    Parameters
    ----------
    p : array
        Probability of success.
    """

    law = discrete.Geometric()

    @parametrisation
    def by_probability(p: Any) -> Any:
        return (p,)


@family
class DiscreteWeibull(Family):
    r"""Counts with survival function P(X > x) = q^((x + 1)^beta).

    Parameters
    ----------
    q : array
        Between 0 and 1.
    beta : array
        Shape, positive.
    """

    law = discrete.DiscreteWeibull()

    @parametrisation
    def by_shape(q: Any, beta: Any) -> Any:
        return q, beta


@family
class BetaBinomial(Family):
    r"""Successes in n trials whose probability has a beta distribution.

    Parameters
    ----------
    alpha, beta : array
        Shapes of the beta distribution, positive.
    n : array of integers
        Number of trials.
    """

    law = discrete.BetaBinomial()

    @parametrisation
    def by_shapes(alpha: Any, beta: Any, n: Any) -> Any:
        return n, alpha, beta


@family
class HyperGeometric(Family):
    r"""Good ones among n that are drawn without return.

    Parameters
    ----------
    N : array of integers
        Number of all.
    k : array of integers
        Number of good ones.
    n : array of integers
        Number drawn.
    """

    law = discrete.HyperGeometric()
    domains = {"N": COUNTS, "k": COUNTS}

    @parametrisation
    def by_numbers(N: Any, k: Any, n: Any) -> Any:
        return k, N - k, n


@family
class DiracDelta(Family):
    """One value, with probability one.

    Parameters
    ----------
    c : array
        The value; integers make a discrete variable.
    """

    law = discrete.DiracDelta()

    def read(self, c: Any) -> tuple[Law, Any]:  # type: ignore[override]
        kind = c.dtype.kind if isinstance(c, Variable) else np.asarray(c).dtype.kind
        return discrete.DiracDelta(kind in "iub"), (c,)

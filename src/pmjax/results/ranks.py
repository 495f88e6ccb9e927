"""Whether ranks are uniform: the distribution of the most surprising point of their empirical distribution.

Of N uniform ranks among L draws, R_i = #{rank < i} has the binomial law B(N, z_i), with z_i = i / (L + 1),
i = 1..L. The statistic of Säilynoja, Bürkner & Vehtari (2022, doi.org/10.1007/s11222-022-10090-6) is

    gamma = min_i 2 min(P(B(N, z_i) <= R_i), P(B(N, z_i) >= R_i)),

and the p-value the share of sets of uniform ranks whose gamma is as small. Its quantile gives a band for the
whole empirical distribution function at once.
"""

from __future__ import annotations

from functools import cache

import numpy as np

SETS = 4000
"""Sets of uniform ranks that the distribution of gamma is known from."""


def uniformity(ranks: np.ndarray, draws: int) -> float:
    """Return the p-value of ranks, integers of shape (N,) from 0 to L = ``draws``, under uniformity.

    Where no set of uniform ranks is as surprising, it is Bonferroni's bound L gamma, if that is smaller.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> uniformity(rng.integers(0, 100, 200), 99) > 0.01
    True
    >>> uniformity(rng.binomial(99, 0.5, 200), 99) < 1e-6
    True
    """
    gamma = float(_gammas(np.asarray(ranks)[None], draws)[0])
    below = int(np.searchsorted(_null(len(ranks), draws), gamma * (1 + 1e-9), side="right"))
    p = (1 + below) / (SETS + 1)
    return min(p, draws * gamma) if below == 0 else p


def band(simulations: int, draws: int, level: float = 0.99) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z and the bounds between which the whole empirical distribution lies with probability ``level``.

    Returns
    -------
    z, lower, upper : ndarray, shape (L,)
    """
    from scipy.stats import binom

    gamma = np.quantile(_null(simulations, draws), 1 - level)
    z = np.arange(1, draws + 1) / (draws + 1)
    lower, upper = (binom.ppf(q, simulations, z) / simulations for q in (gamma / 2, 1 - gamma / 2))
    return z, lower, upper


def distribution(ranks: np.ndarray, draws: int) -> np.ndarray:
    """Return the empirical distribution R_i / N at z_1..z_L, shape (L,)."""
    return _below(np.asarray(ranks)[None], draws)[0] / len(ranks)


def _below(ranks: np.ndarray, draws: int) -> np.ndarray:
    """Return R_i of sets of ranks, shape (sets, N), as shape (sets, L)."""
    sets = len(ranks)
    flat = (np.arange(sets)[:, None] * (draws + 1) + ranks).ravel()
    counts = np.bincount(flat, minlength=sets * (draws + 1)).reshape(sets, draws + 1)
    return counts.cumsum(axis=1)[:, :-1]


def _gammas(ranks: np.ndarray, draws: int) -> np.ndarray:
    return _tails(ranks.shape[1], draws)[np.arange(draws), _below(ranks, draws)].min(axis=1)


@cache
def _tails(simulations: int, draws: int) -> np.ndarray:
    """Return 2 min(P(B <= n), P(B >= n)) for each z and n, shape (L, N + 1)."""
    from scipy.stats import binom

    z = np.arange(1, draws + 1)[:, None] / (draws + 1)
    n = np.arange(simulations + 1)
    return np.minimum(1.0, 2 * np.minimum(binom.cdf(n, simulations, z), binom.sf(n - 1, simulations, z)))


@cache
def _null(simulations: int, draws: int) -> np.ndarray:
    """Return gamma of sets of uniform ranks, sorted."""
    rng = np.random.default_rng(0)
    return np.sort(_gammas(rng.integers(0, draws + 1, (SETS, simulations)), draws))

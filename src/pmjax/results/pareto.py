"""Pareto smoothed importance weights, by whichever ArviZ is installed."""

from __future__ import annotations

import numpy as np

from pmjax.results.arviz_series import arviz_series

MAX_KHAT = 0.7
"""Above this importance weights, and what is weighted by them, are unreliable (Vehtari et al. 2024)."""


def smoothed_weights(log_ratios: np.ndarray) -> tuple[np.ndarray, float]:
    """Return normalised log weights and the shape k of the tail of the ratios.

    Vehtari et al. 2024, jmlr.org/papers/v25/19-556.html. k is infinite where ratios are no numbers.

    Parameters
    ----------
    log_ratios : ndarray, shape (draws,)
        log p(x) - log q(x), up to a constant.

    Examples
    --------
    >>> weights, khat = smoothed_weights(np.random.default_rng(0).normal(0, 0.1, 1000))
    >>> bool(khat < 0.5), round(float(np.exp(weights).sum()), 6)
    (True, 1.0)
    """
    ratios = np.where(np.isfinite(log_ratios), log_ratios, -np.inf)
    finite = np.isfinite(ratios)
    weights = np.full(ratios.shape, -np.inf)
    if finite.sum() < 5:
        return weights, np.inf
    if np.ptp(ratios[finite]) < 1e-10:
        # Equal ratios have no tail: q is p.
        weights[finite] = -np.log(finite.sum())
        return weights, -np.inf
    with np.errstate(all="ignore"):
        if arviz_series() == 0:
            import arviz

            smooth, khat = arviz.psislw(ratios[finite].copy())
        else:
            from arviz_stats.base import array_stats

            # ArviZ 1.x takes what importance sampling divides by: minus the ratios.
            smooth, khat = array_stats.psislw(-ratios[finite])
    weights[finite] = np.asarray(smooth)
    top = weights[finite].max()
    weights -= top + np.log(np.exp(weights[finite] - top).sum())
    return weights, float(khat)

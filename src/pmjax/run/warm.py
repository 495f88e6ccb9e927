"""A warm start: where a chain begins, and what is known of the posterior before its first draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmjax.run.starts import Starts


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Where a chain has ended, or an approximation of the posterior lets it begin.

    The metric is the linear map ``L = diag(sigma) A``, with A the identity (``k = 0``), lower triangular (a
    dense metric, ``k = D``), or ``I + V diag(s - 1) V^T`` with V in ``directions`` and s in ``scales``.

    Attributes
    ----------
    theta : ndarray, shape (D,)
        A point in the coordinates that ``knobs`` define.
    sigma : ndarray, shape (D,)
    directions : ndarray, shape (D, k)
    scales : ndarray, shape (k,)
    step_size : float
        Not a number where it has to be searched for.
    knobs : mapping of str to ndarray
        Empty means the density's own.
    """

    theta: np.ndarray
    sigma: np.ndarray
    directions: np.ndarray
    scales: np.ndarray
    step_size: float = float("nan")
    knobs: Mapping[str, Any] = field(default_factory=dict)


def warm_starts(warm: Sequence[WarmStart], otherwise: Starts) -> Starts:
    """Return the starts of chains that begin warm; where the density is not finite there, the others follow.

    Examples
    --------
    >>> one = WarmStart(np.array([3.0]), np.ones(1), np.ones((1, 0)), np.ones(0))
    >>> starts = warm_starts([one], lambda chain, attempt: np.array([float(attempt)]))
    >>> starts(0, 0), starts(0, 1)
    (array([3.]), array([0.]))
    """

    def starts(chain: int, attempt: int) -> np.ndarray:
        if attempt == 0:
            return warm[chain % len(warm)].theta
        return otherwise(chain, attempt - 1)

    return starts

"""Where chains start, and what is said where they cannot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Starts = Callable[[int, int], np.ndarray]
"""``starts(chain, attempt) -> theta``, shape (D,)."""


ATTEMPTS = 50
"""Starts that a chain tries."""


class StartError(ValueError):
    """No start with a finite log density and gradient was found.

    Attributes
    ----------
    chain : int
    theta : ndarray, shape (D,)
        The last start that was tried.
    log_density : float
    """

    def __init__(self, chain: int, theta: np.ndarray, log_density: float, attempts: int) -> None:
        self.chain, self.theta, self.log_density = chain, theta, log_density
        super().__init__(
            f"Chain {chain} found no start in {attempts} attempts: the log density or its gradient is not "
            f"finite there (log density {log_density}). Give finite starting values inside the support."
        )

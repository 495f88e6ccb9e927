"""A chunk: draws of some chains, with the place where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Chunk:
    """Successive draws of C chains, all of one phase for each chain.

    Attributes
    ----------
    chains : ndarray of int, shape (C,)
        The chains' indices in the run.
    first : ndarray of int, shape (C,)
        The number of each chain's first row, warm-up counted in.
    counts : ndarray of int, shape (C,)
        How many rows of each chain are draws; the rest is not to be looked at.
    theta : ndarray, shape (C, rows, D)
        Points of the unconstrained space.
    stats : ndarray, shape (C, rows, len(STATS))
        See `pmjax.run.statistics`.
    outputs : mapping of str to ndarray, shape (C, rows, *event shape)
        What is recorded of the draws on the user's scale.
    """

    chains: np.ndarray
    first: np.ndarray
    counts: np.ndarray
    theta: np.ndarray
    stats: np.ndarray
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)

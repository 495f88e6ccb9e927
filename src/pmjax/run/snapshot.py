"""A snapshot: all that a job needs to go on from an instant, in this process or in another."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Snapshot(NamedTuple):
    """A job between two chunks, as one pytree of arrays.

    A job that goes on from it makes the draws that it would have made, bit for bit, on the same machine.

    Attributes
    ----------
    chains : ndarray of int, shape (C,)
        The chains of the job.
    done : ndarray of int, shape (C,)
        How many draws each has made, warm-up counted in; all of them are in chunks that came before.
    state : pytree of arrays
        What the sampler needs.
    """

    chains: np.ndarray
    done: np.ndarray
    state: Any

"""What a call of the program writes down: rows of draws and their statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from pmjax.run.statistics import STATS

BUFFER_BYTES, MIN_CAPACITY, MAX_CAPACITY = 2**20, 16, 1024


class Buffers(NamedTuple):
    """Draws of a chunk, shapes (capacity, D), (capacity, D) and (capacity, len(STATS))."""

    theta: Any
    gradient: Any
    stats: Any


def capacity(size: int, batch: int = 1) -> int:
    """Return how many draws of each chain a chunk can hold: a megabyte of them, or 32 for a batch."""
    if batch == 1:
        draws = BUFFER_BYTES // (8 * max(size, 1))
    else:
        # Each call begins with empty buffers: with many chains they must not cost more than the draws.
        draws = 32 * BUFFER_BYTES // (8 * batch * (2 * size + len(STATS)))
    return int(np.clip(draws, MIN_CAPACITY, MAX_CAPACITY))


def empty_buffers(rows: tuple[int, ...], size: int, dtype: np.dtype) -> Buffers:
    """Return buffers for so many draws, in which nothing has been written."""
    return Buffers(*(jnp.zeros((*rows, columns), dtype) for columns in (size, size, len(STATS))))

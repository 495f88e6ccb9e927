"""Python's garbage collector and long runs."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_NEVER = 2**30


@contextlib.contextmanager
def no_full_collections() -> Iterator[None]:
    """Keep the garbage collector from searching the whole heap, for the time of a ``with`` block.

    A full collection looks at every object of the process, which takes 0.1 s with JAX and pandas imported,
    and stops all threads meanwhile. What the block makes and soon drops is collected as ever.

    Examples
    --------
    >>> with no_full_collections():
    ...     during = gc.get_threshold()
    >>> during[:2] == gc.get_threshold()[:2], during[2] > gc.get_threshold()[2]
    (True, True)
    """
    young, middle, old = gc.get_threshold()
    # Of two blocks at a time in different threads, the first one decides.
    mine = old < _NEVER
    if mine:
        gc.set_threshold(young, middle, _NEVER)
    try:
        yield
    finally:
        if mine:
            gc.set_threshold(young, middle, old)

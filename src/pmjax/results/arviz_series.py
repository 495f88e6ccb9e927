"""Which ArviZ is installed, and importing what a result needs while there is still time to wait."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def arviz_series() -> int:
    """Return the major version of the installed ArviZ, without importing it.

    0 means ``arviz.InferenceData`` and one package; 1 means ``xarray.DataTree``, with the
    statistics in ``arviz_stats``.
    """
    return int(version("arviz").split(".")[0])


def preload(statistics: bool = True) -> None:
    """Import what `to_arviz` and, for `statistics`, `convergence_warnings` will need.

    These imports take 1.5 to 2 s in a fresh process. Run in a thread while XLA compiles, which
    releases the interpreter lock, they cost next to nothing.

    Examples
    --------
    >>> import threading
    >>> thread = threading.Thread(target=preload)
    >>> thread.start()
    >>> thread.join()
    """
    if arviz_series() == 0:
        import arviz  # noqa: F401
    else:
        import xarray  # noqa: F401

        if statistics:
            import arviz_stats.base  # noqa: F401

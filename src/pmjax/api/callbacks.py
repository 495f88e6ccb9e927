"""What may be told of each step of `pm.fit`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from pmjax.errors import ModelError

__all__ = ["CheckParametersConvergence", "Tracker"]


class CheckParametersConvergence:
    """End a fit once the parameters of the approximation have stopped to move.

    Parameters
    ----------
    every : int
        Steps between two looks.
    tolerance : float
        The fit ends when the norm of the change is below it.
    diff : {"relative", "absolute"}
        What a change is.
    ord : number or str
        The norm, as of ``numpy.linalg.norm``.
    """

    def __init__(
        self, every: int = 100, tolerance: float = 1e-3, diff: str = "relative", ord: Any = np.inf
    ) -> None:
        if diff not in ("relative", "absolute"):
            raise ModelError(f"CheckParametersConvergence: diff is 'relative' or 'absolute', got {diff!r}")
        self.every, self.tolerance, self.diff, self.ord = every, tolerance, diff, ord
        self._last: np.ndarray | None = None

    def __call__(self, approx: Any, losses: np.ndarray, i: int) -> None:
        if i % self.every:
            return
        now = np.concatenate([np.ravel(approx.mean.eval()), np.ravel(approx.std.eval())])
        last, self._last = self._last, now
        if last is None:
            return
        change = np.abs(now - last)
        if self.diff == "relative":
            change = (change + 1e-6) / (np.abs(last) + 1e-6)
        if np.linalg.norm(change, self.ord) < self.tolerance:
            raise StopIteration(f"Convergence achieved at {i}")


class Tracker:
    """Keep what functions return after each step; ``tracker["name"]`` is the list.

    Parameters
    ----------
    **functions
        Called with nothing, or with (approx, losses, step) where they take three arguments.

    Examples
    --------
    >>> tracker = Tracker(step=lambda approx, losses, i: i)
    >>> tracker(None, [], 1)
    >>> tracker["step"]
    [1]
    """

    def __init__(self, **functions: Callable[..., Any]) -> None:
        self._functions = functions
        self.hist: dict[str, list[Any]] = defaultdict(list)

    def __call__(self, approx: Any, losses: Any, i: int) -> None:
        for name, function in self._functions.items():
            try:
                value = function()
            except TypeError:
                value = function(approx, losses, i)
            self.hist[name].append(value)

    def __getitem__(self, name: str) -> list[Any]:
        return self.hist[name]

    def clear(self) -> None:
        """Forget what was kept."""
        self.hist.clear()

"""Work in a thread of its own, which is waited for so that Ctrl-C is answered meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

POLL_SECONDS = 0.05


class Background:
    """A function that runs once, in a thread. What it raises is raised by `wait`, and by nothing else.

    Parameters
    ----------
    function : callable
        Takes nothing.

    Examples
    --------
    >>> work = Background(lambda: 6 * 7)
    >>> work.start()
    >>> work.wait()
    42
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._value: Any = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        # No daemon: the interpreter must not end, after an interrupt, while a thread of it is in compiled
        # code or inside XLA, which takes the process down.
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ended_within(self, seconds: float) -> bool:
        """Wait so long at most, and return whether the function has ended."""
        # Not `Thread.join`: interrupted there, CPython 3.11 takes a running thread for an ended one, and
        # does not wait for it when the interpreter ends.
        return self._ended.wait(seconds)

    def wait(self, tick: Callable[[], None] | None = None) -> Any:
        """Return the function's value, or raise what it raised, once it has ended.

        Parameters
        ----------
        tick : callable, optional
            Called now and then, with nothing, for as long as that takes.

        Raises
        ------
        RuntimeError
            If it was never started, and so would never end.
        """
        if self._thread.ident is None:
            raise RuntimeError("Background.wait: start() comes before wait().")
        while not self.ended_within(POLL_SECONDS):
            if tick is not None:
                tick()
        if self._error is not None:
            raise self._error
        return self._value

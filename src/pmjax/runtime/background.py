"""Work in a thread of its own, which is waited for so that Ctrl-C is answered meanwhile."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import jax

from pmjax.runtime.settings import user_device

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 1.0
EXIT_SECONDS = 10.0
"""How long the end of the process waits for threads that are in compiled code."""

_started: weakref.WeakSet[Background] = weakref.WeakSet()


class Background:
    """A function that runs once, in a thread. What it raises is raised by `wait`, and by nothing else.

    JAX computes there on the device that is the default one where this is made.

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
        self._device = user_device()
        # The interpreter would wait for other threads for ever, and not at all after an interrupt.
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        try:
            with jax.default_device(self._device):
                self._value = self._function()
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    def start(self) -> None:
        """Begin."""
        _wait_at_exit()
        _started.add(self)
        self._thread.start()

    def stop(self) -> None:
        """Let the function end where Python comes to its next instruction; compiled code is not interrupted.

        Nobody may wait for its value any more.
        """
        if self._thread.is_alive():
            number, error = ctypes.c_ulong(self._thread.ident or 0), ctypes.py_object(SystemExit)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(number, error)

    def ended_within(self, seconds: float) -> bool:
        """Wait so long at most, and return whether the function has ended."""
        # Not `Thread.join`: interrupted there, CPython 3.11 takes a running thread for an ended one.
        return self._ended.wait(seconds)

    def gone_within(self, seconds: float) -> bool:
        """Wait so long at most, and return whether its thread is no more."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

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


def interruptible(function: Callable[[], Any], tick: Callable[[], None] | None = None) -> Any:
    """Return what a function returns. Ctrl-C is answered at once, and ends it.

    Parameters
    ----------
    function : callable
        Takes nothing; it runs in a thread of its own.
    tick : callable, optional
        Called now and then, with nothing, meanwhile. What it raises ends the function too.

    Examples
    --------
    >>> interruptible(lambda: 6 * 7)
    42
    """
    work = Background(function)
    work.start()
    try:
        return work.wait(tick)
    except BaseException:
        work.stop()
        raise


@cache
def _wait_at_exit() -> None:
    # Handlers run in the reverse order: this one, registered after JAX was imported, before JAX's own.
    atexit.register(_end_all)


def _end_all() -> None:
    """Let no thread be in compiled code when the interpreter ends: that would abort the process.

    Threads are told to stop and waited for. If one does not end, or at a second Ctrl-C, the process ends as
    Ctrl-C ends any other: at once, by the signal.
    """
    try:
        working = [work for work in _started if not work.gone_within(0)]
        for work in working:
            work.stop()
        if not _all_gone(working, PATIENCE_SECONDS):
            print("Waiting for compiled code to end; Ctrl-C does not wait.", file=sys.stderr, flush=True)
            if not _all_gone(working, EXIT_SECONDS):
                _kill()
    except KeyboardInterrupt:
        _kill()


def _all_gone(working: Iterable[Background], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    return all(work.gone_within(max(0.0, deadline - time.monotonic())) for work in working)


def _kill() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    if os.name == "posix":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(128 + signal.SIGINT)

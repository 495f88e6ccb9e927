"""SIGTERM, with which schedulers end a process, as a reason to keep what there is."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM came while there was something to keep."""


@contextlib.contextmanager
def termination_interrupts() -> Iterator[None]:
    """Let SIGTERM interrupt a ``with`` block as Ctrl-C does.

    If nothing in the block handles the interrupt the process ends by the signal, as ever. A handler of the
    user's own is left alone, and signals reach the main thread only: elsewhere the block changes nothing.

    Examples
    --------
    >>> with termination_interrupts():
    ...     try:
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ...     except KeyboardInterrupt:
    ...         print("kept")
    kept
    """
    on_main = threading.current_thread() is threading.main_thread()
    if not on_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

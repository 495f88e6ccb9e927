"""Work in a thread: its value, its error, and an interrupt of the one who waits."""

from __future__ import annotations

import _thread
import threading
import time

import pytest

from pmjax.runtime.background import Background, interruptible


def test_value_and_error_come_back():
    work = Background(lambda: 6 * 7)
    work.start()
    assert work.wait() == 42
    assert work.wait() == 42
    failing = Background(lambda: 1 / 0)
    failing.start()
    with pytest.raises(ZeroDivisionError):
        failing.wait()


def test_waiting_for_what_was_not_started_is_refused():
    with pytest.raises(RuntimeError, match="start"):
        Background(lambda: None).wait()


def test_an_interrupt_of_the_wait_leaves_the_work_running():
    waited_for, resumed = threading.Event(), threading.Event()

    def interrupting() -> str:
        waited_for.wait()
        _thread.interrupt_main()
        resumed.wait()
        return "done"

    work = Background(interrupting)
    work.start()
    with pytest.raises(KeyboardInterrupt):
        work.wait(tick=waited_for.set)
    assert not work.ended_within(0)
    resumed.set()
    assert work.wait() == "done"


def test_who_waits_is_told_that_time_passes():
    enough = threading.Event()
    work = Background(enough.wait)
    work.start()
    assert work.wait(tick=enough.set)


def test_what_is_interrupted_ends():
    began, ended = threading.Event(), threading.Event()

    def for_ever() -> None:
        began.set()
        try:
            while True:
                time.sleep(0.001)
        finally:
            ended.set()

    def interrupt() -> None:
        if began.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interruptible(for_ever, interrupt)
    assert ended.wait(10)
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)

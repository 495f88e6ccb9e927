"""Work in a thread: its value, its error, and an interrupt of the one who waits."""

from __future__ import annotations

import _thread
import threading

import pytest

from pmjax.runtime.background import Background


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

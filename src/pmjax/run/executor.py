"""Runs the jobs: threads over one executable, a chunk at a time, with the host in between."""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from pmjax.run.job import Job
from pmjax.runtime.background import POLL_SECONDS, Background

INTERRUPT_SECONDS = 0.8


class Executor(Protocol):
    """What advances the jobs of a run, chunk by chunk, while the caller looks on."""

    def results(self) -> Iterator[Job | None]:
        """Start; yield a job each time it has made a chunk, and None now and then while nothing happens."""

    def stop(self) -> None:
        """Let every job rest after its chunk."""

    def join(self) -> None:
        """Wait for the jobs after `stop`, as long as an interrupt may take."""


class ThreadExecutor:
    """Worker threads that share the jobs; the job with the fewest draws goes first.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int
        Number of threads.
    scope : callable
        Returns a context manager that sets the precision of a thread.
    in_order : bool
        Finish each job before the next one starts.
    """

    def __init__(
        self, jobs: Sequence[Job], workers: int, scope: Callable[[], Any], in_order: bool = False
    ) -> None:
        # None says that a thread has ended.
        self.events: queue.Queue[Job | BaseException | None] = queue.Queue()
        self._waiting = [(0 if in_order else job.done, job.index, job) for job in jobs if not job.finished]
        heapq.heapify(self._waiting)
        self._lock, self._stop, self._scope, self._in_order = threading.Lock(), False, scope, in_order
        self._workers = [Background(self._work) for _ in range(workers)]

    def _work(self) -> None:
        try:
            with self._scope():
                self._advance_jobs()
        except BaseException as error:
            self.stop()
            self.events.put(error)
        finally:
            self.events.put(None)

    def _advance_jobs(self) -> None:
        while True:
            with self._lock:
                if self._stop or not self._waiting:
                    return
                _, _, job = heapq.heappop(self._waiting)
            job.advance()
            # Back in the heap first: the event may be the last that anybody waits for.
            with self._lock:
                if not job.finished:
                    done = 0 if self._in_order else job.done
                    heapq.heappush(self._waiting, (done, job.index, job))
            self.events.put(job)

    def stop(self) -> None:
        """Let every thread end after its chunk."""
        self._stop = True

    def results(self) -> Iterator[Job | None]:
        """Start; yield a job each time it has made a chunk, and None now and then while nothing happens."""
        for worker in self._workers:
            worker.start()
        working = len(self._workers)
        while working:
            try:
                event = self.events.get(timeout=POLL_SECONDS)
            except queue.Empty:
                yield None
                continue
            if isinstance(event, BaseException):
                raise event
            if event is None:
                working -= 1
            else:
                yield event

    def join(self) -> None:
        """Wait for the threads after `stop`, as long as an interrupt may take."""
        deadline = time.perf_counter() + INTERRUPT_SECONDS
        for worker in self._workers:
            worker.ended_within(max(0.0, deadline - time.perf_counter()))

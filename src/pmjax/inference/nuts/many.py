"""Many runs at once: the chains of all of them are the jobs of one executor, over one program."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pmjax.inference.nuts.batch import Batch
from pmjax.inference.nuts.chain import Chain
from pmjax.inference.nuts.sample import Prepared
from pmjax.run.executor import ThreadExecutor
from pmjax.run.job import ChainStatus
from pmjax.run.progress import Progress
from pmjax.run.trace import Trace
from pmjax.runtime.termination import termination_interrupts


class Interrupted(Exception):
    """A run has been interrupted before its last draw."""


@dataclass(frozen=True)
class Guarded:
    """A job of one of many runs, whose failure ends that run and no other.

    Attributes
    ----------
    index : int
        Its place among all jobs.
    place : int
        The place of its run.
    job : Chain or Batch
    failures : dict of int to Exception
        By the place of the run; shared by all jobs.
    """

    index: int
    place: int
    job: Chain | Batch
    failures: dict[int, Exception]

    @property
    def done(self) -> int:
        return self.job.done

    @property
    def finished(self) -> bool:
        return self.place in self.failures or self.job.finished

    @property
    def members(self) -> Sequence[ChainStatus]:
        return self.job.members

    def advance(self) -> None:
        """Make the next chunk; what it raises is kept."""
        try:
            self.job.advance()
        except Exception as error:
            self.failures.setdefault(self.place, error)


def run_all(runs: Sequence[Prepared], cores: int | None, progressbar: bool) -> list[Trace | Exception]:
    """Make the draws of many prepared runs, the earlier ones first.

    Parameters
    ----------
    runs : sequence of Prepared
        With the same sampler, precision and number of chains.
    cores : int, optional
        Threads at most; one for each processor by default.
    progressbar : bool

    Returns
    -------
    list of Trace or Exception
        What each run has come to; `Interrupted` where an interrupt has kept it from its last draw.
    """
    failures: dict[int, Exception] = {}
    places = [(place, unit) for place, run in enumerate(runs) for unit in run.units]
    jobs = [Guarded(i, place, unit, failures) for i, (place, unit) in enumerate(places)]
    progress, began = Progress(progressbar), time.perf_counter()
    executor = ThreadExecutor(jobs, runs[0].workers(cores, len(runs)), runs[0].scope, in_order=True)
    with termination_interrupts():
        try:
            for _ in executor.results():
                finished = sum(all(unit.finished for unit in run.units) for run in runs)
                progress.phase(f"Data sets: {finished} of {len(runs)}")
        except KeyboardInterrupt:
            executor.stop()
            executor.join()
        except BaseException:
            executor.stop()
            raise
    seconds = time.perf_counter() - began
    traces: list[Trace | Exception] = []
    for place, run in enumerate(runs):
        if place in failures:
            traces.append(failures[place])
        elif not all(unit.finished for unit in run.units):
            traces.append(Interrupted("sampling was interrupted"))
        else:
            traces.append(run.trace([], seconds))
    return traces

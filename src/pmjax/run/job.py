"""A job: one chain, or a batch of chains, that advances chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pmjax.run.snapshot import Snapshot


class ChainStatus(Protocol):
    """How far a chain has come; what progress displays and callbacks look at."""

    @property
    def index(self) -> int:
        """The chain's index in the run."""

    @property
    def tune(self) -> int:
        """Warm-up draws in all."""

    @property
    def draws(self) -> int:
        """Draws that are kept, in all."""

    @property
    def done(self) -> int:
        """Draws made, warm-up counted in."""

    @property
    def finished(self) -> bool:
        """Whether all draws are made."""

    @property
    def gradients(self) -> int:
        """Gradients so far."""

    @property
    def divergences(self) -> int:
        """Divergences after warm-up so far."""

    @property
    def all_divergent(self) -> bool:
        """Whether every draw so far has diverged."""

    @property
    def started(self) -> float:
        """When the chain began, by ``time.perf_counter``."""

    @property
    def last_stats(self) -> np.ndarray | None:
        """Statistics of the last draw, in the order of `pmjax.run.statistics.STATS`."""


class Job(Protocol):
    """What an executor runs: chains that advance together."""

    @property
    def index(self) -> int:
        """Its place among the jobs of the run."""

    @property
    def done(self) -> int:
        """Draws of the chain that has made the fewest."""

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""

    @property
    def members(self) -> Sequence[ChainStatus]:
        """The chains."""

    def advance(self) -> None:
        """Make the next chunk, and hand it on before returning."""


class ResumableJob(Job, Protocol):
    """A job that can go on in another process."""

    def snapshot(self) -> Snapshot:
        """Return all that the job needs to go on from here."""

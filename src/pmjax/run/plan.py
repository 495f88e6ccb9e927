"""What is asked of a sampler, and what it may use meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from pmjax.run.snapshot import Snapshot
from pmjax.run.starts import ATTEMPTS, Starts
from pmjax.run.store import Store
from pmjax.run.trace import Trace
from pmjax.run.warm import WarmStart
from pmjax.target.target import Target


@dataclass(frozen=True)
class Plan:
    """Which draws are asked for: with the target and the sampler, all that they depend on.

    Attributes
    ----------
    draws, tune, chains : int
        Kept draws and warm-up draws of each chain, and the number of chains.
    seed : int
    starts : callable
        ``starts(chain, attempt) -> theta``; where the density is not finite there, the next attempt follows.
    names : tuple of str
        The outputs to record.
    attempts : int
        Starts that a chain tries.
    keep_theta, keep_warmup : bool
        Keep points of the unconstrained space; keep the warm-up.
    warm : sequence of WarmStart
        What is known before the first draw, for the chains in turn; empty if nothing is.
    """

    draws: int
    tune: int
    chains: int
    seed: int
    starts: Starts
    names: tuple[str, ...]
    attempts: int = ATTEMPTS
    keep_theta: bool = False
    keep_warmup: bool = False
    warm: Sequence[WarmStart] = ()

    @property
    def first_starts(self) -> np.ndarray:
        """The first start of each chain, shape (chains, D), for samplers that do not try again."""
        return np.stack([self.starts(chain, 0) for chain in range(self.chains)])


@dataclass(frozen=True)
class Run:
    """How the draws are made, which changes none of them.

    Attributes
    ----------
    cores : int or None
        Threads at most; one for each processor by default.
    progressbar : bool
    callback : callable or None
        Called with a chain (`ChainStatus`) after each chunk of its draws.
    while_compiling : callable
        Called when what is left of a compilation needs no interpreter: a good time for imports.
    store : Store or None
        Where draws and snapshots go; memory by default.
    resume : sequence of Snapshot
        Where jobs go on, instead of at their starts.
    """

    cores: int | None = None
    progressbar: bool = False
    callback: Callable[[Any], None] | None = None
    while_compiling: Callable[[], None] = lambda: None
    store: Store | None = None
    resume: Sequence[Snapshot] = ()


class Sampler(Protocol):
    """A sampler is a value: its options, and one method."""

    @property
    def target_accept(self) -> float:
        """The acceptance rate that the step size is tuned to."""

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target."""

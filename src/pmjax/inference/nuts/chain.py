"""One chain: its start, its chunks of draws, and what is kept of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import numpy as np

from pmjax.inference.nuts import metric as metrics
from pmjax.inference.nuts import step_size
from pmjax.inference.nuts.buffers import Buffers
from pmjax.inference.nuts.kernel import Point
from pmjax.inference.nuts.program import Settings
from pmjax.inference.nuts.schedule import LATE
from pmjax.inference.nuts.state import ChainState, initial_state
from pmjax.run.chunk import Chunk
from pmjax.run.snapshot import Snapshot
from pmjax.run.starts import StartError, Starts
from pmjax.run.statistics import STATS
from pmjax.run.warm import WarmStart
from pmjax.runtime import streams

# Between chunks an interrupt is answered, and another chain may have the processor.
CHUNK_SECONDS = 0.05
INITIAL_STEP = 0.1
# Draws that the metric of a warm start weighs as much as.
WARM_DRAWS = 50
N_STEPS, DIVERGING = STATS.index("n_steps"), STATS.index("diverging")

T = TypeVar("T")
# A generator of calls of the program: it yields (state, settings, knobs) and is sent what they return.
Calls = Generator[tuple[ChainState, Settings, Any], tuple[ChainState, Buffers], T]

# Draws and gradients, shapes (n, D).
Pairs = tuple[np.ndarray, np.ndarray]
# Knobs; in the coordinates that they define, where the chain is and the gradient there; what the log density
# has grown by there; the draws and gradients of the window in these coordinates.
Move = tuple[Any, Pairs, float, Pairs]


class WindowHook(Protocol):
    """What may change the coordinates of chains where a window of their warm-up ends."""

    @property
    def settling(self) -> int:
        """A chain that stays where it is after a window of so many draws is not asked about again."""

    def prepare(self, chains: int, dtype: np.dtype) -> None:
        """Compile what will be needed for so many chains at a time; called in a thread of its own."""
        ...

    def __call__(
        self,
        theta: np.ndarray,
        gradient: np.ndarray,
        place: Pairs,
        knobs: Any,
    ) -> Sequence[Move | None]:
        """Return for each chain its move, or None if it stays.

        Parameters
        ----------
        theta, gradient : ndarray, shape (C, draws, D)
            The draws of the window of each of C chains, and the gradients there; every array, those of
            ``knobs`` too, has a leading axis of these chains.
        place : tuple of two ndarray, shape (C, D)
            Where the chains are, and the gradients there.
        knobs : pytree of ndarray
            The knobs in force.
        """
        ...


@dataclass(frozen=True)
class Shared:
    """What all chains of a run share."""

    run_chunk: Callable[..., Any]
    data: Any
    knobs: Any
    kind: metrics.MetricKind
    dtype: np.dtype
    capacity: int
    flags: np.ndarray
    tune: int
    draws: int
    target_accept: float
    max_treedepth: int
    starts: Starts
    attempts: int
    boundaries: np.ndarray
    window_hook: WindowHook | None
    keep: Callable[[Chunk, Any], None]
    save: Callable[[Snapshot], None] | None = None
    warm: Sequence[WarmStart] = ()

    @property
    def uses_pairs(self) -> bool:
        """Whether (draw, gradient) pairs of warm-up are wanted on the host."""
        return self.kind.uses_pairs or self.window_hook is not None

    @cached_property
    def stops(self) -> np.ndarray:
        """After how many draws a chain stops: where a phase or a window ends."""
        ends = [self.tune, self.tune + self.draws]
        return np.union1d(ends, self.boundaries if self.uses_pairs else []).astype(int)

    def draws_to_stop(self, done: int | np.ndarray) -> np.ndarray:
        """Return how many draws lie between ``done`` and the next stop."""
        following = np.searchsorted(self.stops, done, side="right")
        return self.stops[np.minimum(following, len(self.stops) - 1)] - done


class ChainInstant(NamedTuple):
    """A chain between two chunks, as a pytree of arrays.

    Attributes
    ----------
    state : ChainState
        What the program carries from draw to draw.
    knobs : pytree of arrays
        The coordinates that the chain moves in.
    pairs : tuple of Pairs
        Draws and gradients of the present window of the warm-up, chunk by chunk.
    counts : ndarray of int
        Draws, gradients, probes for a step size, divergences.
    flags : ndarray of bool
        Whether all draws have diverged; whether the coordinates are settled.
    last_stats : ndarray or None
        Statistics of the last draw.
    """

    state: Any
    knobs: Any
    pairs: tuple[Pairs, ...]
    counts: np.ndarray
    flags: np.ndarray
    last_stats: np.ndarray | None


@dataclass
class Chain:
    """A chain between two chunks."""

    run: Shared
    index: int
    seed: int
    state: ChainState | None = None
    knobs: Any = None
    done: int = 0
    gradients: int = 0
    probes: int = 0
    divergences: int = 0
    all_divergent: bool = True
    ticks: int = 1
    last_stats: np.ndarray | None = None
    started: float = 0.0
    pairs: list[Pairs] = field(default_factory=list)
    settled: bool = False

    @property
    def tune(self) -> int:
        return self.run.tune

    @property
    def draws(self) -> int:
        return self.run.draws

    @property
    def finished(self) -> bool:
        return self.done >= self.run.tune + self.run.draws

    @property
    def members(self) -> list[Chain]:
        return [self]

    @property
    def attributes(self) -> dict[str, object]:
        """What is recorded with the result beside the run's own."""
        return {}

    def states(self) -> list[ChainState]:
        """Return what each member carries, on the host."""
        assert self.state is not None
        return [jax.tree.map(np.asarray, self.state)]

    def snapshot(self) -> Snapshot:
        """Return all that the chain needs to go on from here."""
        return Snapshot(np.array([self.index]), np.array([self.done]), self.instant())

    def instant(self) -> ChainInstant:
        """Return the chain's state on the host and in the program."""
        counts = (self.done, self.gradients, self.probes, self.divergences)
        flags = (self.all_divergent, self.settled)
        pairs = tuple(self.pairs)
        return ChainInstant(self.state, self.knobs, pairs, np.array(counts), np.array(flags), self.last_stats)

    def go_on_from(self, instant: ChainInstant) -> None:
        """Take the state of an earlier instant."""
        self.state, self.knobs, self.pairs = instant.state, instant.knobs, list(instant.pairs)
        self.done, self.gradients, self.probes, self.divergences = map(int, instant.counts)
        self.all_divergent, self.settled = map(bool, instant.flags)
        self.last_stats, self.started = instant.last_stats, time.perf_counter()

    def advance(self) -> None:
        """Make the next chunk of draws, hand it to ``run.keep`` and then the snapshot to ``run.save``."""
        steps = self._chunk()
        answer: Any = None
        while True:
            try:
                state, settings, knobs = steps.send(answer)
            except StopIteration:
                break
            arguments = (state, settings, self.run.data, knobs, np.int32(self.ticks))
            began = time.perf_counter()
            answer = jax.block_until_ready(self.run.run_chunk(*arguments))
            self._pace(state, answer, time.perf_counter() - began)

        if self.run.save is not None:
            self.run.save(self.snapshot())

    def _pace(self, before: ChainState, answer: tuple[ChainState, Buffers], seconds: float) -> None:
        """Choose the ticks of the next call by what the last one, from ``before``, has made of its own."""
        after, buffers = answer
        made = int(after.draw) - int(before.draw)
        leaves = int(np.asarray(buffers.stats)[:made, N_STEPS].sum())
        leaves += int(after.search.made) - int(before.search.made)
        ticks = max(1, int(CHUNK_SECONDS / seconds * leaves))
        # A call that ends before its ticks do takes much of its time to begin and to end.
        self.ticks = ticks if leaves >= self.ticks else max(self.ticks, ticks)

    def _chunk(self) -> Calls[None]:
        """Do so, yielding each call of the program."""
        run = self.run
        if self.state is None:
            self.started = time.perf_counter()
            yield from self.start()
        assert self.state is not None
        most, listening = min(int(run.draws_to_stop(self.done)), run.capacity), self.listening
        self.state, buffers = yield from self._call(self.state, most, run.max_treedepth)
        n = int(self.state.draw) - self.done
        theta, stats = np.asarray(buffers.theta)[:n], np.asarray(buffers.stats)[:n]
        # One chain is a batch of one to what keeps the draws.
        knobs = jax.tree.map(lambda x: np.asarray(x)[None], self.knobs)
        place = np.array([self.index]), np.array([self.done]), np.array([n])
        run.keep(Chunk(*place, theta[None], stats[None]), knobs)
        gradients, divergences = int(stats[:, N_STEPS].sum()), int(stats[:, DIVERGING].sum())
        self.count(n, gradients, divergences, int(self.state.search.made), stats[-1].copy())
        if listening:
            self.pairs.append((np.array(theta), np.array(np.asarray(buffers.gradient)[:n])))
            if self.at_window_end:
                self.end_window(*take_windows([self])[0])

    @property
    def listening(self) -> bool:
        """Whether the next draws are warm-up whose (draw, gradient) pairs are wanted on the host."""
        return self.done < self.run.tune and self.run.uses_pairs

    @property
    def at_window_end(self) -> bool:
        """Whether a window of the warm-up has just ended."""
        return self.done in self.run.boundaries

    def count(self, n: int, gradients: int, divergences: int, probes: int, last_stats: np.ndarray) -> None:
        """Count a chunk of ``n`` draws of one phase, and the gradients of all searches for a step size."""
        self.gradients += gradients + probes - self.probes
        self.probes = probes
        self.all_divergent &= divergences == n
        if self.done >= self.run.tune:
            self.divergences += divergences
        self.last_stats = last_stats
        self.done += n

    def settings(self, n: int) -> Settings:
        """Return the settings of the program for the next ``n`` draws."""
        run = self.run
        flags = np.zeros(run.capacity, np.int32)
        flags[:n] = run.flags[self.done : self.done + n]
        return Settings(
            np.int32(n), np.int32(run.max_treedepth), np.asarray(run.target_accept, run.dtype), flags
        )

    def _call(self, state: ChainState, n: int, depth_limit: int) -> Calls[tuple[ChainState, Buffers]]:
        settings = self.settings(n)._replace(depth_limit=np.int32(depth_limit))
        answer = yield state, settings, self.knobs
        return answer

    def start(self) -> Calls[None]:
        """Find a start with a finite density, and a first metric and step size."""
        run, warm, self.knobs = self.run, self._warm, self.run.knobs
        if warm is not None and warm.knobs:
            self.knobs = {n: np.asarray(warm.knobs[n], old.dtype) for n, old in run.knobs.items()}
        key = streams.key(self.seed, "trajectories", self.index)
        for attempt in range(run.attempts):
            theta = np.asarray(run.starts(self.index, attempt), run.dtype)
            fresh = initial_state(theta, key, run.kind, run.dtype)
            if (yield from self._evaluate(fresh)):
                break
        else:
            assert self.state is not None
            raise StartError(self.index, theta, float(self.state.point.log_density), run.attempts)
        if warm is not None:
            self._take(warm)
            return
        self._restart_metric()
        self._search_step_size(INITIAL_STEP)

    @property
    def _warm(self) -> WarmStart | None:
        warm = self.run.warm
        return warm[self.index % len(warm)] if warm else None

    def _take(self, warm: WarmStart) -> None:
        """Begin with a metric, and with a step size if there is one."""
        assert self.state is not None
        dtype = self.run.dtype
        metric = metrics.Metric(*(np.asarray(x, dtype) for x in (warm.sigma, warm.directions, warm.scales)))
        self.state = self.state._replace(
            metric=metric, estimator=metrics.prior_estimate(metric.sigma, WARM_DRAWS, dtype)
        )
        if not np.isfinite(warm.step_size):
            self._search_step_size(INITIAL_STEP)
            return
        step = np.asarray(warm.step_size, dtype)
        averaging = step_size.begin_warm(np.log(step))
        self.state = self.state._replace(step_size=step, dual_averaging=averaging)

    def _evaluate(self, fresh: ChainState) -> Calls[bool]:
        """Evaluate the density at a fresh state's position; whether it is finite there."""
        state, _ = yield from self._call(fresh._replace(step_size=np.zeros((), self.run.dtype)), 1, 1)
        self.gradients += 1
        point = state.point
        self.state = fresh._replace(point=point)
        return bool(np.isfinite(point.log_density)) and bool(np.all(np.isfinite(point.gradient)))

    def _restart_metric(self) -> None:
        assert self.state is not None
        metric = self.run.kind.initial(np.asarray(self.state.point.gradient))
        estimator = metrics.begin_estimate(metric.sigma.size, self.run.dtype)
        self.state = self.state._replace(metric=metric, estimator=estimator)

    def _search_step_size(self, first: float) -> None:
        """Let the next call begin with a search for a step size."""
        assert self.state is not None
        search = step_size.begin_search(self.state.search)
        self.state = self.state._replace(step_size=np.asarray(first, self.run.dtype), search=search)

    def end_window(self, window: Pairs, move: Move | None) -> None:
        """Let the metric hear of the window that has ended, and go on in new coordinates if there are any."""
        assert self.state is not None
        if self.run.kind.uses_pairs:
            metric = self.run.kind.fit(*window, self.state.metric)
            self.state = self.state._replace(metric=metric)
        if move is not None:
            self._move(*move)

    def _move(self, knobs: Any, place: Pairs, rise: float, window: Pairs) -> None:
        """Go on in new coordinates, with the metric that the last window would have given there."""
        assert self.state is not None
        old, run, self.knobs = self.state, self.run, knobs
        identity = run.kind.initial(np.zeros_like(place[0]))
        self.state = old._replace(
            point=Point(*place, np.asarray(float(old.point.log_density) + rise, run.dtype)),
            metric=run.kind.fit(*window, identity),
            estimator=metrics.estimate_of(*window, run.dtype),
        )
        self._search_step_size(float(old.step_size))


def take_windows(chains: Sequence[Chain]) -> list[tuple[Pairs, Move | None]]:
    """Return the window of draws that has just ended in each chain, and where the chain goes from there."""
    run, windows = chains[0].run, []
    for chain in chains:
        theta, gradient = (np.concatenate(part) for part in zip(*chain.pairs, strict=True))
        windows.append((theta, gradient))
        chain.pairs.clear()
    moves: list[Move | None] = [None] * len(chains)
    asking = [i for i, chain in enumerate(chains) if not chain.settled]
    # The coordinates freeze before the last phase, which tunes the step size alone.
    if run.window_hook is not None and asking and not run.flags[chains[0].done] & LATE:
        draws, gradients = (np.stack(part) for part in zip(*(windows[i] for i in asking), strict=True))
        points = [chains[i].state.point for i in asking]  # type: ignore[union-attr]
        place = np.stack([point.position for point in points]), np.stack([point.gradient for point in points])
        knobs = jax.tree.map(lambda *own: np.stack(own), *(chains[i].knobs for i in asking))
        for i, move in zip(asking, run.window_hook(draws, gradients, place, knobs), strict=True):
            moves[i] = move
            chains[i].settled = move is None and draws.shape[1] >= run.window_hook.settling
    return list(zip(windows, moves, strict=True))

"""Chains in one batch, for accelerators: each call of the program advances all of them.

Every chain makes its own leaves, whatever tree it is in (a finite-state machine; Dance et al. 2025,
arXiv:2503.17405). A call is so many ticks long, and what it leaves unfinished the next one goes on with: no
chain waits for another's trajectory, and chains with short ones are ahead of the others.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from pmjax.inference.nuts.buffers import Buffers
from pmjax.inference.nuts.chain import DIVERGING, N_STEPS, Calls, Chain, ChainInstant, take_windows
from pmjax.inference.nuts.program import Program, Settings, Walk
from pmjax.run.chunk import Chunk
from pmjax.run.snapshot import Snapshot

CALL_SECONDS = 0.15
# The first call has one tick, and none has more than so many times as many as the one before.
GROWTH = 4


class BatchInstant(NamedTuple):
    """A batch between two calls, as a pytree of arrays.

    Attributes
    ----------
    walks : Walk
        The chains, in the middle of their trajectories.
    knobs : pytree of arrays
        The coordinates that they move in.
    at_window_end : ndarray of bool, shape (chains,)
        Which of them wait at the end of a window.
    ticks : ndarray of int
        Leaves that each chain has had the time for.
    chains : tuple of ChainInstant
        What the host keeps of each.
    """

    walks: Any
    knobs: Any
    at_window_end: np.ndarray
    ticks: np.ndarray
    chains: tuple[ChainInstant, ...]


class Batch:
    """Chains that advance together; to the driver it looks like one chain.

    Between calls their walks stay where the program left them, in arrays with a leading axis of chains.
    Only to start, and where its windows of the warm-up end, a chain goes its own way on the host while the
    others wait. What that costs hardly depends on how many go: a chain whose window has ended waits until
    those that have come so far are half of all that have to.

    Parameters
    ----------
    chains : list of Chain
        All of one run, whose ``run_chunk`` is ``program.run_batch``.
    program : Program
    """

    index = 0

    def __init__(self, chains: list[Chain], program: Program) -> None:
        self.members, self._program = chains, program
        self._walks: Walk | None = None
        self._knobs: Any = None
        self._ticks, self._length = 0, 1
        self._at_window_end: list[Chain] = []

    @property
    def done(self) -> int:
        return min(chain.done for chain in self.members)

    @property
    def finished(self) -> bool:
        return all(chain.finished for chain in self.members)

    @property
    def attributes(self) -> dict[str, object]:
        """What is recorded with the result: the share of the gradients that no chain spent waiting."""
        made = sum(chain.gradients for chain in self.members)
        return {"useful_ticks": made / max(len(self.members) * self._ticks, 1)}

    def states(self) -> list[Any]:
        """Return what each member carries, on the host."""
        assert self._walks is not None
        return _unstack(jax.device_get(self._walks.chain), range(len(self.members)))

    def snapshot(self) -> Snapshot:
        """Return all that the chains need to go on from here, in the middle of their trajectories."""
        waiting = np.isin(np.arange(len(self.members)), [chain.index for chain in self._at_window_end])
        instants = tuple(chain.instant() for chain in self.members)
        state = BatchInstant(self._walks, self._knobs, waiting, np.array(self._ticks), instants)
        return Snapshot(np.arange(len(self.members)), self._done(), state)

    def go_on_from(self, instant: BatchInstant) -> None:
        """Take the state of an earlier instant."""
        for chain, own in zip(self.members, instant.chains, strict=True):
            chain.go_on_from(own)
        self._walks, self._knobs = jax.device_put(instant.walks), instant.knobs
        self._ticks = int(instant.ticks)
        self._at_window_end = [self.members[i] for i in np.flatnonzero(instant.at_window_end)]

    def advance(self) -> None:
        """Make the next call of the program, keep the draws that it has finished, then save a snapshot."""
        self._advance()
        save = self.members[0].run.save
        if save is not None:
            save(self.snapshot())

    def _advance(self) -> None:
        if self._walks is None:
            self._start()
        run, done = self.members[0].run, self._done()
        n_draws = np.minimum(run.draws_to_stop(done), run.capacity)
        n_draws[[chain.index for chain in self._at_window_end]] = 0
        settings = self._settings(n_draws)
        began = time.perf_counter()
        answer = run.run_chunk(self._walks, settings, run.data, self._knobs, np.int32(self._length))
        self._walks, buffers, ticks = jax.block_until_ready(answer)
        counts = np.asarray(self._walks.row)
        theta, stats = (np.asarray(part)[:, : counts.max()] for part in (buffers.theta, buffers.stats))
        seconds = time.perf_counter() - began
        self._ticks += int(ticks)
        self._length = max(1, min(GROWTH * self._length, int(CALL_SECONDS / seconds * int(ticks))))
        run.keep(Chunk(np.arange(len(done)), done, counts, theta, stats), self._knobs)
        listening = [chain for chain in self.members if counts[chain.index] and chain.listening]
        if listening:
            gradient = np.asarray(buffers.gradient)
            for chain in listening:
                own = chain.index, slice(counts[chain.index])
                chain.pairs.append((theta[own].copy(), gradient[own].copy()))
        self._count(counts, stats, np.asarray(self._walks.chain.search.made))
        self._at_window_end += [chain for chain in listening if chain.at_window_end]
        done = self._done()
        for end in {chain.done for chain in self._at_window_end}:
            group = [chain for chain in self._at_window_end if chain.done == end]
            if 2 * len(group) >= np.count_nonzero(done <= end):
                self._at_window_end = [chain for chain in self._at_window_end if chain.done != end]
                self._end_windows(group)

    def _start(self) -> None:
        self._walks = jax.device_put(self._program.blank_walks())
        self._knobs = jax.tree.map(
            lambda x: np.broadcast_to(x, (len(self.members), *x.shape)), self.members[0].run.knobs
        )
        for chain in self.members:
            chain.started = time.perf_counter()
        self._one_by_one({chain.index: chain.start() for chain in self.members})

    def _done(self) -> np.ndarray:
        return np.array([chain.done for chain in self.members])

    def _settings(self, n_draws: np.ndarray) -> Settings:
        run = self.members[0].run
        draws = self._done()[:, None] + np.arange(run.capacity)
        return Settings(
            n_draws.astype(np.int32),
            np.full(len(self.members), run.max_treedepth, np.int32),
            np.full(len(self.members), run.target_accept, run.dtype),
            run.flags.take(draws, mode="clip"),
        )

    def _count(self, counts: np.ndarray, stats: np.ndarray, probes: np.ndarray) -> None:
        rows = np.arange(stats.shape[1]) < counts[:, None]
        totals = (np.where(rows, stats[:, :, column], 0).sum(axis=1) for column in (N_STEPS, DIVERGING))
        own = zip(*(part.astype(int).tolist() for part in (counts, *totals, probes)), strict=True)
        for chain, (n, gradients, divergences, made) in zip(self.members, own, strict=True):
            if n:
                chain.count(n, gradients, divergences, made, stats[chain.index, n - 1].copy())

    def _end_windows(self, chains: list[Chain]) -> None:
        """Let chains whose windows have ended at the same draw go on from there."""
        assert self._walks is not None
        states = _unstack(jax.device_get(self._walks.chain), [chain.index for chain in chains])
        for chain, state in zip(chains, states, strict=True):
            chain.state = state
        for chain, window in zip(chains, take_windows(chains), strict=True):
            chain.end_window(*window)
        self._go_on([chain.index for chain in chains])

    def _one_by_one(self, steps: dict[int, Calls[None]]) -> None:
        """Run a generator of calls for some chains, their calls together."""
        places = list(steps)
        answers: dict[int, Any] = dict.fromkeys(steps)
        while answers:
            calls = {}
            for i, answer in answers.items():
                with contextlib.suppress(StopIteration):
                    calls[i] = steps[i].send(answer)
            answers = self._call(calls) if calls else {}
        self._go_on(places)

    def _go_on(self, places: list[int]) -> None:
        """Let chains begin their next draws from the states that they were left in."""
        states, knobs = zip(*((self.members[i].state, self.members[i].knobs) for i in places), strict=True)
        self._walks = self._begin_draws(places, states)
        self._knobs = _replace(self._knobs, places, knobs)

    def _call(self, calls: dict[int, Any]) -> dict[int, tuple[Any, Buffers]]:
        """Make calls of one draw for some chains; what the others do meanwhile is forgotten."""
        run, places = self.members[0].run, list(calls)
        states, settings, knobs = zip(*calls.values(), strict=True)
        none = self._settings(np.zeros(len(self.members)))
        walks, buffers, ticks = run.run_chunk(
            self._begin_draws(places, states),
            _replace(none, places, settings),
            run.data,
            _replace(self._knobs, places, knobs),
            np.int32(1),
        )
        self._ticks += int(ticks)
        # These trajectories are judged by where they end and by their statistics alone.
        answer = jax.device_get((walks.chain, buffers._replace(theta=None, gradient=None)))
        return dict(zip(calls, _unstack(answer, places), strict=True))

    def _begin_draws(self, places: Sequence[int], states: Sequence[Any]) -> Walk:
        """Return the walks with new states at some places, where the next draw begins afresh."""
        assert self._walks is not None
        old, begin = self._walks, [np.True_] * len(places)
        return old._replace(
            chain=_replace(old.chain, places, states),
            new_draw=_replace(old.new_draw, places, begin),
            new_doubling=_replace(old.new_doubling, places, begin),
        )


def _replace(tree: Any, places: Sequence[int], rows: Sequence[Any]) -> Any:
    """Return a pytree on the host with other pytrees at some places of the first axis of its arrays."""
    leaves, structure = jax.tree.flatten(tree)
    copies = [np.array(leaf) for leaf in leaves]
    for copy, own in zip(copies, zip(*map(jax.tree.leaves, rows), strict=True), strict=True):
        copy[places] = np.stack(own)
    return jax.tree.unflatten(structure, copies)


def _unstack(tree: Any, places: Sequence[int]) -> list[Any]:
    """Return the pytrees at some places of the first axis."""
    leaves, structure = jax.tree.flatten(tree)
    return [jax.tree.unflatten(structure, [leaf[i] for leaf in leaves]) for i in places]

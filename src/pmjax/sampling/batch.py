"""Chains in one batch, for accelerators: each call of the program advances all of them.

Inside a call every chain makes its own leaves, whatever tree it is in (a finite-state machine; Dance et
al. 2025, arXiv:2503.17405): a chain with a long trajectory does not hold up the others until the
end of the chunk.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from pmjax.sampling.chain import DIVERGING, N_STEPS, Calls, Chain, take_windows
from pmjax.sampling.program import ChainState, Settings


class Batch:
    """Chains that advance together; to the driver it looks like one chain.

    Between chunks their states stay where the program left them, in arrays with a leading axis of
    chains. Only to start, and where a window of the warm-up ends, each chain goes its own way on the host;
    what may change their coordinates hears of all of them at once.

    Parameters
    ----------
    chains : list of Chain
        All of one run, whose program takes states, settings and knobs with a leading axis of
        chains.
    """

    index = 0

    def __init__(self, chains: list[Chain]) -> None:
        self.members = chains
        self._states: ChainState | None = None
        self._knobs: Any = None
        self._ticks = 0
        self._chunk = 1

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

    def advance(self) -> None:
        """Make the next chunk of every chain."""
        first, run = self.members[0], self.members[0].run
        if self._states is None:
            for chain in self.members:
                chain.started = time.perf_counter()
            self._one_by_one([chain.start() for chain in self.members])
        # Long chunks let chains drift apart; early draws say little about the length of later ones.
        n, listening = min(first.chunk_size(together=True), 4 * self._chunk), first.listening
        self._chunk = n
        began = time.perf_counter()
        answer = run.run_chunk(self._states, self._settings(n), run.data, self._knobs)
        self._states, buffers = jax.block_until_ready(answer)
        theta, stats = np.asarray(buffers.theta)[:, :n], np.asarray(buffers.stats)[:, :n]
        seconds = time.perf_counter() - began
        run.keep(self.members, theta, stats, self._knobs)
        totals = [stats[:, :, column].sum(axis=1).astype(int) for column in (N_STEPS, DIVERGING)]
        # A call ends when the chain with the most leaves has made its draws.
        ticks = int(totals[0].max())
        self._ticks += ticks
        counts = zip(*(total.tolist() for total in totals), stats[:, -1].copy(), strict=True)
        for chain, (gradients, divergences, last) in zip(self.members, counts, strict=True):
            chain.count(n, seconds, ticks, gradients, divergences, last)
        if listening:
            pairs = np.array(theta), np.array(np.asarray(buffers.gradient)[:, :n])
            for chain, *own in zip(self.members, *pairs, strict=True):
                chain.pairs.append((own[0], own[1]))
            if first.at_window_end:
                self._scatter()
                windows = take_windows(self.members)
                self._one_by_one(
                    [chain.end_window(*own) for chain, own in zip(self.members, windows, strict=True)]
                )

    def _settings(self, n: int) -> Settings:
        one = self.members[0].settings(n)
        return Settings(*(np.broadcast_to(x, (len(self.members), *np.shape(x))) for x in one))

    def _one_by_one(self, steps: Sequence[Calls[Any]]) -> None:
        """Run a generator of calls for each chain, and make their calls together; then collect the states."""
        answers: dict[int, Any] = dict.fromkeys(range(len(steps)))
        while answers:
            calls = {}
            for i, answer in answers.items():
                with contextlib.suppress(StopIteration):
                    calls[i] = steps[i].send(answer)
            answers = self._call(calls) if calls else {}
        self._states = _stack([chain.state for chain in self.members])
        self._knobs = _stack([chain.knobs for chain in self.members])

    def _call(self, calls: dict[int, Any]) -> dict[int, Any]:
        """Make the calls of some chains; the others have a place in the batch, but no draws to make."""
        run = self.members[0].run
        state, settings, knobs = next(iter(calls.values()))
        idle = state, settings._replace(n_draws=np.int32(0)), knobs
        states, settings, knobs = _stack([calls.get(i, idle) for i in range(len(self.members))])
        states, buffers = run.run_chunk(states, settings, run.data, knobs)
        self._ticks += 1
        # Trajectories that are made outside of chunks are judged by their statistics alone.
        answer = jax.device_get((states, buffers._replace(theta=None, gradient=None)))
        return dict(zip(calls, _unstack(answer, list(calls)), strict=True))

    def _scatter(self) -> None:
        states = _unstack(jax.device_get(self._states), range(len(self.members)))
        for chain, state in zip(self.members, states, strict=True):
            chain.state = state


def _stack(trees: Sequence[Any]) -> Any:
    """Return one pytree of the arrays of equal pytrees, stacked along a new first axis."""
    leaves, structures = zip(*map(jax.tree.flatten, trees), strict=True)
    return jax.tree.unflatten(structures[0], [np.array(column) for column in zip(*leaves, strict=True)])


def _unstack(tree: Any, places: Sequence[int]) -> list[Any]:
    """Return the pytrees at some places of the first axis."""
    leaves, structure = jax.tree.flatten(tree)
    return [jax.tree.unflatten(structure, [leaf[i] for leaf in leaves]) for i in places]

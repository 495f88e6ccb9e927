"""Chains in one batch, for accelerators: each call of the program advances all of them.

Inside a call every chain makes its own leaves, whatever tree it is in (a finite-state machine; Dance et
al. 2025, arXiv:2503.17405): a chain with a long trajectory does not hold up the others until the
end of the chunk.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from pmjax.sampling.chain import Chain


class Batch:
    """Chains that advance together; to the driver it looks like one chain.

    Parameters
    ----------
    chains : list of Chain
        All of one run, whose program takes states, settings and knobs with a leading axis of
        chains.
    """

    index = 0

    def __init__(self, chains: list[Chain]) -> None:
        self.members = chains

    @property
    def done(self) -> int:
        return min(chain.done for chain in self.members)

    @property
    def finished(self) -> bool:
        return all(chain.finished for chain in self.members)

    def advance(self) -> None:
        """Make the next chunk of every chain."""
        run = self.members[0].run
        steps = [chain.chunk() for chain in self.members]
        calls: list[Any] = [next(step) for step in steps]
        live = [True] * len(steps)
        while any(live):
            stacked = jax.tree.map(lambda *parts: np.stack([np.asarray(x) for x in parts]), *calls)
            states, settings, knobs = stacked
            answers = jax.device_get(run.run_chunk(states, settings, run.data, knobs))
            for i, step in enumerate(steps):
                if not live[i]:
                    continue
                try:
                    calls[i] = step.send(jax.tree.map(lambda x, i=i: x[i], answers))
                except StopIteration:
                    # Its place in the batch stays: it is asked for no draws.
                    live[i] = False
                    state, idle, own = calls[i]
                    calls[i] = state, idle._replace(n_draws=np.int32(0)), own

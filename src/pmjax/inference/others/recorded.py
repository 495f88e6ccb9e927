"""From what a sampler of another library leaves behind to the draws of a trace."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import numpy as np

from pmjax.run.chunk import Chunk
from pmjax.run.plan import Plan
from pmjax.run.store import MemoryStore, Recorder
from pmjax.run.trace import Phase
from pmjax.runtime.settings import own_settings
from pmjax.target.density import Density


def record(
    density: Density,
    theta: np.ndarray,
    stats: Mapping[str, np.ndarray],
    plan: Plan,
    first: int = 0,
) -> tuple[Phase, Phase | None]:
    """Return the draws of a run, and its warm-up if the plan keeps it.

    Parameters
    ----------
    density : Density
        Gives the outputs of each draw.
    theta : ndarray, shape (chains, draws made, D)
    stats : mapping of str to ndarray, shape (chains, draws made)
        By PyMC's names, ``lp`` among them.
    plan : Plan
    first : int
        The number of the first draw that was made, warm-up counted in: ``plan.tune`` without the warm-up.
    """
    chains, draws, size = theta.shape
    names = ("lp", *(name for name in stats if name != "lp"))
    columns = np.stack([np.asarray(stats[name], float) for name in names], axis=-1)
    store = MemoryStore(
        chains, plan.tune, plan.draws, size if plan.keep_theta else 0, theta.dtype, plan.keep_warmup, names
    )
    begin = 0 if plan.keep_warmup else plan.tune
    kept = Recorder(
        density, density.data, density.knobs, theta.dtype, plan.names, own_settings, store, plan.seed, begin,
        keep_theta=plan.keep_theta,
    )  # fmt: skip
    kept.start()
    knobs = jax.tree.map(lambda x: np.asarray(x)[None], density.knobs)
    with own_settings():
        for chain in range(chains):
            for phase in (slice(0, plan.tune - first), slice(plan.tune - first, draws)):
                part = np.ascontiguousarray(theta[chain : chain + 1, phase])
                index, number, count = (np.array([x]) for x in (chain, first + phase.start, part.shape[1]))
                kept.keep(Chunk(index, number, count, part, columns[chain : chain + 1, phase]), knobs)
    return store.phases(list(range(chains)), plan.draws)

"""Run by a test in processes of its own: samplings that stop after some chunks, and that go on from there.

Usage: ``stopped.py FOLDER CHUNKS CASE...``; with 0 chunks the run goes on from the snapshots in the folder.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

import pmjax as pm
from pmjax.inference.nuts import batch, chain
from pmjax.run.chunk import Chunk
from pmjax.run.plan import Plan, Run
from pmjax.run.snapshot import Snapshot
from pmjax.run.store import MemoryStore
from pmjax.run.trace import Phase
from pmjax.target.target import Target

DRAWS, TUNE, CHAINS = 40, 120, 2
Y = np.random.default_rng(3).normal(size=(4, 3)) + np.arange(4)[:, None]


class Stopped(Exception):
    """Enough chunks."""


class FolderStore:
    """Chunks and snapshots as files: what was written before a process ended is there for the next one."""

    def __init__(self, folder: Path, chunks: int, memory: MemoryStore) -> None:
        self.folder, self.left, self.memory = folder, chunks, memory
        folder.mkdir(exist_ok=True)

    def begin(self, outputs: Mapping[str, jax.ShapeDtypeStruct]) -> None:
        self.memory.begin(outputs)

    def add(self, chunk: Chunk) -> None:
        name = f"{chunk.chains.min()}-{chunk.first.min():04d}-{chunk.first.sum():06d}.chunk"
        (self.folder / name).write_bytes(pickle.dumps(chunk))

    def save(self, snapshot: Snapshot) -> None:
        file = self.folder / f"{snapshot.chains[0]}.snapshot"
        file.write_bytes(pickle.dumps(jax.tree.map(np.asarray, snapshot)))
        self.left -= 1
        if self.left == 0:
            raise Stopped

    def phases(self, chains: list[int], draws: int) -> tuple[Phase, Phase | None]:
        for file in sorted(self.folder.glob("*.chunk")):
            self.memory.add(pickle.loads(file.read_bytes()))
        return self.memory.phases(chains, draws)


def target_of(recentred: bool) -> Target:
    with pm.Model() as model:
        mu, tau = pm.Normal("mu"), pm.HalfNormal("tau")
        x = pm.Normal("x", mu, tau, shape=4)
        pm.Normal("y", x[:, None], 0.7, observed=Y)
    return pm.api.targets.as_target(model, "auto" if recentred else False)


def sampled(case: str, folder: Path | None = None, chunks: int = 0) -> Phase | None:
    """Return the draws of a case, ``"diag-recentred-parallel"``; None where it has been stopped."""
    metric, form, method = case.split("-")
    target = target_of(form == "recentred")
    size = target.density.size

    def start(index: int, attempt: int) -> np.ndarray:
        return np.full(size, 0.1 * (index + 1))

    plan = Plan(DRAWS, TUNE, CHAINS, 5, start, target.names, keep_theta=True)
    run = Run()
    if folder is not None:
        memory = MemoryStore(CHAINS, TUNE, DRAWS, size, np.dtype(float))
        resume: list[Any] = []
        if not chunks:
            resume = [pickle.loads(file.read_bytes()) for file in sorted(folder.glob("*.snapshot"))]
            assert resume
        run = Run(store=FolderStore(folder, chunks, memory), resume=resume)
    try:
        return pm.NUTS(metric=metric, chain_method=method).sample(target, plan, run).posterior
    except Stopped:
        return None


def main() -> None:
    folder, chunks = Path(sys.argv[1]), int(sys.argv[2])
    chain.CHUNK_SECONDS, batch.CALL_SECONDS = 1e-4, 1e-9
    for case in sys.argv[3:]:
        phase = sampled(case, folder / case, chunks)
        if phase is not None:
            kept = {"theta": phase.theta, "x": phase.outputs["x"], "lp": phase.stats["lp"]}
            np.savez(folder / case / "draws.npz", **kept)


if __name__ == "__main__":
    main()

"""Where draws go: a store takes chunks; the one in memory fills arrays of the final size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import jax
import numpy as np

from pmjax.run.chunk import Chunk
from pmjax.run.outputs import Outputs, compile_outputs
from pmjax.run.snapshot import Snapshot
from pmjax.run.statistics import DTYPES, STATS
from pmjax.run.trace import Phase
from pmjax.runtime.background import Background
from pmjax.runtime.streams import draw_keys
from pmjax.target.density import Density

LP = STATS.index("lp")


class Store(Protocol):
    """What keeps the draws of a run. Several threads may call it, each for chains of its own."""

    def begin(self, outputs: Mapping[str, jax.ShapeDtypeStruct]) -> None:
        """Learn the shape and dtype of one draw of each output, before the first chunk."""

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk. One that came before comes again where a run goes on from an older snapshot."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep the snapshot of a job, after the chunks that it has made: a run can go on from the latest."""

    def phases(self, chains: list[int], draws: int) -> tuple[Phase, Phase | None]:
        """Return the first ``draws`` draws of ``chains``, and their warm-up if it was kept."""


class MemoryStore:
    """The draws of a run in memory.

    The operating system gives memory to an array when it is written, so that the arrays grow with
    the draws and are never copied.

    Parameters
    ----------
    chains, tune, draws : int
    size : int
        Length D of the points to keep; 0 keeps none.
    dtype : dtype
    keep_warmup : bool
        Keep the warm-up too.
    stats : sequence of str
        Names of the columns of statistics.
    """

    def __init__(
        self,
        chains: int,
        tune: int,
        draws: int,
        size: int,
        dtype: np.dtype,
        keep_warmup: bool = False,
        stats: Sequence[str] = STATS,
    ) -> None:
        self._tune = tune
        self.posterior = _Arrays(chains, draws, size, dtype, stats)
        self.warmup = _Arrays(chains, tune, size, dtype, stats) if keep_warmup else None

    def begin(self, outputs: Mapping[str, jax.ShapeDtypeStruct]) -> None:
        """Make room for the outputs."""
        for arrays in (self.posterior, self.warmup):
            if arrays is not None:
                arrays.allocate(outputs)

    def add(self, chunk: Chunk) -> None:
        """Write a chunk where it belongs."""
        for arrays, own, before in self._phases(chunk.first):
            counts = np.where(own, chunk.counts, 0)
            if arrays is not None and counts.any():
                arrays.write(_places(chunk, chunk.first - before, counts), chunk)

    def save(self, snapshot: Snapshot) -> None:
        """Keep nothing: what is in memory ends with the process."""

    def _phases(self, first: np.ndarray) -> tuple[tuple[_Arrays | None, np.ndarray, int], ...]:
        return (self.warmup, first < self._tune, 0), (self.posterior, first >= self._tune, self._tune)

    def phases(self, chains: list[int], draws: int) -> tuple[Phase, Phase | None]:
        """Return the first ``draws`` draws of ``chains``, and their warm-up if it was kept."""
        warmup = None if self.warmup is None else self.warmup.phase(chains, self._tune)
        return self.posterior.phase(chains, draws), warmup


# Indices of an array of the store, and of the chunk that goes there.
Places = tuple[tuple[Any, Any], tuple[Any, Any]]


class _Arrays:
    """The draws of one phase of all chains."""

    def __init__(self, chains: int, draws: int, size: int, dtype: np.dtype, stats: Sequence[str]) -> None:
        self.chains, self.draws = chains, draws
        self.theta = np.empty((chains, draws, size), dtype)
        shape = (chains, draws)
        self.stats = {name: np.empty(shape, DTYPES.get(name, np.float64)) for name in stats}
        self.outputs: dict[str, np.ndarray] = {}

    def allocate(self, shapes: Mapping[str, jax.ShapeDtypeStruct]) -> None:
        for name, one in shapes.items():
            self.outputs[name] = np.empty((self.chains, self.draws, *one.shape), one.dtype)

    def write(self, places: Places, chunk: Chunk) -> None:
        into, rows = places
        if self.theta.shape[2]:
            self.theta[into] = chunk.theta[rows]
        for column, name in enumerate(self.stats):
            self.stats[name][into] = chunk.stats[:, :, column][rows]
        for name, value in chunk.outputs.items():
            self.outputs[name][into] = value[rows]

    def phase(self, chains: list[int], draws: int) -> Phase:
        everything = len(chains) == self.chains and draws == self.draws

        def part(array: np.ndarray) -> np.ndarray:
            return array if everything else array[chains, :draws]

        return Phase(
            theta=part(self.theta),
            outputs={name: part(array) for name, array in self.outputs.items()},
            stats={name: part(array) for name, array in self.stats.items()},
        )


def _places(chunk: Chunk, starts: np.ndarray, counts: np.ndarray) -> Places:
    """Return where the first ``counts`` rows of each chain go, its first one to ``starts``."""
    rows = chunk.theta.shape[1]
    if len(chunk.chains) == 1:
        # One chain alone: slices, which copy nothing on the way.
        start, rows, index = int(starts[0]), min(int(counts[0]), rows), int(chunk.chains[0])
        return (slice(index, index + 1), slice(start, start + rows)), (slice(None), slice(rows))
    place, row = np.nonzero(np.arange(rows) < counts[:, None])
    return (chunk.chains[place], starts[place] + row), (place, row)


class Recorder:
    """Computes the outputs of draws and hands both to a store; compiles them in the background until then.

    What is stored is in the coordinates that the user declared, points and log densities too, whatever
    coordinates the sampler moves in.

    Parameters
    ----------
    density : Density
    data, knobs : pytree of Array
        Arguments as the compiled programs take them.
    dtype : dtype
    names : tuple of str or None
        Outputs to record.
    scope : callable
        Returns the context manager that sets the precision.
    store : Store
    seed : int
    first : int
        Draws with smaller numbers are not kept: those of the warm-up, or 0.
    batch : int
        Chains that are recorded together.
    keep_theta : bool
        Whether the store keeps points.
    """

    def __init__(
        self,
        density: Density,
        data: Any,
        knobs: Any,
        dtype: np.dtype,
        names: tuple[str, ...] | None,
        scope: Callable[[], Any],
        store: Store,
        seed: int,
        first: int,
        batch: int = 1,
        keep_theta: bool = True,
    ) -> None:
        self._store, self._data, self._seed, self._first = store, data, seed, first

        def compiled() -> Outputs:
            with scope():
                outputs = compile_outputs(density, data, knobs, dtype, names, batch, keep_theta)
            store.begin(outputs.shapes)
            return outputs

        self._outputs = Background(compiled)

    def start(self) -> None:
        """Begin to compile the outputs."""
        self._outputs.start()

    def keep(self, chunk: Chunk, knobs: Any) -> None:
        """Store a chunk of draws made under ``knobs``, arrays with a leading axis of chains."""
        counts = np.where(chunk.first >= self._first, chunk.counts, 0)
        if not (rows := int(counts.max())):
            return
        outputs: Outputs = self._outputs.wait()
        keys = draw_keys(self._seed, chunk.chains.tolist(), chunk.first, rows)
        for begin, recorded in outputs.blocks(chunk.theta[:, :rows], self._data, knobs, keys):
            part = slice(begin, min(begin + outputs.block, rows))
            theta, stats = chunk.theta[:, part], chunk.stats[:, part]
            if recorded.declared:
                theta = recorded.declared.get("theta", theta)
                stats = stats.copy()
                stats[:, :, LP] += recorded.declared["rise"]
            count = np.clip(counts - begin, 0, part.stop - begin)
            self._store.add(Chunk(chunk.chains, chunk.first + begin, count, theta, stats, recorded.outputs))

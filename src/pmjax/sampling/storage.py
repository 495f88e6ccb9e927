"""Where draws go: arrays of the final size, filled chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from pmjax.runtime.background import Background
from pmjax.sampling.buffers import STATS
from pmjax.sampling.chain import Chain
from pmjax.sampling.outputs import Outputs, compile_outputs
from pmjax.sampling.randomness import output_keys
from pmjax.sampling.trace import Phase
from pmjax.target.density import Density

DTYPES: dict[str, Any] = {
    "diverging": np.bool_,
    "reached_max_treedepth": np.bool_,
    "tree_depth": np.int64,
    "n_steps": np.int64,
    "index_in_trajectory": np.int64,
}


# Indices of a storage, and of the chunk or block that goes there.
Places = tuple[tuple[Any, Any], tuple[Any, Any]]


class Storage:
    """The draws of one phase.

    The operating system gives memory to an array when it is written, so that the arrays grow with
    the draws and are never copied.
    """

    def __init__(self, chains: int, draws: int, size: int, dtype: np.dtype) -> None:
        self.chains, self.draws = chains, draws
        self.theta = np.empty((chains, draws, size), dtype)
        shape = (chains, draws)
        self.stats = {name: np.empty(shape, DTYPES.get(name, np.float64)) for name in STATS}
        self.outputs: dict[str, np.ndarray] = {}

    def allocate(self, shapes: dict[str, jax.ShapeDtypeStruct]) -> None:
        """Make room for outputs of these shapes and dtypes."""
        for name, one in shapes.items():
            self.outputs[name] = np.empty((self.chains, self.draws, *one.shape), one.dtype)

    def write(self, places: Places, theta: np.ndarray, stats: np.ndarray) -> None:
        """Store draws and statistics of a chunk, shapes (chains, rows, D) and (chains, rows, len(STATS))."""
        into, rows = places
        if self.theta.shape[2]:
            self.theta[into] = theta[rows]
        for column, name in enumerate(STATS):
            self.stats[name][into] = stats[:, :, column][rows]

    def write_outputs(self, places: Places, values: dict[str, np.ndarray]) -> None:
        """Store outputs of a block of rows."""
        into, rows = places
        for name, value in values.items():
            self.outputs[name][into] = value[rows]

    def phase(self, chains: list[int], draws: int) -> Phase:
        """Return the first ``draws`` draws of ``chains``."""
        everything = len(chains) == self.chains and draws == self.draws

        def part(array: np.ndarray) -> np.ndarray:
            return array if everything else array[chains, :draws]

        return Phase(
            theta=part(self.theta),
            outputs={name: part(array) for name, array in self.outputs.items()},
            stats={name: part(array) for name, array in self.stats.items()},
        )


class Recorder:
    """Keeps what each chunk brings; compiles the outputs in the background until they are needed.

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
    posterior, warmup : Storage or None
        Where the draws of each phase go.
    batch : int
        Chains that are recorded together.
    """

    def __init__(
        self,
        density: Density,
        data: Any,
        knobs: Any,
        dtype: np.dtype,
        names: tuple[str, ...] | None,
        scope: Callable[[], Any],
        posterior: Storage,
        warmup: Storage | None,
        batch: int = 1,
    ) -> None:
        self._posterior, self._warmup, self._data = posterior, warmup, data

        def compiled() -> Outputs:
            with scope():
                outputs = compile_outputs(density, data, knobs, dtype, names, batch)
            for storage in (posterior, warmup):
                if storage is not None:
                    storage.allocate(outputs.shapes)
            return outputs

        self._outputs = Background(compiled)

    def start(self) -> None:
        """Begin to compile the outputs."""
        self._outputs.start()

    def keep(
        self, chains: list[Chain], counts: np.ndarray, theta: np.ndarray, stats: np.ndarray, knobs: Any
    ) -> None:
        """Store a chunk of draws of chains, each of which follow the ``done`` draws that it had before.

        Parameters
        ----------
        chains : list of Chain
        counts : ndarray of int, shape (chains,)
            How many rows of each chain are draws, all of one phase.
        theta : ndarray, shape (chains, rows, D)
        stats : ndarray, shape (chains, rows, len(STATS))
        knobs : pytree of ndarray
            With a leading axis of chains.
        """
        done, tune = np.array([chain.done for chain in chains]), chains[0].run.tune
        phases = (self._warmup, done < tune, 0), (self._posterior, done >= tune, tune)
        parts = [
            (storage, np.where(own, counts, 0), done - before)
            for storage, own, before in phases
            if storage is not None and np.any(counts[own])
        ]
        if not parts:
            return
        outputs: Outputs = self._outputs.wait()
        rows = max(own.max() for _, own, _ in parts)
        for storage, own, starts in parts:
            storage.write(_places(chains, starts, own, rows), theta, stats)
        keys = output_keys(chains[0].seed, [chain.index for chain in chains], done, rows)
        for first, values in outputs.blocks(theta[:, :rows], self._data, knobs, keys):
            block = min(outputs.block, rows - first)
            for storage, own, starts in parts:
                storage.write_outputs(_places(chains, starts + first, own - first, block), values)


def _places(chains: list[Chain], starts: np.ndarray, counts: np.ndarray, rows: int) -> Places:
    """Return where the first ``counts`` of so many rows of each chain go, its first one to ``starts``."""
    if len(chains) == 1:
        # One chain alone: slices, which copy nothing on the way.
        start, rows = int(starts[0]), min(int(counts[0]), rows)
        index = chains[0].index
        return (slice(index, index + 1), slice(start, start + rows)), (slice(None), slice(rows))
    place, row = np.nonzero(np.arange(rows) < counts[:, None])
    indices = np.array([chain.index for chain in chains])
    return (indices[place], starts[place] + row), (place, row)

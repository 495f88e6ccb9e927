"""Where draws go: arrays of the final size, filled chunk by chunk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from pmjax.density.density import Density
from pmjax.sampling.chain import Chain
from pmjax.sampling.outputs import Outputs, compile_outputs
from pmjax.sampling.program import STATS
from pmjax.sampling.randomness import output_keys
from pmjax.sampling.trace import Phase

DTYPES: dict[str, Any] = {
    "diverging": np.bool_,
    "reached_max_treedepth": np.bool_,
    "tree_depth": np.int64,
    "n_steps": np.int64,
    "index_in_trajectory": np.int64,
}


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

    def write_outputs(self, chains: slice, start: int, values: dict[str, np.ndarray]) -> None:
        """Store the outputs of draws ``start``, ``start + 1``, ... of some chains."""
        for name, value in values.items():
            self.outputs[name][chains, start : start + value.shape[1]] = value

    def allocate(self, shapes: dict[str, jax.ShapeDtypeStruct]) -> None:
        """Make room for outputs of these shapes and dtypes."""
        for name, one in shapes.items():
            self.outputs[name] = np.empty((self.chains, self.draws, *one.shape), one.dtype)

    def write(self, chains: slice, start: int, theta: np.ndarray, stats: np.ndarray) -> None:
        """Store a chunk's draws and statistics, shapes (chains, draws, D) and (chains, draws, len(STATS))."""
        stop = start + stats.shape[1]
        if self.theta.shape[2]:
            self.theta[chains, start:stop] = theta
        for column, name in enumerate(STATS):
            self.stats[name][chains, start:stop] = stats[:, :, column]

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
        self._outputs: Outputs | None = None
        self._error: BaseException | None = None

        def work() -> None:
            try:
                with scope():
                    outputs = compile_outputs(density, data, knobs, dtype, names, batch)
                for storage in (posterior, warmup):
                    if storage is not None:
                        storage.allocate(outputs.shapes)
                self._outputs = outputs
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=work)

    def start(self) -> None:
        """Begin to compile the outputs."""
        self._thread.start()

    def keep(self, chains: list[Chain], theta: np.ndarray, stats: np.ndarray, knobs: Any) -> None:
        """Store a chunk of draws of consecutive chains that have all made ``done`` draws before it.

        Parameters
        ----------
        chains : list of Chain
        theta : ndarray, shape (chains, draws, D)
        stats : ndarray, shape (chains, draws, len(STATS))
        knobs : pytree of ndarray
            With a leading axis of chains.
        """
        done, tune = chains[0].done, chains[0].run.tune
        storage = self._warmup if done < tune else self._posterior
        if storage is None:
            return
        self._thread.join()
        if self._outputs is None:
            raise self._error or RuntimeError("The outputs of the model were not compiled.")
        start = done if done < tune else done - tune
        places = slice(chains[0].index, chains[-1].index + 1)
        storage.write(places, start, theta, stats)
        keys = np.stack([output_keys(chain.seed, chain.index, done, theta.shape[1]) for chain in chains])
        for first, values in self._outputs.blocks(theta, self._data, knobs, keys):
            storage.write_outputs(places, start + first, values)

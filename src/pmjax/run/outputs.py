"""What is recorded of the draws on the user's scale, computed block by block while sampling runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from pmjax.runtime.programs import program, shapes_of
from pmjax.target.density import Density

BLOCK_BYTES, MAX_BLOCK = 4 * 2**20, 256
# The same for many chains in a batch.
BATCH_BYTES, BATCH_BLOCK = 64 * 2**20, 16


class Recorded(NamedTuple):
    """What is recorded of some draws, arrays with leading axes (chains, draws).

    Attributes
    ----------
    outputs : dict of str to ndarray, shape (chains, draws, *event shape)
    declared : dict of str to ndarray
        Where the sampler moves in other coordinates than the user declared: ``"rise"``, what the log density
        grows by in the declared ones, and ``"theta"``, the point there, if points are kept.
    """

    outputs: dict[str, Any]
    declared: dict[str, Any]


@dataclass
class Outputs:
    """Compiled outputs of a block of draws.

    Attributes
    ----------
    executable : callable or None
        ``executable(theta of shape (chains, block, D), data, knobs, keys) -> Recorded``, with a leading axis
        of chains in every knob; None if nothing is recorded.
    block : int
    shapes : dict of str to ShapeDtypeStruct
        One draw of each output.
    """

    executable: Callable[..., Any] | None
    block: int
    shapes: dict[str, jax.ShapeDtypeStruct]

    def blocks(
        self, theta: np.ndarray, data: Any, knobs: Any, keys: np.ndarray
    ) -> Iterator[tuple[int, Recorded]]:
        """Yield what is recorded of ``theta``, shape (chains, draws, D), block by block.

        ``keys``, shape (chains, draws, 2), are the draws' own, as of `streams.draw_keys`.

        Yields
        ------
        first : int
            Number of the block's first draw.
        recorded : Recorded
        """
        if self.executable is None:
            yield 0, Recorded({}, {})
            return
        for first in range(0, theta.shape[1], self.block):
            part, own = (x[:, first : first + self.block] for x in (theta, keys))
            rows = part.shape[1]
            # The last block is filled up with copies of its first draw: one shape, one program.
            outputs, declared = self.executable(self._full(part), data, knobs, self._full(own))
            yield (
                first,
                Recorded(
                    {name: np.asarray(value)[:, :rows] for name, value in outputs.items()},
                    {name: np.asarray(value)[:, :rows] for name, value in declared.items()},
                ),
            )

    def _full(self, part: np.ndarray) -> np.ndarray:
        return np.concatenate([part, np.repeat(part[:, :1], self.block - part.shape[1], axis=1)], axis=1)


def compile_outputs(
    density: Density,
    data: Any,
    knobs: Any,
    dtype: np.dtype,
    names: tuple[str, ...] | None,
    chains: int = 1,
    keep_theta: bool = True,
) -> Outputs:
    """Compile the outputs in ``names`` (None: all of them); the others are never computed.

    A block has draws of so many ``chains``, each with knobs of its own.
    """

    def chosen(theta: jax.Array, data: Any, knobs: Any, key: jax.Array) -> Recorded:
        values = density.outputs(theta, data, knobs, key)
        outputs = values if names is None else {name: values[name] for name in names}
        if density.declared is None:
            return Recorded(outputs, {})
        point, rise = density.declared(theta, data, knobs)
        return Recorded(outputs, {"rise": rise, **({"theta": point} if keep_theta else {})})

    one = jax.ShapeDtypeStruct((density.size,), dtype)
    key = None if density.structure is None else (density.structure, names, keep_theta)
    one_key = jax.ShapeDtypeStruct((2,), np.uint32)
    recorded: Recorded = shapes_of("outputs", chosen, (one, data, knobs, one_key), key)
    size = sum(int(np.prod(s.shape)) * s.dtype.itemsize for s in recorded.outputs.values())
    size = chains * max(size, density.output_bytes)
    if chains == 1:
        block = int(np.clip(BLOCK_BYTES // max(size, 1), 1, MAX_BLOCK))
    else:
        block = int(np.clip(BATCH_BYTES // max(size, 1), 1, max(MAX_BLOCK // chains, BATCH_BLOCK)))
    if not (recorded.outputs or recorded.declared):
        return Outputs(None, 2**31, {})
    many = jax.ShapeDtypeStruct((chains, block, density.size), dtype)
    keys = jax.ShapeDtypeStruct((chains, block, 2), np.uint32)
    knobs = jax.tree.map(lambda x: jax.ShapeDtypeStruct((chains, *x.shape), x.dtype), knobs)
    of_a_chain = jax.vmap(chosen, in_axes=(0, None, None, 0))
    of_all = jax.vmap(of_a_chain, in_axes=(0, None, 0, 0))
    executable = program("outputs", of_all, (many, data, knobs, keys), recorded, key)
    return Outputs(executable, block, recorded.outputs)

"""What is recorded of the draws on the user's scale, computed block by block while sampling runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from pmjax.runtime.programs import program, shapes_of
from pmjax.target.density import Density

BLOCK_BYTES, MAX_BLOCK = 4 * 2**20, 256
# The same for many chains in a batch.
BATCH_BYTES, BATCH_BLOCK = 64 * 2**20, 16


@dataclass
class Outputs:
    """Compiled outputs of a block of draws.

    Attributes
    ----------
    executable : callable or None
        ``executable(theta of shape (chains, block, D), data, knobs, keys) -> dict``, with a leading axis
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
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Yield the outputs of ``theta``, shape (chains, draws, D), block by block.

        ``keys``, shape (chains, draws, 2), are the draws' own, as of `streams.draw_keys`.

        Yields
        ------
        first : int
            Number of the block's first draw.
        values : dict of str to ndarray, shape (chains, draws of the block, *event shape)
        """
        if self.executable is None:
            yield 0, {}
            return
        for first in range(0, theta.shape[1], self.block):
            part, own = (x[:, first : first + self.block] for x in (theta, keys))
            # The last block is filled up with copies of its first draw: one shape, one program.
            values = self.executable(self._full(part), data, knobs, self._full(own))
            yield first, {name: np.asarray(value)[:, : part.shape[1]] for name, value in values.items()}

    def __call__(self, theta: np.ndarray, data: Any, knobs: Any, keys: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs, each (draws, *event shape), of one chain's ``theta`` of shape (draws, D)."""
        result = {k: np.empty((len(theta), *s.shape), s.dtype) for k, s in self.shapes.items()}
        knobs = jax.tree.map(lambda x: np.asarray(x)[None], knobs)
        for first, values in self.blocks(theta[None], data, knobs, keys[None]):
            for name, value in values.items():
                result[name][first : first + value.shape[1]] = value[0]
        return result

    def _full(self, part: np.ndarray) -> np.ndarray:
        return np.concatenate([part, np.repeat(part[:, :1], self.block - part.shape[1], axis=1)], axis=1)


def compile_outputs(
    density: Density, data: Any, knobs: Any, dtype: np.dtype, names: tuple[str, ...] | None, chains: int = 1
) -> Outputs:
    """Compile the outputs in ``names`` (None: all of them); the others are never computed.

    A block has draws of so many ``chains``, each with knobs of its own.
    """

    def chosen(theta: jax.Array, data: Any, knobs: Any, key: jax.Array) -> dict[str, jax.Array]:
        values = density.outputs(theta, data, knobs, key)
        return values if names is None else {name: values[name] for name in names}

    one = jax.ShapeDtypeStruct((density.size,), dtype)
    key = None if density.structure is None else (density.structure, names)
    one_key = jax.ShapeDtypeStruct((2,), np.uint32)
    shapes = shapes_of("outputs", chosen, (one, data, knobs, one_key), key)
    recorded = sum(int(np.prod(s.shape)) * s.dtype.itemsize for s in shapes.values())
    size = chains * max(recorded, density.output_bytes)
    if chains == 1:
        block = int(np.clip(BLOCK_BYTES // max(size, 1), 1, MAX_BLOCK))
    else:
        block = int(np.clip(BATCH_BYTES // max(size, 1), 1, max(MAX_BLOCK // chains, BATCH_BLOCK)))
    if not shapes:
        return Outputs(None, 2**31, shapes)
    many = jax.ShapeDtypeStruct((chains, block, density.size), dtype)
    keys = jax.ShapeDtypeStruct((chains, block, 2), np.uint32)
    knobs = jax.tree.map(lambda x: jax.ShapeDtypeStruct((chains, *x.shape), x.dtype), knobs)
    of_a_chain = jax.vmap(chosen, in_axes=(0, None, None, 0))
    of_all = jax.vmap(of_a_chain, in_axes=(0, None, 0, 0))
    return Outputs(program("outputs", of_all, (many, data, knobs, keys), shapes, key), block, shapes)

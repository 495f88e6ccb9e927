"""What is recorded of the draws on the user's scale, computed block by block while sampling runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from pmjax.compilation import program, shapes_of
from pmjax.density.density import Density

BLOCK_BYTES, MAX_BLOCK = 4 * 2**20, 256


@dataclass
class Outputs:
    """Compiled outputs of a block of draws.

    Attributes
    ----------
    executable : callable or None
        ``executable(theta of shape (block, D), data, knobs, keys) -> dict``; None if nothing is recorded.
    block : int
    shapes : dict of str to ShapeDtypeStruct
        One draw of each output.
    """

    executable: Callable[..., Any] | None
    block: int
    shapes: dict[str, jax.ShapeDtypeStruct]

    def __call__(self, theta: np.ndarray, data: Any, knobs: Any, keys: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs of ``theta``, shape (draws, D), each of shape (draws, *event shape).

        ``keys``, shape (draws, 2), are the draws' own, as of `randomness.output_keys`.
        """
        result = {k: np.empty((len(theta), *s.shape), s.dtype) for k, s in self.shapes.items()}
        if self.executable is None:
            return result
        for start in range(0, len(theta), self.block):
            part, own = theta[start : start + self.block], keys[start : start + self.block]
            # The last block is filled up with copies of its first draw: one shape, one program.
            values = self.executable(self._full(part), data, knobs, self._full(own))
            for name, value in values.items():
                result[name][start : start + len(part)] = np.asarray(value)[: len(part)]
        return result

    def _full(self, part: np.ndarray) -> np.ndarray:
        return np.concatenate([part, np.repeat(part[:1], self.block - len(part), axis=0)])


def compile_outputs(
    density: Density, data: Any, knobs: Any, dtype: np.dtype, names: tuple[str, ...] | None
) -> Outputs:
    """Compile the outputs in ``names`` (None: all of them); the others are never computed."""

    def chosen(theta: jax.Array, data: Any, knobs: Any, key: jax.Array) -> dict[str, jax.Array]:
        values = density.outputs(theta, data, knobs, key)
        return values if names is None else {name: values[name] for name in names}

    one = jax.ShapeDtypeStruct((density.size,), dtype)
    key = None if density.structure is None else (density.structure, names)
    one_key = jax.ShapeDtypeStruct((2,), np.uint32)
    shapes = shapes_of("outputs", chosen, (one, data, knobs, one_key), key)
    size = sum(int(np.prod(s.shape)) * s.dtype.itemsize for s in shapes.values())
    block = int(np.clip(BLOCK_BYTES // max(size, 1), 1, MAX_BLOCK))
    if not shapes:
        return Outputs(None, block, shapes)
    many = jax.ShapeDtypeStruct((block, density.size), dtype)
    keys = jax.ShapeDtypeStruct((block, 2), np.uint32)
    batched = jax.vmap(chosen, in_axes=(0, None, None, 0))
    return Outputs(program("outputs", batched, (many, data, knobs, keys), shapes, key), block, shapes)

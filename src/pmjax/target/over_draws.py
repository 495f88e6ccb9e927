"""A function of one draw, compiled and applied to many draws: in blocks of bounded memory, in a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from pmjax.errors import ModelError
from pmjax.runtime import streams
from pmjax.runtime.background import interruptible
from pmjax.runtime.memory import available_memory, readable
from pmjax.runtime.precision import double_precision
from pmjax.runtime.programs import program

BLOCK_BYTES = 64 * 2**20
MAX_BLOCK = 1000
"""Draws of a block at most: larger ones need more memory for no more speed."""

OneDraw = Callable[[jax.Array, dict[str, jax.Array], Any], dict[str, jax.Array]]
"""``function(key, values, data) -> outputs``, of one draw."""


def over_draws(
    function: OneDraw,
    values: Mapping[str, np.ndarray],
    data: Any,
    *,
    draws: int,
    seed: int = 0,
    scratch: int = 0,
    what: str = "draw",
    tick: Callable[[int], None] = lambda done: None,
) -> dict[str, np.ndarray]:
    """Return the outputs of a function at each of many draws.

    Every draw has a random key of its own, of the seed and the draw's number: the outputs do not depend on
    how draws are put into blocks.

    Parameters
    ----------
    function : callable
        ``function(key, values, data) -> outputs`` of one draw, traceable by JAX.
    values : mapping of str to ndarray, shape (draws, *shape)
        What is known of each draw.
    data : pytree of arrays
        The same for all draws.
    draws, seed : int
    scratch : int
        Bytes of the largest array that one draw needs on the way.
    what : str
        Who asks, for messages.
    tick : callable
        Called now and then with the number of draws done. An exception in it, or Ctrl-C, ends the work.

    Returns
    -------
    dict of str to ndarray, shape (draws, *shape)

    Raises
    ------
    ModelError
        If the outputs do not fit into memory; the message says how large they are.
    """
    values = {name: np.asarray(value) for name, value in values.items()}
    base = streams.key(seed, "forward")

    def numbered(number: jax.Array, base: jax.Array, values: Any, data: Any) -> dict[str, jax.Array]:
        key = jax.random.fold_in(jax.random.wrap_key_data(base), number)
        return function(key, values, data)

    def arguments(block: int) -> tuple[Any, ...]:
        one = {n: jax.ShapeDtypeStruct((block, *v.shape[1:]), v.dtype) for n, v in values.items()}
        fixed = jax.tree.map(lambda d: jax.ShapeDtypeStruct(np.shape(d), np.asarray(d).dtype), data)
        return jax.ShapeDtypeStruct((block,), np.uint32), base, one, fixed

    many = jax.vmap(numbered, in_axes=(0, None, 0, None))
    progress = {"done": 0}

    def work() -> dict[str, np.ndarray]:
        with double_precision():
            shapes = jax.eval_shape(many, *arguments(1))
            size = sum(int(np.prod(s.shape)) * s.dtype.itemsize for s in shapes.values())
            _refuse_what_does_not_fit(what, draws, size)
            block = int(np.clip(BLOCK_BYTES // max(size, scratch, 1), 1, min(MAX_BLOCK, draws)))
            executable = program("over_draws", many, arguments(block), shapes, None)
            result = {n: np.empty((draws, *s.shape[1:]), s.dtype) for n, s in shapes.items()}
            for first in range(0, draws, block):
                # The last block is filled up with its last draw: one shape, one program.
                rows = np.minimum(np.arange(first, first + block), draws - 1)
                part = {n: v[rows] for n, v in values.items()}
                out = executable(rows.astype(np.uint32), base, part, data)
                last = min(first + block, draws)
                for name, value in out.items():
                    result[name][first:last] = np.asarray(value)[: last - first]
                progress["done"] = last
            return result

    finished: dict[str, np.ndarray] = interruptible(work, lambda: tick(progress["done"]))
    return finished


def _refuse_what_does_not_fit(what: str, draws: int, size: int) -> None:
    free = available_memory()
    if free is not None and draws * size > 0.9 * free:
        raise ModelError(
            f"{what}: {draws} draws of {readable(size)} each need {readable(draws * size)} of memory, and "
            f"{readable(free)} are free; name fewer variables in var_names, or take fewer draws "
            "(idata.sel(draw=slice(None, None, 10)) is every tenth)"
        )

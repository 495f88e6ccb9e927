"""Functions of NumPy inside a program of JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.runtime.types import Array, Shape


def on_host(function: Callable[..., Any], shape: Shape, dtype: Any, *arrays: Any) -> Array:
    """Return what a function of NumPy's arrays returns, broadcast to a shape.

    Parameters
    ----------
    function : callable
        ``function(*arrays) -> array``.
    shape, dtype
        Of the result.
    *arrays
        Numbers of 32 or 64 bits.
    """
    dtype = jnp.zeros((), dtype).dtype
    given = [jnp.asarray(a) for a in arrays]
    kinds = [a.dtype for a in given]

    # Numbers of 64 bits go in and out as words of 32: JAX narrows them where a callback runs outside the
    # precision that the program was traced in. Many calls at once come as one, with leading dimensions.
    def call(*words: np.ndarray) -> np.ndarray:
        cores = [a.ndim + 1 for a in given]
        batch = np.shape(words[0])[: np.ndim(words[0]) - cores[0]]
        flat = [np.reshape(w, (-1, *np.shape(w)[len(batch) :])) for w in words]
        made = np.empty((flat[0].shape[0], *shape), dtype)
        for i, own in enumerate(zip(*flat, strict=True)):
            made[i] = function(*(_from_words(w, kind) for w, kind in zip(own, kinds, strict=True)))
        return made.reshape(*batch, *shape, 1).view(np.uint32)

    result = jax.ShapeDtypeStruct((*shape, dtype.itemsize // 4), np.uint32)
    made = jax.pure_callback(call, result, *map(to_words, given), vmap_method="broadcast_all")
    return jax.lax.bitcast_convert_type(made if dtype.itemsize > 4 else made[..., 0], dtype)


def to_words(x: Array) -> Array:
    """Return numbers as words of 32 bits, along a last axis."""
    words = jax.lax.bitcast_convert_type(x, jnp.uint32)
    return words if x.dtype.itemsize > 4 else words[..., None]


def _from_words(words: np.ndarray, kind: np.dtype) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(words, np.uint32)).view(kind)[..., 0]

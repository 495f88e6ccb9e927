"""Precision is scoped: 64-bit or 32-bit arithmetic inside a block, the user's setting outside it."""

from __future__ import annotations

from contextlib import AbstractContextManager

import jax


def double_precision(enabled: bool = True) -> AbstractContextManager[None]:
    """Return a context in which JAX computes in 64 bits (32 bits if not `enabled`), in this thread only.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> with double_precision():
    ...     jnp.ones(1).dtype
    dtype('float64')
    """
    return jax.enable_x64(enabled)

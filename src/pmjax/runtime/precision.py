"""Precision is scoped: 64-bit or 32-bit arithmetic inside a block, the user's setting outside it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pmjax.runtime.settings import own_settings


def double_precision(enabled: bool = True) -> AbstractContextManager[None]:
    """Return a context in which JAX computes in 64 bits (32 bits if not `enabled`), in this thread only.

    The other settings of JAX are pmjax's own there (`own_settings`).

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> with double_precision():
    ...     jnp.ones(1).dtype
    dtype('float64')
    """
    return own_settings(double=enabled)

"""The settings of JAX that pmjax computes under, whatever the user's are.

Draws depend on none of the user's settings: whatever pmjax traces or runs, it does inside `own_settings`.
The user's choice of a device holds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import jax

from pmjax.errors import ModelError

# By the name of JAX's context manager. NaNs of a divergence are no error, dtypes and ranks promote as in
# NumPy, random bits are those of one generator.
_OWN: dict[str, Any] = {
    "debug_nans": False,
    "debug_infs": False,
    "debug_key_reuse": False,
    "check_tracer_leaks": False,
    "enable_checks": False,
    "no_tracing": False,
    "no_execution": False,
    "numpy_dtype_promotion": "standard",
    "numpy_rank_promotion": "allow",
    "default_matmul_precision": None,
    "default_prng_impl": "threefry2x32",
    "threefry_partitionable": True,
    "enable_custom_prng": False,
    "legacy_prng_key": "allow",
    "softmax_custom_jvp": False,
    "transfer_guard_host_to_device": "allow",
    "transfer_guard_device_to_host": "allow",
    "transfer_guard_device_to_device": "allow",
}

# Settings that say what is reported, kept or tried, and change no program.
_HARMLESS = (
    *("jax_log", "jax_dump", "jax_debug", "jax_traceback", "jax_include_full_tracebacks", "jax_tracer_error"),
    *("jax_compilation_cache", "jax_persistent_cache", "jax_enable_compilation_cache", "jax_explain_cache"),
    *(
        "jax_raise_persistent_cache",
        "jax_transfer_guard",
        "jax_pprint",
        "jax_captured_constants",
        "jax_include_debug_info",
    ),
)


@cache
def _states() -> list[tuple[Any, Any]]:
    # A version of JAX that has lost one of them does not need it.
    return [(getattr(jax, name), value) for name, value in _OWN.items() if hasattr(jax, name)]


def _read(name: str) -> Any:
    return getattr(jax.config, name)


@contextlib.contextmanager
def own_settings(*, double: bool = True) -> Iterator[None]:
    """Let JAX run under the settings of pmjax in this thread, for the time of a ``with`` block.

    Parameters
    ----------
    double : bool
        Whether JAX computes in 64 bits or in 32.

    Raises
    ------
    ModelError
        If JAX has a setting that no context can change and that changes random numbers.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> with jax.debug_nans(True), own_settings():
    ...     jnp.log(-jnp.ones(1))
    Array([nan], dtype=float64)
    """
    if _read("jax_random_seed_offset"):
        raise ModelError(
            "JAX's setting jax_random_seed_offset shifts every seed; pmjax needs it to be 0: "
            'jax.config.update("jax_random_seed_offset", 0)'
        )
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.enable_x64(double))
        for state, value in _states():
            if state.value not in (None, value):
                stack.enter_context(state(value))
        if _read("jax_disable_jit"):
            stack.enter_context(jax.disable_jit(False))
        yield


@contextlib.contextmanager
def x64_kept() -> Iterator[None]:
    """Leave `jax_enable_x64` of the process as it is, whatever a library does that is imported inside."""
    before = jax.config.read("jax_enable_x64")
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def user_device() -> Any:
    """Return the device that the user has chosen in this thread (`jax.default_device`), or None.

    A context of JAX holds for one thread: who starts another carries the choice there.
    """
    return _read("jax_default_device")


def default_device() -> jax.Device:
    """Return the device that programs are compiled for and run on."""
    chosen = user_device()
    if chosen is None:
        return jax.local_devices()[0]
    return jax.local_devices(backend=chosen)[0] if isinstance(chosen, str) else chosen


def settings_key() -> str:
    """Return the settings in force that may change a program, as text."""
    values = jax.config.values.items()
    return repr(sorted((name, str(value)) for name, value in values if not name.startswith(_HARMLESS)))

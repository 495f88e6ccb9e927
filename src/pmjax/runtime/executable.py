"""Compiling a lowered program, and its executable as bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from pmjax.runtime.settings import default_device

# What the compiler is told on a CPU. The highest level of optimisation, the default, takes a third longer
# than the first, for programs that are no faster. The analysis of regions finds that copies of what loops
# carry are needless; whole vector registers, where the processor has wide ones, save a tenth of the time of
# compiling and of running. Sums in windows of 32 need what is summed written down first; without windows they
# are made where the terms are, as exactly, and gradients cost up to 14 % less.
CPU_OPTIONS: dict[str, Any] = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_copy_insertion_use_region_analysis": True,
    "xla_cpu_prefer_vector_width": 512,
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}


def compiled(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
    """Return the executable of a lowered program, compiled with the options for the device."""
    if default_device().platform != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(dict(CPU_OPTIONS))
    except jax.errors.JaxRuntimeError as error:
        # A version of the compiler that has lost one of them is as right without.
        if "No such compile option" not in str(error):
            raise
        return lowered.compile()


def as_bytes(executable: jax.stages.Compiled) -> bytes | None:
    """Return an executable as bytes, or None if the device cannot give it so."""
    try:
        payload, _, _ = serialize(executable)
    except Exception:  # each device fails in its own way, and the price is the next start
        return None
    return bytes(payload)


def from_bytes(
    payload: bytes, arguments: jax.tree_util.PyTreeDef, result: jax.tree_util.PyTreeDef
) -> Callable[..., Any] | None:
    """Return the executable of such bytes, or None if the device does not take them.

    Loading may run any code, so that the bytes must be those of `as_bytes` in a process of the same user.

    Parameters
    ----------
    payload : bytes
    arguments, result : jax.tree_util.PyTreeDef
        The structures of ``(arguments, keyword arguments)`` and of what the program returns.
    """
    if b"lapack_" in payload:
        _bind_lapack()
    device = default_device()
    try:
        loaded: Callable[..., Any] = deserialize_and_load(
            payload, arguments, result, backend=device.client, execution_devices=[device]
        )
    except Exception:  # compiling afresh is right, whatever it was
        return None
    return loaded


@cache
def _bind_lapack() -> None:
    # JAX looks LAPACK up when it lowers a linear-algebra operation. A loaded program that calls it in a
    # process that has lowered none jumps to a null pointer (github.com/jax-ml/jax/issues/28908).
    jax.jit(jnp.linalg.cholesky).lower(jax.ShapeDtypeStruct((1, 1), np.float32))

"""Runs a kept program on a device; prints how often it was compiled, where it ran and what came.

Run by a test in a process of its own.
"""

from __future__ import annotations

import os

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.runtime import programs
from pmjax.runtime.background import Background
from pmjax.runtime.settings import own_settings

ARGUMENTS = (np.arange(4.0),)

with jax.default_device(jax.devices()[int(os.environ["DEVICE"])] if "DEVICE" in os.environ else None):

    def run() -> jax.Array:
        with own_settings():
            program = programs.program("squares", lambda x: jnp.sum(x**2), ARGUMENTS, 0, ("squares",))
            return program(*ARGUMENTS)

    work = Background(run)
    work.start()
    total = work.wait()
print(programs.Counter.compiled, next(iter(total.devices())).id, float(total))

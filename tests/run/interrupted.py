"""Run by a test in a process of its own: sample for minutes, be interrupted, say what came back."""

from __future__ import annotations

import os
import signal
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.inference.nuts.sample import sample_nuts
from pmjax.target.density import Density
from tests.inference.densities import gaussian


def same(theta: jax.Array, data: object, knobs: object, key: object) -> dict[str, jax.Array]:
    return {"x": theta}


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def sample(density: Density, **arguments: object) -> object:
    chains = 3
    starts = np.zeros((chains, density.size))
    return sample_nuts(
        density, starts, **{"draws": 50_000_000, "chains": chains, "progressbar": False, **arguments}
    )


def tell(chain: object, told: list[bool] = []) -> None:  # noqa: B006
    """Say once that draws are being made."""
    if not told and chain.done > chain.run.tune:  # type: ignore[attr-defined]
        told.append(True)
        print("drawing", flush=True)


def drawing() -> None:
    trace = sample(gaussian(5), tune=100, callback=tell)
    end = time.time()
    theta = trace.posterior.theta
    print(end, *theta.shape, bool(np.isfinite(theta).all()), len(trace.warnings), flush=True)


def twice() -> None:
    def slow(theta: jax.Array, data: object, knobs: object) -> jax.Array:
        # A loop that XLA cannot shorten, of about a second.
        fixed = jax.lax.stop_gradient(theta[0])
        busy = jax.lax.fori_loop(0, 200_000_000, lambda i, x: x * 0.999999 + 1e-9 * i, fixed)
        return -0.5 * theta @ theta + 0.0 * jax.lax.stop_gradient(busy)

    sample(Density(1, slow, same, {}, {}, None, ("x",)), tune=0, max_treedepth=1, callback=tell)


def compiling() -> None:
    def traced(theta: jax.Array, data: object, knobs: object) -> jax.Array:
        interrupt()
        time.sleep(2)
        return -0.5 * jnp.sum(theta**2)

    sample(Density(2, traced, same, {}, {}, ("interrupted",), ("x", "y")))


def warm_up() -> None:
    sample(gaussian(2), tune=1_000_000, callback=lambda chain: interrupt())


try:
    {"drawing": drawing, "twice": twice, "compiling": compiling, "warm-up": warm_up}[sys.argv[1]]()
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)

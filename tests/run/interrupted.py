"""Run by a test in a process of its own: sample for minutes, be interrupted, say what came back."""

from __future__ import annotations

import os
import signal
import sys
import threading
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
        # A loop that XLA cannot shorten, of a good part of a second.
        fixed = jax.lax.stop_gradient(theta[0])
        busy = jax.lax.fori_loop(0, 50_000_000, lambda i, x: x * 0.999999 + 1e-9 * i, fixed)
        return -0.5 * theta @ theta + 0.0 * jax.lax.stop_gradient(busy)

    sample(Density(1, slow, same, {}, {}, None, ("x",)), tune=0, max_treedepth=1, callback=tell)


def compiling() -> None:
    def traced(theta: jax.Array, data: object, knobs: object) -> jax.Array:
        interrupt()
        time.sleep(2)
        return -0.5 * jnp.sum(theta**2)

    sample(Density(2, traced, same, {}, {}, ("interrupted",), ("x", "y")))


def endless() -> None:
    def traced(theta: jax.Array, data: object, knobs: object) -> jax.Array:
        print("tracing", flush=True)
        while True:
            time.sleep(0.001)

    sample(Density(1, traced, same, {}, {}, ("endless",), ("x",)))


def blocked() -> None:
    def traced(theta: jax.Array, data: object, knobs: object) -> jax.Array:
        print("tracing", flush=True)
        threading.Event().wait()
        return theta.sum()

    sample(Density(1, traced, same, {}, {}, ("blocked",), ("x",)))


def in_xla() -> None:
    def long(theta: jax.Array, data: object, knobs: object) -> jax.Array:
        # XLA takes ten seconds and more for it.
        x = theta
        for i in range(20):
            x = jnp.sort(jnp.concatenate([x, jnp.ones(i + 1)]))[:3] + theta
            x = jax.lax.fori_loop(0, 5, lambda j, y: jnp.linalg.solve(jnp.outer(y, y) + jnp.eye(3), y), x)
        return -0.5 * x @ x

    sample_nuts(
        Density(3, long, same, {}, {}, None, ("x", "y", "z")),
        np.zeros((1, 3)),
        chains=1,
        progressbar=False,
        while_compiling=lambda: print("compiling", flush=True),
    )


def warm_up() -> None:
    sample(gaussian(2), tune=1_000_000, callback=lambda chain: interrupt())


PHASES = (drawing, twice, compiling, endless, blocked, in_xla, warm_up)
try:
    {phase.__name__: phase for phase in PHASES}[sys.argv[1]]()
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)

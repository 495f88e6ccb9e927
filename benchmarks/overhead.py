"""Time per gradient inside the compiled NUTS, against a bare compiled leapfrog of the same density.

Run ``python benchmarks/overhead.py [D ...]``. Both programs run by turns in the same process; the best
of many short runs is shown, which a busy machine disturbs least, and the median of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from models import hierarchical

import pmjax
from pmjax.inference.nuts.buffers import Buffers, capacity
from pmjax.inference.nuts.metric import Diagonal
from pmjax.inference.nuts.program import Program, Settings, initial_state
from pmjax.rewrites import pipeline
from pmjax.run.statistics import STATS
from pmjax.runtime import programs, streams
from pmjax.target.density import Density
from pmjax.target.joint import joint_density

FLOAT = np.dtype(np.float64)
REPEATS = 30


def gaussian(size: int) -> Density:
    """Independent normals of scales 1 to 2."""

    def log_density(t: jax.Array, data: dict[str, jax.Array], knobs: object) -> jax.Array:
        return -0.5 * jnp.sum((t / data["scale"]) ** 2)

    data = {"scale": np.linspace(1.0, 2.0, size)}
    return Density(size, log_density, lambda t, d, k, key: {"x": t}, data, {}, ("gaussian", size), ())


def radon(*rewrites: str) -> Density:
    """The radon model as pmjax compiles it, with these rewrites."""
    spec, _ = pipeline.apply(hierarchical.radon(pmjax).freeze(), rewrites)
    return joint_density(spec)


def bare_leapfrog(density: Density) -> Callable[[int], None]:
    """Return a function that makes so many leapfrog steps."""

    def steps(q: jax.Array, p: jax.Array, n: jax.Array, data: object) -> object:
        value_and_grad = jax.value_and_grad(lambda q: density.log_density(q, data, {}))

        def step(carry: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            i, q, p, gradient, _ = carry
            p = p + 0.5e-3 * gradient
            q = q + 1e-3 * p
            value, gradient = value_and_grad(q)
            return i + 1, q, p + 0.5e-3 * gradient, gradient, value

        return lax.while_loop(lambda carry: carry[0] < n, step, (0, q, p, 0 * q, 0.0))

    start = np.zeros(density.size), np.ones(density.size)
    compiled = programs.program("bare", steps, (*start, np.int64(0), density.data), (0,) * 5, None)
    return lambda n: jax.block_until_ready(compiled(*start, np.int64(n), density.data))


def nuts(density: Density) -> tuple[Callable[[int], int], float]:
    """Return a function that makes so many draws of about 15 leaves and counts them, and compile seconds."""
    state = initial_state(np.zeros(density.size), streams.key(1, "trajectories", 0), Diagonal(), FLOAT)

    def settings(n: int, depth: int) -> Settings:
        flags = np.zeros(capacity(density.size), np.int32)
        return Settings(np.int32(n), np.int32(depth), np.float64(0.8), flags)

    run_chunk = Program(density, Diagonal(), 10, FLOAT).run_chunk
    began = time.perf_counter()
    arguments = (state, settings(0, 1), density.data, {}, np.int32(0))
    compiled = programs.program("nuts", run_chunk, arguments, (state, Buffers(0, 0, 0)), None)
    seconds = time.perf_counter() - began
    state, _ = compiled(state, settings(1, 1), density.data, {}, np.int32(1))
    # So small a step never turns: each draw has the 15 leaves that its four doublings make.
    state = state._replace(step_size=np.float64(1e-4))

    def run(n: int) -> int:
        n = min(n, capacity(density.size))
        _, buffers = jax.block_until_ready(compiled(state, settings(n, 4), density.data, {}, np.int32(2**30)))
        return int(np.asarray(buffers.stats)[:n, STATS.index("n_steps")].sum())

    return run, seconds


def measure(density: Density) -> tuple[np.ndarray, float]:
    """Return microseconds, rows (bare, NUTS) and columns (best, median), and compile seconds."""
    bare, (run, seconds) = bare_leapfrog(density), nuts(density)
    cost = 1 if density.size < 5000 else 20
    times = np.empty((REPEATS, 2))
    for times_of_turn in times:
        for k, work in enumerate((lambda: bare(6000 // cost), lambda: run(400 // cost))):
            began = time.perf_counter()
            steps = work()
            steps = steps if isinstance(steps, int) else 6000 // cost
            times_of_turn[k] = (time.perf_counter() - began) / steps
    times *= 1e6
    return np.stack([times.min(axis=0), np.median(times, axis=0)]), seconds


def main() -> None:
    """Print a table."""
    sizes = [int(argument) for argument in sys.argv[1:]] or [2, 10, 100, 1000, 10000]
    models = {"radon, 919 rows": radon(), "radon, by groups": radon("collapse_rows")}
    models |= {f"normal, D = {size}": gaussian(size) for size in sizes}
    print(
        "microseconds per gradient       best: bare    NUTS   ratio  median: bare   NUTS   ratio   compile s"
    )
    with jax.enable_x64(True):
        for name, density in models.items():
            times, seconds = measure(density)
            columns = (f"{b:10.2f} {n:8.2f} {n / b:7.2f}" for b, n in times)
            print(f"{name:28} {'   '.join(columns)} {seconds:10.2f}")


if __name__ == "__main__":
    main()

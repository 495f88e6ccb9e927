"""Shows that pmjax and PyMC read every model of the benchmarks as the same density.

Log densities, up to their constant, and gradients are compared at random points of the unconstrained
space: ``python benchmarks/check.py [model ...]``.
"""

from __future__ import annotations

import sys

import numpy as np
import pymc
from models import BENCHMARKS, Benchmark
from models.data import posteriordb_file

import pmjax

POINTS = 3
TOLERANCE = 1e-8


def largest_difference(benchmark: Benchmark) -> float:
    """Return the largest difference over log densities and gradients, relative to the largest entry."""
    models = benchmark.build(pmjax), benchmark.build(pymc)
    rng = np.random.default_rng(0)
    start = {name: np.asarray(value, float) for name, value in models[1].initial_point().items()}
    points = [{n: v + rng.uniform(-1, 1, v.shape) for n, v in start.items()} for _ in range(POINTS)]
    compiled = [(m.compile_logp(), m.compile_dlogp()) for m in models]
    log_densities = np.array([[log_density(p) for p in points] for log_density, _ in compiled])
    gradients = np.array([[gradient(p) for p in points] for _, gradient in compiled])
    log_densities -= log_densities[:, :1]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in (log_densities, gradients))


def main() -> int:
    """Compare the models named on the command line, or all; return the number that differ."""
    failures = 0
    for name in sys.argv[1:] or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        if benchmark.data and not posteriordb_file(benchmark.data).exists():
            print(f"{name:22} skipped: {posteriordb_file(benchmark.data)} is absent")
            continue
        try:
            difference = largest_difference(benchmark)
        except Exception as error:
            print(f"{name:22} FAILED: {type(error).__name__}: {error}")
            failures += 1
            continue
        failures += not difference < TOLERANCE
        print(f"{name:22} largest relative difference {difference:.1e}")
    return failures


if __name__ == "__main__":
    sys.exit(main())

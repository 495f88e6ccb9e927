"""One process of the benchmarks: one model, one sampler, from nothing; prints one line of JSON.

It is started by ``run.py``, which says when: the time to the first result counts from the start of the
process. The second sample, in the same process, is the warm one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import metadata

import numpy as np
from models import BENCHMARKS
from samplers import SAMPLERS, Run, Settings

PACKAGES = ("pmjax", "jax", "nutpie", "pymc", "pytensor", "numba", "numpyro", "blackjax", "arviz", "numpy")


def main() -> None:
    """Sample, then say what it cost and what it gave."""
    arguments = parse_arguments()
    settings = Settings(arguments.draws, arguments.tune, arguments.chains, arguments.target_accept)
    parts: dict[str, float] = {}
    last = arguments.started

    def clock(part: str) -> None:
        nonlocal last
        now = time.time()
        parts[part], last = now - last, now

    sample = SAMPLERS[arguments.sampler](BENCHMARKS[arguments.model].build, settings, clock)
    results = [sample(arguments.seed)]
    clock("sample")
    record = {"total": last - arguments.started, "parts": parts}
    if arguments.again:
        began = time.perf_counter()
        results.append(sample(arguments.seed + 1))
        wall = time.perf_counter() - began
        record["warm"] = wall if results[1].seconds is None else results[1].seconds
        record["warm_call"] = wall
    record["runs"] = [summary(run) for run in results]
    record["versions"] = {"python": sys.version.split()[0], **{p: metadata.version(p) for p in PACKAGES}}
    print(json.dumps(record))


def parse_arguments() -> argparse.Namespace:
    """Return what `run.py` asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=BENCHMARKS, required=True)
    parser.add_argument("--sampler", choices=SAMPLERS, required=True)
    parser.add_argument("--draws", type=int, required=True)
    parser.add_argument("--tune", type=int, required=True)
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--target-accept", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--started", type=float, default=time.time(), help="time.time() at the start")
    parser.add_argument("--again", action="store_true", help="sample a second time in the same process")
    return parser.parse_args()


def summary(run: Run) -> dict[str, float | int | None]:
    """Return the worst coordinate's statistics, by one estimator for all samplers (Vehtari et al. 2021)."""
    columns = [
        c for values in run.draws.values() for c in np.moveaxis(values.reshape(*values.shape[:2], -1), 2, 0)
    ]
    columns = [np.ascontiguousarray(c, float) for c in columns]
    rhat, bulk, tail = statistics()
    return {
        "gradients": run.gradients,
        "divergences": run.divergences,
        "bulk_ess": float(min(map(bulk, columns))),
        "tail_ess": float(min(map(tail, columns))),
        "rhat": float(max(map(rhat, columns))),
    }


def statistics() -> tuple:
    """Return R-hat, bulk and tail ESS of an array of shape (chains, draws), from ArviZ of either series."""
    try:
        from arviz_stats.base import array_stats
    except ImportError:
        import arviz

        return arviz.rhat, arviz.ess, lambda x: arviz.ess(x, method="tail")
    return array_stats.rhat, array_stats.ess, lambda x: array_stats.ess(x, method="tail", prob=(0.05, 0.95))


if __name__ == "__main__":
    main()

"""What warm-up is worth: hierarchies as written and recentred, and how long to tune.

Counts of gradients and effective draws, so it may run on a busy machine. With PYTHONPATH=src and ArviZ:

    python benchmarks/warmup.py recentring
    python benchmarks/warmup.py tuning --tune 200 400 1000
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from models import BENCHMARKS
from models.hierarchies import HIERARCHIES
from worker import statistics

import pmjax as pm

WRITTEN = ["marginalise", "collapse_rows"]
TUNING = ["radon", "wells", "kidscore_interaction", "irt_2pl", "funnel"]
LEGEND = "worst bulk ESS per 1000 gradients (least) | worst bulk ESS (least) | divergences | R-hat"


def main() -> None:
    """Print the table that was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", choices=["recentring", "tuning"])
    parser.add_argument("--models", nargs="+", metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--tune", type=int, nargs="+", default=[200, 400, 600, 1000])
    arguments = parser.parse_args()
    default = list(HIERARCHIES) + (TUNING if arguments.table == "tuning" else [])
    variants: list[tuple[str, dict[str, Any]]] = [(f"tune {n}", {"tune": n}) for n in arguments.tune]
    if arguments.table == "recentring":
        variants = [("as written", {"rewrites": WRITTEN}), ("recentred", {})]
    print("| model | " + " | ".join(f"{name}: {LEGEND}" for name, _ in variants) + " |")
    print("|---" * (1 + 4 * len(variants)) + "|")
    for name in arguments.models or default:
        build = HIERARCHIES[name] if name in HIERARCHIES else BENCHMARKS[name].build
        model = build(pm)
        cells = [row(model, arguments.seeds, options) for _, options in variants]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def row(model: Any, seeds: int, options: dict[str, Any]) -> str:
    """Return medians over the seeds, and the least or greatest of them in brackets."""
    runs = np.array([run(model, seed, options) for seed in range(1, seeds + 1)])
    rate, ess = runs[:, 1] / runs[:, 0] * 1000, runs[:, 1]
    return (
        f"{np.median(rate):.1f} ({rate.min():.1f}) | {np.median(ess):.0f} ({ess.min():.0f}) "
        f"| {runs[:, 2].sum():.0f} | {runs[:, 3].max():.3f}"
    )


def run(model: Any, seed: int, options: dict[str, Any]) -> tuple[int, float, int, float]:
    """Return gradients with warm-up, worst bulk ESS of 4000 draws, divergences and R-hat."""
    rhat, bulk, _ = statistics()
    trace = pm.sample(
        chains=4,
        random_seed=seed,
        progressbar=False,
        compute_convergence_checks=False,
        model=model,
        **{"draws": 1000, "tune": 1000, **options},
    )
    columns = [
        np.ascontiguousarray(column, float)
        for draws in trace.posterior.data_vars.values()
        for column in np.moveaxis(draws.values.reshape(*draws.shape[:2], -1), 2, 0)
    ]
    ess, worst = float(min(map(bulk, columns))), float(max(map(rhat, columns)))
    return trace.posterior.attrs["gradients"], ess, int(trace.sample_stats["diverging"].sum()), worst


if __name__ == "__main__":
    main()

"""What the progress table costs: processor seconds of redrawing it, as a share of those of the whole run.

Run it in a terminal, where the table is shown: ``python benchmarks/progress.py [chains]``. The time inside
`Progress.update` and `Progress.phase` is measured in the thread that draws.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from models import BENCHMARKS

import pmjax as pm
from pmjax.run.progress import Progress


def main() -> None:
    """Sample the radon model with every call of the progress timed."""
    spent, calls = 0.0, 0

    def timed(method: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            nonlocal spent, calls
            began = time.thread_time()
            try:
                return method(*arguments, **keywords)
            finally:
                spent, calls = spent + time.thread_time() - began, calls + 1

        return call

    Progress.update, Progress.phase = timed(Progress.update), timed(Progress.phase)  # type: ignore[method-assign]
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    benchmark = BENCHMARKS["radon"]
    model = benchmark.build(pm)
    began = time.process_time()
    pm.sample(5000, tune=2000, chains=chains, random_seed=1, compute_convergence_checks=False, model=model)
    total = time.process_time() - began
    print(f"{calls} calls, {1e3 * spent:.1f} ms of {total:.2f} s: {spent / total:.3%}")


if __name__ == "__main__":
    main()

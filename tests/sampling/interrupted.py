"""Run by a test in a process of its own: sample for minutes, be interrupted, say what came back."""

from __future__ import annotations

import time

import numpy as np

from pmjax.sampling.sample import sample_nuts
from tests.sampling.densities import gaussian


def main() -> None:
    told = []

    def tell(chain: object) -> None:
        if not told and chain.done > chain.run.tune:  # type: ignore[attr-defined]
            told.append(True)
            print("drawing", flush=True)

    starts = np.zeros((3, 5))
    trace = sample_nuts(
        gaussian(5), starts, draws=50_000_000, tune=100, chains=3, callback=tell, progressbar=False
    )
    end = time.time()
    theta = trace.posterior.theta
    print(end, *theta.shape, bool(np.isfinite(theta).all()), len(trace.warnings), flush=True)


main()

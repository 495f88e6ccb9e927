"""Run by a test in a process of its own: the peak memory of a run that keeps the named variables, in MB.

Prints the peak after a first short run, the peak after so many draws of 4 chains, and what is kept of them.
"""

from __future__ import annotations

import resource
import sys

import numpy as np

import pmjax as pm

SIZE = 100_000


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    draws, names = int(sys.argv[1]), sys.argv[2:]
    with pm.Model():
        mu = pm.Normal("mu")
        pm.Deterministic("big", np.ones(SIZE) * mu)

        def run(draws: int) -> object:
            return pm.sample(
                draws,
                tune=100,
                chains=4,
                random_seed=1,
                var_names=names,
                progressbar=False,
                compute_convergence_checks=False,
            )

        run(1)
        baseline = peak()
        trace = run(draws)
        kept = sum(values.nbytes for values in trace.posterior.data_vars.values()) / 2**20
    print(baseline, peak(), kept, flush=True)


main()

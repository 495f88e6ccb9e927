"""Samples the posteriors of posteriordb and prints how far each lies from its reference draws.

    make posteriordb, or in this folder's parent: python -m posteriordb [names] [--seed 11] [--rewrites off]

Means and second moments must agree within 4 combined Monte Carlo standard errors, and R-hat must stay below
1.01. The data and the reference draws are read from `shared/posteriordb` beside the repository.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import arviz
import numpy as np

import pmjax as pm
from posteriordb.posteriors import POSTERIORS, arrays_of

POSTERIORDB = Path(__file__).resolve().parents[3] / "shared" / "posteriordb"


def deviation(values: np.ndarray, expected: np.ndarray) -> float:
    """Return the distance of two means of draws, shapes (chains, draws), in combined standard errors."""
    error = np.hypot(float(np.squeeze(arviz.mcse(values))), float(np.squeeze(arviz.mcse(expected))))
    return float(abs(values.mean() - expected.mean()) / error) if error else 0.0


def measured(name: str, seed: int, rewrites: Any) -> dict[str, float]:
    """Sample a posterior; return its largest deviation in standard errors, its largest R-hat and seconds."""
    posterior = POSTERIORS[name]
    data = json.loads((POSTERIORDB / f"{posterior.data}.data.json").read_text())
    reference = np.load(POSTERIORDB / f"{name}.draws.npz")
    known = dict(zip(map(str, reference["names"]), np.moveaxis(reference["draws"], -1, 0), strict=True))
    began = time.perf_counter()
    with posterior.build(arrays_of(data)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        idata = pm.sample(
            posterior.draws,
            target_accept=posterior.target_accept,
            random_seed=seed,
            rewrites=rewrites,
            progressbar=False,
        )
    seconds = time.perf_counter() - began
    worst, rhat = 0.0, 1.0
    for label, expected in known.items():
        variable, _, index = label.rstrip("]").partition("[")
        if variable not in idata.posterior:  # a quantity that another parametrisation has
            continue
        values = idata.posterior[variable].values.astype(float)
        values = values[..., int(index) - 1] if index else values
        if variable in posterior.heavy:
            values, expected = np.log(values), np.log(expected)
        rhat = max(rhat, float(arviz.rhat(values)))
        worst = max(worst, deviation(values, expected), deviation(values**2, expected**2))
    return {"deviation": worst, "rhat": rhat, "seconds": seconds}


def main() -> int:
    """Print one line for each posterior; return how many are not as they should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="posteriors, or parts of their names; all by default")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rewrites", choices=("auto", "off"), default="auto")
    given = parser.parse_args()
    if not POSTERIORDB.exists():
        sys.exit("shared/posteriordb is not beside the repository: no reference draws to compare with.")
    chosen = [n for n in POSTERIORS if not given.names or any(part in n for part in given.names)]
    failed = 0
    print(f"{'posterior':46s} {'worst deviation':>16s} {'R-hat':>7s} {'seconds':>8s}")
    for name in chosen:
        found = measured(name, given.seed, False if given.rewrites == "off" else "auto")
        good = found["deviation"] < 4 and found["rhat"] < 1.01
        failed += not good
        row = f"{found['deviation']:11.1f} MCSE {found['rhat']:7.4f} {found['seconds']:8.1f}"
        print(f"{name:46s} {row}{'' if good else '  <- not as it should be'}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} agree with their reference draws.")
    return failed


if __name__ == "__main__":
    sys.exit(main())

"""Run by a test in a process of its own: the peak memory of a run that keeps almost nothing, in MB."""

from __future__ import annotations

import resource

import jax.numpy as jnp
import numpy as np

from pmjax.density.density import Density
from pmjax.sampling.sample import sample_nuts


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    density = Density(
        2,
        lambda t, d, k: -0.5 * t @ t,
        lambda t, d, k, key: {"x": t, "big": jnp.full(100_000, t[0])},
        {},
        {},
        ("big",),
        ("x", "y"),
    )

    def run(draws: int, names: tuple[str, ...]) -> None:
        sample_nuts(
            density,
            np.zeros((4, 2)),
            draws=draws,
            tune=100,
            chains=4,
            progressbar=False,
            output_names=names,
        )

    run(1, ("x",))
    baseline = peak()
    run(1000, ("x",))
    print(baseline, peak(), flush=True)


main()

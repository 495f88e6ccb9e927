"""Draws docs/funnel.png: what recentring does to Neal's funnel. Run ``python docs/funnel.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

import pmjax as pm

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SAMPLED = {"as written": False, "recentred": "auto"}


def funnel() -> pm.Model:
    """Neal's funnel in ten dimensions, as one writes it."""
    with pm.Model() as model:
        v = pm.Normal("v", 0.0, 3.0)
        pm.Normal("x", 0.0, pm.math.exp(v / 2), shape=9)
    return model


def draws_of(rewrites: str | bool) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return the draws of v and of the first x, and which of them diverged."""
    trace = pm.sample(
        1000, target_accept=0.9, random_seed=1, rewrites=rewrites, model=funnel(), progressbar=False,
        compute_convergence_checks=False,
    )  # fmt: skip
    posterior = trace.posterior
    return (
        posterior["v"].values.ravel(),
        posterior["x"].values[..., 0].ravel(),
        trace.sample_stats["diverging"].values.ravel(),
    )


def main() -> None:
    """Draw the picture."""
    figure, axes = plt.subplots(1, 4, figsize=(14, 3.6), layout="constrained")
    grid = np.linspace(-10, 10, 300)
    true = np.exp(-0.5 * (grid / 3) ** 2) / (3 * np.sqrt(2 * np.pi))
    for column, (name, rewrites) in enumerate(SAMPLED.items()):
        v, x, diverging = draws_of(rewrites)
        # The coordinate that the sampler moves: x itself, or z = x / exp(v / 2) where c = 0.
        moved = x if rewrites is False else x * np.exp(-v / 2)
        axes[column].plot(moved, v, ".", markersize=2, alpha=0.5)
        axes[column].plot(moved[diverging], v[diverging], "r.", markersize=4, label="divergence")
        axes[column].set(
            title=f"what the sampler moves, {name}", xlabel="x" if rewrites is False else "z", ylim=(-10, 10)
        )
        axes[2].plot(np.sort(v), np.linspace(0, 1, v.size), label=name)
        axes[3].plot(v[:1000], linewidth=0.4 if rewrites else 1.2, label=name, zorder=-column)
    axes[0].set(ylabel="v", xlim=(-30, 30))
    axes[2].plot(grid, np.cumsum(true) * (grid[1] - grid[0]), "k--", label="exact")
    axes[2].set(title="distribution function of v", xlabel="v")
    axes[3].set(title="v, first chain", xlabel="draw", ylim=(-10, 10))
    for axis in axes[[0, 2, 3]]:
        axis.legend(fontsize=8, loc="lower right")
    figure.savefig(Path(__file__).with_name("funnel.png"), dpi=90)


if __name__ == "__main__":
    main()

"""The statistics of a draw, by PyMC's names."""

from __future__ import annotations

from typing import Any

import numpy as np

STATS = (
    "lp",
    "acceptance_rate",
    "diverging",
    "energy",
    "energy_error",
    "tree_depth",
    "n_steps",
    "step_size",
    "reached_max_treedepth",
    "index_in_trajectory",
)
"""The columns of the statistics of our samplers."""

DTYPES: dict[str, Any] = {
    "diverging": np.bool_,
    "reached_max_treedepth": np.bool_,
    "tree_depth": np.int64,
    "n_steps": np.int64,
    "index_in_trajectory": np.int64,
}
"""Of the statistics that are not floating-point numbers."""

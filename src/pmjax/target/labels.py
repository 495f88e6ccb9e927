"""What a model knows about its variables and the draws of a sampler do not: dims, coordinates, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Labels:
    """What a model knows about its variables and a trace does not.

    Attributes
    ----------
    dims : mapping of str to tuple of (str or None)
        The dims of each variable, by its name; None, or a variable left out, means the default
        name ``<variable>_dim_<axis>``.
    coords : mapping of str to sequence
        The labels along each dim; a dim left out is numbered from 0.
    observed_data, constant_data : mapping of str to array
        What was observed, and the model's other data.
    unconstrained : mapping of str to tuple of int
        The pieces of the unconstrained vector in their order, by PyMC's names
        (``"sigma_a_log__"``), with their shapes.
    """

    dims: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    coords: Mapping[str, Sequence[Any] | np.ndarray] = field(default_factory=dict)
    observed_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    constant_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    unconstrained: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

"""`pm.draw`: draws of variables, without conditioning on data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.api.starts import as_seed
from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, as_variable
from pmjax.target import forward


def draw(vars: Any, draws: int = 1, random_seed: Any = None) -> Any:
    """Draw variables or expressions from their joint distribution (observed variables too).

    Parameters
    ----------
    vars : Variable or sequence of Variable
    draws : int
        Number of draws; with 1 the arrays have no leading dimension.
    random_seed : int, optional

    Returns
    -------
    ndarray, or a list of them for a sequence of variables

    Examples
    --------
    >>> import pmjax as pm
    >>> pm.draw(pm.Normal.dist(0, 1, shape=3), draws=5, random_seed=1).shape
    (5, 3)
    """
    if not isinstance(draws, (int, np.integer)) or draws < 1:
        raise ModelError(f"draw: draws must be an integer of at least 1, got {draws!r}")
    several = isinstance(vars, Sequence)
    nodes: list[Variable] = [as_variable(v) for v in (vars if several else [vars])]
    arrays = forward.draw(nodes, int(draws), as_seed(random_seed))
    shown = [a[0] if draws == 1 else a for a in arrays]
    return shown if several else shown[0]

"""Points: values by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.api.model import modelcontext
from pmjax.graph.variable import Variable


def Point(
    *args: Any, filter_model_vars: bool = False, model: Any = None, **kwargs: Any
) -> dict[str, np.ndarray]:
    """Return values by name as arrays.

    Parameters
    ----------
    *args, **kwargs
        What ``dict`` takes; a key may be a variable.
    filter_model_vars : bool
        Keep only the names of unconstrained variables of the model.
    model : Model, optional
        The one around this line by default.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     mu = pm.Normal("mu", shape=2)
    ...     point = pm.Point({mu: [1.0, 2.0]}, other=3)
    >>> point
    {'mu': array([1., 2.]), 'other': array(3)}
    """
    known = {v.name for v in modelcontext(model).value_vars} if filter_model_vars else None
    given = {**dict(*args), **kwargs}
    named = {str(k.name) if isinstance(k, Variable) else k: np.array(v) for k, v in given.items()}
    return {k: v for k, v in named.items() if known is None or k in known}

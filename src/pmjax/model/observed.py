"""Observed values: from any container to a node, and checked against the support."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import random_ancestors
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable, as_array
from pmjax.model.spec import distribution_of


def observed_node(name: str, observed: Any) -> Variable:
    """Return the node of observed values.

    Raises
    ------
    ModelError
        If they are no numbers, or depend on a random variable.
    """
    if isinstance(observed, Variable):
        if random_ancestors([observed]):
            raise ModelError(
                f"{name!r}: observed must be data, and it depends on a random variable; use pm.Potential"
            )
        return observed
    if np.ma.isMaskedArray(observed) and np.ma.getmaskarray(observed).any():
        raise ModelError(f"{name!r}: {_rows(np.ma.getmaskarray(observed))} masked; drop missing values")
    try:
        return Variable(Constant(as_array(observed)))
    except ModelError as error:
        raise ModelError(f"{name!r}: observed: {error}") from None


def check_support(variable: Variable, value: Variable) -> Variable:
    """Return the observed values, with integers for a discrete variable, after checking them.

    Raises
    ------
    ModelError
        If a value is NaN or outside the support; the message says which rows.
    """
    law = distribution_of(variable)
    if value.shape != variable.shape:
        raise ModelError(
            f"{variable.label}: the observed values have shape {value.shape}, "
            f"but the variable has {variable.shape}"
        )
    raw = value.data_value
    array = np.asarray(value.eval() if raw is None else raw)
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    if missing.any():
        raise ModelError(
            f"{variable.label}: {_rows(missing)} NaN; drop missing values before the model (data.dropna())"
        )
    params = [None if p.data_value is None else np.asarray(p.data_value) for p in variable.inputs]
    inside = np.asarray(law.contains(array, *params))
    if not inside.all():
        outside = ~inside
        example = array[np.unravel_index(np.argmax(outside), outside.shape)]
        raise ModelError(
            f"{variable.label}: {_rows(outside)} outside the support of {law.name} "
            f"({law.support.description}), for example {example}; mend them or choose another distribution"
        )
    if isinstance(value.op, Constant):
        return Variable(Constant(array.astype(np.int64 if law.discrete else np.float64)))
    return value


def _rows(mask: np.ndarray) -> str:
    """Return in words which rows are meant: ``observed rows 3, 7 and 40 others are``."""
    if mask.ndim == 0:
        return "the observed value is"
    rows = np.unique(np.nonzero(mask)[0])
    shown = ", ".join(map(str, rows[:5]))
    more = f" and {len(rows) - 5} others" if len(rows) > 5 else ""
    return f"observed row{'s' if len(rows) > 1 else ''} {shown}{more} {'are' if len(rows) > 1 else 'is'}"

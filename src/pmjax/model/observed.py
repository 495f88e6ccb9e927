"""Observed values: from any container to a node, and checked against the support."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.arrays import LARGEST_INTEGER, as_array, rows
from pmjax.graph.evaluate import random_ancestors
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable
from pmjax.model.spec import distribution_of
from pmjax.runtime.types import Shape


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
    try:
        return Variable(Constant(as_array(observed)))
    except ModelError as error:
        raise ModelError(f"{name!r}: observed: {error}") from None


def observed_shape(unsized: Variable, value: Variable) -> Shape:
    """Return the shape of an observed variable: that of its values, which the parameters must fit."""
    law = distribution_of(unsized)
    try:
        law.infer(unsized.inputs, tuple(map(int, value.shape)))
    except ValueError:
        raise ModelError(
            f"{unsized.label}: the observed values have shape {value.shape}, which does not fit "
            f"the parameters: they broadcast to {unsized.shape}"
        ) from None
    return value.shape


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
    array = np.asarray(value.data_only() if raw is None else raw)
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    if missing.any():
        raise ModelError(
            f"{variable.label}: {rows(missing, 'observed')} NaN; drop missing values before the model "
            "(data.dropna()), or give them as observed= without pm.Data, to be imputed"
        )
    params = [None if p.data_value is None else np.asarray(p.data_value) for p in variable.inputs]
    inside = np.asarray(law.contains(array, *params))
    if law.discrete and array.dtype.kind == "f":
        inside = inside & (np.abs(array) <= LARGEST_INTEGER)
    if not inside.all():
        outside = ~inside
        example = array[np.unravel_index(np.argmax(outside), outside.shape)]
        raise ModelError(
            f"{variable.label}: {rows(outside, 'observed')} outside the support of {law.name} "
            f"({law.support.description}), for example {example}; mend them or choose another distribution"
        )
    if isinstance(value.op, Constant):
        return Variable(Constant(array.astype(np.int64 if law.discrete else np.float64)))
    return value

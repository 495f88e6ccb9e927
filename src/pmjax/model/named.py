"""The declarations that are not random: deterministics, potentials and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.context import current_model, require_model
from pmjax.graph.elementwise_table import identity
from pmjax.graph.ops import DataCell, Elementwise
from pmjax.graph.variable import Variable, as_array, as_variable
from pmjax.model.declarations import Declarations
from pmjax.model.dims import as_dims


def Deterministic(
    name: str, var: Any, dims: str | Sequence[str | None] | None = None, *, model: Declarations | None = None
) -> Variable:
    """Name an expression, so that its value is recorded with each draw.

    Parameters
    ----------
    name : str
    var : Variable or number
        The expression.
    dims : str or sequence of str, optional
        Names of its dimensions.

    Returns
    -------
    Variable

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x")
    ...     y = pm.Deterministic("y", x**2)
    """
    owner = model or require_model(f"Deterministic({name!r}, ...)")
    node = _named_expression(name, var)
    return owner.declare_expression(name, node, dims, owner.deterministics)


def Potential(
    name: str, var: Any, dims: str | Sequence[str | None] | None = None, *, model: Declarations | None = None
) -> Variable:
    """Add an arbitrary term to the log density of the model.

    Parameters
    ----------
    name : str
    var : Variable
        The term; arrays are summed.
    dims : str or sequence of str, optional
        Names of its dimensions.

    Returns
    -------
    Variable
    """
    owner = model or require_model(f"Potential({name!r}, ...)")
    node = _named_expression(name, var)
    return owner.declare_expression(name, node, dims, owner.potentials)


def _named_expression(name: str, var: Any) -> Variable:
    try:
        return Variable(Elementwise(identity), [as_variable(var)], name)
    except ModelError as error:
        raise ModelError(f"{name!r}: {error}") from None


def Data(
    name: str,
    value: Any,
    *,
    dims: str | Sequence[str | None] | None = None,
    coords: Mapping[str, Any] | None = None,
    model: Declarations | None = None,
) -> Variable:
    """Name data, so that they can be replaced with `set_data` and are stored with the results.

    Parameters
    ----------
    name : str
    value : array
        Numbers in any container (NumPy, pandas, xarray, lists).
    dims : str or sequence of str, optional
        Names of the dimensions; new ones are added to the model with their lengths.
    coords : mapping, optional
        Coordinate values of new dimensions.

    Returns
    -------
    Variable
    """
    owner = model or require_model(f"Data({name!r}, ...)")
    try:
        array = as_array(value)
    except ModelError as error:
        raise ModelError(f"{name!r}: {error}") from None
    for coord, labels in (coords or {}).items():
        owner.dimensions.add(coord, labels)
    names = as_dims(dims) or ()
    if len(names) not in (0, array.ndim):
        raise ModelError(f"{name!r} has shape {array.shape}, but dims={names} names {len(names)}")
    for dim, length in zip(names, array.shape, strict=False):
        if dim is not None and dim not in owner.dimensions.lengths:
            owner.dimensions.add(dim, length=length)
    node = Variable(DataCell(name, array), (), name)
    return owner.declare_expression(name, node, dims, owner.data)


def set_data(
    new_data: Mapping[str, Any], model: Declarations | None = None, *, coords: Mapping[str, Any] | None = None
) -> None:
    """Replace the values of named data in a model.

    Parameters
    ----------
    new_data : mapping from name to array
        The new values; another shape is carried through the model.
    model : Model, optional
        The model around this line by default.
    coords : mapping, optional
        New coordinate values of dimensions whose length changes.
    """
    owner = model or current_model.get()
    if owner is None:
        raise ModelError("set_data: give the model, or call it inside `with model:`")
    given = dict(coords or {})
    for name, value in new_data.items():
        if name not in owner:
            raise ModelError(f"set_data: {owner_message(owner, name)}")
        mine = {dim: given.pop(dim) for dim in owner.dims.get(name, ()) if dim in given}
        owner.set_data(name, value, mine)
    for dim, values in given.items():
        owner.dimensions.replace(dim, values)


def owner_message(owner: Declarations, name: str) -> str:
    """Return the sentence for a name that the model does not have."""
    try:
        owner[name]
    except KeyError as error:
        return str(error.args[0])
    return ""


def constant_data(data: Sequence[Variable]) -> dict[str, np.ndarray]:
    """Return the values of named data by name."""
    return {str(v.name): np.asarray(v.data_value) for v in data}

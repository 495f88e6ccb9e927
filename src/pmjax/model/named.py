"""The declarations that are not random: deterministics, potentials and data."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.arrays import as_array
from pmjax.graph.context import current_model, require_model
from pmjax.graph.elementwise_table import identity
from pmjax.graph.ops import DataCell, Elementwise
from pmjax.graph.variable import Variable, as_variable
from pmjax.model.declarations import Declarations
from pmjax.model.dims import as_dims


def Deterministic(
    name: str, var: Any, model: Declarations | None = None, dims: str | Sequence[str | None] | None = None
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
    owner = model if model is not None else require_model(f"Deterministic({name!r}, ...)")
    return owner.declare_expression(name, _named(var), dims, "deterministics")


def Potential(
    name: str, var: Any, model: Declarations | None = None, dims: str | Sequence[str | None] | None = None
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
    owner = model if model is not None else require_model(f"Potential({name!r}, ...)")
    return owner.declare_expression(name, _named(var), dims, "potentials")


def _named(var: Any) -> Callable[[str], Variable]:
    def make(name: str) -> Variable:
        try:
            return Variable(Elementwise(identity), [as_variable(var)], name)
        except ModelError as error:
            raise ModelError(f"{name!r}: {error}") from None

    return make


def Data(
    name: str,
    value: Any,
    *,
    dims: str | Sequence[str | None] | None = None,
    coords: Mapping[str, Any] | None = None,
    infer_dims_and_coords: bool = False,
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
    infer_dims_and_coords : bool
        Take names and coordinate values of dimensions from the labels of pandas and xarray.
    model : Model, optional
        The model around this line by default.

    Returns
    -------
    Variable
    """
    owner = model if model is not None else require_model(f"Data({name!r}, ...)")
    if infer_dims_and_coords:
        dims, coords = inferred_dims(value, dims, coords)

    def make(full: str) -> Variable:
        try:
            array = as_array(value)
        except ModelError as error:
            raise ModelError(f"{name!r}: {error}") from None
        names = as_dims(dims) or ()
        if len(names) not in (0, array.ndim):
            raise ModelError(f"{name!r} has shape {array.shape}, but dims={names} names {len(names)}")
        for dim, length in zip(names, array.shape, strict=False):
            if dim is not None and dim not in owner.dimensions.lengths:
                owner.add_coord(dim, (coords or {}).get(dim), length=length)
        for dim, labels in (coords or {}).items():
            owner.add_coord(dim, labels)
        return Variable(DataCell(full, array), (), full)

    return owner.declare_expression(name, make, dims, "data_vars")


def MutableData(name: str, value: Any, **options: Any) -> Variable:
    """Name data (the former name of `Data`)."""
    warnings.warn(
        "MutableData is deprecated: all Data variables are mutable now, use Data", FutureWarning, stacklevel=2
    )
    return Data(name, value, **options)


def ConstantData(name: str, value: Any, **options: Any) -> Variable:
    """Name data that are not meant to be replaced (a former name of `Data`)."""
    warnings.warn(
        "ConstantData is deprecated: all Data variables are mutable, use Data",
        FutureWarning,
        stacklevel=2,
    )
    return Data(name, value, **options)


def inferred_dims(value: Any, dims: Any, coords: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any]]:
    """Return dims and coordinate values with what the labels of pandas and xarray say in addition."""
    found = dict(coords or {})
    if hasattr(value, "dims") and hasattr(value, "coords"):
        names = as_dims(dims) or tuple(map(str, value.dims))
        labels = [np.asarray(value[dim]) for dim in value.dims]
    else:
        axes = [getattr(value, part) for part in ("index", "columns") if hasattr(value, part)]
        axes = [axis for axis in axes if not callable(axis)]
        names = as_dims(dims) or tuple(axis.name for axis in axes) or (None,) * np.ndim(value)
        labels = [np.asarray(axis) for axis in axes] or [np.arange(n) for n in np.shape(value)]
    for dim, label in zip(names, labels, strict=False):
        if dim is not None:
            found.setdefault(dim, label)
    return names, found


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
    owner = model if model is not None else current_model.get()
    if owner is None:
        raise ModelError("set_data: give the model, or call it inside `with model:`")
    given = dict(coords or {})
    with owner.all_or_nothing():
        for name, value in new_data.items():
            try:
                node = owner[name]
            except KeyError as error:
                raise ModelError(f"set_data: {error.args[0]}") from None
            dims = owner.named_vars_to_dims.get(str(node.name), ())
            owner.set_data(name, value, {dim: given.pop(dim) for dim in dims if dim in given})
        for dim, labels in given.items():
            owner.dimensions.replace(dim, labels)


def constant_data(data: Sequence[Variable]) -> dict[str, np.ndarray]:
    """Return the values of named data by name."""
    return {str(v.name): np.asarray(v.data_value) for v in data}

"""PyMC's module ``model.transform``: models from models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pmjax.api.model import Model, do, observe
from pmjax.graph.variable import Variable
from pmjax.transforms.bijector import Bijector

__all__ = ["change_value_transforms", "do", "freeze_dims_and_data", "observe", "remove_value_transforms"]


def change_value_transforms(
    model: Model, vars_to_transforms: Mapping[Variable | str, Bijector | None]
) -> Model:
    """Return another model in which some free variables have other maps to unconstrained values.

    Parameters
    ----------
    model : Model
    vars_to_transforms : mapping from Variable or name to Bijector or None
        None for variables that are sampled as they are.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     sigma = pm.HalfNormal("sigma")
    >>> list(change_value_transforms(model, {"sigma": None}).initial_point())
    ['sigma']
    """
    other = model.copy()
    for variable, transform in vars_to_transforms.items():
        other.set_transform(variable if isinstance(variable, str) else str(variable.name), transform)
    return other


def remove_value_transforms(model: Model, vars: Sequence[Variable | str] | None = None) -> Model:
    """Return another model in which some free variables, by default all, are sampled as they are."""
    chosen = [str(v.name) for v in model.free_RVs] if vars is None else vars
    return change_value_transforms(model, dict.fromkeys(chosen))


def freeze_dims_and_data(
    model: Model, dims: Sequence[str] | None = None, data: Sequence[str] | None = None
) -> Model:
    """Return a copy of a model with its own data and dimensions: what is set in the other does not reach it.

    PyMC compiles such a model faster. Here data are arguments of a program whose shapes are known always, so
    there is nothing to gain.

    Parameters
    ----------
    model : Model
    dims, data : sequence of str, optional
        Not used: all are copied.
    """
    return model.copy()

"""The names of a model and of its results: each belongs to one thing."""

from __future__ import annotations

from collections.abc import Iterable

from pmjax.errors import ModelError
from pmjax.model.dims import RESERVED, DimNames


def check_name(name: object) -> str:
    """Return the name of a variable or a model's prefix.

    Raises
    ------
    ModelError
        If it is no str, or one that the results cannot hold.
    """
    if not isinstance(name, str) or not name:
        raise ModelError(f"a variable's name is a non-empty str, got {name!r}")
    if "/" in name or name.endswith(":"):
        raise ModelError(f"the name {name!r} has a '/' or ends with ':', which groups of results cannot hold")
    if name in RESERVED:
        raise ModelError(f"{name!r} is a dimension of the results; choose another name for the variable")
    return name


def names_taken(name: str, value_name: str | None, dims: DimNames) -> dict[str, str]:
    """Return every name that a variable has in the model and in its results, and what it stands for.

    Parameters
    ----------
    name : str
    value_name : str, optional
        The name of its unconstrained values.
    dims : tuple of (str or None)
        Its dimensions; those without a name are called ``x_dim_0``, ... in the results.

    Examples
    --------
    >>> list(names_taken("s", "s_log__", (None,)))
    ['s', 's_log__', 's_dim_0']
    """
    taken = {name: "a variable"}
    if value_name is not None and value_name != name:
        taken[value_name] = f"the unconstrained values of {name!r}"
    for axis, dim in enumerate(dims):
        if dim is None:
            taken[f"{name}_dim_{axis}"] = f"the unnamed dimension {axis} of {name!r}"
    return taken


def check_free(wanted: Iterable[str], taken: dict[str, str], what: str) -> None:
    """Raise ModelError if one of the wanted names is taken."""
    for name in wanted:
        if taken.get(name) == "a variable":
            raise ModelError(
                f"{what}: the model has a variable {name!r} already; names are unique, choose another"
            )
        if name in taken:
            raise ModelError(f"{what}: {name!r} is the name of {taken[name]}; choose another name")

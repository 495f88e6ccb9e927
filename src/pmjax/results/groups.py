"""Groups of a result, alike for ArviZ 0.x (``InferenceData``) and 1.x (``xarray.DataTree``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pmjax.results.arviz_series import arviz_series

if TYPE_CHECKING:
    import xarray


def assemble(groups: Mapping[str, xarray.Dataset]) -> Any:
    """Return a result of these groups: ``InferenceData`` (ArviZ 0.x) or ``DataTree`` (1.x)."""
    if arviz_series() == 0:
        import arviz

        return arviz.InferenceData(**dict[str, Any](groups))
    import xarray

    return xarray.DataTree.from_dict(dict(groups))


def is_result(value: Any) -> bool:
    """Return whether a value holds groups: ``InferenceData`` or ``DataTree``, without importing either."""
    return type(value).__name__ in ("InferenceData", "DataTree") and type(value).__module__.split(".")[0] in (
        "arviz",
        "xarray",
    )


def group_names(result: Any) -> list[str]:
    """Return the names of a result's groups."""
    found = result.children if hasattr(result, "children") else result.groups()
    return list(found)


def group(result: Any, name: str) -> xarray.Dataset | None:
    """Return a group as a dataset, or None if the result has none of that name."""
    if name not in group_names(result):
        return None
    found = result[name]
    return found.to_dataset() if hasattr(found, "to_dataset") else found


def add_groups(result: Any, groups: Mapping[str, xarray.Dataset]) -> None:
    """Add groups to a result in place; those that are there are replaced."""
    for name, dataset in groups.items():
        if hasattr(result, "children"):
            import xarray

            result[name] = xarray.DataTree(dataset)
            continue
        if name in result.groups():
            delattr(result, name)
        result.add_groups({name: dataset})

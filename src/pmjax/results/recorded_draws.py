"""The draws of a result read back: arrays with one axis of draws, and what their other axes are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.results.groups import group, group_names, is_result

if TYPE_CHECKING:
    import xarray

CHAIN_AND_DRAW = ("chain", "draw")


@dataclass(frozen=True)
class RecordedDraws:
    """Draws by name.

    Attributes
    ----------
    arrays : dict of str to ndarray, shape (draws, *shape)
    dims : dict of str to tuple of str
        The names of the axes after the first; empty where the draws have none.
    coords : dict of str to ndarray
        The labels along them.
    sample_dims : tuple of str
        The dims that the axis of draws stands for.
    lengths : tuple of int
        Their lengths; the number of draws is the product.
    sample_coords : dict of str to ndarray
    constant_data : dict of str to ndarray, or None
        The data that the draws were made with, where they are recorded.
    observed : tuple of str
        Names of what was observed.
    """

    arrays: dict[str, np.ndarray]
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    coords: dict[str, np.ndarray] = field(default_factory=dict)
    sample_dims: tuple[str, ...] = CHAIN_AND_DRAW
    lengths: tuple[int, ...] = (1, 0)
    sample_coords: dict[str, np.ndarray] = field(default_factory=dict)
    constant_data: dict[str, np.ndarray] = field(default_factory=dict)
    observed: tuple[str, ...] = ()

    @property
    def draws(self) -> int:
        """How many."""
        return int(np.prod(self.lengths, dtype=int))

    def labels(self, name: str) -> tuple[tuple[str, np.ndarray] | None, ...]:
        """Return the name and the labels of each axis of a variable; None where an axis has none."""
        dims = self.dims.get(name)
        if dims is None:
            return (None,) * (self.arrays[name].ndim - 1)
        return tuple((d, self.coords[d]) if d in self.coords else None for d in dims)

    def unflattened(self, array: np.ndarray) -> np.ndarray:
        """Return an array of draws with an axis for each of the sample dims."""
        return array.reshape((*self.lengths, *array.shape[1:]))


def read_draws(
    trace: Any, caller: str, sample_dims: Sequence[str] | None = None, group_name: str | None = None
) -> RecordedDraws:
    """Return the draws in anything that holds some.

    Parameters
    ----------
    trace : InferenceData, DataTree, xarray.Dataset, mapping, or sequence of mappings
        A result (its posterior, or its prior where it has none); one group of it; a point, or several,
        as mappings from names to values.
    caller : str
        The function that was given it, for messages.
    sample_dims : sequence of str, optional
        The dims of draws, chain and draw by default.
    group_name : str, optional
        The group of a result to read.

    Raises
    ------
    ModelError
        If it holds no draws.
    """
    wanted = tuple(CHAIN_AND_DRAW if sample_dims is None else sample_dims)
    if is_result(trace) and group_names(trace):
        dataset = read_group(trace, caller, group_name)
        constant, observed = group(trace, "constant_data"), group(trace, "observed_data")
        data = {} if constant is None else {str(k): np.asarray(v) for k, v in constant.data_vars.items()}
        seen = () if observed is None else tuple(map(str, observed.data_vars))
        return _of_dataset(dataset, wanted, caller, data, seen)
    if is_result(trace):
        trace = trace.to_dataset()
    if hasattr(trace, "data_vars"):
        return _of_dataset(trace, wanted, caller, {}, ())
    if isinstance(trace, Mapping):
        trace = [trace]
    if isinstance(trace, Sequence) and trace and all(isinstance(point, Mapping) for point in trace):
        arrays = {str(n): np.stack([np.asarray(point[n]) for point in trace]) for n in trace[0]}
        return RecordedDraws(arrays, lengths=(1, len(trace)))
    raise ModelError(
        f"{caller}: expected the result of pm.sample, one of its groups, or points (mappings from names to "
        f"values), got {type(trace).__name__}"
    )


def read_group(trace: Any, caller: str, name: str | None = None) -> xarray.Dataset:
    """Return a group of a result (its posterior, or its prior where it has none), or a dataset as it is."""
    if not is_result(trace) or not group_names(trace):
        return trace.to_dataset() if is_result(trace) else trace
    names = [name] if name else ["posterior", "prior"]
    found = next((g for g in (group(trace, n) for n in names) if g is not None), None)
    if found is None:
        raise ModelError(
            f"{caller}: the result has no group {' or '.join(names)}; it has "
            f"{', '.join(group_names(trace)) or 'none'}"
        )
    return found


def _of_dataset(
    dataset: xarray.Dataset,
    sample_dims: tuple[str, ...],
    caller: str,
    constant_data: dict[str, np.ndarray],
    observed: tuple[str, ...],
) -> RecordedDraws:
    for dim in sample_dims:
        if dim not in dataset.sizes:
            raise ModelError(
                f"{caller}: the draws have no dimension {dim!r}; sample_dims names the dimensions of draws "
                f"among {', '.join(map(str, dataset.sizes))}"
            )
    lengths = tuple(int(dataset.sizes[d]) for d in sample_dims)
    arrays, dims = {}, {}
    for name, variable in dataset.data_vars.items():
        rest = tuple(str(d) for d in variable.dims if d not in sample_dims)
        # What lacks a sample dim is the same along it.
        full = variable.broadcast_like(dataset[list(sample_dims)]) if sample_dims else variable
        ordered = np.asarray(full.transpose(*sample_dims, *rest))
        arrays[str(name)] = ordered.reshape((-1, *ordered.shape[len(sample_dims) :]))
        dims[str(name)] = rest
    labels = {str(c): np.asarray(v) for c, v in dataset.coords.items() if v.dims == (c,)}
    return RecordedDraws(
        arrays,
        dims,
        {k: v for k, v in labels.items() if k not in sample_dims},
        sample_dims,
        lengths,
        {k: v for k, v in labels.items() if k in sample_dims},
        constant_data,
        observed,
    )

"""Groups of a result that are not sampled: draws made afterwards, and the data of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.recorded_draws import RecordedDraws
from pmjax.results.to_arviz import dataset, origin
from pmjax.target.labels import Labels

if TYPE_CHECKING:
    import xarray

ONE_CHAIN = ("chain", "draw")


def labels_of_model(spec: ModelSpec, extra: Mapping[str, Any] | None = None) -> Labels:
    """Return the dims and coordinates of a model, with the user's own added (``coords`` and ``dims``)."""
    extra = extra or {}
    return Labels(
        dims={**spec.dims, **extra.get("dims", {})}, coords={**spec.coords, **extra.get("coords", {})}
    )


def data_groups(spec: ModelSpec, labels: Labels, *, predictions: bool = False) -> dict[str, xarray.Dataset]:
    """Return ``observed_data`` and ``constant_data``; of predictions ``predictions_constant_data`` alone.

    Values that do not fit their variable any more, since other data were set, are left out.
    """
    fitting = [] if predictions else [o for o in spec.observed if o.value.shape == o.variable.shape]
    observed = {o.name: np.asarray(_value(o.value)) for o in fitting}
    constant = {name_of(v): np.asarray(_value(v)) for v in spec.data}
    groups = {
        "observed_data": observed,
        "predictions_constant_data" if predictions else "constant_data": constant,
    }
    return {
        name: dataset(arrays, labels, origin(), sample_dims=()) for name, arrays in groups.items() if arrays
    }


def drawn_group(
    arrays: Mapping[str, np.ndarray],
    labels: Labels,
    recorded: RecordedDraws,
    attributes: Mapping[str, Any] | None = None,
) -> xarray.Dataset:
    """Return arrays with one axis of draws, shape (draws, *shape), as a group over the draws of another."""
    of_draws = Labels(labels.dims, {**labels.coords, **recorded.sample_coords})
    shaped = {name: recorded.unflattened(array) for name, array in arrays.items()}
    return dataset(shaped, of_draws, {**origin(), **(attributes or {})}, sample_dims=recorded.sample_dims)


def one_chain(draws: int, sample_dims: Sequence[str] = ONE_CHAIN) -> RecordedDraws:
    """Return what stands for draws that are made of nothing: one chain of them."""
    return RecordedDraws({}, sample_dims=tuple(sample_dims), lengths=(1, draws))


def _value(variable: Any) -> Any:
    return variable.data_only() if variable.data_value is None else variable.data_value

"""From arrays by chain and draw to ArviZ: names, dims, coordinates, groups and attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pmjax.results.groups import assemble
from pmjax.results.sampler_state import FIXED, GROUP, state_arrays, state_attributes
from pmjax.run.trace import Phase, Trace
from pmjax.target.labels import Labels
from pmjax.version import __version__

if TYPE_CHECKING:
    import xarray

CHAIN_AND_DRAW = ("chain", "draw")


def to_arviz(
    trace: Trace, labels: Labels | None = None, *, unconstrained: bool = False, transformed: bool = False
) -> Any:
    """Return a trace as ArviZ knows results: ``InferenceData`` (ArviZ 0.x) or ``DataTree`` (1.x).

    The groups are ``posterior``, ``sample_stats``, ``observed_data`` and ``constant_data``, and
    ``warmup_posterior`` and ``warmup_sample_stats`` if the trace has kept its warm-up, and ``sampler_state``,
    from which another run can go on.

    Parameters
    ----------
    trace : Trace
        The draws, by chain and draw.
    labels : Labels, optional
        Dims, coordinates and data; everything gets default names without it.
    unconstrained : bool
        Add the group ``unconstrained_posterior`` (and its warm-up).
    transformed : bool
        Put the transformed variables (``sigma_log__``) in ``posterior`` beside the others.

    Examples
    --------
    >>> phase = Phase(np.zeros((4, 100, 0)), {"a": np.zeros((4, 100, 3))}, {"lp": np.zeros((4, 100))})
    >>> result = to_arviz(Trace(phase, None, {"sample": 0.5}, gradients=700), Labels({"a": ("county",)}))
    >>> result.posterior["a"].dims
    ('chain', 'draw', 'county')
    """
    labels = labels or Labels()
    attributes = _attributes(trace)
    groups: dict[str, xarray.Dataset] = {}
    for prefix, phase in (("", trace.posterior), ("warmup_", trace.warmup)):
        if phase is None:
            continue
        pieces = split_points(phase, labels) if unconstrained or transformed else {}
        beside = {k: v for k, v in pieces.items() if k not in phase.outputs} if transformed else {}
        groups[f"{prefix}posterior"] = dataset({**phase.outputs, **beside}, labels, attributes)
        groups[f"{prefix}sample_stats"] = dataset(phase.stats, labels, attributes)
        if unconstrained:
            groups[f"{prefix}unconstrained_posterior"] = dataset(pieces, labels, attributes)
    if trace.ends:
        about = {**origin(), **state_attributes(trace, labels)}
        groups[GROUP] = dataset(state_arrays(trace), Labels(FIXED), about, sample_dims=("chain",))
    for name in ("observed_data", "constant_data"):
        if data := getattr(labels, name):
            groups[name] = dataset(data, labels, origin(), sample_dims=())
    return assemble(groups)


def split_points(phase: Phase, labels: Labels) -> dict[str, np.ndarray]:
    """Return the pieces of the unconstrained draws by name; views of one array, not copies."""
    sizes = [prod(shape) for shape in labels.unconstrained.values()]
    if phase.theta.shape[2] != sum(sizes):
        raise ValueError(
            f"to_arviz: the trace holds {phase.theta.shape[2]} unconstrained coordinates and the labels name "
            f"{sum(sizes)}; the unconstrained draws must be kept and every piece of them named."
        )
    columns = np.split(phase.theta, np.cumsum(sizes)[:-1], axis=2) if sizes else []
    return {
        name: column.reshape(*column.shape[:2], *shape)
        for (name, shape), column in zip(labels.unconstrained.items(), columns, strict=True)
    }


def dataset(
    arrays: Mapping[str, np.ndarray],
    labels: Labels,
    attributes: Mapping[str, Any],
    sample_dims: tuple[str, ...] = CHAIN_AND_DRAW,
) -> xarray.Dataset:
    """Return arrays as a dataset, with the dims and coordinates of the labels.

    Parameters
    ----------
    arrays : mapping of str to ndarray, shape (*lengths of the sample dims, *event shape)
    labels : Labels
    attributes : mapping
    sample_dims : tuple of str
        The names of the first axes of each array.
    """
    import xarray

    variables = {}
    lengths: dict[str, int] = {}
    for name, values in arrays.items():
        array = np.asarray(values)
        dims = sample_dims + _dims(name, array.ndim - len(sample_dims), labels)
        variables[name] = (dims, array)
        lengths |= dict(zip(dims, array.shape, strict=True))
    coords = {
        dim: (dim, np.asarray(labels.coords[dim]) if dim in labels.coords else np.arange(length))
        for dim, length in lengths.items()
    }
    return xarray.Dataset(variables, coords, dict(attributes) | {"sample_dims": list(sample_dims)})


def _dims(name: str, ndim: int, labels: Labels) -> tuple[str, ...]:
    dims = labels.dims.get(name) or (None,) * ndim
    return tuple(dim or f"{name}_dim_{axis}" for axis, dim in enumerate(dims))


def origin() -> dict[str, Any]:
    """Return the attributes, by ArviZ's names, that say what made a group, and when."""
    library = {"library": "pmjax", "library_version": __version__}
    return {
        "created_at": datetime.now(UTC).isoformat(),
        **{f"creation_{k}": v for k, v in library.items()},
        "creation_library_language": "Python",
        **{f"inference_{k}": v for k, v in library.items()},
    }


def _attributes(trace: Trace) -> dict[str, Any]:
    """Attributes by ArviZ's names; what NetCDF cannot hold (mappings, None) is written as JSON."""
    schema_names = {"sample": "sampling"}  # ArviZ's schema speaks of the sampling time
    return {
        **origin(),
        **{f"{schema_names.get(part, part)}_time": float(value) for part, value in trace.seconds.items()},
        "gradients": int(trace.gradients),
        **{name: _storable(value) for name, value in trace.attributes.items()},
    }


def _storable(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, str | int | float | np.number):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value.astype(int) if value.dtype == bool else value
    return json.dumps(value, default=lambda other: other.tolist() if hasattr(other, "tolist") else str(other))

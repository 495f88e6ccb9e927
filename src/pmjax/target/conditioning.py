"""Which recorded draws of a model's variables still stand, and which variables are drawn anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from pmjax.graph.evaluate import ancestors, is_random
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec, distribution_of, name_of

Labels = tuple[str, np.ndarray]


class Recorded(Protocol):
    """What is asked of recorded draws."""

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Draws by name, shape (draws, *shape)."""

    @property
    def constant_data(self) -> Mapping[str, np.ndarray]:
        """The data that they were made with."""

    def labels(self, name: str) -> tuple[Labels | None, ...]:
        """The name and the labels of each axis of a variable."""


@dataclass
class Conditioning:
    """Values of a model's variables, from recorded draws.

    Attributes
    ----------
    given : dict of Variable to ndarray, shape (draws, *shape)
        Random variables and deterministics whose recorded draws are used.
    kept : dict of Variable to bool ndarray
        Of those that are recorded in part (a grouping with new groups): which elements are recorded.
    afresh : dict of str to str
        Why a recorded variable is drawn anew, or which part of it is, by name.
    missing : list of str
        Random variables that are not recorded, and that what is asked for depends on.
    doubtful : dict of str to list of str
        Recorded variables that are kept although what they depend on has changed, and what that is.
    """

    given: dict[Variable, np.ndarray] = field(default_factory=dict)
    kept: dict[Variable, np.ndarray] = field(default_factory=dict)
    afresh: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    doubtful: dict[str, list[str]] = field(default_factory=dict)


def condition(
    spec: ModelSpec,
    recorded: Recorded,
    outputs: Sequence[Variable],
    *,
    resampled: Collection[str] = (),
    frozen: Collection[str] = (),
) -> Conditioning:
    """Return which values of a model's variables recorded draws give.

    A recorded random variable keeps its draws, unless it is named in `resampled` or they do not fit the
    model as it is now. Along a dimension with labels they fit by label: elements with new labels are drawn
    given the rest, if the elements are independent given their parents. A recorded deterministic keeps its
    draws unless something that it is computed from has changed; observed variables are never given.

    Parameters
    ----------
    spec : ModelSpec
        The model, with the data of now.
    recorded : Recorded
    outputs : sequence of Variable
        What is asked for.
    resampled, frozen : collection of str
        Recorded variables to draw anew; to keep whatever has changed.
    """
    result = Conditioning()
    for free in spec.declared:
        if free.name in resampled and free.name in recorded.arrays:
            result.afresh[free.name] = "as asked"
        elif free.name in recorded.arrays:
            _fit(spec, free.variable, recorded, result)
    _spread_changes(spec, recorded, outputs, set(resampled), set(frozen), result)
    observed = {o.variable for o in spec.observed}
    needed = ancestors(outputs, stop=lambda v: v in result.given and v not in result.kept)
    drawn = [v for v in needed if is_random(v) and v not in observed and v not in result.given]
    result.missing = [name_of(v) for v in drawn if v.name not in result.afresh]
    return result


def _spread_changes(
    spec: ModelSpec,
    recorded: Recorded,
    outputs: Sequence[Variable],
    resampled: set[str],
    frozen: set[str],
    result: Conditioning,
) -> None:
    """Follow what has changed through the graph: give the deterministics that it does not reach their draws.

    Random variables that it reaches and that keep their draws are doubtful.
    """
    changed = _changed_data(spec, recorded)
    observed = {o.variable for o in spec.observed}
    deterministics = set(spec.deterministics)
    whole = {v for v in result.given if v not in result.kept}
    causes: dict[int, set[str]] = {}
    for node in ancestors([*outputs, *result.given]):
        name = node.name or ""
        behind = set().union(*(causes[id(v)] for v in node.inputs))
        if id(node) in changed:
            behind = {changed[id(node)]}
        elif node in whole:
            if behind - _UNNAMED and name not in frozen:
                result.doubtful[name] = sorted(behind - _UNNAMED)
            behind = set()
        elif node in observed:
            behind = {_UNRECORDED}
        elif is_random(node):
            behind = {name if name in recorded.arrays else _ABSENT}
        elif node in deterministics and name in recorded.arrays:
            stands = name not in resampled and (name in frozen or not behind - {_ABSENT})
            if stands and _fits(spec, node, recorded):
                result.given[node] = recorded.arrays[name]
                behind = set()
            elif name in resampled:
                behind = {name}
        causes[id(node)] = behind


# Causes that are not named to the user: data that the result does not hold; variables that it does not hold.
_UNRECORDED, _ABSENT = "\0unrecorded", "\0absent"
_UNNAMED = {_UNRECORDED, _ABSENT}


def _changed_data(spec: ModelSpec, recorded: Recorded) -> dict[int, str]:
    """Return the data, by identity, that may be others than those the draws were made with, and a cause."""
    changed = {}
    for node in spec.data:
        name, value = name_of(node), np.asarray(node.data_value)
        old = recorded.constant_data.get(name)
        if old is None or not _equal(old, value):
            changed[id(node)] = _UNRECORDED if old is None else name
    return changed


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    numbers = a.dtype.kind == "f" and b.dtype.kind == "f"
    return bool(np.array_equal(a, b, equal_nan=numbers))


def _fit(spec: ModelSpec, variable: Variable, recorded: Recorded, result: Conditioning) -> None:
    """Give a random variable its recorded draws, as far as they fit."""
    name = name_of(variable)
    values = recorded.arrays[name]
    axes = _positions(spec, variable, recorded)
    if isinstance(axes, str):
        result.afresh[name] = axes
        return
    if all(p is None for p in axes):
        result.given[variable] = values
        return
    new = [p is not None and bool((p < 0).any()) for p in axes]
    event = variable.ndim - distribution_of(variable).event_ndim
    mask = np.ones(variable.shape, bool)
    for axis, position in enumerate(axes):
        if position is not None:
            values = np.take(values, np.maximum(position, 0), axis=axis + 1)
            shape = [1] * variable.ndim
            shape[axis] = -1
            mask &= (position >= 0).reshape(shape)
    dims = spec.dims.get(name, ())
    if any(new[event:]):
        result.afresh[name] = f"its elements along {dims[new.index(True)]!r} are not independent"
    elif not mask.any():
        result.afresh[name] = f"all labels of {dims[new.index(True)]!r} are new"
    else:
        result.given[variable] = values
        if not mask.all():
            result.kept[variable] = mask
            labels = [
                repr(label)
                for axis, position in enumerate(axes)
                if position is not None
                for label in np.asarray(spec.coords[str(dims[axis])])[position < 0].tolist()
            ]
            shown = ", ".join(labels[:5]) + (f" and {len(labels) - 5} others" if len(labels) > 5 else "")
            result.afresh[name] = f"new: {shown}"


def _fits(spec: ModelSpec, node: Variable, recorded: Recorded) -> bool:
    axes = _positions(spec, node, recorded)
    return not isinstance(axes, str) and all(p is None for p in axes)


def _positions(spec: ModelSpec, variable: Variable, recorded: Recorded) -> list[np.ndarray | None] | str:
    """Return where the labels of each axis stand among the recorded ones, or why the draws do not fit.

    None for an axis that is as it was; -1 for a new label.
    """
    name = name_of(variable)
    shape = recorded.arrays[name].shape[1:]
    if len(shape) != variable.ndim:
        return f"its shape is {variable.shape} and was {shape}"
    dims = spec.dims.get(name) or (None,) * variable.ndim
    axes: list[np.ndarray | None] = []
    for dim, length, old_length, old in zip(dims, variable.shape, shape, recorded.labels(name), strict=True):
        labels: Any = None if dim is None else spec.coords.get(dim)
        if labels is None or old is None or old[0] != dim:
            if length != old_length:
                return f"its shape is {variable.shape} and was {shape}"
            axes.append(None)
        elif _equal(np.asarray(labels), old[1]):
            axes.append(None)
        else:
            where = {label: i for i, label in enumerate(old[1].tolist())}
            axes.append(np.array([where.get(label, -1) for label in np.asarray(labels).tolist()], int))
    return axes

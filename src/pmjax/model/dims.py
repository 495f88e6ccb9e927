"""Named dimensions: coordinates, lengths, and the checks between them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.length import Length, begin_epoch, now
from pmjax.runtime.types import Shape

DimNames = tuple[str | None, ...]

# The results have dimensions of these names.
RESERVED = ("draw", "chain", "__sample__")


def as_dims(dims: str | Sequence[str | None] | None) -> DimNames | None:
    """Return dimension names as a tuple; one string is one dimension."""
    if dims is None:
        return None
    names = (dims,) if isinstance(dims, str) else dims
    if not isinstance(names, (tuple, list)) or not all(n is None or isinstance(n, str) for n in names):
        raise ModelError(f"dims is a name or a tuple of names, got {dims!r}; give sizes with shape=")
    named = [name for name in names if name is not None]
    if len(set(named)) < len(named):
        raise ModelError(f"dims={tuple(names)} has the same dimension twice; give each its own name")
    return tuple(names)


class Dimensions:
    """The dimensions of a model.

    Attributes
    ----------
    values : dict of str to ndarray
        Coordinate values of the dimensions that have some.
    lengths : dict of str to int
        A length may be a `Length`, which follows data.
    """

    def __init__(self) -> None:
        self.values: dict[str, np.ndarray] = {}
        self.lengths: dict[str, int] = {}

    def copy(self) -> Self:
        """Return other dimensions with the same values and lengths."""
        other = copy.copy(self)
        other.values, other.lengths = dict(self.values), dict(self.lengths)
        return other

    def restore(self, before: Dimensions) -> None:
        """Take the values and lengths of other dimensions."""
        self.values, self.lengths = dict(before.values), dict(before.lengths)

    def add(self, name: str, values: Any = None, length: Any = None) -> None:
        """Add a dimension with coordinate values, or with a length alone.

        Raises
        ------
        ModelError
            If the dimension exists with other values.
        """
        if not isinstance(name, str) or not name:
            raise ModelError(f"a dimension's name is a non-empty str, got {name!r}")
        if name in RESERVED:
            raise ModelError(
                f"{name!r} is a dimension of the results; choose another name for the model's dimension"
            )
        if values is None and length is None and name not in self.lengths:
            raise ModelError(f"dimension {name!r}: give coordinate values or a length")
        array = None if values is None else _labels(name, values)
        if length is None:
            length = self.length(name) if array is None else len(array)
        elif isinstance(length, bool) or not isinstance(length, (int, np.integer)) or length < 0:
            raise ModelError(f"dimension {name!r}: length is an integer of at least 0, got {length!r}")
        known = self.values.get(name)
        if known is not None and array is not None and not np.array_equal(known, array):
            raise ModelError(f"dimension {name!r} exists with other coordinate values; choose another name")
        if array is not None and len(array) != length:
            raise ModelError(f"dimension {name!r} has {len(array)} coordinate values, but length={length}")
        if name in self.lengths and self.length(name) != length:
            raise ModelError(f"dimension {name!r} has length {self.length(name)}, not {now(length)}")
        self.lengths.setdefault(name, length)
        if array is not None:
            self.values[name] = array

    def length(self, name: str) -> int:
        """Return the length of a dimension now."""
        return int(now(self.lengths[name]))

    def following(self, name: str) -> Length:
        """Return the length of a dimension, as one that changes with it."""
        return Length(self.length(name), self.length, name)

    def replace(self, name: str, values: Any, what: str = "set_data", length: int | None = None) -> None:
        """Give an existing dimension other coordinate values, or another length."""
        self.require(name, what)
        array = None if values is None else _labels(name, values)
        if array is None and name in self.values:
            raise ModelError(f"{what}: dimension {name!r} has coordinate values; give new ones")
        if array is not None:
            if length not in (None, len(array)):
                raise ModelError(f"{what}: {name!r} gets {len(array)} coordinate values and length {length}")
            self.values[name] = array
            length = len(array)
        self.lengths[name] = self.lengths[name] if length is None else length
        begin_epoch()

    def resize(self, name: str, length: int, cause: str) -> None:
        """Give a dimension another length, after data of another size came in."""
        if self.length(name) == length:
            return
        if name in self.values:
            raise ModelError(
                f"{cause} has {length} values along {name!r}, which has {self.length(name)} coordinates; "
                f"give new ones: set_data(..., coords={{{name!r}: ...}})"
            )
        self.lengths[name] = length
        begin_epoch()

    def require(self, name: str | None, what: str) -> None:
        """Raise ModelError if the dimension is unknown."""
        if name is not None and name not in self.lengths:
            known = ", ".join(map(repr, self.lengths)) or "none"
            raise ModelError(
                f"{what}: unknown dimension {name!r}{suggest(name, self.lengths)}; "
                f"declare it with pm.Model(coords={{{name!r}: ...}}) (known: {known})"
            )

    def shape_of(self, what: str, dims: DimNames, asked: Shape | None) -> Shape | None:
        """Return the shape that the dimensions give, or None if one of them has no name.

        A dimension that is unknown gets the length that is asked for.

        Raises
        ------
        ModelError
            If a dimension is unknown and no shape is asked for, or the asked shape disagrees.
        """
        for axis, name in enumerate(dims):
            if name is not None and name not in self.lengths and asked is not None and axis < len(asked):
                self.add(name, length=asked[axis])
            self.require(name, what)
        if asked is not None:
            self.check(what, dims, asked)
        if len(dims) != (len(dims) if asked is None else len(asked)):
            return asked
        sizes = [
            self.following(name) if name is not None else (None if asked is None else asked[axis])
            for axis, name in enumerate(dims)
        ]
        return None if None in sizes else tuple(n for n in sizes if n is not None)

    def check(self, what: str, dims: DimNames, shape: Shape) -> None:
        """Raise ModelError if the shape disagrees with the dimensions."""
        if len(dims) != len(shape):
            raise ModelError(
                f"{what} has {len(shape)} dimension(s), shape {shape}, but dims={dims} names {len(dims)}"
            )
        for name, length in zip(dims, shape, strict=True):
            if name is not None and self.length(name) != now(length):
                raise ModelError(
                    f"{what}: dimension {name!r} has length {self.length(name)} in coords, "
                    f"but the values have {length}"
                )


def _labels(name: str, values: Any) -> np.ndarray:
    values = getattr(values, "values", values)
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ModelError(f"coords[{name!r}] must be one-dimensional, a sequence of labels, got {values!r}")
    labels = values if hasattr(values, "dtype") else list(values)
    array = np.asarray(labels)
    if array.ndim > 1 and isinstance(labels, list) and all(isinstance(label, tuple) for label in labels):
        array = np.empty(len(labels), object)
        array[:] = labels
    if array.ndim != 1:
        raise ModelError(f"coords[{name!r}] must be one-dimensional, got shape {array.shape}")
    return array

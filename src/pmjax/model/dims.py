"""Named dimensions: coordinates, lengths, and the checks between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.ops import Shape

DimNames = tuple[str | None, ...]


def as_dims(dims: str | Sequence[str | None] | None) -> DimNames | None:
    """Return dimension names as a tuple; one string is one dimension."""
    if dims is None:
        return None
    names = (dims,) if isinstance(dims, str) else dims
    if not isinstance(names, (tuple, list)) or not all(n is None or isinstance(n, str) for n in names):
        raise ModelError(f"dims is a name or a tuple of names, got {dims!r}; give sizes with shape=")
    return tuple(names)


class Dimensions:
    """The dimensions of a model.

    Attributes
    ----------
    values : dict of str to ndarray
        Coordinate values of the dimensions that have some.
    lengths : dict of str to int
    """

    def __init__(self, coords: Mapping[str, Any] | None = None) -> None:
        self.values: dict[str, np.ndarray] = {}
        self.lengths: dict[str, int] = {}
        if not isinstance(coords or {}, Mapping):
            raise ModelError(f"coords maps names of dimensions to their values, got {type(coords).__name__}")
        for name, values in (coords or {}).items():
            self.add(name, values)

    def add(self, name: str, values: Any = None, length: int | None = None) -> None:
        """Add a dimension with coordinate values, or with a length alone.

        Raises
        ------
        ModelError
            If the dimension exists with other values.
        """
        if not isinstance(name, str) or not name:
            raise ModelError(f"a dimension's name is a non-empty str, got {name!r}")
        if values is None:
            if length is None:
                raise ModelError(f"dimension {name!r}: give coordinate values or a length")
            if self.lengths.setdefault(name, length) != length:
                raise ModelError(f"dimension {name!r} has length {self.lengths[name]}, not {length}")
            return
        array = np.asarray(getattr(values, "values", values))
        if array.ndim != 1:
            raise ModelError(f"coords[{name!r}] must be one-dimensional, got shape {array.shape}")
        known = self.values.get(name)
        if known is not None and not np.array_equal(known, array):
            raise ModelError(f"dimension {name!r} exists with other coordinate values; choose another name")
        if self.lengths.setdefault(name, len(array)) != len(array):
            raise ModelError(f"dimension {name!r} has length {self.lengths[name]}, not {len(array)}")
        self.values[name] = array

    def replace(self, name: str, values: Any) -> None:
        """Give an existing dimension other coordinate values."""
        self.require(name, "set_data")
        self.values.pop(name, None)
        self.lengths.pop(name)
        self.add(name, values)

    def resize(self, name: str, length: int, cause: str) -> None:
        """Give a dimension another length, after data of another size came in."""
        if self.lengths[name] == length:
            return
        if name in self.values:
            raise ModelError(
                f"{cause} has {length} values along {name!r}, which has {self.lengths[name]} coordinates; "
                f"give new ones: set_data(..., coords={{{name!r}: ...}})"
            )
        self.lengths[name] = length

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

        Raises
        ------
        ModelError
            If a dimension is unknown or the asked shape disagrees.
        """
        for name in dims:
            self.require(name, what)
        if asked is not None:
            self.check(what, dims, asked)
            return asked
        if any(name is None for name in dims):
            return None
        return tuple(self.lengths[name] for name in dims if name is not None)

    def check(self, what: str, dims: DimNames, shape: Shape) -> None:
        """Raise ModelError if the shape disagrees with the dimensions."""
        if len(dims) != len(shape):
            raise ModelError(
                f"{what} has {len(shape)} dimension(s), shape {shape}, but dims={dims} names {len(dims)}"
            )
        for name, length in zip(dims, shape, strict=True):
            if name is not None and self.lengths[name] != length:
                raise ModelError(
                    f"{what}: dimension {name!r} has length {self.lengths[name]} in coords, "
                    f"but the values have {length}"
                )

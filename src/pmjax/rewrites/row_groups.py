"""Groups of equal rows of data, found by hashing and then verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Odd 64-bit constants of the splitmix64 generator (Steele, Lea & Flood 2014).
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT = np.uint64(31)


@dataclass(frozen=True)
class RowGroups:
    """Rows sorted into groups.

    Attributes
    ----------
    first : ndarray of int, shape (groups,)
        One row of each group.
    group : ndarray of int, shape (rows,)
        The group of each row.
    """

    first: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over groups of values with rows on the first axis."""
        flat = values.reshape(len(self.group), -1)
        sums = [np.bincount(self.group, column, minlength=len(self)) for column in flat.T]
        return np.stack(sums, axis=-1).reshape(len(self), *values.shape[1:])

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the means over groups of values with rows on the first axis.

        Deviations from a row of the group are summed, then those from their mean: the sum of a million
        seconds since 1970 has lost the digits in which they differ.
        """
        count = self.count().reshape(-1, *[1] * (values.ndim - 1))
        mean = values[self.first] * 1.0
        for _ in range(2):
            mean = mean + self.sum(values - mean[self.group]) / count
        return mean

    def count(self) -> np.ndarray:
        """Return the number of rows of each group."""
        return np.bincount(self.group, minlength=len(self))


def group_rows(columns: Sequence[np.ndarray], rows: int) -> RowGroups:
    """Group the rows in which every column is equal, bit for bit.

    Parameters
    ----------
    columns : sequence of ndarray
        Each has the rows on its first axis and any other axes.
    rows : int
        Number of rows; without columns they are all one group.

    Examples
    --------
    >>> groups = group_rows([np.array([3, 1, 3]), np.array([0.5, 0.5, 0.5])], 3)
    >>> groups.count().tolist()
    [2, 1]
    """
    bits = [column for array in columns for column in _bits(array)]
    if not bits:
        return RowGroups(np.zeros(1, int), np.zeros(rows, int))
    key = np.zeros(rows, np.uint64)
    for column in bits:
        key = (key ^ column) * _MIX_1
        key = (key ^ (key >> _SHIFT)) * _MIX_2
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    if any(np.any(column != column[first][group]) for column in bits):  # two rows share a hash by accident
        _, first, group = np.unique(np.stack(bits, axis=-1), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # groups in the order in which they appear
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return RowGroups(first[order], rank[group.ravel()])


def _bits(array: np.ndarray) -> list[np.ndarray]:
    flat = array.reshape(len(array), -1)
    wide = flat.astype(np.float64 if flat.dtype.kind == "f" else np.int64)
    return list(np.ascontiguousarray(wide.T).view(np.uint64))

"""Numbers of any container as NumPy arrays."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from pmjax.errors import ModelError

LARGEST_INTEGER = np.iinfo(np.int64).max


def as_array(value: Any) -> np.ndarray:
    """Return numbers of any container (lists, pandas, xarray, JAX) as a NumPy array of our own.

    Numbers have 64 bits, whatever they came in: sums and squares of small integers do not wrap around.

    Raises
    ------
    ModelError
        If the values are not numbers, or some of them are masked.
    """
    if value is None:
        raise ModelError("expected numbers or a variable, got None")
    if np.ma.isMaskedArray(value) and np.ma.getmaskarray(value).any():
        raise ModelError(
            f"{rows(np.ma.getmaskarray(value))} masked; drop the rows, or fill the gaps with values "
            "(only observed= of a random variable may have gaps)"
        )
    try:
        array = np.array(value)
    except ValueError:
        raise ModelError("expected numbers or a variable, got a list of rows of different lengths") from None
    if array.dtype == object:  # None and pandas' NA become NaN, whose rows a message can name
        array = _floats(array)
    if array.dtype.kind not in "biuf":
        cure = "; convert categories or strings to numbers first (pandas.factorize, pandas.to_numeric)"
        raise ModelError(
            f"expected numbers or a variable, got {type(value).__name__} of dtype {array.dtype}"
            f"{cure if array.dtype.kind in 'OUST' else ''}"
        )
    array = array.astype(_wide(array), copy=False)
    array.setflags(write=False)
    return array


def _floats(array: np.ndarray) -> np.ndarray:
    if any(isinstance(item, (str, bytes)) for item in array.flat):
        return array  # the text "007" is an identifier as often as a number
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        return array.astype(float)
    return array


def _wide(array: np.ndarray) -> np.dtype:
    if array.dtype.kind == "b":
        return array.dtype
    too_large = array.dtype == np.uint64 and array.size and array.max() > LARGEST_INTEGER
    return np.dtype(float if array.dtype.kind == "f" or too_large else np.int64)


def as_number(value: float) -> bool | int | float:
    """Return a Python number that JAX can hold: integers of more than 64 bits are floats."""
    too_large = isinstance(value, int) and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER
    try:
        return float(value) if too_large else value
    except OverflowError:
        raise ModelError("expected numbers or a variable, got an integer above 1.8e308") from None


def rows(mask: np.ndarray, what: str = "") -> str:
    """Return in words which rows are meant: ``rows 3, 7 and 40 others are``.

    Examples
    --------
    >>> rows(np.array([False, True, True]), "observed")
    'observed rows 1, 2 are'
    """
    if mask.ndim == 0:
        return f"the {what} value is" if what else "the value is"
    found = np.unique(np.nonzero(mask)[0])
    shown = ", ".join(map(str, found[:5]))
    more = f" and {len(found) - 5} others" if len(found) > 5 else ""
    several = len(found) > 1
    return f"{what} row{'s' if several else ''} {shown}{more} {'are' if several else 'is'}".lstrip()

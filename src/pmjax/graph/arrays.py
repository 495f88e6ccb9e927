"""Numbers of any container as NumPy arrays."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from pmjax.errors import ModelError


def as_array(value: Any) -> np.ndarray:
    """Return numbers of any container (lists, pandas, xarray, JAX) as a NumPy array of our own.

    Raises
    ------
    ModelError
        If the values are not numbers.
    """
    if value is None:
        raise ModelError("expected numbers or a variable, got None")
    try:
        array = np.array(value)
    except ValueError:
        raise ModelError("expected numbers or a variable, got a list of rows of different lengths") from None
    if array.dtype == object:  # None and pandas' NA become NaN, whose rows a message can name
        with contextlib.suppress(TypeError, ValueError):
            array = array.astype(float)
    if array.dtype.kind not in "biuf":
        cure = "; convert categories or strings to integer codes first (pandas.factorize)"
        raise ModelError(
            f"expected numbers or a variable, got {type(value).__name__} of dtype {array.dtype}"
            f"{cure if array.dtype.kind in 'OUST' else ''}"
        )
    array.setflags(write=False)
    return array

"""Supports: which values a law gives, or a parameter may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Support:
    """A set of values.

    Attributes
    ----------
    description : str
        How a message names the values: ``"positive numbers"``.
    contains : callable
        ``contains(x) -> mask`` (NumPy), elementwise or per event.
    """

    description: str
    contains: Callable[[np.ndarray], Any]


def _is_integer(x: np.ndarray) -> Any:
    return np.isfinite(x) & (x == np.floor(x))


def _is_square(x: np.ndarray) -> bool:
    return x.ndim >= 2 and x.shape[-1] == x.shape[-2]


def _is_correlated(x: np.ndarray) -> Any:
    if not _is_square(x):
        return False
    symmetric = np.all(np.isfinite(x)) and np.allclose(x, np.swapaxes(x, -1, -2))
    return symmetric and np.all(np.linalg.eigvalsh(x) > 0, axis=-1)


def _is_covariance(x: np.ndarray) -> Any:
    if not _is_square(x) or not np.all(np.isfinite(x)) or not np.allclose(x, np.swapaxes(x, -1, -2)):
        return False
    eigenvalues = np.linalg.eigvalsh(x)  # of a singular matrix rounding makes some of them negative
    return np.all(eigenvalues >= -1e-8 * np.abs(eigenvalues).max(axis=-1, keepdims=True), axis=-1)


def _is_triangular(x: np.ndarray) -> Any:
    return (
        _is_square(x)
        and np.allclose(x, np.tril(x))
        and np.all(np.diagonal(x, axis1=-2, axis2=-1) > 0, axis=-1)
    )


def _is_increasing(x: np.ndarray) -> Any:
    before = (
        np.concatenate([np.full((*x.shape[:-1], 1), -np.inf), x[..., :-1]], axis=-1) if x.ndim else -np.inf
    )
    return np.isfinite(x) & (x > before)


def _is_positive(x: np.ndarray) -> Any:
    return np.isfinite(x) & (x > 0)


def _is_non_negative(x: np.ndarray) -> Any:
    return np.isfinite(x) & (x >= 0)


def _is_share(x: np.ndarray) -> Any:
    return (x >= 0) & (x <= 1)


def _is_simplex(x: np.ndarray) -> Any:
    return np.all(x >= 0, axis=-1) & (np.abs(np.sum(x, axis=-1) - 1) < 1e-6)


def _is_binary(x: np.ndarray) -> Any:
    return (x == 0) | (x == 1)


def _is_count(x: np.ndarray) -> Any:
    return _is_integer(x) & (x >= 0)


def _is_count_from_1(x: np.ndarray) -> Any:
    return _is_integer(x) & (x >= 1)


def _is_inside_one(x: np.ndarray) -> Any:
    return (x > -1) & (x < 1)


def _is_unit_rows(x: np.ndarray) -> Any:
    return _is_triangular(x) & np.all(np.abs(np.sum(x * x, axis=-1) - 1) < 1e-6, axis=-1)


REAL = Support("real numbers", np.isfinite)
POSITIVE = Support("positive numbers", _is_positive)
NON_NEGATIVE = Support("numbers of at least 0", _is_non_negative)
ZERO_OR_POSITIVE = Support("zero or positive numbers", _is_non_negative)
UNIT_INTERVAL = Support("numbers between 0 and 1", _is_share)
BETWEEN_ONES = Support("numbers between -1 and 1", _is_inside_one)
CIRCLE = Support("angles", np.isfinite)
SIMPLEX = Support("non-negative vectors that sum to one", _is_simplex)
BINARY = Support("0 or 1", _is_binary)
COUNTS = Support("integers of at least 0", _is_count)
COUNTS_FROM_1 = Support("integers of at least 1", _is_count_from_1)
COUNTS_TO_N = Support("integers from 0 to n", _is_count)
CATEGORIES = Support("integers from 0 to the number of categories - 1", _is_count)
INTEGERS = Support("integers", _is_integer)
BETWEEN_BOUNDS = Support("numbers between lower and upper", np.isfinite)
INCREASING = Support("increasing numbers", _is_increasing)
POSITIVE_DEFINITE = Support("symmetric positive-definite matrices", _is_correlated)
POSITIVE_SEMIDEFINITE = Support("symmetric positive-semidefinite matrices", _is_covariance)
CHOLESKY_FACTOR = Support("lower-triangular matrices with a positive diagonal", _is_triangular)
CORRELATION_FACTOR = Support(
    "lower-triangular matrices with a positive diagonal and rows of length one", _is_unit_rows
)
PACKED_FACTOR = Support("packed lower-triangular matrices", np.isfinite)
ZERO_SUM = Support("arrays that sum to zero", np.isfinite)

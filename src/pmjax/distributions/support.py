"""Supports: which values a distribution gives, and the bijector that frees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import Log, LogOdds, Simplex


@dataclass(frozen=True)
class Support:
    """A set of values.

    Attributes
    ----------
    description : str
        How a message names the values: ``"positive numbers"``.
    contains : callable
        ``contains(x) -> mask`` (NumPy), elementwise or per event.
    bijector : callable or None
        Makes the default bijector; None if the values are free or discrete.
    """

    description: str
    contains: Callable[[np.ndarray], Any]
    bijector: Callable[[], Bijector] | None = None


def _is_integer(x: np.ndarray) -> Any:
    return np.isfinite(x) & (x == np.floor(x))


def _is_square(x: np.ndarray) -> bool:
    return x.ndim >= 2 and x.shape[-1] == x.shape[-2]


def _is_correlated(x: np.ndarray) -> Any:
    if not _is_square(x):
        return False
    symmetric = np.all(np.isfinite(x)) and np.allclose(x, np.swapaxes(x, -1, -2))
    return symmetric and np.all(np.linalg.eigvalsh(x) > 0, axis=-1)


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


REAL = Support("real numbers", np.isfinite)
POSITIVE = Support("positive numbers", lambda x: np.isfinite(x) & (x > 0), Log)
NON_NEGATIVE = Support("numbers of at least 0", lambda x: np.isfinite(x) & (x >= 0), Log)
UNIT_INTERVAL = Support("numbers between 0 and 1", lambda x: (x >= 0) & (x <= 1), LogOdds)
SIMPLEX = Support(
    "non-negative vectors that sum to one",
    lambda x: np.all(x >= 0, axis=-1) & (np.abs(np.sum(x, axis=-1) - 1) < 1e-6),
    Simplex,
)
BINARY = Support("0 or 1", lambda x: (x == 0) | (x == 1))
COUNTS = Support("integers of at least 0", lambda x: _is_integer(x) & (x >= 0))
COUNTS_TO_N = Support("integers from 0 to n", COUNTS.contains)
CATEGORIES = Support("integers from 0 to the number of categories - 1", COUNTS.contains)
INTEGERS = Support("integers", _is_integer)
BETWEEN_BOUNDS = Support("numbers between lower and upper", np.isfinite)
INCREASING = Support("increasing numbers", _is_increasing)
POSITIVE_DEFINITE = Support("symmetric positive-definite matrices", _is_correlated)
CHOLESKY_FACTOR = Support("lower-triangular matrices with a positive diagonal", _is_triangular)

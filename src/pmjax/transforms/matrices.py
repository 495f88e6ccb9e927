"""Bijectors of matrices: Cholesky factors of covariances and correlations, and covariances."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.transforms.bijector import Bijector, Shape, check_vector


class CholeskyCovPacked(Bijector):
    """Cholesky factors whose lower triangle is packed row by row in a vector: the diagonal is exp(y).

    Parameters
    ----------
    n : int
        Number of rows.
    """

    name = "cholesky-cov-packed"

    def __init__(self, n: int) -> None:
        self.n = int(n)
        self.diagonal = np.arange(1, self.n + 1).cumsum() - 1

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape)
        return shape

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        y = np.array(x, float)
        y[..., self.diagonal] = np.log(y[..., self.diagonal])
        return y

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return _with_positive(y, self.diagonal)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return y[..., self.diagonal].sum(axis=-1)


class CholeskyCovTransform(Bijector):
    """Covariance matrices by a Cholesky factor: X = L L', L packed row by row with exp(y) on its diagonal.

    With y_k the k-th number of the diagonal, log |det| = n log 2 + sum_k (n - k + 2) y_k.

    Parameters
    ----------
    n : int
        Number of rows.
    """

    name = "cholesky-cov"

    def __init__(self, n: int) -> None:
        self.n = int(n)
        self.rows, self.columns = np.tril_indices(self.n)
        self.diagonal = np.arange(1, self.n + 1).cumsum() - 1

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape, 2)
        return (*shape[:-2], self.n * (self.n + 1) // 2)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        y = np.linalg.cholesky(x)[..., self.rows, self.columns]
        y[..., self.diagonal] = np.log(y[..., self.diagonal])
        return y

    def inverse(self, y: Any, *inputs: Any) -> Any:
        packed = _with_positive(y, self.diagonal)
        factor = jnp.zeros((*y.shape[:-1], self.n, self.n), y.dtype)
        factor = factor.at[..., self.rows, self.columns].set(packed)
        return factor @ jnp.swapaxes(factor, -1, -2)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        weights = np.arange(self.n + 1, 1, -1)
        return self.n * np.log(2.0) + (weights * y[..., self.diagonal]).sum(axis=-1)


class CholeskyCorrTransform(Bijector):
    """Cholesky factors of correlation matrices: rows of free numbers and a 1, each scaled to length one.

    The free numbers fill the triangle below the diagonal in PyMC's order (a spiral from the last row in).
    With L_kk the diagonal, log |det| = sum_k (k + 1) log L_kk for k = 1, ..., n.

    Parameters
    ----------
    n : int
        Number of rows.
    upper : bool, default False
        Only lower factors are supported.

    Raises
    ------
    ModelError
        If `upper` is true.

    References
    ----------
    Lewandowski, Kurowicka and Joe (2009), Journal of Multivariate Analysis 100.
    """

    name = "cholesky_corr"

    def __init__(self, n: int, upper: bool = False) -> None:
        if upper:
            raise ModelError("CholeskyCorrTransform gives lower factors: transpose one, and leave upper out")
        self.n = int(n)
        self.rows, self.columns = _spiral(self.n)

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape, 2)
        return (*shape[:-2], self.n * (self.n - 1) // 2)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        free = x / np.diagonal(x, axis1=-2, axis2=-1)[..., None]
        return free[..., self.rows, self.columns]

    def inverse(self, y: Any, *inputs: Any) -> Any:
        free = self._free(y)
        return free / jnp.sqrt((free**2).sum(axis=-1, keepdims=True))

    def log_det(self, y: Any, *inputs: Any) -> Any:
        log_diagonal = -0.5 * jnp.log((self._free(y) ** 2).sum(axis=-1))
        return (np.arange(2, self.n + 2) * log_diagonal).sum(axis=-1)

    def _free(self, y: Any) -> Any:
        rows = jnp.broadcast_to(jnp.eye(self.n, dtype=y.dtype), (*y.shape[:-1], self.n, self.n))
        return rows.at[..., self.rows, self.columns].set(y)


def _with_positive(y: Any, diagonal: np.ndarray) -> Any:
    return jnp.asarray(y).at[..., diagonal].set(jnp.exp(y[..., diagonal]))


def _spiral(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and column of each free number, below the diagonal of a matrix of n rows."""
    k, size = n - 1, n * (n - 1) // 2
    order = np.arange(size)
    square = np.concatenate([order[k:], order[::-1]]).reshape(k, k)
    row, column = np.tril_indices(k)
    place = np.argsort(square[row, column])
    # The triangle stands in the corner that the first row and the last column leave.
    return row[place] + 1, column[place]

"""Distributions of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.laws import vector
from pmjax.laws.support import POSITIVE_DEFINITE
from pmjax.model.family import Family, family, parametrisation


@family
class Dirichlet(Family):
    r"""Dirichlet distribution, with density proportional to :math:`\prod_k x_k^{a_k - 1}` on the simplex.

    Parameters
    ----------
    a : array, shape (..., K)
        Concentrations, positive.
    """

    law = vector.Dirichlet()

    @parametrisation
    def by_concentration(a: Any) -> Any:
        return (a,)


@family
class MvNormal(Family):
    r"""Multivariate normal distribution.

    Parameters
    ----------
    mu : array, shape (..., K), default 0
        Mean.
    cov, tau, chol : array, shape (..., K, K)
        One of: covariance, precision (its inverse), lower Cholesky factor of the covariance.
    method : str, optional
        How PyMC would factor the covariance to draw; taken for its sake.
    """

    law = vector.MvNormal()
    domains = {"cov": POSITIVE_DEFINITE, "tau": POSITIVE_DEFINITE}
    raw = ("method",)

    @parametrisation
    def by_covariance(mu: Any = 0.0, *, cov: Any, method: Any = None) -> Any:
        return normal_vector(mu, "cov", cov)

    @parametrisation
    def by_precision(mu: Any = 0.0, *, tau: Any, method: Any = None) -> Any:
        return normal_vector(mu, "tau", tau)

    @parametrisation
    def by_factor(mu: Any = 0.0, *, chol: Any, method: Any = None) -> Any:
        return normal_vector(mu, "chol", chol)


def normal_vector(mu: Any, name: str, matrix: Any) -> tuple[Any, Any]:
    """Return mean and Cholesky factor of a normal vector, from a covariance, a precision or that factor.

    Parameters
    ----------
    mu : Variable or array
        It broadcasts to the size of the matrix.
    name : {"cov", "tau", "chol"}
        What the matrix is.
    matrix : Variable or array, shape (..., K, K)

    Raises
    ------
    ModelError
        If the matrix is not square, or does not fit the mean.
    """
    if len(matrix.shape) < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ModelError(f"{name} must be a square matrix, got shape {matrix.shape}")
    size = matrix.shape[-1]
    if np.shape(mu)[-1:] not in ((), (1,), (size,)):
        raise ModelError(f"mu has shape {np.shape(mu)}, but {name} is {size} x {size}")
    covariance = np.linalg.inv(matrix) if name == "tau" else matrix
    factor = matrix if name == "chol" else np.linalg.cholesky(covariance)
    return mu + np.zeros(size), factor

"""Distributions of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.distributions.parameters import only_one, whole_number
from pmjax.errors import ModelError
from pmjax.laws import vector
from pmjax.laws.law import Law
from pmjax.laws.support import POSITIVE, POSITIVE_DEFINITE
from pmjax.model.family import Family, Parsed, as_shape, family, parametrisation


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
    method : {"cholesky", "eigh", "svd"}, optional
        How the covariance is factored to draw: by its Cholesky factor, or by its eigenvalues, which
        also serve a singular `cov`.
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

    def parse(self, what: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Parsed:
        has_covariance = "cov" in kwargs or len(args) > 1
        if kwargs.get("method") not in ("eigh", "svd") or not has_covariance:
            return super().parse(what, args, kwargs)
        return _SEMIDEFINITE.parse(what, args, {k: v for k, v in kwargs.items() if k != "method"})


class _SemidefiniteNormal(Family):
    """`MvNormal` with a covariance that may be singular."""

    law = vector.SemidefiniteNormal()

    @property
    def name(self) -> str:
        return "MvNormal"

    @parametrisation
    def by_covariance(mu: Any = 0.0, cov: Any = None) -> Any:
        check_square("cov", cov, mu)
        return mu + np.zeros(cov.shape[-1]), cov


_SEMIDEFINITE = _SemidefiniteNormal()


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
    check_square(name, matrix, mu)
    size = matrix.shape[-1]
    covariance = np.linalg.inv(matrix) if name == "tau" else matrix
    factor = matrix if name == "chol" else np.linalg.cholesky(covariance)
    return mu + np.zeros(size), factor


def check_square(name: str, matrix: Any, mu: Any = 0.0) -> None:
    """Raise ModelError if a matrix is not square, or does not fit the mean."""
    if len(matrix.shape) < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ModelError(f"{name} must be a square matrix, got shape {matrix.shape}")
    size = matrix.shape[-1]
    if np.shape(mu)[-1:] not in ((), (1,), (size,)):
        raise ModelError(f"mu has shape {np.shape(mu)}, but {name} is {size} x {size}")


@family
class MvStudentT(Family):
    r"""Multivariate Student's t distribution: a normal vector over the root of a chi-squared number.

    .. math:: p(x) \propto (1 + (x - \mu)^T \Sigma^{-1} (x - \mu) / \nu)^{-(\nu + K) / 2}

    Parameters
    ----------
    nu : array
        Degrees of freedom, positive.
    mu : array, shape (..., K), default 0
        Location.
    scale, Sigma, cov, tau, chol : array, shape (..., K, K)
        One of: the scale matrix (under three names; the covariance is nu / (nu - 2) times it), its inverse,
        its lower Cholesky factor.
    lower : bool, default True
        Whether `chol` is lower triangular.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.MvStudentT.dist(nu=4.0, mu=np.zeros(2), scale=np.eye(2))
    >>> round(float(pm.logp(x, np.zeros(2)).eval()), 4)
    -1.8379
    """

    law = vector.MvStudentT()
    domains = dict.fromkeys(("scale", "Sigma", "cov", "tau"), POSITIVE_DEFINITE)
    raw = ("lower",)

    def read(  # type: ignore[override]
        self,
        nu: Any,
        mu: Any = 0.0,
        *,
        Sigma: Any = None,
        scale: Any = None,
        tau: Any = None,
        chol: Any = None,
        cov: Any = None,
        lower: bool = True,
    ) -> tuple[Law, Sequence[Any]]:
        matrices = {"Sigma": Sigma, "scale": scale, "tau": tau, "chol": chol, "cov": cov}
        name, matrix = only_one(matrices, "scale, Sigma, tau and chol")
        if name == "chol" and not lower:
            matrix = np.swapaxes(matrix, -1, -2)
        return self.law, (nu, *normal_vector(mu, name, matrix))


@family
class StickBreakingWeights(Family):
    r"""The first K weights of a Dirichlet process, and what they leave over.

    .. math:: x_k = v_k \prod_{j < k} (1 - v_j), \quad v_k \sim \mathrm{Beta}(1, \alpha), \quad
        x_{K+1} = \prod_j (1 - v_j)

    Parameters
    ----------
    alpha : array
        Concentration, positive: the larger, the more weights share the stick.
    K : int
        Number of breaks; the vector has K + 1 weights.

    References
    ----------
    Ishwaran and James (2001), doi:10.1198/016214501750332758.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.StickBreakingWeights.dist(alpha=2.0, K=2)
    >>> round(float(pm.logp(x, np.array([0.5, 0.25, 0.25])).eval()), 4)
    0.6931
    """

    domains = {"alpha": POSITIVE}
    raw = ("K",)

    def read(self, alpha: Any, K: Any) -> tuple[Law, Sequence[Any]]:  # type: ignore[override]
        return vector.StickBreakingWeights(whole_number("K", K, "the number of breaks", 1)), (alpha,)


@family
class ZeroSumNormal(Family):
    r"""Normal numbers that sum to zero along their last axes.

    Their covariance is :math:`\sigma^2 (I - J / n)` along each of those axes, where J is a matrix of ones.

    Parameters
    ----------
    sigma : array, default 1
        Standard deviation of the numbers before their mean is taken off; of length one along the axes.
    n_zerosum_axes : int, default 1
        Number of the last axes along which the elements sum to zero.
    support_shape : int or sequence of int, optional
        The lengths of those axes; or give `shape` or `dims`.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model(coords={"city": ["Oslo", "Bergen", "Tromsø"]}):
    ...     effect = pm.ZeroSumNormal("effect", sigma=2.0, dims="city")
    >>> abs(float(pm.draw(effect, random_seed=1).sum())) < 1e-6
    True
    """

    domains = {"sigma": POSITIVE}
    raw = ("n_zerosum_axes", "support_shape")

    def read(  # type: ignore[override]
        self, sigma: Any = 1.0, n_zerosum_axes: int | None = None, support_shape: Any = None
    ) -> tuple[Law, Sequence[Any]]:
        axes = 1 if n_zerosum_axes is None else n_zerosum_axes
        if not isinstance(axes, int) or axes < 1:
            raise ModelError(f"n_zerosum_axes is an integer of at least 1, got {n_zerosum_axes!r}")
        lengths = None if support_shape is None else as_shape(support_shape)
        if lengths is not None and len(lengths) != axes:
            raise ModelError(f"support_shape holds the lengths of {axes} axes, got {support_shape!r}")
        own = min(axes, np.ndim(sigma))
        if own and any(n != 1 for n in sigma.shape[-own:]):
            raise ModelError(f"sigma must have length one along the zero-sum axes, got shape {sigma.shape}")
        return vector.ZeroSumNormal(axes, lengths), (sigma[(..., *(0,) * own)] if own else sigma,)

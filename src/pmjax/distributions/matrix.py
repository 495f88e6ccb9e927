"""Distributions of matrices, and of vectors whose covariance is a product of matrices."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.distributions.multivariate import check_square
from pmjax.distributions.parameters import only_one
from pmjax.errors import ModelError
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.laws import matrix
from pmjax.laws.law import Law
from pmjax.laws.support import NON_NEGATIVE, POSITIVE, POSITIVE_DEFINITE
from pmjax.model.family import Family, family
from pmjax.model.named import Deterministic


@family
class MatrixNormal(Family):
    r"""Normal matrix whose rows have covariance U and whose columns have covariance V.

    .. math:: p(X) = (2 \pi)^{-mn/2} |U|^{-n/2} |V|^{-m/2}
        \exp(-\tfrac{1}{2} \mathrm{tr}(V^{-1} (X - M)^T U^{-1} (X - M)))

    Parameters
    ----------
    mu : array, shape (..., m, n)
        Mean M.
    rowcov, rowchol : array, shape (..., m, m)
        The covariance U of the elements of a column, or its lower Cholesky factor.
    colcov, colchol : array, shape (..., n, n)
        The covariance V of the elements of a row, or its lower Cholesky factor.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.MatrixNormal.dist(mu=np.zeros((2, 3)), rowcov=np.eye(2), colcov=4 * np.eye(3))
    >>> round(float(pm.logp(x, np.zeros((2, 3))).eval()), 4)
    -9.6725
    """

    domains = dict.fromkeys(("rowcov", "colcov"), POSITIVE_DEFINITE)

    def read(  # type: ignore[override]
        self, mu: Any, rowcov: Any = None, rowchol: Any = None, colcov: Any = None, colchol: Any = None
    ) -> tuple[Law, Sequence[Any]]:
        rows = _factor("rowcov", rowcov, "rowchol", rowchol)
        columns = _factor("colcov", colcov, "colchol", colchol)
        shape = (rows.shape[-1], columns.shape[-1])
        try:
            fits = np.broadcast_shapes(np.shape(mu)[-2:], shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ModelError(f"mu has shape {np.shape(mu)}, but the matrix is {shape[0]} x {shape[1]}")
        return matrix.MatrixNormal(), (mu + np.zeros(shape), rows, columns)


@family
class Wishart(Family):
    r"""Wishart distribution: the sum of the squares :math:`x x^T` of nu normal vectors with covariance V.

    .. math:: p(X) \propto |X|^{(\nu - p - 1) / 2} \exp(-\tfrac{1}{2} \mathrm{tr}(V^{-1} X))

    Parameters
    ----------
    nu : array
        Degrees of freedom, more than p - 1.
    V, scale_chol : array, shape (..., p, p)
        The scale matrix (the mean is nu times it), or its lower Cholesky factor.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Wishart.dist(nu=4, V=np.eye(2))
    >>> round(float(pm.logp(x, np.eye(2)).eval()), 4)
    -4.2242
    """

    domains = {"nu": POSITIVE, "V": POSITIVE_DEFINITE}

    def read(  # type: ignore[override]
        self, nu: Any, V: Any = None, scale_chol: Any = None
    ) -> tuple[Law, Sequence[Any]]:
        factor = _factor("V", V, "scale_chol", scale_chol)
        rows, freedom = factor.shape[-1], as_variable(nu).data_value
        if freedom is not None and np.any(np.asarray(freedom) <= rows - 1):
            raise ModelError(f"nu must be more than {rows - 1} for {rows} x {rows} matrices, got {freedom}")
        return matrix.Wishart(), (nu, factor)


def WishartBartlett(
    name: str,
    S: Any,
    nu: Any,
    is_cholesky: bool = False,
    return_cholesky: bool = False,
    initval: Any = None,
) -> Variable:
    """Declare a variable with a Wishart distribution (a former name).

    Parameters
    ----------
    name : str
    S : array, shape (p, p)
        The scale matrix, or its lower Cholesky factor.
    nu : array
        Degrees of freedom, more than p - 1.
    is_cholesky : bool
        Whether S is a Cholesky factor.
    return_cholesky : bool
        Record and return the Cholesky factor of the matrix.

    Examples
    --------
    >>> import warnings
    >>> import pmjax as pm
    >>> with pm.Model() as model, warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", FutureWarning)
    ...     x = WishartBartlett("x", np.eye(2), nu=4)
    >>> x.shape
    (2, 2)
    """
    warnings.warn("WishartBartlett is deprecated: use Wishart", FutureWarning, stacklevel=2)
    if initval is not None:
        raise ModelError(f"WishartBartlett({name!r}, ...) takes no initval: give the matrix to pm.Wishart")
    declare: Any = Wishart
    scale = {"scale_chol" if is_cholesky else "V": S}
    if not return_cholesky:
        return declare(name, nu, **scale)  # type: ignore[no-any-return]
    square = declare(f"_{name}_wishart", nu, **scale)
    return Deterministic(name, call(jnp.linalg.cholesky, square))  # type: ignore[no-any-return]


@family
class KroneckerNormal(Family):
    r"""Normal vector whose covariance is :math:`K_1 \otimes K_2 \otimes \dots + \sigma^2 I`.

    Its density takes eigenvalues of the factors alone, and never the whole covariance.

    Parameters
    ----------
    mu : array, shape (..., n)
        Mean; n is the product of the sizes of the factors.
    covs, chols : list of arrays, shapes (..., a_i, a_i)
        The factors, or their lower Cholesky factors.
    evds : list of pairs of arrays
        Eigenvalues and eigenvectors of the factors, as `numpy.linalg.eigh` returns them.
    sigma : array, default 0
        Standard deviation of independent noise.

    References
    ----------
    Saatci (2011), Scalable inference for structured Gaussian process models, chapter 5.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.KroneckerNormal.dist(mu=np.zeros(6), covs=[np.eye(2), 3 * np.eye(3)], sigma=1.0)
    >>> round(float(pm.logp(x, np.zeros(6)).eval()), 4)
    -9.6725
    """

    domains = {"sigma": NON_NEGATIVE}
    raw = ("covs", "chols", "evds")

    def read(  # type: ignore[override]
        self, mu: Any, covs: Any = None, chols: Any = None, evds: Any = None, sigma: Any = 0.0
    ) -> tuple[Law, Sequence[Any]]:
        offered = {"covs": covs, "chols": chols, "evds": evds}
        name, items = only_one(offered, "covs, chols and evds")
        if not isinstance(items, (list, tuple)) or not items:
            raise ModelError(f"{name} is a list with an item for each factor, got {items!r}")
        factors = [_covariance(name, f"{name}[{i}]", item) for i, item in enumerate(items)]
        size = math.prod(factor.shape[-1] for factor in factors)
        if np.shape(mu)[-1:] not in ((), (1,), (size,)):
            raise ModelError(f"mu has shape {np.shape(mu)}, but the factors make a vector of {size}")
        return matrix.KroneckerNormal(len(factors)), (mu + np.zeros(size), sigma, *factors)


def _covariance(name: str, label: str, item: Any) -> Any:
    """Return a factor of a covariance, from one item of the list `covs`, `chols` or `evds`."""
    if name == "evds":
        if not isinstance(item, (list, tuple)) or len(item) != 2:
            raise ModelError(f"{label} is a pair of eigenvalues and eigenvectors, got {type(item).__name__}")
        values, vectors = map(_argument, item)
        check_square(f"the second of {label}", vectors)
        if values.shape[-1:] != vectors.shape[-1:]:
            raise ModelError(f"{label} has eigenvalues of shape {values.shape} for {vectors.shape[-1]} rows")
        return (vectors * values[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    given = _argument(item)
    check_square(label, given)
    if name == "chols":
        return given @ np.swapaxes(given, -1, -2)
    if not isinstance(given, Variable) and not np.allclose(given, np.swapaxes(given, -1, -2)):
        raise ModelError(f"{label} must be symmetric")
    return given


def _argument(value: Any) -> Any:
    """Return numbers as an array of NumPy, and variables as they are."""
    given = as_variable(value)
    return np.asarray(given.op.value, float) if isinstance(given.op, Constant) else given


def _factor(cov_name: str, cov: Any, chol_name: str, chol: Any) -> Any:
    """Return the Cholesky factor of a covariance, from one of the two."""
    if (cov is None) == (chol is None):
        raise ModelError(
            f"give one of {cov_name} and {chol_name}, got {'neither' if cov is None else 'both'}"
        )
    name, given = (cov_name, cov) if chol is None else (chol_name, chol)
    check_square(name, np.asarray(given) if np.isscalar(given) else given)
    return np.linalg.cholesky(given) if chol is None else given

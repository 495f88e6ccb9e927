"""Linear regression by cross-products: a normal likelihood with a linear mean costs no rows at all.

With mu = X beta, the sum of squares |y - X beta|² is a quadratic function of beta, known from the data
once and for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from pmjax.graph.ops import Constant, RandomVariable
from pmjax.graph.variable import Variable
from pmjax.laws.grouped import GroupLaw
from pmjax.model.spec import ObservedVariable, distribution_of
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.rewrites.linear_mean import linear_mean
from pmjax.runtime.types import Array

# Observations farther from zero than so many of their standard deviations lose digits in sums.
FAR = 1e4


@dataclass(frozen=True)
class NormalLinear(GroupLaw):
    r"""n normal observations with mean X beta, where X = Q R: x = Q'y, `residual` = |y - QQ'y|².

    .. math:: -n \log \sigma - \frac{|R \beta - x|^2 + r}{2 \sigma^2} - \frac{n}{2} \log 2 \pi + C
    """

    signature = "(p),(),(q,p),(),(),()->(q)"

    def log_density(
        self,
        x: Array,
        coefficients: Array,
        sigma: Array,
        root: Array,
        n: Array,
        residual: Array,
        constant: Array,
    ) -> Array:
        deviation = jnp.dot(root, coefficients) - x
        spread = (jnp.dot(deviation, deviation) + residual) * (0.5 / (sigma * sigma))
        return constant - n * (jnp.log(sigma) + HALF_LOG_2PI) - spread


def by_cross_products(
    observed: ObservedVariable, y: np.ndarray, terms: int, worth: float
) -> tuple[ObservedVariable, str] | None:
    """Return a normal (or log-normal) variable with a linear mean as one term, and a sentence about it.

    Parameters
    ----------
    observed : ObservedVariable
    y : ndarray, shape (rows,)
        Its values.
    terms : int
        The number of terms it has otherwise.
    worth : float
        The share of the operations that may be left.

    Returns
    -------
    tuple or None
        None if the mean is not linear, sigma is not one number, or there is nothing to gain.
    """
    law = distribution_of(observed.variable)
    if law.normal_scale is None or y.ndim != 1:
        return None
    mu, sigma = observed.variable.inputs
    constant = 0.0
    if law.normal_scale == "log":
        if np.any(y <= 0):
            return None
        y = np.log(y)
        constant = -float(np.sum(y))
    if sigma.size != 1:
        return None
    mean = linear_mean(mu, len(y), terms)
    if mean is None:
        return None
    p = mean.matrix.shape[1]
    # Multiplications and additions: a row costs its entries that are not zero, and its deviation squared.
    entries = np.count_nonzero(mean.matrix) / len(y)
    if p >= len(y) or p * (p + 2) > worth * terms * (entries + 2):
        return None
    y = y - mean.offset
    coefficients = mean.coefficients
    root, x, residual = cross_products(mean.matrix, y)
    if np.abs(y).max() > FAR * np.sqrt(residual / len(y)):
        # |y - X b|² = |(y - X a) - X (b - a)|²: with `a` the best coefficients, no digits of y are lost.
        origin = np.linalg.lstsq(root, x, rcond=None)[0]
        root, x, residual = cross_products(mean.matrix, y - mean.matrix @ origin)
        coefficients = coefficients - origin
    one = sigma if not sigma.ndim else sigma[(0,) * sigma.ndim]
    statistics = [Variable(Constant(np.asarray(s))) for s in (root, float(len(y)), residual, constant)]
    params = [coefficients, one, *statistics]
    node = Variable(RandomVariable(NormalLinear(), x.shape), params, observed.name)
    how_many = "1 coefficient" if p == 1 else f"{p} coefficients"
    sentence = (
        f"its mean is linear in {how_many}, so the cross-products of the data ({p} x {p} numbers) "
        f"do the work of {len(y)} rows; the density is the same"
    )
    return ObservedVariable(node, Variable(Constant(x))), sentence


def cross_products(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (R, x, r) with |y - X beta|² = |R beta - x|² + r for every beta.

    They come from a QR decomposition rather than from X'X, whose condition is that of X squared; no linear
    system is solved, so columns may depend on each other. If a column of X is constant (an intercept), the
    others are split into their means and what is left, which is exact however large the means are:

        X beta = 1 (c'beta) + D beta,

    and the decomposition is of (1, D). That of (X, y) has R, x and the root of r in its columns.

    Parameters
    ----------
    X : ndarray, shape (rows, p)
        More rows than columns.
    y : ndarray, shape (rows,)

    Returns
    -------
    R : ndarray, shape (p, p)
    x : ndarray, shape (p,)
    r : float

    Examples
    --------
    >>> X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 2.0, 4.0])
    >>> R, x, r = cross_products(X, y)
    >>> beta = np.array([0.5, 3.0])
    >>> round(float(np.sum((R @ beta - x) ** 2) + r), 9), float(np.sum((y - X @ beta) ** 2))
    (8.75, 8.75)
    """
    p = X.shape[1]
    constant = np.flatnonzero(np.all(X[0] == X, axis=0) & (X[0] != 0))
    if not len(constant):
        root = triangle(np.column_stack([X, y]))
        return root[:p, :p], root[:p, p], float(root[p, p] ** 2)
    intercept = int(constant[0])
    means = X.mean(axis=0)
    means[intercept] = X[0, intercept]
    order = [intercept, *(j for j in range(p) if j != intercept)]
    centred = (X - means)[:, order]
    centred[:, 0] = 1.0
    to_centred = np.eye(p)
    to_centred[intercept] = means
    mean = y.mean()
    root = triangle(np.column_stack([centred, y - mean]))
    R = root[:p, :p]
    return R @ to_centred[order], root[:p, p] + R[:, 0] * mean, float(root[p, p] ** 2)


def triangle(A: np.ndarray) -> np.ndarray:
    """Return R of the QR decomposition of a tall matrix, shape (p, p).

    Blocks of rows are decomposed, then their triangles stacked (Demmel et al. 2012): as accurate as at once,
    and each block stays in cache and below the size where BLAS wakes its threads, which costs more than it
    saves.

    Examples
    --------
    >>> A = np.arange(3000.0).reshape(1000, 3) % 7
    >>> R = triangle(A)
    >>> bool(np.allclose(R.T @ R, A.T @ A))
    True
    """
    p = A.shape[1]
    block = max(2 * p, 8192 // p)
    while len(A) > block:
        whole = len(A) - len(A) % block
        triangles = np.linalg.qr(A[:whole].reshape(-1, block, p))[1]
        A = np.concatenate([triangles.reshape(-1, p), A[whole:]])
    root: np.ndarray = np.linalg.qr(A)[1]
    return root

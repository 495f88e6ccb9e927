"""Distributions of values at places, each of which depends on its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.laws import areal
from pmjax.laws.law import Law
from pmjax.laws.support import BETWEEN_ONES, POSITIVE
from pmjax.model.family import Family, family


@family
class CAR(Family):
    r"""Conditional autoregression: a normal vector with precision :math:`\tau (D - \alpha W)`.

    D is the diagonal matrix of the row sums of W: each value is normal around alpha times the mean of its
    neighbours, with a precision of tau times their number. The log density leaves out the constants
    :math:`\tfrac{1}{2} \log|D| - \tfrac{n}{2} \log 2\pi`.

    Parameters
    ----------
    mu : array, shape (..., n)
        Mean.
    W : array or sparse matrix, shape (n, n)
        Symmetric: 1 where two places are neighbours (or a weight), 0 elsewhere and on the diagonal.
    alpha : array
        Between -1 and 1: 0 for independent values, near 1 for strong correlation of neighbours.
    tau : array
        Positive scale of the precision.

    References
    ----------
    Jin, Carlin and Banerjee (2005), doi:10.1111/j.1541-0420.2005.00359.x.

    Examples
    --------
    >>> import pmjax as pm
    >>> W = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> x = pm.CAR.dist(mu=np.zeros(3), W=W, alpha=0.5, tau=2.0)
    >>> round(float(pm.logp(x, np.zeros(3)).eval()), 4)
    0.8959
    """

    domains = {"alpha": BETWEEN_ONES, "tau": POSITIVE}
    raw = ("W",)

    def read(  # type: ignore[override]
        self, mu: Any, W: Any, alpha: Any, tau: Any
    ) -> tuple[Law, Sequence[Any]]:
        weights = _weights(W)
        size = weights.shape[0]
        values = as_variable(weights).data_value
        if values is not None:
            _check_neighbours(np.asarray(values))
        if np.shape(mu)[-1:] not in ((), (1,), (size,)):
            raise ModelError(f"mu has shape {np.shape(mu)}, but W is {size} x {size}")
        # Weights that may change later are taken of all pairs.
        known = weights if isinstance(weights, np.ndarray) else np.ones((size, size))
        left, right = np.nonzero(np.tril(known, -1))
        degree = weights.sum(axis=0)
        pairs = (left, right, weights[left, right], degree, _eigenvalues(weights, degree))
        return areal.CAR(), (mu + np.zeros(size), *pairs, alpha, tau)


@family
class ICAR(Family):
    r"""Intrinsic conditional autoregression: neighbours differ by normal numbers, and the sum is near zero.

    .. math:: \log p(x) = -\frac{1}{2\sigma^2} \sum_{i \sim j} (x_i - x_j)^2
        + \log N\Bigl(\sum_i x_i \,\Big|\, 0, s n\Bigr)

    It is improper and cannot be drawn from, as a prior alone.

    Parameters
    ----------
    W : array or sparse matrix, shape (n, n)
        Symmetric: 1 where two places are neighbours, 0 elsewhere.
    sigma : array, default 1
        Standard deviation of the differences; rather multiply the values by a random scale than give it here.
    zero_sum_stdev : array, default 0.001
        Standard deviation s of the mean of the values.

    Examples
    --------
    >>> import pmjax as pm
    >>> W = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> x = pm.ICAR.dist(W)
    >>> round(float(pm.logp(x, np.array([-1.0, 0.0, 1.0])).eval()), 4)
    3.8902
    """

    domains = {"sigma": POSITIVE, "zero_sum_stdev": POSITIVE}
    raw = ("W",)

    def read(  # type: ignore[override]
        self, W: Any, sigma: Any = 1.0, zero_sum_stdev: Any = 0.001
    ) -> tuple[Law, Sequence[Any]]:
        weights = _weights(W)
        if not isinstance(weights, np.ndarray):
            raise ModelError("W must be numbers and not a variable: its pairs of neighbours are listed once")
        if not np.isin(weights, (0, 1)).all():
            raise ModelError("W must hold ones (neighbours) and zeros only")
        left, right = np.nonzero(np.tril(weights, -1))
        return areal.ICAR(weights.shape[0]), (left, right, sigma, zero_sum_stdev)


def _weights(W: Any) -> Any:
    """Return a matrix of weights between places as an array, or as it is if it is a variable.

    Raises
    ------
    ModelError
        If it is not square and symmetric.
    """
    given = as_variable(W.toarray() if hasattr(W, "toarray") else W)
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise ModelError(f"W must be a square matrix of weights between places, got shape {given.shape}")
    weights = given.data_value
    if weights is not None and not np.allclose(weights, np.transpose(weights)):
        raise ModelError("W must be symmetric: if i is a neighbour of j, j is one of i")
    return np.asarray(given.op.value, float) if isinstance(given.op, Constant) else given


def _check_neighbours(weights: np.ndarray) -> None:
    if np.diagonal(weights).any():
        raise ModelError("W must have zeros on its diagonal: no place is its own neighbour")
    alone = np.flatnonzero(~(weights.sum(axis=0) > 0))
    if alone.size:
        raise ModelError(f"W gives no neighbours to place {alone[0]}: a CAR needs one for each")


def _eigenvalues(weights: Any, degree: Any) -> Any:
    """Return the eigenvalues of the weights over the roots of their row sums, from both sides."""
    root = np.sqrt(degree)
    scaled = weights / root / root[:, None]
    return call(jnp.linalg.eigvalsh, scaled) if isinstance(scaled, Variable) else np.linalg.eigvalsh(scaled)

"""Laplace's approximation: a normal distribution at the mode, with the curvature there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pmjax.errors import SamplingError
from pmjax.inference.optimise import Maximiser
from pmjax.inference.vi.gaussian import Normal

MAX_SIZE = 5000
"""Coordinates at most: the matrix of second derivatives has their number squared."""


def laplace(
    maximiser: Maximiser,
    start: np.ndarray,
    names: Sequence[str],
    tick: Callable[[int], None] = lambda done: None,
    maxiter: int = 10_000,
) -> Normal:
    """Return the normal distribution at the mode of a density, with covariance (-H)^-1.

    H is the matrix of second derivatives of the log density of the unconstrained vector (Tierney & Kadane
    1986, doi.org/10.1080/01621459.1986.10478240).

    Raises
    ------
    SamplingError
        If the density has no curvature in some direction at the point that the optimiser has found.
    """
    size = start.size
    if size > MAX_SIZE:
        raise SamplingError(
            f"fit: Laplace's approximation of {size} coordinates needs a matrix of {size} rows and columns; "
            'take method="pathfinder" or method="advi"'
        )
    mode = maximiser.maximise(start, tick=tick, maxiter=maxiter, maxfun=10 * maxiter, ftol=1e-14, gtol=1e-8)
    precision = -maximiser.hessian(mode.theta)
    precision = (precision + precision.T) / 2
    values, vectors = np.linalg.eigh(precision)
    if not np.all(values > 1e-12 * max(values.max(), 0.0)) or values.max() <= 0:
        flat = names[int(np.argmax(np.abs(vectors[:, 0])))]
        raise SamplingError(
            f"fit: the log density has no maximum along {flat!r} (curvature {-values[0]:.3g} at the point "
            'found), so Laplace\'s approximation does not exist; take method="advi" or pm.sample'
        )
    # L L^T = P^-1 with L lower triangular.
    scale = np.linalg.cholesky((vectors / values) @ vectors.T)
    return Normal(mode.theta, scale)

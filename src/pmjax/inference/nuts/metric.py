"""The metric: a whitening map L, its transpose, and its estimate from draws and gradients.

The diagonal minimises the Fisher divergence between the posterior seen through the map and a
standard normal: sigma_i^2 = sqrt(Var x_i / Var g_i) (Seyboldt, Carlson & Carpenter 2026,
arXiv:2603.18845).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

LOW_RANK = 10
"""Number of directions that a low-rank metric can hold."""

# Bounds of sigma: a variance of gradients that is 0 or not finite must not end in 0 or infinity.
SIGMA_MIN, SIGMA_MAX = 1e-12, 1e12


class Metric(NamedTuple):
    """``L = diag(sigma) A`` with ``A`` the identity, ``I + V (s - 1) V^T`` or lower triangular.

    ``directions`` is V, shape (D, k), with k = 0 for a diagonal metric and k = D for a dense one
    (where it is the triangular A itself); ``scales`` is s, shape (k,).
    """

    sigma: Any
    directions: Any
    scales: Any


class MetricKind(ABC):
    """A family of whitening maps: how one is applied, and fitted to draws and gradients.

    Kinds hold nothing: two of a class are equal, and name the same program.
    """

    name: ClassVar[str]
    uses_pairs: ClassVar[bool] = True
    """Whether `fit` wants the (draw, gradient) pairs of a window; a diagonal is fitted as they come."""

    @abstractmethod
    def rank(self, size: int) -> int:
        """Return the number of columns of ``directions`` for `size` coordinates."""

    @abstractmethod
    def unwhiten(self, metric: Metric, p: jax.Array) -> jax.Array:
        """Return ``L p``."""

    @abstractmethod
    def unwhiten_transpose(self, metric: Metric, g: jax.Array) -> jax.Array:
        """Return ``L^T g``."""

    @abstractmethod
    def fit_scaled(self, draws: np.ndarray, scores: np.ndarray, current: Metric) -> Metric:
        """Return the metric of draws and gradients, shapes (n, D), that the diagonal has scaled."""

    def initial(self, gradient: np.ndarray) -> Metric:
        """Return the metric of a first point: sigma^2 = 1 / |gradient|, no other directions."""
        magnitude = np.where(gradient == 0, 1.0, np.abs(gradient))
        sigma = np.clip(1 / np.sqrt(magnitude), SIGMA_MIN, SIGMA_MAX).astype(gradient.dtype)
        rank = self.rank(gradient.size)
        return Metric(sigma, np.eye(gradient.size, rank, dtype=gradient.dtype), np.ones(rank, gradient.dtype))

    def fit(self, theta: np.ndarray, gradient: np.ndarray, current: Metric) -> Metric:
        """Return the metric that a window of draws and gradients, shapes (n, D), asks for.

        In coordinates scaled by the diagonal metric, with C the covariance of the draws and G that of the
        gradients (both shrunk towards the identity), the Fisher divergence is smallest where the
        transformed inverse mass matrix M solves ``M G M = C``: the geometric mean of C and G^-1. A dense
        metric takes all of it; a low-rank one finds it in the subspace that the draws and gradients of
        the window span, and keeps the directions whose scale differs most from 1.
        """
        keep = np.any(np.diff(theta, axis=0, prepend=np.inf) != 0, axis=1)
        theta, gradient = theta[keep].astype(float), gradient[keep].astype(float)
        if len(theta) < 3:
            return current
        ratio = theta.var(axis=0) / np.where(gradient.var(axis=0) > 0, gradient.var(axis=0), np.inf)
        sigma = np.where(ratio > 0, np.clip(ratio, SIGMA_MIN**4, SIGMA_MAX**4) ** 0.25, current.sigma)
        draws = (theta - theta.mean(axis=0)) / sigma
        scores = (gradient - gradient.mean(axis=0)) * sigma
        fitted = self.fit_scaled(draws, scores, current)
        return fitted._replace(sigma=sigma.astype(current.sigma.dtype))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)


class Diagonal(MetricKind):
    """L = diag(sigma)."""

    name = "diag"
    uses_pairs = False

    def rank(self, size: int) -> int:
        return 0

    def unwhiten(self, metric: Metric, p: jax.Array) -> jax.Array:
        return metric.sigma * p

    def unwhiten_transpose(self, metric: Metric, g: jax.Array) -> jax.Array:
        return metric.sigma * g

    def fit_scaled(self, draws: np.ndarray, scores: np.ndarray, current: Metric) -> Metric:
        return current


class LowRank(MetricKind):
    """L = diag(sigma) (I + V (s - 1) V^T)."""

    name = "low_rank"

    def rank(self, size: int) -> int:
        return min(LOW_RANK, size)

    def unwhiten(self, metric: Metric, p: jax.Array) -> jax.Array:
        return metric.sigma * (p + metric.directions @ ((metric.scales - 1) * (p @ metric.directions)))

    def unwhiten_transpose(self, metric: Metric, g: jax.Array) -> jax.Array:
        g = metric.sigma * g
        return g + metric.directions @ ((metric.scales - 1) * (g @ metric.directions))

    def fit_scaled(self, draws: np.ndarray, scores: np.ndarray, current: Metric) -> Metric:
        # The directions that matter most to draws and to gradients.
        count = min(draws.shape[1], len(draws), 2 * LOW_RANK)
        leading = [np.linalg.svd(x, full_matrices=False)[2][:count] for x in (draws, scores)]
        basis = np.linalg.qr(np.concatenate(leading).T)[0]
        values, vectors = _eigh(_inverse_mass(draws @ basis, scores @ basis))
        order = np.argsort(-np.abs(np.log(values)))[: len(current.scales)]
        directions, scales = np.zeros_like(current.directions), np.ones_like(current.scales)
        directions[:, : len(order)] = basis @ vectors[:, order]
        scales[: len(order)] = np.sqrt(values[order])
        return current._replace(directions=directions, scales=scales)


class Dense(MetricKind):
    """L = diag(sigma) A, with A lower triangular."""

    name = "dense"

    def rank(self, size: int) -> int:
        return size

    def unwhiten(self, metric: Metric, p: jax.Array) -> jax.Array:
        return metric.sigma * (metric.directions @ p)

    def unwhiten_transpose(self, metric: Metric, g: jax.Array) -> jax.Array:
        return (metric.sigma * g) @ metric.directions

    def fit_scaled(self, draws: np.ndarray, scores: np.ndarray, current: Metric) -> Metric:
        values, vectors = _eigh(_inverse_mass(draws, scores))
        # The Cholesky factor, in a way that no rounding error can refuse.
        _, upper = np.linalg.qr((vectors * np.sqrt(values)).T)
        factor = upper.T * np.where(np.diag(upper) < 0, -1, 1)
        return current._replace(directions=factor.astype(current.sigma.dtype))


METRICS: dict[str, MetricKind] = {kind.name: kind for kind in (Diagonal(), LowRank(), Dense())}


class Moments(NamedTuple):
    """Mean and sum of squared deviations of draws, by Welford's recurrence, and sum of squared gradients.

    The mean of the gradients is not estimated: it is 0 under the posterior. While a chain is on its way
    there, the slope that it climbs counts as curvature, or an even slope would look like an endless one.
    """

    draw_mean: Any
    draw_squares: Any
    gradient_squares: Any
    count: Any


class DiagEstimator(NamedTuple):
    """Two overlapping windows: the metric is read from the older, which the newer replaces."""

    foreground: Moments
    background: Moments


def begin_estimate(size: int, dtype: np.dtype) -> DiagEstimator:
    """Return an estimator that has seen nothing."""
    zeros = np.zeros(size, dtype)
    empty = Moments(zeros, zeros, zeros, np.zeros((), dtype))
    return DiagEstimator(empty, empty)


def prior_estimate(sigma: np.ndarray, draws: int, dtype: np.dtype) -> DiagEstimator:
    """Return an estimator whose older window weighs a known metric as so many draws.

    In the coordinates of the metric draws and gradients have variance 1. The sums begin with that, the count
    and the mean with nothing: deviations are then from the mean of the new draws alone, wherever they are.
    """
    empty = begin_estimate(sigma.size, dtype)
    squares, gradients = draws * sigma**2, draws / sigma**2
    moments = empty.foreground._replace(
        draw_squares=squares.astype(dtype), gradient_squares=gradients.astype(dtype)
    )
    return empty._replace(foreground=moments)


def estimate_of(position: np.ndarray, gradient: np.ndarray, dtype: np.dtype) -> DiagEstimator:
    """Return an estimator whose older window has seen these draws, shapes (n, D), its newer one nothing."""
    empty = begin_estimate(position.shape[1], dtype)
    squares = len(position) * position.var(axis=0), np.sum(gradient**2, axis=0)
    moments = (position.mean(axis=0), *squares, len(position))
    return empty._replace(foreground=Moments(*(np.asarray(x, dtype) for x in moments)))


def update_estimate(
    state: DiagEstimator, position: jax.Array, gradient: jax.Array, use: jax.Array, switch: jax.Array
) -> DiagEstimator:
    """Add a draw and its gradient where ``use``; where ``switch`` the newer window becomes the older."""
    foreground, background = (_add(window, position, gradient, use) for window in state)
    empty = jax.tree.map(jnp.zeros_like, background)
    choose = lambda yes, no: jax.tree.map(lambda a, b: jnp.where(switch, a, b), yes, no)  # noqa: E731
    return DiagEstimator(choose(background, foreground), choose(empty, background))


def fisher_sigma(moments: Moments, otherwise: jax.Array) -> jax.Array:
    """Return sigma = (Var x / E g^2)^(1/4), or ``otherwise`` before the third draw."""
    ratio = moments.draw_squares / moments.gradient_squares
    usable = (moments.count >= 3) & (ratio > 0) & jnp.isfinite(ratio)
    return jnp.where(usable, jnp.clip(jnp.sqrt(jnp.sqrt(ratio)), SIGMA_MIN, SIGMA_MAX), otherwise)


def _add(window: Moments, position: jax.Array, gradient: jax.Array, use: jax.Array) -> Moments:
    weight = use.astype(position.dtype)
    count = window.count + weight
    mean = window.draw_mean + (position - window.draw_mean) * (weight / jnp.maximum(count, 1))
    squares = window.draw_squares + weight * (position - window.draw_mean) * (position - mean)
    return Moments(mean, squares, window.gradient_squares + weight * gradient**2, count)


def _inverse_mass(draws: np.ndarray, scores: np.ndarray) -> np.ndarray:
    values, vectors = _eigh(_shrunk(scores))
    return _geometric_mean(_shrunk(draws), (vectors / values) @ vectors.T)


def _shrunk(x: np.ndarray) -> np.ndarray:
    """Covariance of the rows of ``x``, shrunk towards the identity.

    By the weight of 5 draws where there are too few rows for so many columns, by next to nothing where there
    are enough: strong correlations are just what has to be seen.
    """
    n, size = x.shape
    weight = 1 - min(5 / (n + 5), 0.01 * size / max(n - size, 1))
    return weight * (x.T @ x) / n + (1 - weight) * np.eye(size)


def _geometric_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return A # B = A^(1/2) (A^(-1/2) B A^(-1/2))^(1/2) A^(1/2) of positive definite matrices."""
    values, vectors = _eigh(a)
    root = (vectors * np.sqrt(values)) @ vectors.T
    inverse = (vectors / np.sqrt(values)) @ vectors.T
    values, vectors = _eigh(inverse @ b @ inverse)
    return root @ (vectors * np.sqrt(values)) @ vectors.T @ root


def _eigh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors of a positive definite matrix.

    Where scales differ by more than the digits there are, the smallest eigenvalues may come out negative.
    """
    values, vectors = np.linalg.eigh(a)
    return np.maximum(values, np.finfo(float).eps * values[-1]), vectors

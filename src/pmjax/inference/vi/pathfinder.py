"""Pathfinder: normal distributions along the path of an optimiser, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from pmjax.inference.vi.gaussian import LOG_2PI

EPSILON = 1e-8
"""Least curvature of a step, relative to its gradient's square, that a covariance is learnt from."""


@dataclass(frozen=True, eq=False)
class LowRankNormal:
    """A normal distribution whose covariance is diag(alpha) + beta gamma beta^T.

    Attributes
    ----------
    mean : ndarray, shape (D,)
    alpha : ndarray, shape (D,)
    beta : ndarray, shape (D, 2 J)
    gamma : ndarray, shape (2 J, 2 J)
    """

    mean: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    gamma: np.ndarray

    @property
    def cov(self) -> np.ndarray:
        """The covariance matrix, shape (D, D)."""
        return np.diag(self.alpha) + self.beta @ self.gamma @ self.beta.T

    def draw(self, random: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Return draws, shape (draws, D), and their log densities, shape (draws,)."""
        noise = random.standard_normal((draws, self.mean.size))
        q, lower = self._root
        along = noise @ q
        moved = np.sqrt(self.alpha) * (noise + (along @ lower.T - along) @ q.T)
        return self.mean + moved, -0.5 * (noise**2).sum(1) - self._log_scale

    def log_density(self, theta: np.ndarray) -> np.ndarray:
        """Return the log density of points, shape (n, D)."""
        scaled = (theta - self.mean) / np.sqrt(self.alpha)
        q, lower = self._root
        along = scaled @ q
        white = np.linalg.solve(lower, along.T).T
        square = (scaled**2).sum(1) - (along**2).sum(1) + (white**2).sum(1)
        return -0.5 * square - self._log_scale

    @cached_property
    def _root(self) -> tuple[np.ndarray, np.ndarray]:
        """Q and L of the root diag(alpha)^(1/2) (I + Q (L - I) Q^T), with Q the span of the correction."""
        q, r = np.linalg.qr(self.beta / np.sqrt(self.alpha)[:, None])
        return q, np.linalg.cholesky(np.eye(len(r)) + r @ self.gamma @ r.T)

    @cached_property
    def _log_scale(self) -> float:
        log_det = np.log(self.alpha).sum() / 2 + np.log(np.diag(self._root[1])).sum()
        return float(log_det + 0.5 * self.mean.size * LOG_2PI)


@dataclass(frozen=True, eq=False)
class EqualMixture:
    """Several distributions, one for each path, each as likely as the others."""

    parts: Sequence[LowRankNormal]

    @property
    def mean(self) -> np.ndarray:
        """The mean, shape (D,)."""
        return np.mean([part.mean for part in self.parts], axis=0)

    @property
    def cov(self) -> np.ndarray:
        """The covariance matrix, shape (D, D)."""
        center = self.mean
        spread = [np.outer(p.mean - center, p.mean - center) + p.cov for p in self.parts]
        return np.mean(spread, axis=0)

    def draw(self, random: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Return draws, as many of each part, and their log densities under the mixture."""
        each = -(-draws // len(self.parts))
        theta = np.concatenate([part.draw(random, each)[0] for part in self.parts])
        theta = theta[random.permutation(len(theta))[:draws]]
        terms = np.stack([part.log_density(theta) for part in self.parts])
        return theta, np.logaddexp.reduce(terms, axis=0) - np.log(len(self.parts))


def normals_along(path: Sequence[tuple[np.ndarray, np.ndarray]], history: int = 6) -> list[LowRankNormal]:
    """Return the normal distribution that each point of a path of L-BFGS suggests.

    The covariance is the estimate of the inverse Hessian of the last `history` steps, the mean is the Newton
    step from the point (Zhang et al. 2022, jmlr.org/papers/v23/21-0889.html, algorithms 3 and 4).

    Parameters
    ----------
    path : sequence of (theta, gradient)
        Points, and the gradients of the log density there.
    history : int
    """
    size = path[0][0].size
    alpha = np.ones(size)
    steps: list[np.ndarray] = []
    changes: list[np.ndarray] = []
    found = []
    for (before, old), (theta, gradient) in pairwise(path):
        step, change = theta - before, old - gradient
        if step @ change > EPSILON * (change @ change):
            alpha = _diagonal(alpha, step, change)
            steps, changes = [*steps, step][-history:], [*changes, change][-history:]
        if steps:
            beta, gamma = _correction(alpha, np.stack(steps, 1), np.stack(changes, 1))
            mean = theta + alpha * gradient + beta @ (gamma @ (beta.T @ gradient))
            found.append(LowRankNormal(mean, alpha, beta, gamma))
    return found


def best_of(
    normals: Sequence[LowRankNormal],
    log_density: Callable[[np.ndarray], np.ndarray],
    random: np.random.Generator,
    draws: int = 10,
) -> LowRankNormal | None:
    """Return the distribution with the greatest estimate of the evidence lower bound, or None.

    Parameters
    ----------
    normals : sequence of LowRankNormal
    log_density : callable
        ``log_density(theta of shape (n, D)) -> (n,)``.
    random : numpy.random.Generator
    draws : int
        How many draws of each the estimate takes.
    """
    usable, thetas, log_qs = [], [], []
    for normal in normals:
        try:
            theta, log_q = normal.draw(random, draws)
        except np.linalg.LinAlgError:
            continue
        if np.all(np.isfinite(theta)):
            usable.append(normal)
            thetas.append(theta)
            log_qs.append(log_q)
    if not usable:
        return None
    log_p = log_density(np.concatenate(thetas)).reshape(len(usable), draws)
    bounds = np.mean(np.where(np.isnan(log_p), -np.inf, log_p) - np.stack(log_qs), axis=1)
    return usable[int(np.argmax(bounds))] if np.isfinite(bounds).any() else None


def _diagonal(alpha: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return the diagonal of the inverse Hessian after a step (Gilbert & Lemarechal 1989)."""
    curvature, b = change @ (alpha * change), change @ step
    c = step @ (step / alpha)
    return 1 / (curvature / (b * alpha) + change**2 / b - curvature * step**2 / (b * c * alpha**2))


def _correction(alpha: np.ndarray, steps: np.ndarray, changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return beta and gamma of the compact form of the inverse Hessian (Byrd et al. 1994, theorem 2.2)."""
    products = steps.T @ changes
    inverse = np.linalg.inv(np.triu(products))
    scaled = alpha[:, None] * changes
    corner = inverse.T @ (np.diag(np.diag(products)) + changes.T @ scaled) @ inverse
    zero = np.zeros_like(corner)
    gamma = np.block([[zero, -inverse], [-inverse.T, corner]])
    return np.concatenate([scaled, steps], axis=1), gamma

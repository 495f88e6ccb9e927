"""Normal distributions over the unconstrained vector: what approximations are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

LOG_2PI = float(np.log(2 * np.pi))


class Drawable(Protocol):
    """A distribution over the unconstrained vector that can be drawn."""

    @property
    def mean(self) -> np.ndarray:
        """Its mean, shape (D,)."""

    @property
    def cov(self) -> np.ndarray:
        """Its covariance matrix, shape (D, D)."""

    def draw(self, random: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Return draws, shape (draws, D), and their log densities, shape (draws,)."""


@dataclass(frozen=True, eq=False)
class Normal:
    """A normal distribution with the covariance matrix L L^T.

    Attributes
    ----------
    mean : ndarray, shape (D,)
    scale : ndarray, shape (D,) or (D, D)
        The standard deviations, or the lower triangular L.
    """

    mean: np.ndarray
    scale: np.ndarray

    @property
    def cov(self) -> np.ndarray:
        """The covariance matrix, shape (D, D)."""
        return np.diag(self.scale**2) if self.scale.ndim == 1 else self.scale @ self.scale.T

    def draw(self, random: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Return draws, shape (draws, D), and their log densities, shape (draws,)."""
        noise = random.standard_normal((draws, self.mean.size))
        diagonal = self.scale if self.scale.ndim == 1 else np.diag(self.scale)
        moved = noise * self.scale if self.scale.ndim == 1 else noise @ self.scale.T
        log_det = np.log(np.abs(diagonal)).sum()
        return self.mean + moved, -0.5 * (noise**2).sum(1) - log_det - 0.5 * self.mean.size * LOG_2PI


class MeanField:
    """Normal distributions without correlations; a standard deviation is softplus(rho).

    Kucukelbir et al. 2017, jmlr.org/papers/v18/16-107.html.
    """

    default_sigma = float(np.log(2.0))

    @staticmethod
    def start(mean: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parameters of a mean and standard deviations, shape (D,) each."""
        return {"mu": np.asarray(mean, float), "rho": _inverse_softplus(sigma)}

    @staticmethod
    def draw(params: Any, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the point that standard normal noise becomes, and its log density (JAX)."""
        sigma = jax.nn.softplus(params["rho"])
        return params["mu"] + sigma * noise, _log_density(noise, jnp.sum(jnp.log(sigma)))

    @staticmethod
    def normal(params: Any) -> Normal:
        """Return the distribution (NumPy)."""
        return Normal(np.asarray(params["mu"]), np.logaddexp(0, np.asarray(params["rho"])))


class FullRank:
    """A normal distribution with any covariance matrix L L^T; the diagonal of L is softplus(rho)."""

    default_sigma = 1.0

    @staticmethod
    def start(mean: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parameters of a mean and standard deviations, shape (D,) each."""
        size = mean.size
        below = np.zeros(size * (size - 1) // 2)
        return {"mu": np.asarray(mean, float), "rho": _inverse_softplus(sigma), "below": below}

    @staticmethod
    def draw(params: Any, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the point that standard normal noise becomes, and its log density (JAX)."""
        sigma = jax.nn.softplus(params["rho"])
        size = sigma.shape[0]
        lower = jnp.zeros((size, size), sigma.dtype).at[np.tril_indices(size, -1)].set(params["below"])
        moved = sigma * noise + lower @ noise
        return params["mu"] + moved, _log_density(noise, jnp.sum(jnp.log(sigma)))

    @staticmethod
    def normal(params: Any) -> Normal:
        """Return the distribution (NumPy)."""
        scale = np.diag(np.logaddexp(0, np.asarray(params["rho"])))
        scale[np.tril_indices(len(scale), -1)] = np.asarray(params["below"])
        return Normal(np.asarray(params["mu"]), scale)


def _log_density(noise: jax.Array, log_det: jax.Array) -> jax.Array:
    return -0.5 * jnp.sum(noise**2) - log_det - 0.5 * noise.size * LOG_2PI


def _inverse_softplus(sigma: np.ndarray) -> np.ndarray:
    return np.asarray(sigma, float) + np.log(-np.expm1(-np.asarray(sigma, float)))

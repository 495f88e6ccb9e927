"""Kernels that move particles within one tempered density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

Terms = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
"""``terms(theta) -> (log prior, log likelihood)``."""


class Particle(NamedTuple):
    """A point and its terms: shapes (D,), () and ()."""

    theta: Any
    log_prior: Any
    log_likelihood: Any

    def tempered(self, beta: Any) -> Any:
        """The log density at an inverse temperature."""
        return self.log_prior + beta * self.log_likelihood


class Kernel(Protocol):
    """A kernel leaves the density at an inverse temperature invariant."""

    @property
    def first_scale(self) -> float:
        """Its scale in the first stage; it is fitted to `target` from stage to stage."""

    @property
    def target(self) -> float | None:
        """The acceptance rate that the scale is fitted to, None if it has none."""

    def move(
        self, key: jax.Array, particle: Particle, beta: Any, scale: Any, shape: Any, terms: Terms
    ) -> tuple[Particle, jax.Array]:
        """Return the particle after one move, and the acceptance probability.

        ``shape`` is (mean, L) of the particles of the stage, with their covariance L L^T.
        """


def _accepted(key: jax.Array, old: Particle, new: Particle, rise: jax.Array) -> tuple[Particle, jax.Array]:
    rise = jnp.where(jnp.isnan(rise), -jnp.inf, rise)
    take = jnp.log(jax.random.uniform(key)) < rise
    chosen: Particle = jax.tree.map(lambda a, b: jnp.where(take, a, b), new, old)
    return chosen, jnp.exp(jnp.minimum(rise, 0.0))


@dataclass(frozen=True)
class IMH:
    """Independent Metropolis-Hastings: proposals from a normal distribution fitted to all particles.

    Parameters
    ----------
    threshold : float
        The effective sample size that each stage keeps, as a share of the particles.
    correlation_threshold : float
        Moves go on until correlations with the start of the stage fall by less than this in one move.
    """

    threshold: float = 0.5
    correlation_threshold: float = 0.01
    first_scale = 1.0
    target = None

    def move(
        self, key: jax.Array, particle: Particle, beta: Any, scale: Any, shape: Any, terms: Terms
    ) -> tuple[Particle, jax.Array]:
        """Return the particle after one move, and the acceptance probability."""
        mean, lower = shape
        draw_key, accept_key = jax.random.split(key)
        noise = jax.random.normal(draw_key, mean.shape)
        new = Particle(mean + lower @ noise, *terms(mean + lower @ noise))
        old_noise = jax.scipy.linalg.solve_triangular(lower, particle.theta - mean, lower=True)
        rise = new.tempered(beta) - particle.tempered(beta) + 0.5 * (noise @ noise - old_noise @ old_noise)
        return _accepted(accept_key, particle, new, rise)


@dataclass(frozen=True)
class MH:
    """Random-walk Metropolis with the covariance of all particles.

    Parameters
    ----------
    threshold, correlation_threshold : float
        As of `IMH`.
    """

    threshold: float = 0.5
    correlation_threshold: float = 0.01
    first_scale = 1.0
    target = 0.234

    def move(
        self, key: jax.Array, particle: Particle, beta: Any, scale: Any, shape: Any, terms: Terms
    ) -> tuple[Particle, jax.Array]:
        """Return the particle after one move, and the acceptance probability."""
        _, lower = shape
        draw_key, accept_key = jax.random.split(key)
        size = particle.theta.shape[0]
        step = scale * 2.38 / np.sqrt(size) * lower @ jax.random.normal(draw_key, (size,))
        new = Particle(particle.theta + step, *terms(particle.theta + step))
        return _accepted(accept_key, particle, new, new.tempered(beta) - particle.tempered(beta))


@dataclass(frozen=True)
class HMC:
    """Hamiltonian Monte Carlo in the coordinates that the covariance of all particles whitens.

    Parameters
    ----------
    threshold, correlation_threshold : float
        As of `IMH`.
    num_steps : int
        Leapfrog steps of a trajectory.
    """

    threshold: float = 0.5
    correlation_threshold: float = 0.01
    num_steps: int = 10
    first_scale = 0.3
    target = 0.8

    def move(
        self, key: jax.Array, particle: Particle, beta: Any, scale: Any, shape: Any, terms: Terms
    ) -> tuple[Particle, jax.Array]:
        """Return the particle after one move, and the acceptance probability."""
        _, lower = shape
        momentum_key, length_key, accept_key = jax.random.split(key, 3)
        p = jax.random.normal(momentum_key, particle.theta.shape)
        eps = scale * jax.random.uniform(length_key, minval=0.6, maxval=1.0)

        def density(theta: jax.Array) -> jax.Array:
            log_prior, log_likelihood = terms(theta)
            return log_prior + beta * log_likelihood

        gradient = jax.grad(density)

        def leap(_: Any, carry: Any) -> Any:
            x, p, g = carry
            p = p + 0.5 * eps * lower.T @ g
            x = x + eps * lower @ p
            g = gradient(x)
            return x, p + 0.5 * eps * lower.T @ g, g

        start = (particle.theta, p, gradient(particle.theta))
        x, q, _ = jax.lax.fori_loop(0, self.num_steps, leap, start)
        new = Particle(x, *terms(x))
        rise = new.tempered(beta) - particle.tempered(beta) + 0.5 * (p @ p - q @ q)
        return _accepted(accept_key, particle, new, rise)

"""The entry of sequential Monte Carlo: a tempered density in, particles and their evidence out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import SamplingError
from pmjax.inference.smc.kernels import Kernel, Particle
from pmjax.runtime import streams
from pmjax.runtime.background import interruptible
from pmjax.runtime.precision import double_precision
from pmjax.runtime.programs import program
from pmjax.target.tempered import Tempered

MOVES = 5
"""Moves of a call; more follow until particles have forgotten where they were."""
MAX_CALLS = 40
MAX_STAGES = 1000
JITTER = 1e-6
"""Added to the diagonal of the covariance of the particles."""


@dataclass
class Population:
    """Particles of several chains at the end of a run.

    Attributes
    ----------
    theta : ndarray, shape (chains, draws, D)
    log_density : ndarray, shape (chains, draws)
        Of the posterior.
    log_marginal_likelihood : ndarray, shape (chains,)
    beta, accept_rate : list of list of float
        The inverse temperature and the mean acceptance of each stage, for each chain.
    seconds : dict of str to float
    """

    theta: np.ndarray
    log_density: np.ndarray
    log_marginal_likelihood: np.ndarray
    beta: list[list[float]]
    accept_rate: list[list[float]]
    seconds: dict[str, float] = field(default_factory=dict)


def sample_smc(
    tempered: Tempered,
    kernel: Kernel,
    *,
    draws: int,
    chains: int,
    seed: int,
    threshold: float,
    correlation_threshold: float,
    tick: Callable[[str], None] = lambda text: None,
) -> Population:
    """Move particles from the prior to the posterior, with all chains in one program.

    At each stage the inverse temperature of a chain rises as far as the effective sample size of the weights
    allows; the mean weight is a factor of the marginal likelihood; particles are resampled, and moved until
    correlations with where they were have stopped to fall (Del Moral, Doucet & Jasra 2006,
    doi.org/10.1111/j.1467-9868.2006.00553.x; Buchholz, Chopin & Jacob 2021).

    Parameters
    ----------
    tempered : Tempered
    kernel : Kernel
    draws, chains, seed : int
        Particles of each chain, chains that know nothing of each other.
    threshold, correlation_threshold : float
    tick : callable
        Called now and then with what is going on.
    """
    began = time.perf_counter()
    state = {"text": "Compiling the model"}
    population: Population = interruptible(
        lambda: _run(tempered, kernel, draws, chains, seed, threshold, correlation_threshold, state),
        lambda: tick(state["text"]),
    )
    population.seconds["sample"] = time.perf_counter() - began
    return population


def _run(
    tempered: Tempered,
    kernel: Kernel,
    draws: int,
    chains: int,
    seed: int,
    threshold: float,
    correlation_threshold: float,
    state: dict[str, str],
) -> Population:
    with double_precision():
        keys = streams.chain_keys(seed, "particles", chains)
        prior, evaluate, move = _programs(tempered, kernel, draws, chains)
        values = jax.tree.map(np.asarray, prior(keys, tempered.data))
        places = np.ndindex(chains, draws)
        theta = np.stack([tempered.freed(jax.tree.map(lambda x, at=at: x[at], values)) for at in places])
        particles = evaluate(theta.reshape(chains, draws, -1), tempered.data)
        beta, evidence = np.zeros(chains), np.zeros(chains)
        scale = np.full(chains, kernel.first_scale)
        betas: list[list[float]] = [[] for _ in range(chains)]
        rates: list[list[float]] = [[] for _ in range(chains)]
        call = 0
        for _ in range(MAX_STAGES):
            active = beta < 1
            if not active.any():
                break
            particles, beta, evidence = _reweigh(particles, beta, evidence, threshold, active, seed, call)
            shape = _shapes(np.asarray(particles.theta))
            old, last, rate = np.asarray(particles.theta), np.inf, np.zeros(chains)
            for number in range(MAX_CALLS):
                call += 1
                particles, accept = move(keys, np.uint32(call), particles, beta, scale, shape, tempered.data)
                rate = (rate * number + np.asarray(accept)) / (number + 1)
                if kernel.target is not None:
                    scale = scale * np.exp(np.clip(2 * (np.asarray(accept) - kernel.target), -0.5, 0.5))
                remembered = _correlation(old, np.asarray(particles.theta))
                if last - remembered < correlation_threshold * MOVES or remembered < 0.05:
                    break
                last = remembered
            for chain in np.flatnonzero(active):
                betas[chain].append(float(beta[chain]))
                rates[chain].append(float(rate[chain]))
            state["text"] = f"Stage {len(betas[0])}: inverse temperature {beta.min():.3g} of 1"
        log_density = np.asarray(particles.log_prior + particles.log_likelihood)
        return Population(np.asarray(particles.theta), log_density, evidence, betas, rates)


def _programs(tempered: Tempered, kernel: Kernel, draws: int, chains: int) -> tuple[Callable[..., Any], ...]:
    """Return compiled draws from the prior, terms, and moves of all particles of all chains."""

    def prior(keys: Any, data: Any) -> Any:
        def chain(key: jax.Array) -> Any:
            own = jax.random.split(jax.random.wrap_key_data(key), draws)
            return jax.vmap(lambda k: tempered.draw(k, data))(own)

        return jax.vmap(chain)(keys)

    def evaluate(theta: Any, data: Any) -> Particle:
        return Particle(theta, *jax.vmap(jax.vmap(lambda t: tempered.terms(t, data)))(theta))

    def moves(
        keys: Any, call: Any, particles: Particle, beta: Any, scale: Any, shape: Any, data: Any
    ) -> tuple[Particle, jax.Array]:
        def terms(theta: jax.Array) -> tuple[jax.Array, jax.Array]:
            return tempered.terms(theta, data)

        def particle(key: jax.Array, start: Particle, beta: Any, scale: Any, shape: Any) -> Any:
            def one(i: jax.Array, carry: Any) -> Any:
                now, total = carry
                now, accept = kernel.move(jax.random.fold_in(key, i), now, beta, scale, shape, terms)
                return now, total + accept

            now, total = jax.lax.fori_loop(0, MOVES, one, (start, jnp.zeros(())))
            return now, total / MOVES

        def chain(key: jax.Array, start: Particle, beta: Any, scale: Any, shape: Any) -> Any:
            base = jax.random.fold_in(jax.random.wrap_key_data(key), call)
            own = jax.random.split(base, draws)
            moved, accept = jax.vmap(particle, (0, 0, None, None, None))(own, start, beta, scale, shape)
            return moved, jnp.mean(accept)

        moved: tuple[Particle, jax.Array] = jax.vmap(chain)(keys, particles, beta, scale, shape)
        return moved

    keys = np.zeros((chains, 2), np.uint32)
    drawn = program(
        "smc_prior", prior, (keys, tempered.data), jax.eval_shape(prior, keys, tempered.data), None
    )
    theta = np.zeros((chains, draws, tempered.size))
    shapes = jax.eval_shape(evaluate, theta, tempered.data)
    terms_of = program("smc_terms", evaluate, (theta, tempered.data), shapes, None)
    each = np.zeros(chains)
    shape = (np.zeros((chains, tempered.size)), np.zeros((chains, tempered.size, tempered.size)))
    arguments = (keys, np.uint32(0), shapes, each, each, shape, tempered.data)
    moved_by = program("smc_move", moves, arguments, jax.eval_shape(moves, *arguments), None)
    return drawn, terms_of, moved_by


def _reweigh(
    particles: Particle,
    beta: np.ndarray,
    evidence: np.ndarray,
    threshold: float,
    active: np.ndarray,
    seed: int,
    call: int,
) -> tuple[Particle, np.ndarray, np.ndarray]:
    """Raise the inverse temperatures, and resample the particles by what that changes."""
    likelihood = np.asarray(particles.log_likelihood)
    likelihood = np.where(np.isnan(likelihood), -np.inf, likelihood)
    beta, evidence = beta.copy(), evidence.copy()
    chosen = np.tile(np.arange(likelihood.shape[1]), (len(beta), 1))
    for chain in np.flatnonzero(active):
        if not np.isfinite(likelihood[chain]).any():
            raise SamplingError(
                "sample_smc: the likelihood is zero at every draw from the prior; take priors that reach the "
                "data, or more draws"
            )
        new = _next_beta(likelihood[chain], beta[chain], threshold)
        log_weights = (new - beta[chain]) * likelihood[chain]
        top = log_weights.max()
        weights = np.exp(log_weights - top)
        evidence[chain] += top + np.log(weights.mean())
        beta[chain] = new
        chosen[chain] = _systematic(weights / weights.sum(), seed, int(chain), call)
    rows = np.arange(len(beta))[:, None]
    return Particle(*(np.asarray(x)[rows, chosen] for x in particles)), beta, evidence


def _next_beta(log_likelihood: np.ndarray, beta: float, threshold: float) -> float:
    """Return the inverse temperature at which the effective sample size is `threshold` of the particles."""

    def share(new: float) -> float:
        weights = np.exp((new - beta) * (log_likelihood - log_likelihood.max()))
        return float(weights.sum() ** 2 / (weights**2).sum() / len(weights))

    if share(1.0) >= threshold:
        return 1.0
    low, high = beta, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) >= threshold else (low, middle)
    return max(low, beta + 1e-12)


def _systematic(weights: np.ndarray, seed: int, chain: int, call: int) -> np.ndarray:
    """Return which particles are kept, by systematic resampling."""
    n = len(weights)
    offset = np.random.default_rng(streams.stream(seed, "particles", chain, call)).random()
    return np.minimum(np.searchsorted(np.cumsum(weights), (np.arange(n) + offset) / n), n - 1)


def _shapes(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of the particles of each chain, and the factors L of their covariances."""
    mean = theta.mean(1)
    centred = theta - mean[:, None]
    cov = np.einsum("cni,cnj->cij", centred, centred) / theta.shape[1]
    variances = np.einsum("cii->ci", cov)
    eye = np.eye(theta.shape[2])
    return mean, np.linalg.cholesky(cov + JITTER * (variances + 1e-12)[:, None] * eye)


def _correlation(old: np.ndarray, new: np.ndarray) -> float:
    """Return the mean absolute correlation of the particles with where they were."""
    a, b = old - old.mean(1, keepdims=True), new - new.mean(1, keepdims=True)
    norm = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return float(np.mean(np.abs((a * b).sum(1)) / np.maximum(norm, 1e-300)))

r"""Sums of Matérn processes in one dimension as Markov chains: their densities in time proportional to n.

A Matérn process of smoothness p + 1/2, with the derivatives up to the p-th, is a Markov process
(Hartikainen and Särkkä 2010). With the rate :math:`\lambda = \sqrt{2p + 1} / l` and the state
:math:`(f, f' / \lambda, ..., f^{(p)} / \lambda^p)` its transition over a gap :math:`\delta` is
:math:`\exp(F \lambda \delta)` for a matrix F of constants. The Kalman filter then gives the factor of
the covariance matrix of noisy values, row by row, without the matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.numerics.special import HALF_LOG_2PI

# What is left of a diagonal element after subtractions is rounding below this part of it.
ROUNDING = 1e-14
# Places further apart than this, in units of the length scale, have nothing in common.
LARGEST_STEP = 1e3


class Chain(NamedTuple):
    """A stationary Markov process of d components at n ordered places; what is seen is a sum of components.

    Attributes
    ----------
    stationary : Array, shape (d, d)
        Covariance of the state at any place.
    transitions : Array, shape (d, d, n)
        What the expected state is multiplied with from the place before; the identity at the first.
    innovations : Array, shape (d, d, n)
        Covariance of the state given the one before; 0 at the first.
    seen : ndarray, shape (d,)
        1 for the components whose sum is the value of the process, else 0.
    """

    stationary: Any
    transitions: Any
    innovations: Any
    seen: np.ndarray


def matern_chain(orders: Sequence[int], variances: Any, rates: Any, gaps: Any) -> Chain:
    """Return the sum of independent Matérn processes as a Markov process.

    Parameters
    ----------
    orders : sequence of {0, 1, 2}
        Number of derivatives of each process: 0 for Matérn 1/2, 1 for 3/2, 2 for 5/2.
    variances, rates : Array, shape (m,)
        Of each process; a rate is sqrt(2 p + 1) / ls, and 0 for a process that is constant.
    gaps : Array, shape (n,)
        Distance of each place from the one before; 0 at the first.

    Returns
    -------
    Chain
    """
    blocks = [_transition(order, rate * gaps) for order, rate in zip(orders, rates, strict=True)]
    shapes = [variance * _STATIONARY[order] for order, variance in zip(orders, variances, strict=True)]
    transitions = _block_diagonal(blocks)
    stationary = _block_diagonal(shapes)
    innovations = stationary[..., None] - _times_transposed(
        _times(transitions, stationary[..., None]), transitions
    )
    seen = np.concatenate([np.eye(order + 1)[0] for order in orders])
    return Chain(stationary, transitions, innovations, seen)


# Covariances of (f, f' / rate, f'' / rate²) for unit variance.
_STATIONARY = (
    np.eye(1),
    np.eye(2),
    np.array([[1.0, 0.0, -1 / 3], [0.0, 1 / 3, 0.0], [-1 / 3, 0.0, 1.0]]),
)


def _transition(order: int, s: Any) -> Any:
    """Return exp(F s), shape (p + 1, p + 1, n): exp(-s) times a polynomial, as -1 is the eigenvalue of F."""
    s = jnp.minimum(s, LARGEST_STEP)
    one, half = jnp.ones_like(s), 0.5 * s * s
    rows = {
        0: [[one]],
        1: [[1 + s, s], [-s, 1 - s]],
        2: [
            [1 + s + half, s + 2 * half, half],
            [-half, 1 + s - 2 * half, s - half],
            [half - s, 2 * half - 3 * s, 1 - 2 * s + half],
        ],
    }[order]
    return jnp.exp(-s) * jnp.stack([jnp.stack(row) for row in rows])


def _block_diagonal(blocks: Sequence[Any]) -> Any:
    """Return a matrix with the blocks on its diagonal, shapes (d_i, d_i, ...) to (d, d, ...)."""
    if len(blocks) == 1:
        return jnp.asarray(blocks[0])
    size, at, rows = sum(block.shape[0] for block in blocks), 0, []
    for block in blocks:
        d, more = block.shape[0], [(0, 0)] * (jnp.ndim(block) - 2)
        rows.append(jnp.pad(block, [(0, 0), (at, size - at - d), *more]))
        at += d
    return jnp.concatenate(rows)


# Products of small matrices whose last axis are places: sums of vectors, which fuse.
def _times(a: Any, b: Any) -> Any:
    return (a[:, :, None] * b[None]).sum(1)


def _times_transposed(a: Any, b: Any) -> Any:
    return (a[:, None] * b[None]).sum(2)


def _apply(a: Any, x: Any) -> Any:
    return (a * x[None]).sum(1)


def log_density(chain: Chain, noise: Any, values: Any) -> Any:
    r"""Return the log density of values of the process with independent normal noise.

    The places are cut into about :math:`\sqrt{n}` stretches. A first loop runs over the places of all of them
    at once: a Kalman filter, each from a known first state x, which also finds how the density of the
    stretch depends on x: :math:`c + \eta^T x - x^T J x / 2`. A second loop runs over the stretches and
    integrates x out (Särkkä and García-Fernández 2021).

    Parameters
    ----------
    chain : Chain
    noise : Array, shape ()
        Variance of the noise.
    values : Array, shape (n,)

    Returns
    -------
    Array, shape ()
    """
    n, d = values.shape[0], chain.stationary.shape[0]
    lanes = max(math.isqrt(n), 1)
    steps = -(-n // lanes)

    def cut(x: Any, filler: Any) -> Any:
        """Return shape (..., n) as (steps, ..., lanes); what is left of the last stretch is filled."""
        room = jnp.broadcast_to(filler, (*x.shape[:-1], steps * lanes - n))
        return jnp.moveaxis(jnp.concatenate([x, room], axis=-1).reshape(*x.shape[:-1], lanes, steps), -1, 0)

    # An observation with noise without bound says nothing.
    observed, spread = cut(values, 0.0), cut(jnp.broadcast_to(noise, (n,)), jnp.inf)
    moves = cut(chain.transitions, jnp.eye(d)[:, :, None]), cut(chain.innovations, 0.0)
    # Any first state would do: from the one expected for the first value the sums stay small.
    of_value = chain.stationary @ chain.seen
    start = lax.stop_gradient(of_value[:, None] / (chain.seen @ of_value) * observed[0])
    whole, nothing = jnp.broadcast_to(jnp.eye(d)[:, :, None], (d, d, lanes)), jnp.zeros((d, d, lanes))
    seen = np.flatnonzero(chain.seen)

    def step(state: Any, now: Any) -> Any:
        mean, cov, to_first, eta, J = state
        A, Q, value, variance = now
        mean, to_first = lax.optimization_barrier((_apply(A, mean), _times(A, to_first)))
        cov = lax.optimization_barrier(_times_transposed(_times(A, cov), A) + Q)
        p, slope = cov[:, seen].sum(1), to_first[seen].sum(0)
        total = p[seen].sum(0) + variance
        residual = value - mean[seen].sum(0)
        gain, scaled = lax.optimization_barrier((p / total, slope / total))
        state = (
            mean + gain * residual,
            cov - gain[:, None] * p[None],
            to_first - gain[:, None] * slope[None],
            eta + scaled * residual,
            J + scaled[:, None] * slope[None],
        )
        return lax.optimization_barrier(state), (total, residual)

    first = (start, nothing, whole, jnp.zeros((d, lanes)), nothing)
    ends, (totals, residuals) = lax.scan(step, first, (*moves, observed, spread))
    real = jnp.isfinite(spread)
    terms = jnp.where(real, jnp.log(totals), 0.0) + residuals * residuals / totals

    end, gained, to_first, eta, J = ends
    directions, weights, scores = _directions(J, eta)

    def join(state: Any, stretch: Any) -> Any:
        mean, cov = state
        start, end, gained, to_first, directions, weights, scores = stretch
        off, value = mean - start, 0.0
        for direction, weight, score in zip(directions, weights, scores, strict=True):
            p = cov @ direction
            here, spread = direction @ off, direction @ p
            total = 1.0 + weight * spread
            value += (here * (score - 0.5 * weight * here) + 0.5 * spread * score * score) / total
            value -= 0.5 * jnp.log(total)
            off = off + p * ((score - weight * here) / total)
            cov = cov - jnp.outer(p, p) * (weight / total)
        return (end + to_first @ off, to_first @ cov @ to_first.T + gained), value

    by_lane = [jnp.moveaxis(x, -1, 0) for x in (start, end, gained, to_first, directions, weights, scores)]
    _, joined = lax.scan(join, (jnp.zeros(d), chain.stationary), tuple(by_lane))
    return joined.sum() - 0.5 * terms.sum() - n * HALF_LOG_2PI


def _directions(J: Any, eta: Any) -> tuple[Any, Any, Any]:
    """Return directions l_i, weights D_i and scores e_i with J = sum D_i l_i l_i^T and eta = sum e_i l_i.

    In these directions an exponent eta^T x - x^T J x / 2 is a sum of functions of one number each.
    """
    largest, directions, weights, scores = jnp.diagonal(J).T, [], [], []
    for i in range(J.shape[0]):
        known = J[i, i] > ROUNDING * largest[i]
        weight = jnp.where(known, J[i, i], 1.0)
        direction = jnp.where(known, J[i], 0.0) / weight
        weight, score = jnp.where(known, weight, 0.0), eta[i]
        J, eta = J - weight * direction[:, None] * direction[None], eta - score * direction
        directions.append(direction)
        weights.append(weight)
        scores.append(score)
    return jnp.stack(directions), jnp.stack(weights), jnp.stack(scores)


def whiten(chain: Chain, noise: Any, columns: Any) -> Any:
    """Return L^-1 b for the Cholesky factor L of the covariance matrix of noisy values of the process.

    Parameters
    ----------
    chain : Chain
    noise : Array, shape ()
        Variance of the noise.
    columns : Array, shape (n, k)

    Returns
    -------
    Array, shape (n, k)
    """

    def step(state: Any, now: Any) -> Any:
        mean, cov = state
        A, Q, row = now
        mean, cov = A @ mean, A @ cov @ A.T + Q
        p = cov @ chain.seen
        total = chain.seen @ p + noise
        z = (row - chain.seen @ mean) / jnp.sqrt(total)
        gain = p / jnp.sqrt(total)
        return (mean + jnp.outer(gain, z), cov - jnp.outer(gain, gain)), z

    first = jnp.zeros((chain.seen.size, columns.shape[1])), chain.stationary
    moves = (jnp.moveaxis(x, -1, 0) for x in (chain.transitions, chain.innovations))
    return lax.scan(step, first, (*moves, columns))[1]


def colour(chain: Chain, noise: Any, z: Any) -> Any:
    """Return L z for the Cholesky factor L of the covariance matrix of noisy values of the process.

    Parameters
    ----------
    chain : Chain
    noise : Array, shape ()
        Variance of the noise.
    z : Array, shape (n,)

    Returns
    -------
    Array, shape (n,)
    """

    def step(state: Any, now: Any) -> Any:
        mean, cov = state
        A, Q, number = now
        mean, cov = A @ mean, A @ cov @ A.T + Q
        p = cov @ chain.seen
        total = chain.seen @ p + noise
        gain = p / jnp.sqrt(total)
        value = chain.seen @ mean + jnp.sqrt(total) * number
        return (mean + gain * number, cov - jnp.outer(gain, gain)), value

    moves = (jnp.moveaxis(x, -1, 0) for x in (chain.transitions, chain.innovations))
    return lax.scan(step, (jnp.zeros(chain.seen.size), chain.stationary), (*moves, z))[1]

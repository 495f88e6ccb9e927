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
from functools import partial
from typing import Any, NamedTuple

import jax
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
    s = [jnp.minimum(rate * gaps, LARGEST_STEP) for rate in rates]
    blocks = [_polynomial(_TRANSITION[p], x, 1.0) for p, x in zip(orders, s, strict=True)]
    lost = [_polynomial(_LOST[p], x, 2.0) for p, x in zip(orders, s, strict=True)]
    scaled = [v * _STATIONARY[p] for p, v in zip(orders, variances, strict=True)]
    gained = [v * (_STATIONARY[p][:, :, None] - x) for p, v, x in zip(orders, variances, lost, strict=True)]
    transitions, stationary, innovations = (_block_diagonal(x) for x in (blocks, scaled, gained))
    seen = np.concatenate([np.eye(order + 1)[0] for order in orders])
    return Chain(stationary, transitions, innovations, seen)


# Covariances of (f, f' / rate, f'' / rate²) for unit variance.
_STATIONARY = (
    np.eye(1),
    np.eye(2),
    np.array([[1.0, 0.0, -1 / 3], [0.0, 1 / 3, 0.0], [-1 / 3, 0.0, 1.0]]),
)


# exp(F s) = exp(-s) (1 + N s + N² s² / 2): -1 is the one eigenvalue of F, and of N = F + 1 the powers end.
_NILPOTENT = (
    np.zeros((1, 1)),
    np.array([[1.0, 1.0], [-1.0, -1.0]]),
    np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [-1.0, -3.0, -2.0]]),
)
_TRANSITION = tuple(np.stack([np.eye(len(N)), N, N @ N / 2])[: len(N)] for N in _NILPOTENT)


def _lost(transition: np.ndarray, stationary: np.ndarray) -> np.ndarray:
    """Return the coefficients of the polynomial in exp(F s) P exp(F s)^T = exp(-2 s) (...)."""
    powers = range(len(transition))
    products = np.zeros((2 * len(transition) - 1, *stationary.shape))
    for i in powers:
        for j in powers:
            products[i + j] += transition[i] @ stationary @ transition[j].T
    return products


_LOST = tuple(map(_lost, _TRANSITION, _STATIONARY))


def _polynomial(coefficients: np.ndarray, s: Any, rate: float) -> Any:
    """Return the matrices exp(-rate s) sum_k c_k s^k, shapes (k, d, d) and (n,) to (d, d, n)."""
    powers = [jnp.exp(-rate * s)]
    for _ in coefficients[1:]:
        powers.append(powers[-1] * s)
    return jnp.tensordot(np.moveaxis(coefficients, 0, -1), jnp.stack(powers), 1)


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
    # A step of the second loop takes longer than one of the first.
    lanes = max(math.isqrt(n) // 2, 1)
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
    ends, totals, residuals = _filter(
        tuple(np.flatnonzero(chain.seen).tolist()), start, *moves, observed, spread
    )
    real = jnp.isfinite(spread)
    terms = jnp.where(real, jnp.log(totals), 0.0) + residuals * residuals / totals

    end, gained, to_first, eta, J = ends
    directions, weights, scores = _directions(J, eta)

    def join(state: Any, stretch: Any) -> Any:
        mean, cov = state
        start, end, gained, to_first, directions, weights, scores = stretch
        off, value = mean - start, 0.0
        for direction, weight, score in zip(directions, weights, scores, strict=True):
            p = lax.optimization_barrier((cov * direction).sum(1))
            here, spread = (direction * off).sum(), (direction * p).sum()
            here, total = lax.optimization_barrier((here, 1.0 + weight * spread))
            value += (here * (score - 0.5 * weight * here) + 0.5 * spread * score * score) / total
            value -= 0.5 * jnp.log(total)
            off = off + p * ((score - weight * here) / total)
            cov = cov - p[:, None] * p[None] * (weight / total)
        cov = _times_transposed(_times(to_first, cov), to_first) + gained
        return lax.optimization_barrier((end + (to_first * off).sum(1), cov)), value

    by_lane = [jnp.moveaxis(x, -1, 0) for x in (start, end, gained, to_first, directions, weights, scores)]
    _, joined = lax.scan(join, (jnp.zeros(d), chain.stationary), tuple(by_lane))
    return joined.sum() - 0.5 * terms.sum() - n * HALF_LOG_2PI


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _filter(seen: tuple[int, ...], start: Any, A: Any, Q: Any, values: Any, noise: Any) -> Any:
    """Return the ends of Kalman filters that begin at known states, and what each step saw.

    Its derivative is written out below: a loop back with a fourth of the operations of the automatic one.

    Parameters
    ----------
    seen : tuple of int
        The components whose sum is observed.
    start : Array, shape (d, lanes)
        The first states.
    A, Q : Array, shape (steps, d, d, lanes)
        Transitions and the covariances of the innovations.
    values, noise : Array, shape (steps, lanes)
        What is observed, and the variances of its noise.

    Returns
    -------
    ends : tuple of Array
        Of the last state x given the values: mean (d, lanes), covariance (d, d, lanes) and derivative of the
        mean by the first state (d, d, lanes). Of the density of the values, by the first state: gradient
        (d, lanes) and information (d, d, lanes).
    totals, residuals : Array, shape (steps, lanes)
        Variances of the values given those before, and their differences from what is expected.
    """
    ends, (totals, residuals, *_) = _filter_steps(seen, start, A, Q, values, noise)
    return ends, totals, residuals


def _filter_steps(seen: tuple[int, ...], start: Any, A: Any, Q: Any, values: Any, noise: Any) -> Any:
    rows = np.array(seen)

    def step(state: Any, now: Any) -> Any:
        mean, cov, to_first, eta, J = before = state
        A, Q, value, variance = now
        mean, to_first = lax.optimization_barrier((_apply(A, mean), _times(A, to_first)))
        cov = lax.optimization_barrier(_times_transposed(_times(A, cov), A) + Q)
        p, slope = cov[:, rows].sum(1), to_first[rows].sum(0)
        total, residual = p[rows].sum(0) + variance, value - mean[rows].sum(0)
        p, slope, total, residual = lax.optimization_barrier((p, slope, total, residual))
        gain, scaled = lax.optimization_barrier((p / total, slope / total))
        after = (
            mean + gain * residual,
            cov - gain[:, None] * p[None],
            to_first - gain[:, None] * slope[None],
            eta + scaled * residual,
            J + scaled[:, None] * slope[None],
        )
        return lax.optimization_barrier(after), (total, residual, p, slope, *before[:3])

    nothing = jnp.zeros((start.shape[0], *start.shape))
    whole = nothing + jnp.eye(start.shape[0])[:, :, None]
    first = (start, nothing, whole, jnp.zeros_like(start), nothing)
    return lax.scan(step, first, (A, Q, values, noise))


def _filter_forward(seen: tuple[int, ...], start: Any, A: Any, Q: Any, values: Any, noise: Any) -> Any:
    ends, kept = _filter_steps(seen, start, A, Q, values, noise)
    return (ends, *kept[:2]), (A, kept)


def _filter_backward(seen: tuple[int, ...], saved: Any, slopes: Any) -> Any:
    """Return the derivatives by all arguments, from those by the results (d_x stands for that by x)."""
    A, (totals, residuals, ps, gs, means, covs, to_firsts) = saved
    (d_mean, d_cov, d_to_first, d_eta, d_J), d_totals, d_residuals = slopes
    observed = np.zeros((A.shape[1], 1))
    observed[list(seen)] = 1.0
    d_J = d_J + jnp.swapaxes(d_J, 0, 1)

    def step(after: Any, now: Any) -> Any:
        d_mean, d_cov, d_to_first = after
        A, total, residual, p, g, mean, cov, to_first, d_total, d_residual = now
        gain, scaled = p / total, g / total
        d_cov_p, d_first_g = _apply(d_cov, p), _apply(d_to_first, g)
        d_J_g = _apply(d_J, g)
        d_gain = d_mean * residual - d_cov_p - d_first_g
        d_scaled = d_eta * residual + 0.5 * d_J_g
        d_residual = d_residual + (gain * d_mean).sum(0) + (scaled * d_eta).sum(0)
        d_total = d_total - ((d_gain * gain).sum(0) + (d_scaled * scaled).sum(0)) / total
        d_gain, d_scaled, d_residual, d_total, d_cov_p, d_J_g = lax.optimization_barrier(
            (d_gain, d_scaled, d_residual, d_total, d_cov_p, d_J_g)
        )
        d_p = (d_gain - d_cov_p) / total + observed * d_total
        d_g = (d_scaled + 0.5 * d_J_g) / total - (d_to_first * gain[:, None]).sum(0)
        half = 0.5 * d_p[:, None] * observed[None]
        d_mean = d_mean - observed * d_residual
        d_cov = d_cov + half + jnp.swapaxes(half, 0, 1)
        d_to_first = d_to_first + observed[:, None] * d_g[None]
        d_mean, d_cov, d_to_first = lax.optimization_barrier((d_mean, d_cov, d_to_first))
        back = jnp.swapaxes(A, 0, 1)
        ahead = lax.optimization_barrier(_times(d_cov, A))
        before = _apply(back, d_mean), _times(back, ahead), _times(back, d_to_first)
        d_A = d_mean[:, None] * mean[None] + _times_transposed(d_to_first, to_first)
        d_A += 2.0 * _times(ahead, cov)
        return lax.optimization_barrier(before), (d_A, d_cov, d_residual, d_total)

    last = d_mean, 0.5 * (d_cov + jnp.swapaxes(d_cov, 0, 1)), d_to_first
    kept = A, totals, residuals, ps, gs, means, covs, to_firsts, d_totals, d_residuals
    (d_start, *_), d_inputs = lax.scan(step, last, kept, reverse=True)
    return d_start, *d_inputs


_filter.defvjp(_filter_forward, _filter_backward)


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

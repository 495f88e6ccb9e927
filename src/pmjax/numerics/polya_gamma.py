r"""The Pólya-Gamma distribution, by the inverse of its Laplace transform.

With :math:`L(p) = \cosh(\sqrt{p / 2})^{-h}` the density of PG(h, 0) is :math:`\frac{1}{2 \pi i} \int e^{p x}
L(p) dp` along a line to the right of :math:`-\pi^2 / 2`, from where on L is singular. With :math:`q = p +
\pi^2 / 2 = 2 w^2` and :math:`w = a + i v` the line becomes a parabola around the singularities, on which the
integrand falls as :math:`e^{-2 x v^2}`; the error of the trapezoidal rule falls exponentially with the number
of its nodes. The parabola passes where the integrand is stationary, so that nothing cancels, in the tails
either. PG(h, z) has the density :math:`\cosh^h(z / 2) e^{-x z^2 / 2}` times that (Polson, Scott and Windle
2013, doi:10.1080/01621459.2013.829001).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.numerics.special import log1mexp
from pmjax.runtime.types import Array, Key, Shape

NODES = 56
# exp(-2 x v²) is below rounding beyond this times 1 / sqrt(x).
WIDTH = 4.5
# The parabola stays at this distance from singularities, times 1 / sqrt(x): nodes are much closer than that.
ROOM = 0.5
STEPS = 8
TERMS = 24
EDGE = np.pi**2 / 2


def log_density(x: Array, h: Array, z: Array) -> Array:
    """Return the log density of PG(h, z) at x > 0.

    Examples
    --------
    >>> round(float(log_density(0.25, 1.0, 0.0)), 3)
    0.604
    """
    x, h, z = jnp.broadcast_arrays(*(jnp.asarray(v, float) for v in (x, h, z)))
    # There it is -h² / 8x to all digits, and powers of 1 / x overflow.
    smallest = h * jnp.finfo(x.dtype).tiny ** 0.2
    tiny = x < smallest
    inside = jnp.where(tiny, smallest, x)
    a = jnp.maximum(_saddle(inside, h), _room(inside))
    value = jnp.where(tiny, -0.125 * h * (h / x), _log_integral(inside, h, a))
    return value + _log_tilt(x, h, z)


def log_tails(x: Array, h: Array, z: Array) -> tuple[Array, Array]:
    """Return the logs of the probabilities that PG(h, z) is at most, and more than x > 0.

    Examples
    --------
    >>> [round(float(tail), 3) for tail in log_tails(0.25, 1.0, 0.0)]
    [-0.463, -0.992]
    """
    x, h, z = jnp.broadcast_arrays(*(jnp.asarray(v, float) for v in (x, h, z)))
    smallest = h * jnp.finfo(x.dtype).tiny ** 0.2
    inside = jnp.maximum(x, smallest)
    # The transform of the distribution function has a pole at p = z² / 2: right of it the integral is the
    # lower tail, left of it the upper one, which the parabola can pass if there is room for it.
    pole, room = jnp.sqrt(z * z + np.pi**2) / 2, _room(inside)
    a = _saddle(inside, h)
    at = jax.lax.stop_gradient(pole)
    upper = (a < at) & (2 * room < at)
    a = jnp.where(upper, jnp.clip(a, room, at - room), jnp.maximum(a, at + room))
    tail = jnp.where(x < smallest, -jnp.inf, _log_integral(inside, h, a, pole) + _log_tilt(inside, h, z))
    rest = log1mexp(tail)
    return jnp.where(upper, rest, tail), jnp.where(upper, tail, rest)


def draw(key: Key, shape: Shape, h: Array, z: Array) -> Array:
    """Return random numbers of the distribution PG(h, z).

    It is a sum of gamma variables with falling weights; those after the first `TERMS` are one gamma variable
    of their mean and variance, whose other moments differ by less than draws can show.
    """
    h, z = jnp.broadcast_arrays(jnp.asarray(h, float), jnp.asarray(z, float))
    h, c = h[..., None], jnp.abs(z)[..., None] / (2 * np.pi)
    k = jnp.arange(TERMS) + 0.5
    # Sums over the rest are integrals by the midpoint rule; near c = 0 their limits.
    near = c <= 1e-2 * TERMS
    share = jnp.where(near, 1e-2, c / TERMS)
    mean = jnp.where(near, (1 - (c / TERMS) ** 2 / 3) / TERMS, jnp.arctan(share) / (TERMS * share))
    cube = (jnp.arctan(share) - share / (1 + share**2)) / (2 * (TERMS * share) ** 3)
    variance = jnp.where(near, 1 / (3 * TERMS**3), cube)
    shapes = jnp.concatenate([h + jnp.zeros(TERMS), h * mean**2 / variance], axis=-1)
    weights = jnp.concatenate([1 / (k * k + c * c), variance / mean], axis=-1)
    gammas = jax.random.gamma(key, shapes, (*shape, TERMS + 1))
    return (weights * gammas).sum(axis=-1) / (2 * np.pi**2)


def _room(x: Array) -> Array:
    return jax.lax.stop_gradient(ROOM / jnp.sqrt(x))


def _log_tilt(x: Array, h: Array, z: Array) -> Array:
    """Return log(cosh(z / 2)^h exp(-x z² / 2))."""
    return h * (jnp.logaddexp(z / 2, -z / 2) - np.log(2)) - 0.5 * z * z * x


def _log_integral(x: Array, h: Array, a: Array, pole: Array | None = None) -> Array:
    """Return the log of the integral along the parabola, of the density or (with a pole) of a tail."""
    a, x, h = a[..., None], x[..., None], h[..., None]
    number = jnp.arange(NODES + 1)
    step = jax.lax.stop_gradient(WIDTH / jnp.sqrt(x) / NODES)
    v = step * number
    w = a + 1j * v
    log_cosh, at_peak = _log_cosh(2 * w * w), _log_cosh(2 * a * a + 0j).real
    weights = w * jnp.where(number == 0, 0.5, 1.0)
    if pole is not None:
        weights = weights / (2 * (w - pole[..., None]) * (w + pole[..., None]))
    values = weights * jnp.exp(2 * x * v * (2j * a - v) - h * (log_cosh - at_peak))
    total = jnp.abs(4 / np.pi * (step * values.real).sum(axis=-1))
    return (x * (2 * a * a - EDGE) - h * at_peak)[..., 0] + jnp.log(total)


def _log_cosh(q: Array) -> Array:
    """Return log cosh sqrt((q - pi² / 2) / 2), accurate near its singularity at q = 0."""
    u = jnp.sqrt(np.pi**2 / 4 - q / 2)
    near = jnp.log(jnp.sin(jnp.where(jnp.abs(q) < 4, 0.5 * q / (np.pi / 2 + u), 1.0)))
    w = jnp.sqrt((q - EDGE) / 2)
    return jnp.where(jnp.abs(q) < 4, near, w + jnp.log1p(jnp.exp(-2 * w)) - np.log(2))


def _saddle(x: Array, h: Array) -> Array:
    """Return where the parabola passes the stationary point of exp(p x) L(p).

    The point solves w coth(w) = h / 4x with w = sqrt(p / 2), a concave increasing function of p: Newton's
    method, begun below the solution, goes up to it.
    """
    goal = jax.lax.stop_gradient(h / (4 * x))
    start = jnp.maximum(4 * goal, jnp.where(goal > 1, 2 * (goal - 1) ** 2 + EDGE, 0.0))

    def step(_: int, q: Array) -> Array:
        p = q - EDGE
        w, u = jnp.sqrt(jnp.where(p > 0, p, 1.0) / 2), jnp.sqrt(jnp.where(p < 0, -p, 1.0) / 2)
        tangent = jnp.tan(0.5 * q / (np.pi / 2 + u))
        value = jnp.where(p > 0, w / jnp.tanh(w), u * tangent)
        slope = jnp.where(
            p > 0,
            (1 / jnp.tanh(w) - w / jnp.sinh(jnp.minimum(w, 40.0)) ** 2) / (4 * w),
            (1 + tangent**2 - tangent / u) / 4,
        )
        small = jnp.abs(p) < 1e-3
        value = jnp.where(small, 1 + p / 6 - p * p / 180, value)
        slope = jnp.where(small, 1 / 6 - p / 90, slope)
        return q + (goal - value) / slope

    return jnp.sqrt(jax.lax.fori_loop(0, STEPS, step, start) / 2)

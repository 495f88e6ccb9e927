"""Modified Bessel functions of real order, which JAX has for orders 0 and 1 only."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.runtime.types import Array

# Below it I_v is summed as its power series, above it the contour integral is exact to rounding.
SERIES_END, TERMS = 50.0, 120
NODES = 160


def ive(v: Array, x: Array) -> Array:
    """Return exp(-x) I_v(x), the modified Bessel function of the first kind, scaled, for x >= 0.

    Examples
    --------
    >>> round(float(ive(0.5, 2.0)), 6)
    0.276928
    """
    v, x = _floats(v, x)
    near = x < SERIES_END
    small = jnp.where(near, x, 1.0)
    large = jnp.where(near, SERIES_END, x)
    order = jnp.abs(v)
    positive = jnp.where(near, _series(order, small), _contour(order, large))
    reflected = 2 / np.pi * jnp.sin(order * np.pi) * jnp.exp(-2 * x) * kve(order, jnp.where(x > 0, x, 1.0))
    return jnp.where(v < 0, positive + reflected, positive)


def iv(v: Array, x: Array) -> Array:
    """Return I_v(x), the modified Bessel function of the first kind, for x >= 0."""
    v, x = _floats(v, x)
    return jnp.exp(x) * ive(v, x)


def kve(v: Array, x: Array) -> Array:
    """Return exp(x) K_v(x), the modified Bessel function of the second kind, scaled, for x > 0.

    The integral of exp(-x (cosh t - 1)) cosh(v t) over t > 0 (DLMF 10.32.9) by the trapezoidal rule, whose
    error falls exponentially with the number of nodes, on an interval outside which nothing is left.

    Examples
    --------
    >>> round(float(kve(0.5, 2.0)), 6)
    0.886227
    """
    v, x = _floats(v, x)
    v, x = jnp.abs(v)[..., None], x[..., None]
    end = jnp.arccosh(1 + (40 + v) / x)
    end = jax.lax.stop_gradient(jnp.arccosh(1 + (40 + v * end) / x))
    t = end * jnp.arange(NODES + 1) / NODES
    weight = jnp.log(jnp.where(jnp.arange(NODES + 1) == 0, 0.5, 1.0))
    # cosh t - 1 = 2 sinh²(t/2) without cancellation.
    exponent = -2 * x * jnp.sinh(t / 2) ** 2 + v * t + jnp.log1p(jnp.exp(-2 * v * t)) - np.log(2)
    return jnp.exp(jsp.logsumexp(exponent + weight, axis=-1)) * end[..., 0] / NODES


def kv(v: Array, x: Array) -> Array:
    """Return K_v(x), the modified Bessel function of the second kind, for x > 0."""
    v, x = _floats(v, x)
    return jnp.exp(-x) * kve(v, x)


def _floats(v: Array, x: Array) -> tuple[Array, Array]:
    dtype = jnp.result_type(v, x, float)
    orders, values = jnp.broadcast_arrays(jnp.asarray(v, dtype), jnp.asarray(x, dtype))
    return orders, values


def _series(v: Array, x: Array) -> Array:
    """Return exp(-x) times the sum over k of (x/2)^(2k + v) / (k! gamma(k + v + 1)) (DLMF 10.25.2)."""
    k, v = jnp.arange(TERMS), v[..., None]
    half = jnp.where(x > 0, x / 2, 1.0)[..., None]
    terms = (2 * k + v) * jnp.log(half) - jsp.gammaln(k + 1.0) - jsp.gammaln(k + v + 1)
    total = jnp.exp(jsp.logsumexp(terms, axis=-1) - x)
    return jnp.where(x > 0, total, jnp.where(v[..., 0] == 0, 1.0, 0.0))


def _contour(v: Array, x: Array) -> Array:
    """Return exp(-x) I_v(x) as the integral along the line of steepest descent through the saddle point.

    I_v(x) = 1/pi ∫_0^pi exp(x cosh(a) cos(s) - v a) cos(v (s - sin s)) ds with a = arcsinh(v / x): the
    contour of DLMF 10.32.4 shifted by i a, where the integrand no longer cancels.
    """
    v, x = v[..., None], x[..., None]
    a = jnp.arcsinh(v / x)
    height = jnp.sqrt(x * x + v * v)
    end = jax.lax.stop_gradient(jnp.minimum(np.pi, 9.5 / jnp.sqrt(height)))
    s = end * jnp.arange(NODES + 1) / NODES
    weight = jnp.where(jnp.arange(NODES + 1) == 0, 0.5, 1.0)
    # height cos(s) - x = (height - x) - 2 height sin²(s/2)
    rest = v * v / (height + x)
    values = jnp.exp(rest - 2 * height * jnp.sin(s / 2) ** 2 - v * a) * jnp.cos(v * (s - jnp.sin(s)))
    return (weight * values).sum(axis=-1) * end[..., 0] / (NODES * np.pi)

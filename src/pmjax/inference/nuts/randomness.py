"""The random numbers of one draw, made in one batch so that no generator runs inside the leaf loop."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Randomness(NamedTuple):
    """Everything random about one draw; K is the greatest tree depth.

    Attributes
    ----------
    momentum : Array, shape (D,)
        Standard normal, whitened momentum.
    forward : Array, shape (K,)
        Direction of each doubling: 1 forwards in time, 0 backwards.
    merge : Array, shape (K,)
        Uniform that decides between the tree's and the new subtree's proposal.
    leaf : Array, shape (K,)
        Uniform that selects the proposal inside the subtree; recycled from leaf to leaf.
    """

    momentum: Any
    forward: Any
    merge: Any
    leaf: Any


def draw_randomness(
    key_data: jax.Array | np.ndarray, draw: jax.Array | int, size: int, max_depth: int, dtype: np.dtype
) -> Randomness:
    """Return the randomness of draw number ``draw`` of the chain with raw key ``key_data``.

    Examples
    --------
    >>> from pmjax.runtime.streams import key
    >>> r = draw_randomness(key(1, "trajectories", 0), 7, size=3, max_depth=10, dtype=np.dtype("float32"))
    >>> r.momentum.shape, r.merge.shape
    ((3,), (10,))
    """
    key = jax.random.fold_in(jax.random.wrap_key_data(jnp.asarray(key_data)), draw)
    # One call of the generator: it is a rolled loop on a CPU, and each call adds to compile time.
    # Uniforms on (0, 1): the half bin added keeps both ends out.
    kind, mantissa = (jnp.uint64, 52) if dtype == jnp.float64 else (jnp.uint32, 23)
    pairs = (size + 1) // 2
    bits = jax.random.bits(key, (2 * pairs + 3 * max_depth,), kind)
    shift = jnp.asarray(jnp.iinfo(kind).bits - mantissa, kind)
    uniform = ((bits >> shift).astype(dtype) + dtype.type(0.5)) * dtype.type(2.0**-mantissa)
    left = bits[:pairs] % 2 == 0  # a bit that the uniform has left out
    momentum = standard_normals(uniform[:pairs], uniform[pairs : 2 * pairs], left)[:size]
    forward, merge, leaf = uniform[2 * pairs :].reshape(3, max_depth)
    # The barrier keeps the compiler from computing the momentum again in every use.
    momentum = jax.lax.optimization_barrier(momentum)
    return Randomness(momentum, (forward < 0.5).astype(jnp.int32), merge, leaf)


def standard_normals(u: jax.Array, v: jax.Array, left: jax.Array) -> jax.Array:
    """Return 2 n independent standard normal numbers from n pairs of uniforms on (0, 1) and n random signs.

    The method of Box & Muller (1958, doi.org/10.1214/aoms/1177706645): coordinates of a point at the squared
    radius -2 log u and at the angle pi (v - 1/2), or its mirror image to the left. The power series of sine
    and cosine have converged to the last digit in this half-plane; unlike the inverse of the distribution
    function they are sums and products alone, eight of which a CPU makes at a time.

    Examples
    --------
    >>> u, v, left = jnp.array([0.5]), jnp.array([0.75]), jnp.array([False])
    >>> [round(float(x), 4) for x in standard_normals(u, v, left)]
    [0.8326, 0.8326]
    """
    radius = jax.lax.optimization_barrier(jnp.sqrt(-2 * log(u)))
    angle = np.pi * (v - 0.5)
    square, cosine, sine = angle * angle, jnp.zeros_like(v), jnp.zeros_like(v)
    for k in reversed(range(11)):
        cosine = cosine * square + (-1) ** k / math.factorial(2 * k)
        sine = sine * square + (-1) ** k / math.factorial(2 * k + 1)
    return jnp.concatenate([radius * jnp.where(left, -cosine, cosine), radius * angle * sine])


def log(x: jax.Array) -> jax.Array:
    """Return the natural logarithm of normal positive floating-point numbers.

    With x = m 2^e, sqrt(1/2) <= m < sqrt(2) and s = (m - 1) / (m + 1),
    log x = e log 2 + 2 (s + s^3 / 3 + s^5 / 5 + ...): the series has converged to the last digit.

    Examples
    --------
    >>> [round(float(x), 4) for x in log(jnp.array([0.01, 1.0, 2.0]))]
    [-4.6052, 0.0, 0.6931]
    """
    kind = jnp.int64 if x.dtype == jnp.float64 else jnp.int32
    digits = jnp.finfo(x.dtype).nmant
    bits = jax.lax.bitcast_convert_type(x, kind)
    least = jax.lax.bitcast_convert_type(np.asarray(np.sqrt(0.5), x.dtype), kind)
    exponent = (bits - least) >> digits
    mantissa = jax.lax.bitcast_convert_type(bits - (exponent << digits), x.dtype)
    s = (mantissa - 1) / (mantissa + 1)
    series = jnp.zeros_like(x)
    for k in reversed(range(11)):
        series = series * (s * s) + 2 / (2 * k + 1)
    return exponent.astype(x.dtype) * math.log(2.0) + s * series

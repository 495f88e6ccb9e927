"""Laws of values at places, each of which depends on its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import BETWEEN_ONES, COUNTS, POSITIVE
from pmjax.numerics.matrices import solve_triangular
from pmjax.numerics.rows import take_rows
from pmjax.numerics.special import HALF_LOG_2PI
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class CAR(Law):
    r"""Conditional autoregression: a normal vector with precision :math:`\tau (D - \alpha W)`.

    W is a symmetric matrix of weights between neighbours, given by the pairs that have one, and D the
    diagonal matrix of its row sums (Jin, Carlin & Banerjee 2005,
    doi:10.1111/j.1541-0420.2005.00359.x). With the eigenvalues :math:`\lambda_i` of
    :math:`D^{-1/2} W D^{-1/2}` the determinant of :math:`D - \alpha W` is
    :math:`|D| \prod_i (1 - \alpha \lambda_i)`. The log density leaves the constants
    :math:`\tfrac{1}{2} \log|D| - \tfrac{n}{2} \log 2\pi` out.
    """

    signature = "(n),(e),(e),(e),(n),(n),(),()->(n)"
    domains = {"left": COUNTS, "right": COUNTS, "alpha": BETWEEN_ONES, "tau": POSITIVE}

    def log_density(
        self,
        x: Array,
        mu: Array,
        left: Array,
        right: Array,
        weight: Array,
        degree: Array,
        eigenvalues: Array,
        alpha: Array,
        tau: Array,
    ) -> Array:
        deviation = x - mu
        shared = (weight * _at(deviation, left) * _at(deviation, right)).sum(axis=-1)
        squares = (degree * deviation * deviation).sum(axis=-1) - 2 * alpha * shared
        log_det = jnp.log1p(-jnp.asarray(alpha)[..., None] * eigenvalues).sum(axis=-1)
        return 0.5 * (degree.shape[-1] * jnp.log(tau) + log_det - tau * squares)

    def draw(
        self,
        key: Key,
        shape: Shape,
        mu: Array,
        left: Array,
        right: Array,
        weight: Array,
        degree: Array,
        eigenvalues: Array,
        alpha: Array,
        tau: Array,
    ) -> Array:
        size = shape[-1]
        left, right = jnp.asarray(left, int), jnp.asarray(right, int)
        pairs = jnp.zeros((*weight.shape[:-1], size, size)).at[..., left, right].add(weight)
        coupling = pairs + jnp.swapaxes(pairs, -1, -2)
        alpha, tau = jnp.asarray(alpha)[..., None, None], jnp.asarray(tau)[..., None, None]
        precision = tau * (degree[..., None] * jnp.eye(size) - alpha * coupling)
        z = jax.random.normal(key, shape)
        return mu + solve_triangular(jnp.linalg.cholesky(precision), z, trans=True, lower=True, b_ndim=1)

    def center(
        self,
        mu: Array,
        left: Array,
        right: Array,
        weight: Array,
        degree: Array,
        eigenvalues: Array,
        alpha: Array,
        tau: Array,
    ) -> Array:
        return mu


@dataclass(frozen=True)
class ICAR(Law):
    r"""Intrinsic conditional autoregression: differences of neighbours are normal, and the sum is near zero.

    .. math:: -\frac{1}{2\sigma^2} \sum_{i \sim j} (x_i - x_j)^2 + \log N(\sum_i x_i \mid 0, s n)

    The first term has no normaliser, so that the law is improper.

    Attributes
    ----------
    size : int
        Number n of places.
    """

    size: int
    signature = "(e),(e),(),()->(n)"
    domains = {"left": COUNTS, "right": COUNTS, "sigma": POSITIVE, "zero_sum_stdev": POSITIVE}

    @property
    def is_open(self) -> bool:
        return False

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        return (self.size,)

    def log_density(self, x: Array, left: Array, right: Array, sigma: Array, zero_sum_stdev: Array) -> Array:
        steps = (_at(x, left) - _at(x, right)) / jnp.asarray(sigma)[..., None]
        spread = zero_sum_stdev * self.size
        zero_sum = -0.5 * (x.sum(axis=-1) / spread) ** 2 - jnp.log(spread) - HALF_LOG_2PI
        return zero_sum - 0.5 * (steps * steps).sum(axis=-1)

    def draw(
        self, key: Key, shape: Shape, left: Array, right: Array, sigma: Array, zero_sum_stdev: Array
    ) -> Array:
        raise NotImplementedError("ICAR is improper and cannot be drawn from")

    def center(self, left: Array, right: Array, sigma: Array, zero_sum_stdev: Array) -> Array:
        return np.zeros(self.size)


def _at(x: Array, index: Array) -> Array:
    """Return the elements of vectors at some places, shapes (..., n) and (e,) to (..., e)."""
    return jnp.moveaxis(take_rows(jnp.moveaxis(x, -1, 0), jnp.asarray(index, int)), 0, -1)

"""JAX functions that JAX lacks: the bodies of some of `pm.math`'s names."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import jax.scipy.special as jsp
import numpy as np

from pmjax.runtime.types import Array


def softplus(x: Array) -> Array:
    """Return log(1 + exp(x)), the integral of the logistic function.

    With y = exp(-|x|) it is max(x, 0) + log(1 + y), and log(1 + y) = 2 artanh(s) for s = y / (2 + y), which
    is at most 1/3: a short series. XLA takes logarithms in double precision one by one on a CPU; with its
    derivative this takes a third of the time of `jax.nn.softplus`, and is as accurate.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Array of x's shape, floating

    Examples
    --------
    >>> [round(float(softplus(x)), 6) for x in (-1.0, 0.0, 1.0)]
    [0.313262, 0.693147, 1.313262]
    """
    return _softplus(jnp.asarray(x, jnp.result_type(x, float)))


@jax.custom_jvp
def _softplus(x: jax.Array) -> jax.Array:
    y = jnp.exp(-jnp.abs(x))
    s = y / (2 + y)
    # The first term left out is at most 9^-terms / (2 terms + 1) of the sum.
    terms = 16 if x.dtype == np.float64 else 8
    z, series = s * s, jnp.zeros_like(s)
    for k in reversed(range(terms)):
        series = series * z + 1 / (2 * k + 1)
    return jnp.maximum(x, 0) + 2 * s * series


@jax.custom_jvp
def _logistic(x: jax.Array) -> jax.Array:
    # In the exponential that `_softplus` takes, so that both are had for one.
    y = jnp.exp(-jnp.abs(x))
    return jnp.where(x < 0, y, 1) / (1 + y)


_softplus.defjvps(lambda t, _, x: t * _logistic(x))
_logistic.defjvps(lambda t, p, x: t * p * _logistic(-x))


def log1mexp(x: Array, *, negative_input: bool = False) -> Array:
    """Return log(1 - exp(-x)) for x > 0, accurate at both ends; log(1 - exp(x)) if `negative_input`.

    As in PyMC. The two forms meet at x = log 2, where both lose the same (Mächler 2012).
    """
    y = x if negative_input else -x
    near = y > -np.log(2)
    return jnp.where(
        near, jnp.log(-jnp.expm1(jnp.where(near, y, -1.0))), jnp.log1p(-jnp.exp(jnp.where(near, -1.0, y)))
    )


def logdiffexp(a: Array, b: Array) -> Array:
    """Return log(exp(a) - exp(b)) for a > b; a where b is minus infinity."""
    nothing = jnp.isneginf(b)
    return a + jnp.where(nothing, 0.0, log1mexp(jnp.where(nothing, 1.0, a - b)))


def logdet(x: Array) -> Array:
    """Return log |det x|."""
    return jnp.linalg.slogdet(x)[1]


def extract_diag(x: Array) -> Array:
    """Return the diagonal of the last two dimensions."""
    return jnp.diagonal(x, axis1=-2, axis2=-1)


def batched_diag(x: Array) -> Array:
    """Return matrices with the last dimension of x on their diagonals."""
    return x[..., None] * jnp.eye(x.shape[-1], dtype=x.dtype)


def block_diagonal(matrices: Sequence[Array]) -> Array:
    """Return the block-diagonal matrix of a list of matrices."""
    return jsl.block_diag(*matrices)


def kronecker(*factors: Array) -> Array:
    """Return the Kronecker product of its arguments."""
    product = factors[0]
    for factor in factors[1:]:
        product = jnp.kron(product, factor)
    return product


def flat_outer(a: Array, b: Array) -> Array:
    """Return the outer product of two vectors as one vector."""
    return jnp.outer(a, b).ravel()


def expand_packed_triangular(n: int, packed: Array, lower: bool = True) -> Array:
    """Return the triangular matrix whose n (n + 1) / 2 elements are given row by row."""
    rows, columns = np.tril_indices(n) if lower else np.triu_indices(n)
    return jnp.zeros((n, n), packed.dtype).at[rows, columns].set(packed)


def log1mexp_negative(x: Array) -> Array:
    """Return log(1 - exp(x)) for x < 0, accurate at both ends."""
    return log1mexp(x, negative_input=True)


def fill(a: Array, value: Array) -> Array:
    """Return the value broadcast to the shape of `a`."""
    return jnp.broadcast_to(value, jnp.broadcast_shapes(jnp.shape(a), jnp.shape(value)))


def round_half_away_from_zero(x: Array) -> Array:
    """Return the nearest integers; halves go away from zero."""
    return jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5)


def erfcinv(x: Array) -> Array:
    """Return the inverse of the complementary error function, accurate also for tiny x."""
    return -jsp.ndtri(0.5 * jnp.asarray(x, jnp.result_type(x, float))) / np.sqrt(2)


def erfcx(x: Array) -> Array:
    """Return exp(x²) erfc(x), which does not underflow.

    Beyond 25 the asymptotic series is exact to double precision (Abramowitz and Stegun 7.1.23).
    """
    x = jnp.asarray(x, jnp.result_type(x, float))
    far = x > 25
    near, large = jnp.where(far, 1.0, x), jnp.where(far, x, 25.0)
    u = 1 / large**2
    series = 1 - u / 2 * (1 - 3 * u / 2 * (1 - 5 * u / 2 * (1 - 7 * u / 2)))
    return jnp.where(far, series / (large * np.sqrt(np.pi)), jnp.exp(near * near) * jsp.erfc(near))


def polygamma(n: Array | int, x: Array) -> Array:
    """Return the n-th derivative of the digamma function."""
    return jsp.polygamma(n, jnp.asarray(x, jnp.result_type(x, float)))


def trigamma(x: Array) -> Array:
    """Return the derivative of the digamma function."""
    return polygamma(1, x)


def upper_gamma(k: Array, x: Array) -> Array:
    """Return the upper incomplete gamma function, not divided by gamma(k)."""
    return jsp.gammaincc(k, x) * jsp.gamma(k)


def lower_gamma(k: Array, x: Array) -> Array:
    """Return the lower incomplete gamma function, not divided by gamma(k)."""
    return jsp.gammainc(k, x) * jsp.gamma(k)


def chi2sf(x: Array, k: Array) -> Array:
    """Return the survival function of the chi-squared distribution with k degrees of freedom."""
    return jsp.gammaincc(k / 2.0, x / 2.0)


def xlogx(x: Array) -> Array:
    """Return x log x, 0 at 0."""
    return jsp.xlogy(x, x)


def fill_diagonal(a: Array, value: Array, offset: int) -> Array:
    """Return the matrix with a value on the diagonal that many places right of the main one."""
    rows = np.arange(a.shape[0])
    columns = rows + offset
    inside = (columns >= 0) & (columns < a.shape[1])
    return jnp.asarray(a).at[rows[inside], columns[inside]].set(value)


def unravel_index(indices: Array, dims: tuple[int, ...], order: str, axis: int) -> Array:
    """Return the index along one axis of positions in the flattened array."""
    shape = dims if order == "C" else dims[::-1]
    found = jnp.unravel_index(indices, shape)
    return found[axis if order == "C" else len(dims) - 1 - axis]


def put(x: Array, key: Array, value: Array) -> Array:
    """Return x with a value in the places of a key."""
    return jnp.asarray(x).at[key].set(value)


def increase(x: Array, key: Array, value: Array) -> Array:
    """Return x with a value added in the places of a key; repeated places add up."""
    return jnp.asarray(x).at[key].add(value)

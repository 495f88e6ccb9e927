"""Functions that `jax.scipy.special` lacks, or whose gradients are NaN at an edge."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.runtime.types import Array

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
# Halvings of an interval of logarithms: enough for double precision.
BISECTIONS = 80


def xlogy(a: Array, x: Array) -> Array:
    """Return a log x for x >= 0, with its limit at x = 0.

    No derivative is NaN there, and a pole (a < 0) counts as much as the smallest positive number: an
    x that has rounded to the edge of its support must not attract a sampler for ever.

    Examples
    --------
    >>> xlogy(2.0, 1.0).item(), xlogy(2.0, 0.0).item()
    (0.0, -inf)
    """
    zero = x == 0
    nearest = np.log(jnp.finfo(jnp.result_type(x, float)).tiny)
    return jnp.where(zero, _limit(a, nearest), a * jnp.log(jnp.where(zero, 1, x)))


def xlog1my(a: Array, x: Array) -> Array:
    """Return a log(1 - x) for x <= 1, at x = 1 as `xlogy` at 0."""
    one = x == 1
    nearest = np.log(jnp.finfo(jnp.result_type(x, float)).epsneg)
    return jnp.where(one, _limit(a, nearest), a * jnp.log1p(-jnp.where(one, 0, x)))


def _limit(a: Array, nearest: Array) -> Array:
    return jnp.where(a > 0, -jnp.inf, a * nearest)


def log_probability(p: Array) -> Array:
    """Return log p; at p = 0, where that is -inf, the derivative is zero.

    An impossible outcome in a sum over outcomes has weight zero, and zero times infinity is NaN.
    """
    impossible = p == 0
    return jnp.where(impossible, -jnp.inf, jnp.log(jnp.where(impossible, 1.0, p)))


def log_odds(p: Array) -> Array:
    """Return log(p / (1 - p)); at p = 0 and p = 1, where that is infinite, the derivative is zero."""
    certain = (p == 0) | (p == 1)
    inside = jsp.logit(jnp.where(certain, 0.5, p))
    return jnp.where(certain, jnp.where(p == 0, -jnp.inf, jnp.inf), inside)


def standardise(bound: Array, mu: Array, sigma: Array) -> Array:
    """Return (bound - mu) / sigma; an infinite bound stays infinite and has derivative zero."""
    infinite = jnp.isinf(bound)
    return jnp.where(infinite, bound, (jnp.where(infinite, 0.0, bound) - mu) / sigma)


def log_ndtr(x: Array) -> Array:
    """Return log Phi(x), in the far tail by the asymptotic series of Mills' ratio (JAX's has three terms).

    Examples
    --------
    >>> round(float(log_ndtr(-30.0)), 2)
    -454.32
    """
    start = _series_start(x)
    far = (x < -start) & jnp.isfinite(x)
    tail = jnp.where(far, -x, start)
    series = _log_mills_series(tail) - 0.5 * tail * tail - HALF_LOG_2PI
    return jnp.where(far, series, jsp.log_ndtr(jnp.where(far, 0.0, x)))


def log_normal_mass(a: Array, b: Array) -> Array:
    """Return log(Phi(b) - Phi(a)) for a < b, computed in the tail where the interval lies.

    Of a short interval it is the density in the middle times a series in the length.
    """
    low, high, _ = lower_tail(a, b)
    middle, half = (a + b) / 2, (b - a) / 2
    short = half * (1 + jnp.abs(middle)) < 0.1
    m, s = (jnp.where(short, part, 0.0) ** 2 for part in (middle, half))
    terms = (m - 1) / 6 + s * ((m * (m - 6) + 3) / 120 + s * (m * (m * (m - 15) + 45) - 15) / 5040)
    density = jnp.log(2 * jnp.where(short, half, 1.0)) - 0.5 * m - HALF_LOG_2PI + jnp.log1p(s * terms)
    low, high = jnp.where(short, -1.0, low), jnp.where(short, 1.0, high)
    log_high, log_low = log_ndtr(high), log_ndtr(low)
    # An infinite bound has log-mass -inf; its gradient must not meet 0 * inf.
    empty = jnp.isneginf(log_low)
    gap = jnp.where(empty, -1.0, log_low - log_high)
    return jnp.where(short, density, log_high + jnp.where(empty, 0.0, jnp.log1p(-jnp.exp(gap))))


def lower_tail(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Return an interval mirrored to the left if it lies right of zero, and whether it was mirrored.

    Probabilities of the normal distribution are accurate in its lower tail only.
    """
    mirrored = a > 0
    return jnp.where(mirrored, -b, a), jnp.where(mirrored, -a, b), mirrored


def log1mexp(y: Array) -> Array:
    """Return log(1 - exp(y)) for y < 0, accurate at both ends (Mächler 2012); -inf for y >= 0."""
    inside = y < 0
    safe = jnp.where(inside, y, -1.0)
    near = safe > -np.log(2)
    log = jnp.where(
        near,
        jnp.log(-jnp.expm1(jnp.where(near, safe, -1.0))),
        jnp.log1p(-jnp.exp(jnp.where(near, -1.0, safe))),
    )
    return jnp.where(inside, log, -jnp.inf)


def log_gamma_share(a: Array, x: Array) -> Array:
    """Return the log of the regularised lower incomplete gamma function P(a, x); -inf for x <= 0."""
    inside = x > 0
    return jnp.where(inside, jnp.log(jsp.gammainc(a, jnp.where(inside, x, 1.0))), -jnp.inf)


def log_gamma_tail(a: Array, x: Array) -> Array:
    """Return the log of the regularised upper incomplete gamma function Q(a, x); 0 for x <= 0."""
    inside = x > 0
    return jnp.where(inside, jnp.log(jsp.gammaincc(a, jnp.where(inside, x, 1.0))), 0.0)


def log_beta_share(x: Array, a: Array, b: Array) -> Array:
    """Return the log of the regularised incomplete beta function I_x(a, b); -inf below 0 and 0 above 1."""
    inside = (x > 0) & (x < 1)
    log = jnp.log(jsp.betainc(a, b, jnp.where(inside, x, 0.5)))
    return jnp.where(inside, log, jnp.where(x <= 0, -jnp.inf, 0.0))


def log_t_tail(z: Array, nu: Array) -> Array:
    """Return log P(T > z) of Student's t: half of I_u(nu / 2, 1 / 2) with u = nu / (nu + z²) for z > 0."""
    half = log_beta_share(nu / (nu + z * z), nu / 2, 0.5) - np.log(2)
    return jnp.where(z > 0, half, jnp.log1p(-jnp.exp(half)))


def t_quantile(q: Array, nu: Array) -> Array:
    """Return the quantile of Student's t, by bisection of log u, where z² = nu (1 - u) / u."""
    q, nu = jnp.broadcast_arrays(jnp.asarray(q, float), jnp.asarray(nu, float))
    tail = 2 * jnp.minimum(q, 1 - q)

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        over = jsp.betainc(nu / 2, 0.5, jnp.exp(middle)) > tail
        return jnp.where(over, low, middle), jnp.where(over, middle, high)

    least = jnp.full_like(q, np.log(np.finfo(float).tiny))
    low, high = jax.lax.fori_loop(0, BISECTIONS, halve, (least, jnp.zeros_like(q)))
    z = jnp.sqrt(nu * jnp.expm1(-(low + high) / 2))
    z = jnp.where(q < 0.5, -z, z)
    certain = jnp.where(q == 0, -jnp.inf, jnp.where(q == 1, jnp.inf, jnp.nan))
    return jnp.where((q > 0) & (q < 1), z, certain)


def log_mills(t: Array) -> Array:
    """Return the log of Mills' ratio (1 - Phi(t)) / phi(t), by its asymptotic series where t is large."""
    start = _series_start(t)
    far = t > start
    near = jnp.where(far, 0.0, t)
    inside = jsp.log_ndtr(-near) + 0.5 * near * near + HALF_LOG_2PI
    return jnp.where(far, _log_mills_series(jnp.where(far, t, start)), inside)


def _series_start(t: Array) -> float:
    return 18.0 if jnp.result_type(t, float) == jnp.float64 else 8.0


def _log_mills_series(t: Array) -> Array:
    """Return the log of Mills' ratio of a large t by nine terms of its asymptotic series (DLMF 7.12.1)."""
    u, series = 1 / (t * t), 1.0
    for k in range(17, 0, -2):
        series = 1 - k * u * series
    return jnp.log(series) - jnp.log(t)


def logdiffexp(a: Array, b: Array) -> Array:
    """Return log(exp(a) - exp(b)) for a >= b; -inf where they are equal."""
    nothing = jnp.isneginf(b)
    gap = jnp.where(nothing, -1.0, b - jnp.where(nothing, 0.0, a))
    return jnp.where(nothing, a, a + log1mexp(gap))


def stirling_rest(x: Array) -> Array:
    r"""Return what Stirling's formula leaves out of log Gamma(x), for x >= 8.

    .. math:: \log\Gamma(x) = (x - \tfrac{1}{2}) \log x - x + \tfrac{1}{2} \log 2 \pi + r(x), \quad
        r(x) = \frac{1}{12 x} - \frac{1}{360 x^3} + \frac{1}{1260 x^5} - \dots
    """
    u = 1 / (x * x)
    terms = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
    series = jnp.zeros_like(u)
    for term in reversed(terms):
        series = series * u + term
    return series / x


def betaln(a: Array, b: Array) -> Array:
    r"""Return the log of the beta function for positive a and b, accurate where one or both are large.

    With p = min(a, b) and q = max(a, b) >= 8, the large terms of log Gamma(q) - log Gamma(p + q) cancel in
    Stirling's formula before they are computed:

    .. math:: \log\Gamma(q) - \log\Gamma(p + q) = p - (q - \tfrac{1}{2}) \log(1 + p / q) - p \log(p + q)
        + r(q) - r(p + q)
    """
    a, b = jnp.broadcast_arrays(jnp.asarray(a, float), jnp.asarray(b, float))
    p, q = jnp.minimum(a, b), jnp.maximum(a, b)
    large = q >= 8
    far = jnp.where(large, q, 8.0)
    ratio = (
        p
        - (far - 0.5) * jnp.log1p(p / far)
        - p * jnp.log(p + far)
        + stirling_rest(far)
        - stirling_rest(p + far)
    )
    near = jnp.where(large, 1.0, q)
    small_p = jnp.where(large, 1.0, p)
    direct = jsp.gammaln(near) - jsp.gammaln(small_p + near)
    return jsp.gammaln(p) + jnp.where(large, ratio, direct)


def log_gamma_ratio(x: Array, delta: Array) -> Array:
    r"""Return log Gamma(x + delta) - log Gamma(x) for positive x and x + delta >= x, accurate for large x.

    By Stirling's formula from x = 8 on, where the large terms cancel before they are computed:

    .. math:: \delta \log x + (x + \delta - \tfrac{1}{2}) \log(1 + \delta / x) - \delta + r(x + \delta) - r(x)

    Examples
    --------
    >>> round(log_gamma_ratio(4.0, 1.0).item(), 5)  # log 4
    1.38629
    """
    large = x >= 8
    far, near = jnp.where(large, x, 8.0), jnp.where(large, 1.0, x)
    rest = stirling_rest(far + delta) - stirling_rest(far)
    ratio = delta * jnp.log(far) + (far + delta - 0.5) * jnp.log1p(delta / far) - delta + rest
    return jnp.where(large, ratio, jsp.gammaln(near + jnp.where(large, 1.0, delta)) - jsp.gammaln(near))


def gamma_rest(x: Array) -> Array:
    """Return log Gamma(x) - x log x + x for positive x, what `deviance` leaves of a density."""
    large = x >= 8
    far, near = jnp.where(large, x, 8.0), jnp.where(large, 1.0, x)
    stirling = HALF_LOG_2PI - 0.5 * jnp.log(far) + stirling_rest(far)
    return jnp.where(large, stirling, jsp.gammaln(near) - near * jnp.log(near) + near)


def factorial_rest(x: Array) -> Array:
    """Return log x! - x log x + x for x >= 0."""
    safe = jnp.where(x > 0, x, 1.0)
    return jnp.where(x > 0, gamma_rest(safe) + jnp.log(safe), 0.0)


def deviance(x: Array, mu: Array) -> Array:
    r"""Return half the deviance of the Poisson law, x log(x / mu) + mu - x, for x >= 0 and mu >= 0.

    Near mu = x, where these terms cancel, with :math:`t = (\mu - x) / x` and :math:`s = t / (2 + t)`:

    .. math:: x (t - \log(1 + t)) = x (s t - 2 (s^3 / 3 + s^5 / 5 + \dots))

    (Loader 2000, *Fast and accurate computation of binomial probabilities*).

    Examples
    --------
    >>> deviance(2.0, 2.0).item(), deviance(0.0, 3.0).item(), deviance(1.0, 0.0).item()
    (0.0, 3.0, inf)
    """
    kind = jnp.result_type(x, mu, float)
    return _deviance(jnp.asarray(x, kind), jnp.asarray(mu, kind))


@jax.custom_jvp
def _deviance(x: Array, mu: Array) -> Array:
    near = jnp.abs(mu - x) < 0.1 * x
    t = jnp.where(near, mu - x, 0.0) / jnp.where(near, x, 1.0)
    s = t / (2 + t)
    square = s * s
    series = jnp.zeros_like(s)
    for odd in range(15, 1, -2):
        series = series * square + 1 / odd
    inside = x * (s * t - 2 * s * square * series)
    some = (x > 0) & (mu > 0) & (mu < jnp.inf)
    log = jnp.log(jnp.where(some, x, 1.0)) - jnp.log(jnp.where(some, mu, 1.0))
    outside = jnp.where((x > 0) & (mu == 0), jnp.inf, x * log + (mu - x))
    return jnp.where(near, inside, outside)


@_deviance.defjvp
def _deviance_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    x, mu = primals
    some = (x > 0) & (mu > 0) & (mu < jnp.inf)
    # No slope where an edge makes it infinite: an impossible value has none.
    slope = jnp.where(some, (mu - x) / jnp.where(some, mu, 1.0), 1.0)
    near = some & (jnp.abs(mu - x) < 0.1 * x)
    close = jnp.log1p(jnp.where(near, (x - mu) / jnp.where(near, mu, 1.0), 0.0))
    apart = jnp.log(jnp.where(some, x, 1.0)) - jnp.log(jnp.where(some, mu, 1.0))
    slope_x = jnp.where(near, close, apart)
    return _deviance(x, mu), slope_x * tangents[0] + slope * tangents[1]


def log_beta_kernel(a: Array, b: Array, x: Array, y: Array) -> Array:
    """Return a log x + b log y - log B(a, b), where y is 1 - x, accurate for large a and b."""
    total = a + b
    rests = gamma_rest(total) - gamma_rest(a) - gamma_rest(b)
    return rests - deviance(a, total * x) - deviance(b, total * y)


def log_choose(n: Array, k: Array, p: Array, q: Array) -> Array:
    """Return log C(n, k) + k log p + (n - k) log q, where q is 1 - p, accurate for large counts."""
    rests = factorial_rest(n) - factorial_rest(k) - factorial_rest(n - k)
    return rests - deviance(k, n * p) - deviance(n - k, n * q)

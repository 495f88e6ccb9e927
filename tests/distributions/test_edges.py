"""Log densities against 60 digits of mpmath where shapes, dispersions and counts are huge or near zero.

A value may be off by 1e-12 (relative, or absolute below 1), or by what the rounding of its arguments by a
few units in the last place changes in it: where a density is that steep, no formula does better.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp

from pmjax.laws import bounded, discrete, positive, real
from pmjax.laws.law import Law
from pmjax.runtime.precision import double_precision

DIGITS = 60
ULPS = 16 * np.finfo(float).eps
SHAPES = (1e-8, 0.3, 7.9, 8.1, 1e3, 1e10, 1e15)
NEAR = (-3.0, -0.01, 0.0, 1.0, 12.0)  # in standard deviations from the mean

lg, log, pi, sqrt, exp = mp.loggamma, mp.log, mp.pi, mp.sqrt, mp.exp


def _log_beta(a: Any, b: Any) -> Any:
    return lg(a) + lg(b) - lg(a + b)


def _log_choose(n: Any, k: Any) -> Any:
    return lg(n + 1) - lg(k + 1) - lg(n - k + 1)


def _t(x: Any, nu: Any, mu: Any, sigma: Any) -> Any:
    norm = lg((nu + 1) / 2) - lg(nu / 2) - log(pi * nu) / 2 - log(sigma)
    return norm - (nu + 1) / 2 * mp.log1p(((x - mu) / sigma) ** 2 / nu)


def _skew_t(x: Any, a: Any, b: Any, mu: Any, sigma: Any) -> Any:
    z = (x - mu) / sigma
    w = z / sqrt(a + b + z * z)
    norm = (a + b - 1) * log(2) + _log_beta(a, b) + log(a + b) / 2 + log(sigma)
    return (a + 0.5) * log(1 + w) + (b + 0.5) * log(1 - w) - norm


def _beta_binomial(x: Any, n: Any, a: Any, b: Any) -> Any:
    return _log_choose(n, x) + _log_beta(x + a, n - x + b) - _log_beta(a, b)


def _binomial(x: Any, n: Any, logit_p: Any) -> Any:
    return _log_choose(n, x) - x * log(1 + exp(-logit_p)) - (n - x) * log(1 + exp(logit_p))


def _negative_binomial(x: Any, mu: Any, alpha: Any) -> Any:
    choose = lg(x + alpha) - lg(x + 1) - lg(alpha)
    return choose - alpha * mp.log1p(mu / alpha) + x * log(mu / (mu + alpha))


def _wald(x: Any, mu: Any, lam: Any, alpha: Any) -> Any:
    y = x - alpha
    return (log(lam / (2 * pi * y**3)) - lam * (y - mu) ** 2 / (mu**2 * y)) / 2


def _hypergeometric(x: Any, good: Any, bad: Any, n: Any) -> Any:
    return _log_choose(good, x) + _log_choose(bad, n - x) - _log_choose(good + bad, n)


def around(mean: float, deviation: float, low: float = 0.0) -> list[float]:
    """Return points near a mean, inside the support."""
    return [x for x in (mean + t * deviation for t in NEAR) if x > low]


def counts(mean: float, deviation: float, most: float = np.inf) -> list[int]:
    """Return whole numbers near a mean, from zero to a largest one."""
    return sorted({int(min(max(round(x), 0), most)) for x in [0, 2, *around(mean, deviation, -1)]})


def gamma_grid() -> list[tuple[float, ...]]:
    return [(x, a, b) for a in SHAPES for b in (1e-8, 1.0, 1e6) for x in around(a / b, a**0.5 / b)]


def inverse_gamma_grid() -> list[tuple[float, ...]]:
    return [(1 / x, a, b) for x, a, b in gamma_grid()]


def beta_grid() -> list[tuple[float, ...]]:
    grid = []
    for a, b in itertools.product(SHAPES, SHAPES):
        mean = a / (a + b)
        grid += [
            (x, a, b) for x in around(mean, (mean * (1 - mean) / (a + b + 1)) ** 0.5) if 0 < x < 1 - 1e-13
        ]
    return [*grid, *((x, a, b) for a in SHAPES for b in SHAPES for x in (1e-8, 0.5))]


def negative_binomial_grid() -> list[tuple[float, ...]]:
    means = (1e-8, 3.0, 1e6, 1e12)
    return [(k, m, a) for a in SHAPES for m in means for k in counts(m, (m + m * m / a) ** 0.5, 4e15)]


def binomial_grid() -> list[tuple[float, ...]]:
    grid = []
    for n, logit in itertools.product((1, 30, 10**6, 10**12, 10**15), (-30.0, -3.0, 0.1, 40.0)):
        p = 1 / (1 + np.exp(-logit))
        grid += [(k, n, logit) for k in counts(n * p, (n * p * (1 - p)) ** 0.5, n)]
    return grid


def beta_binomial_grid() -> list[tuple[float, ...]]:
    shapes = (1e-8, 0.5, 40.0, 1e10, 1e15)
    sizes = (1, 30, 10**9)
    return [
        (k, n, a, b) for n in sizes for a in shapes for b in shapes for k in {0, 1, n // 3, n // 2, n - 1, n}
    ]


HYPERGEOMETRIC = [
    (k, g, b, n)
    for g, b, n in ((10, 40, 20), (10**6, 10**7, 1000), (10**12, 10**12, 30), (10**12, 10**12, 10**11))
    for k in counts(n * g / (g + b), (n * g / (g + b) * b / (g + b)) ** 0.5, min(g, n))
]
FAR = (-1e8, -30.0, -1.5, 1e-8, 0.7, 4.0, 1e3)
POSITIVE = (1e-8, 0.4, 3.0, 1e3)
ANGLES = [(x, 0.3, k) for k in SHAPES for x in (0.3, 0.3 + 1e-8, 0.3 - 2 / k**0.5, 3.0) if abs(x) < np.pi]

SCALES = (1e-8, 1.0, 1e6)
REALS = [(mu + t * s, mu, s) for mu in (-2.0, 1e4) for s in SCALES for t in (-40.0, -1.3, 1e-9, 0.6, 25.0)]
SHARES = (1e-12, 0.01, 0.4, 0.999)


def _normal(x: Any, mu: Any, sigma: Any) -> Any:
    return -(((x - mu) / sigma) ** 2) / 2 - log(2 * pi) / 2 - log(sigma)


def _log_phi(z: Any) -> Any:
    return log(mp.erfc(-z / sqrt(mp.mpf(2))) / 2)


def _logistic(x: Any, mu: Any, s: Any) -> Any:
    z = abs(x - mu) / s
    return -z - log(s) - 2 * mp.log1p(exp(-z))


def _ex_gaussian(x: Any, mu: Any, sigma: Any, nu: Any) -> Any:
    a, b = (x - mu) / sigma, sigma / nu
    return b * (b / 2 - a) + _log_phi(a - b) - log(nu)


def _asymmetric_laplace(x: Any, b: Any, kappa: Any, mu: Any) -> Any:
    z = x - mu
    return log(b / (kappa + 1 / kappa)) - b * (z * kappa if z >= 0 else -z / kappa)


def _truncated_normal(x: Any, mu: Any, sigma: Any, lower: Any, upper: Any) -> Any:
    a, b = ((end - mu) / (sigma * sqrt(mp.mpf(2))) for end in (lower, upper))
    a, b = (-b, -a) if a + b < 0 else (a, b)  # erfc has all digits on the right alone
    return _normal(x, mu, sigma) - log((mp.erfc(a) - mp.erfc(b)) / 2)


def _discrete_weibull(x: Any, q: Any, beta: Any) -> Any:
    return log(q ** (x**beta) - q ** ((x + 1) ** beta))


def _logit_normal(x: Any, mu: Any, sigma: Any) -> Any:
    return _normal(log(x / (1 - x)), mu, sigma) - log(x) - log(1 - x)


# The law, its log density in mpmath, and the points (x, *parameters).
LAWS: dict[str, tuple[Law, Callable[..., Any], list[tuple[float, ...]]]] = {
    "StudentT": (
        real.StudentT(),
        _t,
        [(x, nu, 0.5, s) for x in FAR for nu in SHAPES for s in (1e-3, 1.0, 1e8)],
    ),
    "HalfStudentT": (
        positive.HalfStudentT(),
        lambda x, nu, s: log(2) + _t(x, nu, 0, s),
        [(x, nu, s) for x in POSITIVE for nu in SHAPES for s in (1e-3, 1.0, 1e8)],
    ),
    "SkewStudentT": (
        real.SkewStudentT(),
        _skew_t,
        [(x, a, b, 0.5, 2.0) for x in FAR[1:] for a in SHAPES[1:] for b in SHAPES[1:]],
    ),
    "Gamma": (
        positive.Gamma(),
        lambda x, a, b: a * log(b) - lg(a) + (a - 1) * log(x) - b * x,
        gamma_grid(),
    ),
    "InverseGamma": (
        positive.InverseGamma(),
        lambda x, a, b: a * log(b) - lg(a) - (a + 1) * log(x) - b / x,
        inverse_gamma_grid(),
    ),
    "Beta": (
        bounded.Beta(),
        lambda x, a, b: (a - 1) * log(x) + (b - 1) * log(1 - x) - _log_beta(a, b),
        beta_grid(),
    ),
    "VonMises": (
        bounded.VonMises(),
        lambda x, mu, k: k * mp.cos(x - mu) - log(2 * pi * mp.besseli(0, k)),
        ANGLES,
    ),
    "Wald": (
        positive.Wald(),
        _wald,
        [(x, m, lam, 0.0) for m in POSITIVE for lam in SHAPES for x in around(m, (m**3 / lam) ** 0.5)],
    ),
    "Rice": (
        positive.Rice(),
        lambda x, b, s: log(x / s**2) - ((x / s) ** 2 + b**2) / 2 + log(mp.besseli(0, b * x / s)),
        [(x, b, s) for b in (1e-8, 1.0, 30.0, 1e6) for s in (1e-3, 1.0, 1e6) for x in around(b * s, s)],
    ),
    "Normal": (real.Normal(), _normal, REALS),
    "LogNormal": (
        positive.LogNormal(),
        lambda x, mu, s: _normal(log(x), mu, s) - log(x),
        [
            (x, mu, s)
            for x in (1e-100, *POSITIVE, 1e100)
            for mu in (-3.0, 0.0, 20.0)
            for s in (1e-3, 1.0, 1e3)
        ],
    ),
    "Laplace": (real.Laplace(), lambda x, mu, b: -abs(x - mu) / b - log(2 * b), REALS),
    "AsymmetricLaplace": (
        real.AsymmetricLaplace(),
        _asymmetric_laplace,
        [(x, b, k, 0.5) for x in FAR for b in SCALES for k in (1e-3, 1.0, 40.0)],
    ),
    "Logistic": (real.Logistic(), _logistic, REALS),
    "Gumbel": (
        real.Gumbel(),
        lambda x, mu, b: -(x - mu) / b - exp(-(x - mu) / b) - log(b),
        REALS,
    ),
    "Moyal": (
        real.Moyal(),
        lambda x, mu, s: -((x - mu) / s + exp(-(x - mu) / s)) / 2 - log(2 * pi) / 2 - log(s),
        REALS,
    ),
    "Cauchy": (real.Cauchy(), lambda x, a, b: -log(pi * b) - mp.log1p(((x - a) / b) ** 2), REALS),
    "SkewNormal": (
        real.SkewNormal(),
        lambda x, mu, s, a: log(2) + _normal(x, mu, s) + _log_phi(a * (x - mu) / s),
        [(*point, a) for point in REALS for a in (-30.0, 1e-8, 2.0)],
    ),
    "ExGaussian": (
        real.ExGaussian(),
        _ex_gaussian,
        [
            (x, 0.5, s, nu)
            for x in (-20.0, 0.4, 0.5, 6.0, 90.0)
            for s in (0.01, 1.0, 30.0)
            for nu in (0.02, 1.0, 50.0)
        ],
    ),
    "Exponential": (
        positive.Exponential(),
        lambda x, lam: log(lam) - lam * x,
        [(x, lam) for x in (1e-25, *POSITIVE, 1e30) for lam in SHAPES],
    ),
    "Weibull": (
        positive.Weibull(),
        lambda x, a, b: log(a / b) + (a - 1) * log(x / b) - (x / b) ** a,
        [
            (b * t, a, b)
            for a in (1e-3, 0.3, 1.0, 40.0, 1e6)
            for b in SCALES
            for t in (1e-3, 0.999, 1.0, 1.0001)
        ],
    ),
    "Pareto": (
        positive.Pareto(),
        lambda x, a, m: log(a) + a * log(m) - (a + 1) * log(x),
        [(m * t, a, m) for a in SHAPES for m in SCALES for t in (1.000001, 1.5, 1e10)],
    ),
    "Kumaraswamy": (
        bounded.Kumaraswamy(),
        lambda x, a, b: log(a * b) + (a - 1) * log(x) + (b - 1) * log(1 - x**a),
        [(x, a, b) for x in SHARES for a in (1e-6, 0.3, 1.0, 9.0, 1e4) for b in (1e-8, 1.0, 50.0, 1e8)],
    ),
    "LogitNormal": (
        bounded.LogitNormal(),
        _logit_normal,
        [(x, mu, s) for x in SHARES for mu in (-3.0, 0.0, 12.0) for s in (1e-2, 1.0, 1e3)],
    ),
    "TruncatedNormal": (
        bounded.TruncatedNormal(),
        _truncated_normal,
        [
            (low + t * (high - low), mu, s, low, high)
            for low, high in ((0.0, 1.0), (-1.0, 30.0), (3.0, 3.001))
            for mu in (-8.0, 0.5, 40.0)
            for s in (0.5, 1.0, 1e4)
            for t in (0.1, 0.9)
        ],
    ),
    "Geometric": (
        discrete.Geometric(),
        lambda x, p: log(p) + (x - 1) * mp.log1p(-p),
        [(k, p) for p in SHARES for k in (1, 2, 50, 10**9)],
    ),
    "DiscreteWeibull": (
        discrete.DiscreteWeibull(),
        _discrete_weibull,
        [(k, q, b) for q in (0.01, 0.6, 1 - 1e-9) for b in (0.05, 1.0, 3.0) for k in (0, 1, 7, 300)],
    ),
    "Poisson": (
        discrete.Poisson(),
        lambda x, mu: x * log(mu) - mu - lg(x + 1),
        [(k, m) for m in (1e-8, 0.3, 7.0, 1e3, 1e8, 1e12, 1e15) for k in counts(m, m**0.5)],
    ),
    "NegativeBinomial": (discrete.NegativeBinomial(), _negative_binomial, negative_binomial_grid()),
    "Binomial": (discrete.Binomial(), _binomial, binomial_grid()),
    "BetaBinomial": (discrete.BetaBinomial(), _beta_binomial, beta_binomial_grid()),
    "HyperGeometric": (discrete.HyperGeometric(), _hypergeometric, HYPERGEOMETRIC),
}
laws = pytest.mark.parametrize("name", LAWS)


@functools.cache
def computed(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the log density and its gradient in every argument at each point (NaN for whole numbers)."""
    law, _, grid = LAWS[name]
    columns = [np.array(column) for column in zip(*grid, strict=True)]
    smooth = tuple(i for i, c in enumerate(columns) if c.dtype == float)
    with double_precision():
        arrays = list(map(jnp.asarray, columns))
        value = jax.jit(jax.vmap(law.log_density))(*arrays)
        parts = jax.jit(jax.vmap(jax.grad(law.log_density, smooth)))(*arrays) if smooth else ()
    slopes = np.full((len(grid), len(columns)), np.nan)
    for i, part in zip(smooth, parts, strict=True):
        slopes[:, i] = part
    return np.asarray(value), slopes


@functools.cache
def exact(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log density, its gradient and the diagonal of its Hessian at each point."""
    _, formula, grid = LAWS[name]
    with mp.workdps(DIGITS):
        found = [_derivatives(formula, point) for point in grid]
    value, slope, bend = (np.array(part, float) for part in zip(*found, strict=True))
    return value, slope, bend


def _derivatives(formula: Callable[..., Any], point: tuple[float, ...]) -> tuple[Any, list[Any], list[Any]]:
    at = [mp.mpf(float(c)) if isinstance(c, float) else mp.mpf(int(c)) for c in point]
    here = formula(*at)
    slopes, bends = [], []
    for i, c in enumerate(at):
        if not isinstance(point[i], float):
            slopes.append(mp.nan)
            bends.append(mp.mpf(0))
            continue
        h = (abs(c) or 1) * mp.mpf(10) ** -15
        up, down = (formula(*at[:i], c + sign * h, *at[i + 1 :]) for sign in (1, -1))
        slopes.append((up - down) / (2 * h))
        bends.append((up - 2 * here + down) / h**2)
    return here, slopes, bends


@laws
def test_value_is_that_of_high_precision(name: str) -> None:
    value, (expected, slope, _) = computed(name)[0], exact(name)
    points = np.array(LAWS[name][2], float)
    steepness = np.nansum(np.abs(slope * points), axis=1)
    allowed = 1e-12 * np.maximum(1, np.abs(expected)) + ULPS * steepness
    assert_within(name, value, expected, allowed)


@laws
def test_gradient_is_that_of_high_precision(name: str) -> None:
    """Within 1e-8, or what rounded arguments make of it: a bound by the diagonal of the Hessian."""
    slopes, (_, expected, bend) = computed(name)[1], exact(name)
    root = np.sqrt(np.abs(bend))
    reach = (root * np.abs(np.array(LAWS[name][2], float))).sum(axis=1)
    for i in np.flatnonzero(~np.isnan(expected).all(axis=0)):
        allowed = 1e-8 * np.maximum(1, np.abs(expected[:, i])) + ULPS * root[:, i] * reach
        assert_within(f"{name}, argument {i}", slopes[:, i], expected[:, i], allowed)


def assert_within(name: str, found: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> None:
    law = name.split(",")[0]
    wrong = ~(np.abs(found - expected) <= allowed)
    lines = [f"{LAWS[law][2][i]}: {found[i]!r}, not {expected[i]!r}" for i in np.flatnonzero(wrong)]
    assert not lines, f"{name}: {len(lines)} of {len(found)}\n" + "\n".join(lines[:12])


def test_unbounded_shapes_give_the_limit() -> None:
    with double_precision():
        negative_binomial = discrete.NegativeBinomial().log_density(2, 3.0, 1e15)
        student = real.StudentT().log_density(1.5, 1e15, 0.0, 1.0)
        poisson = discrete.Poisson().log_density(2, 3.0)
        normal = real.Normal().log_density(1.5, 0.0, 1.0)
    np.testing.assert_allclose([negative_binomial, student], [poisson, normal], rtol=1e-13)


LARGE = {
    "Poisson": (discrete.Poisson(), (1e12,), 1e12, 1e6),
    "Binomial": (discrete.Binomial(), (1e12, -1.0), 1e12 / (1 + np.e), (1e12 * np.e) ** 0.5 / (1 + np.e)),
    "NegativeBinomial": (discrete.NegativeBinomial(), (1e12, 1e6), 1e12, (1e12 + 1e18) ** 0.5),
    "NegativeBinomial, limit": (discrete.NegativeBinomial(), (1e12, 1e15), 1e12, (1e12 + 1e9) ** 0.5),
}


@pytest.mark.parametrize(("law", "params", "mean", "deviation"), LARGE.values(), ids=LARGE)
def test_draws_of_large_counts(law: Law, params: tuple[float, ...], mean: float, deviation: float) -> None:
    """The mean and deviation of 4000 draws lie within five standard errors."""
    number = 4000
    with double_precision():
        draws = np.asarray(law.draw(jax.random.key(7), (number,), *map(jnp.asarray, params)), float)
    z = (draws - mean) / deviation
    assert abs(z.mean()) < 5 / number**0.5
    assert abs(z.std() - 1) < 5 / (2 * number) ** 0.5

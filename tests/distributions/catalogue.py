"""One named example per line drives every conformance test; a new distribution costs one line here.

An example is a distribution, the parameters a user writes, and SciPy's frozen counterpart. The points at
which they are compared follow from the counterpart: quantiles, the edges of the support, and beyond them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from mpmath import mp
from scipy import optimize, special, stats

from pmjax import distributions as d
from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.laws.support import PACKED_FACTOR
from pmjax.model.family import Family
from pmjax.model.spec import distribution_of
from pmjax.runtime.precision import double_precision
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.of_support import bijector_of

QUANTILES = np.array([1e-9, 1e-4, 0.03, 0.2, 0.47, 0.7, 0.95, 0.9999, 1 - 1e-9])
POINTS = 40  # at least as many as any example has
FAR = np.array([1e-300, 1e-12, 1e3, 1e8, 1e60])


@dataclass(frozen=True)
class Half:
    """The absolute value of a symmetric SciPy variable."""

    whole: Any

    def support(self) -> tuple[float, float]:
        return 0.0, np.inf

    def ppf(self, q: Any) -> Any:
        return self.whole.ppf((1 + q) / 2)

    def cdf(self, x: Any) -> Any:
        return 2 * self.whole.cdf(x) - 1

    def logpdf(self, x: Any) -> Any:
        return np.where(np.asarray(x) >= 0, np.log(2) + self.whole.logpdf(x), -np.inf)


@dataclass(frozen=True)
class Improper:
    """Density one above a bound."""

    lower: float

    def support(self) -> tuple[float, float]:
        return self.lower, np.inf

    def ppf(self, q: Any) -> Any:
        return stats.norm.isf(1 - q) if np.isinf(self.lower) else self.lower + stats.expon.ppf(q)

    def logpdf(self, x: Any) -> Any:
        return np.where(np.asarray(x) >= self.lower, 0.0, -np.inf)


@dataclass(frozen=True)
class ByCdf:
    """A variable given by its distribution function, log density and interval, where SciPy has none."""

    cdf: Callable[[Any], Any]
    log_density: Callable[[Any], Any]
    interval: tuple[float, float]
    quantile: Callable[[Any], Any] | None = None

    def support(self) -> tuple[float, float]:
        return self.interval

    def ppf(self, q: Any) -> Any:
        if self.quantile is not None:
            return self.quantile(np.asarray(q))
        low, high = self.interval
        high = high if np.isfinite(high) else 50.0
        found = [optimize.brentq(lambda x, q=q: self.cdf(x) - q, low + 1e-9, high) for q in np.ravel(q)]
        return np.array(found).reshape(np.shape(q))

    def logpdf(self, x: Any) -> Any:
        low, high = self.interval
        with np.errstate(all="ignore"):
            return np.where((np.asarray(x) >= low) & (np.asarray(x) <= high), self.log_density(x), -np.inf)

    logpmf = logpdf


_X, _PDF = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.5, 1.0, 3.0, 1.0]) / 6.75
_CDF = np.concatenate([[0.0], np.cumsum(np.diff(_X) * (_PDF[1:] + _PDF[:-1]) / 2)])
INTERPOLATED = ByCdf(
    lambda x: np.array(
        [np.trapezoid(np.interp(g, _X, _PDF), g) for g in (np.linspace(0, v, 20001) for v in np.ravel(x))]
    ).reshape(np.shape(x)),
    lambda x: np.log(np.interp(x, _X, _PDF)),
    (0.0, 4.0),
)


def _log_skew_t(x: Any) -> Any:
    """Jones & Faddy's density with a = 2, b = 3, with s - z = (a + b) / (s + z) for s² = a + b + z²."""
    z = (np.asarray(x, float) - 1) / 2
    s = np.sqrt(5 + z * z)
    log_plus = np.where(z > 0, np.log(s + np.abs(z)), np.log(5) - np.log(s + np.abs(z))) - np.log(s)
    log_minus = np.where(z > 0, np.log(5) - np.log(s + np.abs(z)), np.log(s + np.abs(z))) - np.log(s)
    return 2.5 * log_plus + 3.5 * log_minus - np.log(2**4 * special.beta(2, 3) * np.sqrt(5) * 2)


_JF = stats.jf_skew_t(2, 3, 1, 2)
SKEW_T = ByCdf(_JF.cdf, _log_skew_t, (-np.inf, np.inf), _JF.ppf)
KUMARASWAMY = ByCdf(
    lambda x: 1 - (1 - x**2.0) ** 3.0,
    lambda x: np.log(6.0) + special.xlogy(1.0, x) + special.xlog1py(2.0, -(x**2.0)),
    (0.0, 1.0),
    lambda q: (1 - (1 - q) ** (1 / 3.0)) ** 0.5,
)
LOGIT_NORMAL = ByCdf(
    lambda x: stats.norm(0.3, 0.7).cdf(special.logit(x)),
    lambda x: stats.norm(0.3, 0.7).logpdf(special.logit(x)) - np.log(x) - np.log1p(-x),
    (0.0, 1.0),
    lambda q: special.expit(stats.norm(0.3, 0.7).ppf(q)),
)
DISCRETE_WEIBULL = ByCdf(
    lambda x: 1 - 0.7 ** ((np.floor(x) + 1) ** 0.8),
    lambda x: np.log(0.7 ** (np.asarray(x) ** 0.8) - 0.7 ** ((np.asarray(x) + 1) ** 0.8)),
    (0, np.inf),
    lambda q: np.maximum(np.ceil((np.log1p(-q) / np.log(0.7)) ** (1 / 0.8)) - 1, 0),
)


def _log_polya_gamma(x: float, h: float = 1.5, z: float = 0.8) -> float:
    """Return the log density as the alternating sum of inverse Gaussian ones, where 150 terms suffice."""
    if not 1e-3 < x < 20:
        return np.nan
    with mp.workdps(90):
        x, total = mp.mpf(float(x)), mp.mpf(0)
        for n in range(150):
            d = n + mp.mpf(h) / 2
            weight = (-1) ** n * mp.gamma(n + h) / mp.factorial(n)
            total += weight * d * mp.exp(-d * d / (2 * x) - z * z * x / 2)
        scale = (2 * mp.cosh(mp.mpf(z) / 2)) ** h / mp.gamma(h)
        return float(mp.log(scale * total / mp.sqrt(2 * mp.pi * x**3)))


def _polya_gamma_cdf(x: Any, h: float = 1.5, z: float = 0.8) -> Any:
    n, x = np.arange(80), np.asarray(x, float)[..., None]
    d, root = n + h / 2, np.sqrt(2 * x)
    weight = (-1.0) ** n * np.exp(special.gammaln(n + h) - special.gammaln(n + 1) - special.gammaln(h))
    below, above = (np.exp(s * z * d) * special.erfc((d + s * z * x) / root) for s in (-1, 1))
    return (2 * np.cosh(z / 2)) ** h * (weight * (below + above) / 2).sum(axis=-1)


POLYA_GAMMA = ByCdf(_polya_gamma_cdf, np.vectorize(_log_polya_gamma, otypes=[float]), (0.0, np.inf))


def _mixed(weights: list[float], parts: list[Any]) -> ByCdf:
    """Return a mixture of SciPy's variables."""
    discrete = hasattr(parts[0].dist, "pmf")

    def cdf(x: Any) -> Any:
        return sum(w * part.cdf(x) for w, part in zip(weights, parts, strict=True))

    def log_density(x: Any) -> Any:
        logs = [getattr(part, "logpmf" if discrete else "logpdf")(x) for part in parts]
        return special.logsumexp(logs, axis=0, b=np.reshape(weights, (-1, *(1,) * np.ndim(x))))

    def smallest(q: Any) -> Any:
        ends = [float(part.ppf(q)) for part in parts]  # the quantile of a mixture is between the components'
        if discrete:
            grid = np.arange(min(ends), max(ends) + 1)
            return grid[np.searchsorted(cdf(grid), q * (1 - 1e-15))]
        return optimize.brentq(lambda x: cdf(x) - q, min(ends) - 1e-9, max(ends) + 1e-9, xtol=1e-14)

    low, high = zip(*(part.support() for part in parts), strict=True)
    return ByCdf(cdf, log_density, (min(low), max(high)), np.vectorize(smallest))


def _zeros(psi: float, part: Any, *, hurdle: bool = False) -> ByCdf:
    """Return a SciPy variable of counts with more or fewer zeros."""
    zero = part.pmf(0)
    scale = psi / (1 - zero) if hurdle else psi
    at_zero = 1 - psi if hurdle else 1 - psi + psi * zero
    counts = np.arange(2000)
    mass = np.where(counts == 0, at_zero, scale * part.pmf(counts))
    cdf = np.cumsum(mass)
    return ByCdf(
        lambda x: cdf[np.asarray(x, int)],
        lambda x: np.where(np.asarray(x) == 0, np.log(at_zero), np.log(scale) + part.logpmf(x)),
        part.support(),
        lambda q: counts[np.searchsorted(cdf, np.minimum(q, cdf[-1]) * (1 - 1e-15))],
    )


@dataclass(frozen=True)
class MarkovChain:
    """A discrete Markov chain of three steps, by its paths."""

    first: np.ndarray
    then: np.ndarray

    def rvs(self, size: int, random_state: int) -> np.ndarray:
        rng, paths = np.random.default_rng(random_state), np.array(list(np.ndindex(3, 3, 3)))
        return paths[rng.choice(len(paths), size, p=np.exp([self.logpmf(path) for path in paths]))]

    def logpmf(self, path: np.ndarray) -> float:
        a, b, c = path
        return float(np.log(self.first[a] * self.then[a, b] * self.then[b, c]))


@dataclass(frozen=True)
class Simulated:
    """A variable given by its log density and by draws of it, made with NumPy."""

    logpdf: Callable[[np.ndarray], Any]
    simulate: Callable[[np.random.Generator, int], np.ndarray]

    def rvs(self, size: int, random_state: int) -> np.ndarray:
        return self.simulate(np.random.default_rng(random_state), size)

    logpmf = property(lambda self: self.logpdf)


@dataclass(frozen=True)
class Intrinsic(Simulated):
    """An improper variable given by its log density, and points to compare it at."""


def correlated_pairs(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return rows (sqrt(1 - r²), r) of uniform correlations r, which LKJ with eta 1 gives two variables."""
    r = rng.uniform(-1, 1, size)
    return np.stack([np.sqrt(1 - r**2), r], axis=-1)


def _factors(rng: np.random.Generator, size: int) -> np.ndarray:
    k, r = correlated_pairs(rng, size).T
    return np.stack([np.stack([np.ones(size), np.zeros(size)], -1), np.stack([r, k], -1)], axis=-2)


def _packed(rng: np.random.Generator, size: int) -> np.ndarray:
    (s, t), (k, r) = rng.exponential(1 / 1.5, (2, size)), correlated_pairs(rng, size).T
    return np.stack([s, t * r, t * k], axis=-1)


def _log_packed(x: np.ndarray) -> float:
    # r = x_1 / t with t² = x_1² + x_2² and density 1/2; (r, t) -> (x_1, x_2) has the Jacobian t² / x_2.
    t = np.hypot(x[1], x[2])
    return float(np.log(0.5) + stats.expon(scale=1 / 1.5).logpdf([x[0], t]).sum() + np.log(x[2] / t**2))


LKJ_FACTOR = Simulated(lambda x: np.log(0.5), _factors)
LKJ_PACKED = Simulated(_log_packed, _packed)
ZERO_SUM = Simulated(
    lambda x: stats.norm(0, 2).logpdf(x).sum() - stats.norm(0, 2).logpdf(0),
    lambda rng, size: (x := rng.normal(0, 2, (size, 3))) - x.mean(axis=1, keepdims=True),
)


def _sticks(rng: np.random.Generator, size: int) -> np.ndarray:
    v, w = rng.beta(1, 1.5, (2, size))
    return np.stack([v, (1 - v) * w, (1 - v) * (1 - w)], axis=-1)


def _log_sticks(x: np.ndarray) -> float:
    shares = stats.beta(1, 1.5).logpdf([x[0], x[1] / (1 - x[0])])
    return float(shares.sum() - np.log(1 - x[0]))


_PATH = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])  # three places in a row
_PULL = stats.multivariate_normal(
    [1.0, -2.0, 0.5], np.linalg.inv(2.0 * (np.diag([1.0, 2.0, 1.0]) - 0.5 * _PATH))
)
STICKS = Simulated(_log_sticks, _sticks)
CAR = Simulated(
    lambda x: _PULL.logpdf(x) + 1.5 * np.log(2 * np.pi) - 0.5 * np.log(2.0),
    lambda rng, size: _PULL.rvs(size, random_state=rng),
)
_ROWS, _COLUMNS = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[1.0, -0.4], [-0.4, 0.8]])
_KRON = stats.multivariate_normal([1.0, -2.0, 0.5, 0.0], np.kron(_ROWS, _COLUMNS) + 0.7**2 * np.eye(4))
KRONECKER = Simulated(_KRON.logpdf, lambda rng, size: _KRON.rvs(size, random_state=rng))
ICAR = Intrinsic(
    lambda x: -0.5 * (np.diff(x) ** 2).sum() / 1.5**2 + stats.norm(0, 0.2 * 3).logpdf(x.sum()),
    lambda rng, size: rng.normal(size=(size, 3)),
)


def _log_walk(x: np.ndarray) -> float:
    return float(stats.norm(1, 2).logpdf(x[0]) + stats.norm(0.3, 0.5).logpdf(np.diff(x)).sum())


def _log_vector_walk(x: np.ndarray) -> float:
    steps = stats.multivariate_normal([0.5, -0.5], _COV[:2, :2]).logpdf(np.diff(x, axis=0))
    return float(stats.norm(1, 2).logpdf(x[0]).sum() + np.sum(steps))


def _vector_walk(rng: np.random.Generator, size: int) -> np.ndarray:
    steps = rng.multivariate_normal([0.5, -0.5], _COV[:2, :2], (size, 2))
    return np.cumsum(np.concatenate([rng.normal(1, 2, (size, 1, 2)), steps], axis=1), axis=1)


def _log_autoregression(x: np.ndarray) -> float:
    means = 1.0 + 0.5 * x[1:-1] - 0.3 * x[:-2]
    return float(stats.norm(1, 2).logpdf(x[:2]).sum() + stats.norm(means, 0.5).logpdf(x[2:]).sum())


def _autoregression(rng: np.random.Generator, size: int) -> np.ndarray:
    a, b = rng.normal(1, 2, (2, size))
    c = 1.0 + 0.5 * b - 0.3 * a + rng.normal(0, 0.5, size)
    return np.stack([a, b, c, 1.0 + 0.5 * c - 0.3 * b + rng.normal(0, 0.5, size)], axis=-1)


def _garch_deviations(x: np.ndarray) -> list[Any]:
    first = 0.7
    second = np.sqrt(0.5 + 0.3 * x[0] ** 2 + 0.4 * first**2)
    return [first, second, np.sqrt(0.5 + 0.3 * x[1] ** 2 + 0.4 * second**2)]


def _garch(rng: np.random.Generator, size: int) -> np.ndarray:
    x = rng.normal(0, 1, (3, size))
    for t in range(3):
        x[t] *= _garch_deviations(x)[t]  # those up to t depend on earlier values alone
    return x.T


WALK = Simulated(
    _log_walk,
    lambda rng, size: np.cumsum(np.c_[rng.normal(1, 2, size), rng.normal(0.3, 0.5, (size, 2))], axis=1),
)
LAPLACE_WALK = Simulated(
    lambda x: stats.norm(1, 2).logpdf(x[0]) + stats.laplace(0.3, 0.5).logpdf(np.diff(x)).sum(),
    lambda rng, size: np.cumsum(np.c_[rng.normal(1, 2, size), rng.laplace(0.3, 0.5, (size, 2))], axis=1),
)
T_WALK = Simulated(
    lambda x: (
        stats.norm(1, 2).logpdf(x[0]).sum()
        + np.sum(stats.multivariate_t([0.5, -0.5], _COV[:2, :2], df=4).logpdf(np.diff(x, axis=0)))
    ),
    lambda rng, size: np.cumsum(
        np.concatenate(
            [
                rng.normal(1, 2, (size, 1, 2)),
                stats.multivariate_t([0.5, -0.5], _COV[:2, :2], df=4).rvs((size, 2), random_state=rng),
            ],
            axis=1,
        ),
        axis=1,
    ),
)


def _decay(x: Any, rate: Any, spread: Any) -> tuple[Any, Any]:
    return -rate * x, spread


DECAY = Simulated(
    lambda x: float(
        stats.norm(1, 2).logpdf(x[0]) + stats.norm(0.6 * x[:-1], 0.7 * 0.2**0.5).logpdf(x[1:]).sum()
    ),
    lambda rng, size: np.stack(
        [a := rng.normal(1, 2, size), 0.6 * a + rng.normal(0, 0.7 * 0.2**0.5, size)], axis=-1
    ),
)
GARCH = Simulated(lambda x: stats.norm(0, _garch_deviations(x)).logpdf(x).sum(), _garch)


@dataclass(frozen=True, eq=False)
class Example:
    """A distribution at given parameters, and what SciPy says about it."""

    family: Family
    params: dict[str, Any]
    scipy: Any

    @property
    def law(self) -> Law:
        return distribution_of(self.variable)

    @functools.cached_property
    def variable(self) -> Variable:
        return self.family.dist(**self.params)

    @functools.cached_property
    def values(self) -> list[np.ndarray]:
        """The canonical parameters: floating numbers (or integers for a count)."""
        found = evaluate_host(self.variable.inputs, {})
        counts = {"n", "lower", "upper", "good", "bad", "c"} if self.law.discrete else set()
        whole = counts | {"left", "right"}
        return [np.asarray(v, int if n in whole else float) for n, v in zip(self.names, found, strict=True)]

    @property
    def names(self) -> tuple[str, ...]:
        return self.law.param_names

    @property
    def is_vector(self) -> bool:
        return self.law.event_ndim > 0

    @property
    def bijector(self) -> Bijector | None:
        return bijector_of(self.law, self.variable.inputs)

    @functools.cached_property
    def inside(self) -> np.ndarray:
        """Points where the density is positive."""
        if self.is_vector:
            return np.asarray(self.scipy.rvs(6, random_state=1))
        points = np.unique(self.scipy.ppf(QUANTILES))
        if self.law.discrete:
            return points.astype("int64")
        low, high = self.scipy.support()
        return points[(points > low) & (points < high)]

    @functools.cached_property
    def middle(self) -> np.ndarray:
        """Points away from every edge, where a finite difference makes sense."""
        if self.is_vector:
            return self.inside
        return np.unique(self.scipy.ppf(QUANTILES[2:-2])).astype(self.inside.dtype)

    @functools.cached_property
    def edge(self) -> np.ndarray:
        """The ends of the support, and points far out in it."""
        if self.law.event_ndim > 1 or self.law.support is PACKED_FACTOR:  # their edges are singular
            return self.inside[:0]
        if self.is_vector:
            vertex = np.eye(self.inside.shape[1])
            if self.law.discrete:
                return (vertex * self.inside.sum(axis=1).max()).astype(int)
            return vertex if self.bijector else 1e6 * vertex
        low, high = self.scipy.support()
        ends = np.array([low, high, *(low + FAR), *(high - FAR), *FAR, *-FAR])
        kept = ends[np.isfinite(ends) & (ends >= low) & (ends <= high)]
        return np.unique(kept[np.abs(kept) < 1e9]).astype("int64") if self.law.discrete else np.unique(kept)

    @functools.cached_property
    def outside(self) -> np.ndarray:
        """Points where the density is zero."""
        if self.is_vector:
            return self.inside[:0]
        low, high = self.scipy.support()
        beyond = np.array([low - 1, low - 1e5, high + 1, high + 1e5])
        return beyond[np.isfinite(beyond)].astype(self.inside.dtype)

    def log_density_of_scipy(self, x: np.ndarray) -> np.ndarray:
        log = getattr(self.scipy, "logpmf" if self.law.discrete else "logpdf")
        return np.array([log(point) for point in x], float).reshape(len(x))

    @property
    def differentiable(self) -> tuple[int, ...]:
        """Which arguments of (x, *parameters) have a gradient."""
        smooth = (i + 1 for i, v in enumerate(self.values) if v.dtype == float and np.isfinite(v).all())
        return tuple(smooth) if self.law.discrete else (0, *smooth)

    def evaluate(
        self, points: np.ndarray, *params: np.ndarray, double: bool = True
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the log density at each point and its gradients by name of the argument."""
        padded = np.resize(points, (POINTS, *points.shape[1:]))  # one shape, one compilation
        with double_precision(double):
            value, grads = value_and_grads(self.law, self.differentiable)(padded, *map(jnp.asarray, params))
        labels = [("x", *self.names)[i] for i in self.differentiable]
        cut = slice(len(points))
        found = {label: np.asarray(g)[cut] for label, g in zip(labels, grads, strict=True)}
        return np.asarray(value)[cut], found


@functools.cache
def value_and_grads(law: Law, wanted: tuple[int, ...]) -> Callable[..., Any]:
    """Return one compiled function of (points, parameters), which examples of a distribution share."""

    def each(x: Any, *params: Any) -> Any:
        if not wanted:
            return law.log_density(x, *params), ()
        return jax.value_and_grad(law.log_density, wanted)(x, *params)

    return jax.jit(lambda points, *params: jax.vmap(lambda x: each(x, *params))(points))


_COV = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
_MU = np.array([1.0, -2.0, 0.5])
truncnorm = stats.truncnorm
_N = {"mu": 1.0, "sigma": 2.0}
_P3 = np.array([0.2, 0.5, 0.3])
_P33 = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4]])

_STEP = {
    "mu": np.array([0.5, -0.5]),
    "init_dist": d.MvNormal.dist(np.ones(2), cov=4.0 * np.eye(2)),
    "steps": 2,
}

# fmt: off
EXAMPLES = {
    "normal": Example(d.Normal, {"mu": 1.0, "sigma": 2.0}, stats.norm(1, 2)),
    "normal, narrow": Example(d.Normal, {"mu": -3.0, "tau": 1e4}, stats.norm(-3, 0.01)),
    "half normal": Example(d.HalfNormal, {"sigma": 2.0}, stats.halfnorm(scale=2)),
    "half Cauchy": Example(d.HalfCauchy, {"beta": 2.0}, stats.halfcauchy(scale=2)),
    "Cauchy": Example(d.Cauchy, {"alpha": 1.0, "beta": 2.0}, stats.cauchy(1, 2)),
    "t": Example(d.StudentT, {"nu": 4.0, "mu": 1.0, "sigma": 2.0}, stats.t(4, 1, 2)),
    "t, heavy": Example(d.StudentT, {"nu": 0.7, "lam": 4.0}, stats.t(0.7, 0, 0.5)),
    "half t": Example(d.HalfStudentT, {"nu": 4.0, "sigma": 2.0}, Half(stats.t(4, scale=2))),
    "uniform": Example(d.Uniform, {"lower": -1.0, "upper": 3.0}, stats.uniform(-1, 4)),
    "beta": Example(d.Beta, {"alpha": 2.0, "beta": 3.5}, stats.beta(2, 3.5)),
    "beta, flat": Example(d.Beta, {"alpha": 1.0, "beta": 1.0}, stats.beta(1, 1)),
    "beta, u-shaped": Example(d.Beta, {"alpha": 0.5, "beta": 0.4}, stats.beta(0.5, 0.4)),
    "gamma": Example(d.Gamma, {"alpha": 2.5, "beta": 1.5}, stats.gamma(2.5, scale=1 / 1.5)),
    "gamma, exponential": Example(d.Gamma, {"alpha": 1.0, "beta": 2.0}, stats.gamma(1, scale=0.5)),
    "gamma, peaked at 0": Example(d.Gamma, {"alpha": 0.3, "beta": 1.0}, stats.gamma(0.3)),
    "inverse gamma": Example(d.InverseGamma, {"alpha": 3.0, "beta": 2.0}, stats.invgamma(3, scale=2)),
    "exponential": Example(d.Exponential, {"lam": 0.5}, stats.expon(scale=2)),
    "log-normal": Example(d.LogNormal, {"mu": 0.5, "sigma": 0.7}, stats.lognorm(0.7, scale=np.exp(0.5))),
    "Laplace": Example(d.Laplace, {"mu": 1.0, "b": 2.0}, stats.laplace(1, 2)),
    "logistic": Example(d.Logistic, {"mu": 1.0, "s": 2.0}, stats.logistic(1, 2)),
    "truncated": Example(d.TruncatedNormal, {**_N, "lower": -1.0, "upper": 4.0}, truncnorm(-1, 1.5, 1, 2)),
    "truncated, below": Example(d.TruncatedNormal, {**_N, "lower": 0.0}, truncnorm(-0.5, np.inf, 1, 2)),
    "truncated, above": Example(d.TruncatedNormal, {**_N, "upper": 0.0}, truncnorm(-np.inf, -0.5, 1, 2)),
    "truncated, far tail": Example(d.TruncatedNormal, {"lower": 9.0}, truncnorm(9, np.inf)),
    "truncated, whole": Example(d.TruncatedNormal, {"mu": 1.0}, stats.norm(1)),
    "asymmetric Laplace": Example(
        d.AsymmetricLaplace, {"kappa": 1.5, "mu": 0.3, "b": 2.0}, stats.laplace_asymmetric(1.5, 0.3, 0.5)
    ),
    "ex-Gaussian": Example(
        d.ExGaussian, {"mu": 0.5, "sigma": 1.2, "nu": 2.0}, stats.exponnorm(2 / 1.2, 0.5, 1.2)
    ),
    "Gumbel": Example(d.Gumbel, {"mu": 1.0, "beta": 2.0}, stats.gumbel_r(1, 2)),
    "Moyal": Example(d.Moyal, {"mu": 1.0, "sigma": 2.0}, stats.moyal(1, 2)),
    "skew normal": Example(d.SkewNormal, {**_N, "alpha": 3.0}, stats.skewnorm(3, 1, 2)),
    "skew t": Example(d.SkewStudentT, {"a": 2.0, "b": 3.0, **_N}, SKEW_T),
    "Kumaraswamy": Example(d.Kumaraswamy, {"a": 2.0, "b": 3.0}, KUMARASWAMY),
    "logit-normal": Example(d.LogitNormal, {"mu": 0.3, "sigma": 0.7}, LOGIT_NORMAL),
    "triangular": Example(d.Triangular, {"lower": 0.0, "c": 0.3, "upper": 1.0}, stats.triang(0.3)),
    "von Mises": Example(d.VonMises, {"mu": 0.0, "kappa": 2.0}, stats.vonmises_line(2.0)),
    "interpolated": Example(d.Interpolated, {"x_points": _X, "pdf_points": _PDF}, INTERPOLATED),
    "chi-squared": Example(d.ChiSquared, {"nu": 3.0}, stats.chi2(3)),
    "Pareto": Example(d.Pareto, {"alpha": 2.5, "m": 1.5}, stats.pareto(2.5, scale=1.5)),
    "Rice": Example(d.Rice, {"nu": 3.0, "sigma": 1.5}, stats.rice(2, scale=1.5)),
    "Wald": Example(d.Wald, {"mu": 2.0, "lam": 3.0}, stats.invgauss(2 / 3, scale=3)),
    "Weibull": Example(d.Weibull, {"alpha": 1.5, "beta": 2.0}, stats.weibull_min(1.5, scale=2)),
    "log-normal, alias": Example(d.Lognormal, {"sigma": 0.7}, stats.lognorm(0.7)),
    "flat": Example(d.Flat, {}, Improper(-np.inf)),
    "half flat": Example(d.HalfFlat, {}, Improper(0.0)),
    "Polya-Gamma": Example(d.PolyaGamma, {"h": 1.5, "z": 0.8}, POLYA_GAMMA),
    "multi-normal": Example(d.MvNormal, {"mu": _MU, "cov": _COV}, stats.multivariate_normal(_MU, _COV)),
    "multi-t": Example(
        d.MvStudentT, {"nu": 4.0, "mu": _MU, "scale": _COV}, stats.multivariate_t(_MU, _COV, df=4)
    ),
    "zero sum": Example(d.ZeroSumNormal, {"sigma": 2.0, "shape": 3}, ZERO_SUM),
    "stick breaking": Example(d.StickBreakingWeights, {"alpha": 1.5, "K": 2}, STICKS),
    "autoregression": Example(d.CAR, {"mu": _MU, "W": _PATH, "alpha": 0.5, "tau": 2.0}, CAR),
    "intrinsic autoregression": Example(d.ICAR, {"W": _PATH, "sigma": 1.5, "zero_sum_stdev": 0.2}, ICAR),
    "matrix normal": Example(
        d.MatrixNormal,
        {"mu": np.array([[1.0, 0.0], [-1.0, 2.0]]), "rowcov": _ROWS, "colcov": _COLUMNS},
        stats.matrix_normal([[1.0, 0.0], [-1.0, 2.0]], _ROWS, _COLUMNS),
    ),
    "Kronecker": Example(
        d.KroneckerNormal,
        {"mu": [1.0, -2.0, 0.5, 0.0], "covs": [_ROWS, _COLUMNS], "sigma": 0.7},
        KRONECKER,
    ),
    "Wishart": Example(d.Wishart, {"nu": 4.0, "V": _ROWS}, stats.wishart(4, _ROWS)),
    "LKJ": Example(d.LKJCorr, {"n": 2, "eta": 1.0}, LKJ_FACTOR),
    "LKJ covariance": Example(
        d.LKJCholeskyCov,
        {"eta": 1.0, "n": 2, "sd_dist": d.Exponential.dist(1.5), "compute_corr": False},
        LKJ_PACKED,
    ),
    "multinomial": Example(d.Multinomial, {"n": 9, "p": _P3}, stats.multinomial(9, _P3)),
    "Dirichlet-multinomial": Example(
        d.DirichletMultinomial,
        {"n": 9, "a": np.array([2.0, 0.7, 3.0])},
        Simulated(
            lambda x: stats.dirichlet_multinomial([2.0, 0.7, 3.0], 9).logpmf(x),
            lambda rng, size: rng.multinomial(9, rng.dirichlet([2.0, 0.7, 3.0], size)),
        ),
    ),
    "ordered multinomial": Example(
        d.OrderedMultinomial,
        {"eta": 0.4, "cutpoints": np.array([-1.0, 0.5]), "n": 9},
        stats.multinomial(9, np.diff([0.0, *special.expit([-1.4, 0.1]), 1.0])),
    ),
    "Dirichlet": Example(d.Dirichlet, {"a": np.array([2.0, 0.7, 3.0])}, stats.dirichlet([2, 0.7, 3])),
    "Dirichlet, flat": Example(d.Dirichlet, {"a": np.ones(3)}, stats.dirichlet([1, 1, 1])),
    "Bernoulli": Example(d.Bernoulli, {"p": 0.3}, stats.bernoulli(0.3)),
    "binomial": Example(d.Binomial, {"n": 10, "p": 0.3}, stats.binom(10, 0.3)),
    "binomial, many": Example(d.Binomial, {"n": 5000, "logit_p": -4.0}, stats.binom(5000, special.expit(-4))),
    "discrete uniform": Example(d.DiscreteUniform, {"lower": -2, "upper": 5}, stats.randint(-2, 6)),
    "Poisson": Example(d.Poisson, {"mu": 3.5}, stats.poisson(3.5)),
    "Poisson, large": Example(d.Poisson, {"mu": 2000.0}, stats.poisson(2000)),
    "negative binomial": Example(d.NegativeBinomial, {"mu": 3.0, "alpha": 1.5}, stats.nbinom(1.5, 1.5 / 4.5)),
    "geometric": Example(d.Geometric, {"p": 0.3}, stats.geom(0.3)),
    "discrete Weibull": Example(d.DiscreteWeibull, {"q": 0.7, "beta": 0.8}, DISCRETE_WEIBULL),
    "beta-binomial": Example(d.BetaBinomial, {"alpha": 2.0, "beta": 3.0, "n": 8}, stats.betabinom(8, 2, 3)),
    "hypergeometric": Example(d.HyperGeometric, {"N": 50, "k": 10, "n": 20}, stats.hypergeom(50, 10, 20)),
    "Dirac": Example(d.DiracDelta, {"c": 3}, stats.rv_discrete(values=([3], [1.0]))),
    "mixture": Example(
        d.Mixture,
        {"w": [0.3, 0.7], "comp_dists": [d.Normal.dist(-1.0, 0.5), d.StudentT.dist(4.0, 2.0, 1.5)]},
        _mixed([0.3, 0.7], [stats.norm(-1, 0.5), stats.t(4, 2, 1.5)]),
    ),
    "mixture, positive": Example(
        d.Mixture,
        {"w": [0.4, 0.6], "comp_dists": d.Gamma.dist(np.array([2.0, 5.0]), 1.5)},
        _mixed([0.4, 0.6], [stats.gamma(2, scale=1 / 1.5), stats.gamma(5, scale=1 / 1.5)]),
    ),
    "mixture, of counts": Example(
        d.Mixture,
        {"w": [0.4, 0.6], "comp_dists": [d.Poisson.dist(3.0), d.Geometric.dist(0.2)]},
        _mixed([0.4, 0.6], [stats.poisson(3), stats.geom(0.2)]),
    ),
    "mixture of normals": Example(
        d.NormalMixture,
        {"w": [0.2, 0.8], "mu": [-2.0, 1.0], "sigma": [0.5, 2.0]},
        _mixed([0.2, 0.8], [stats.norm(-2, 0.5), stats.norm(1, 2)]),
    ),
    "zero-inflated Poisson": Example(
        d.ZeroInflatedPoisson, {"psi": 0.7, "mu": 3.0}, _zeros(0.7, stats.poisson(3))
    ),
    "zero-inflated binomial": Example(
        d.ZeroInflatedBinomial, {"psi": 0.7, "n": 10, "p": 0.3}, _zeros(0.7, stats.binom(10, 0.3))
    ),
    "zero-inflated negative binomial": Example(
        d.ZeroInflatedNegativeBinomial,
        {"psi": 0.7, "mu": 3.0, "alpha": 1.5},
        _zeros(0.7, stats.nbinom(1.5, 1.5 / 4.5)),
    ),
    "hurdle Poisson": Example(
        d.HurdlePoisson, {"psi": 0.7, "mu": 0.8}, _zeros(0.7, stats.poisson(0.8), hurdle=True)
    ),
    "hurdle negative binomial": Example(
        d.HurdleNegativeBinomial,
        {"psi": 0.7, "mu": 3.0, "alpha": 1.5},
        _zeros(0.7, stats.nbinom(1.5, 1.5 / 4.5), hurdle=True),
    ),
    "ordered probit": Example(
        d.OrderedProbit,
        {"eta": 0.4, "cutpoints": np.array([-1.0, 0.5, 2.0])},
        stats.rv_discrete(values=(range(4), np.diff([0.0, *stats.norm.cdf([-1.4, 0.1, 1.6]), 1.0]))),
    ),
    "ordered logistic": Example(
        d.OrderedLogistic,
        {"eta": 0.4, "cutpoints": np.array([-1.0, 0.5, 2.0])},
        stats.rv_discrete(values=(range(4), np.diff([0.0, *special.expit([-1.4, 0.1, 1.6]), 1.0]))),
    ),
    "Markov chain": Example(
        d.DiscreteMarkovChain,
        {"P": _P33, "init_dist": d.Categorical.dist(_P3), "shape": 3},
        MarkovChain(_P3, _P33),
    ),
    "random walk": Example(
        d.RandomWalk,
        {"init_dist": d.Normal.dist(1.0, 2.0), "innovation_dist": d.Laplace.dist(0.3, 0.5), "steps": 2},
        LAPLACE_WALK,
    ),
    "normal walk": Example(
        d.GaussianRandomWalk,
        {"mu": 0.3, "sigma": 0.5, "init_dist": d.Normal.dist(1.0, 2.0), "steps": 2},
        WALK,
    ),
    "multi-normal walk": Example(
        d.MvGaussianRandomWalk, {**_STEP, "cov": _COV[:2, :2]}, Simulated(_log_vector_walk, _vector_walk)
    ),
    "multi-t walk": Example(d.MvStudentTRandomWalk, {**_STEP, "nu": 4.0, "scale": _COV[:2, :2]}, T_WALK),
    "autoregression in time": Example(
        d.AR,
        {
            "rho": np.array([1.0, 0.5, -0.3]),
            "sigma": 0.5,
            "constant": True,
            "init_dist": d.Normal.dist(1.0, 2.0),
            "steps": 2,
        },
        Simulated(_log_autoregression, _autoregression),
    ),
    "GARCH": Example(
        d.GARCH11, {"omega": 0.5, "alpha_1": 0.3, "beta_1": 0.4, "initial_vol": 0.7, "steps": 2}, GARCH
    ),
    "differential equation": Example(
        d.EulerMaruyama,
        {
            "dt": 0.2,
            "sde_fn": _decay,
            "sde_pars": [2.0, 0.7],
            "init_dist": d.Normal.dist(1.0, 2.0),
            "steps": 1,
        },
        DECAY,
    ),
    "categorical": Example(d.Categorical, {"p": _P3}, stats.rv_discrete(values=(range(3), _P3))),
}
# fmt: on

# The same distribution, written in two ways.
SAME = {
    "normal tau": (d.Normal, {"sigma": 0.5}, {"tau": 4.0}),
    "half normal tau": (d.HalfNormal, {"sigma": 0.5}, {"tau": 4.0}),
    "log-normal tau": (d.LogNormal, {"sigma": 0.5}, {"tau": 4.0}),
    "truncated tau": (d.TruncatedNormal, {"sigma": 0.5, "lower": 0.1}, {"tau": 4.0, "lower": 0.1}),
    "t lam": (d.StudentT, {"nu": 3.0, "sigma": 0.5}, {"nu": 3.0, "lam": 4.0}),
    "half t lam": (d.HalfStudentT, {"nu": 3.0, "sigma": 0.5}, {"nu": 3.0, "lam": 4.0}),
    "exponential scale": (d.Exponential, {"lam": 0.25}, {"scale": 4.0}),
    "gamma mean": (d.Gamma, {"alpha": 4.0, "beta": 2.0}, {"mu": 2.0, "sigma": 1.0}),
    "inverse gamma mean": (d.InverseGamma, {"alpha": 6.0, "beta": 10.0}, {"mu": 2.0, "sigma": 1.0}),
    "beta mean and sd": (d.Beta, {"alpha": 2.0, "beta": 3.0}, {"mu": 0.4, "sigma": 0.2}),
    "beta mean and nu": (d.Beta, {"alpha": 2.0, "beta": 3.0}, {"mu": 0.4, "nu": 5.0}),
    "Bernoulli logit": (d.Bernoulli, {"p": 0.25}, {"logit_p": -np.log(3)}),
    "binomial logit": (d.Binomial, {"n": 7, "p": 0.25}, {"n": 7, "logit_p": -np.log(3)}),
    "categorical logit": (d.Categorical, {"p": _P3}, {"logit_p": np.log(_P3) + 5}),
    "categorical unnormalised": (d.Categorical, {"p": _P3}, {"p": 7 * _P3}),
    "negative binomial n, p": (d.NegativeBinomial, {"mu": 6.0, "alpha": 2.0}, {"n": 2.0, "p": 0.25}),
    "multivariate normal tau": (d.MvNormal, {"cov": _COV}, {"tau": np.linalg.inv(_COV)}),
    "multivariate normal chol": (d.MvNormal, {"cov": _COV}, {"chol": np.linalg.cholesky(_COV)}),
}

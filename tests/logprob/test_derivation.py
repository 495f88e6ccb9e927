"""Densities of expressions of random variables, against SciPy and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

import pmjax as pm

N, G = stats.norm(0.3, 1.2), stats.gamma(2.0, scale=1 / 1.5)


def normal(**kwargs: Any) -> Any:
    return pm.Normal.dist(0.3, 1.2, **kwargs)


def gamma() -> Any:
    return pm.Gamma.dist(2.0, 1.5)


def _mixture(v: float) -> float:
    parts = [(0.2, 0.0, 1.0), (0.5, 3.0, 2.0), (0.3, -3.0, 2.0)]
    return float(np.log(sum(w * stats.norm(m, s).pdf(v) for w, m, s in parts)))


# An expression, values, and the log density there.
EXPRESSIONS: dict[str, tuple[Callable[[], Any], list[Any], Callable[[Any], Any]]] = {
    "exp": (lambda: pm.math.exp(normal()), [0.5, 2.0, -1.0], stats.lognorm(1.2, scale=np.exp(0.3)).logpdf),
    "affine": (lambda: 3.0 - 2.0 * normal(), [0.5, -4.0], stats.norm(2.4, 2.4).logpdf),
    "reciprocal": (
        lambda: 2.0 / gamma(), [0.5, 3.0], lambda v: G.logpdf(2 / v) + np.log(2) - 2 * np.log(v)
    ),
    "log": (lambda: pm.math.log(gamma()), [-1.0, 0.7], lambda v: G.logpdf(np.exp(v)) + v),
    "sqrt": (lambda: pm.math.sqrt(gamma()), [0.4, 1.3], lambda v: G.logpdf(v * v) + np.log(2 * v)),
    "sigmoid": (
        lambda: pm.math.sigmoid(normal()),
        [0.1, 0.8],
        lambda v: N.logpdf(special.logit(v)) - np.log(v) - np.log1p(-v),
    ),
    "tanh": (
        lambda: pm.math.tanh(normal()), [-0.5, 0.8], lambda v: N.logpdf(np.arctanh(v)) - np.log1p(-v * v)
    ),
    "square": (
        lambda: normal() ** 2,
        [0.5, 2.0],
        lambda v: np.log(N.pdf(v**0.5) + N.pdf(-(v**0.5))) - np.log(2 * v**0.5),
    ),
    "cube": (
        lambda: normal() ** 3,
        [-0.5, 2.0],
        lambda v: N.logpdf(np.cbrt(v)) - np.log(3) - 2 / 3 * np.log(abs(v)),
    ),
    "abs": (lambda: abs(normal()), [0.5, 2.0], lambda v: np.log(N.pdf(v) + N.pdf(-v))),
    "power of a number": (
        lambda: 2.0 ** normal(), [0.5, 3.0], lambda v: N.logpdf(np.log2(v)) - np.log(v) - np.log(np.log(2))
    ),
    "shifted counts": (lambda: pm.Poisson.dist(2.0) + 2, [2, 5, 1], stats.poisson(2, loc=2).logpmf),
    "clip": (
        lambda: pm.math.clip(normal(), -1.0, 1.0),
        [-1.0, 0.2, 1.0, 1.5],
        lambda v: {-1.0: N.logcdf(-1), 1.0: N.logsf(1), 1.5: -np.inf}.get(v, N.logpdf(v)),
    ),
    "maximum": (
        lambda: pm.math.maximum(normal(), 0.0), [0.0, 0.7], lambda v: N.logcdf(0) if v == 0 else N.logpdf(v)
    ),
    "rounded": (
        lambda: pm.math.round(normal()), [0.0, 2.0], lambda v: np.log(N.cdf(v + 0.5) - N.cdf(v - 0.5))
    ),
    "floor": (lambda: pm.math.floor(normal()), [0.0, 2.0], lambda v: np.log(N.cdf(v + 1) - N.cdf(v))),
    "comparison": (lambda: normal() > 1.0, [0, 1], lambda v: N.logsf(1.0) if v else N.logcdf(1.0)),
    "switch": (
        lambda: pm.math.switch(pm.Bernoulli.dist(0.3), pm.Normal.dist(0, 1), pm.Normal.dist(3, 2.0)),
        [0.3, 2.0],
        lambda v: np.log(0.3 * stats.norm.pdf(v) + 0.7 * stats.norm(3, 2).pdf(v)),
    ),
    "indexed by a random variable": (
        lambda: pm.math.stack([pm.Normal.dist(0, 1), pm.Normal.dist(3, 2.0), pm.Normal.dist(-3, 2.0)])[
            pm.Categorical.dist([0.2, 0.5, 0.3])
        ],
        [0.3, -2.0],
        _mixture,
    ),
    "maximum of two": (
        lambda: pm.math.maximum(pm.Normal.dist(0, 1), gamma()),
        [0.5, 2.0],
        lambda v: np.log(stats.norm.pdf(v) * G.cdf(v) + stats.norm.cdf(v) * G.pdf(v)),
    ),
    "maximum of all": (
        lambda: normal(shape=4).max(), [0.5, 2.0], lambda v: np.log(4) + N.logpdf(v) + 3 * N.logcdf(v)
    ),
    "composed": (
        lambda: pm.math.exp(1.0 + 2 * pm.math.log(gamma())),
        [0.5, 3.0],
        lambda v: G.logpdf(np.exp((np.log(v) - 1) / 2)) + (np.log(v) - 1) / 2 - np.log(2) - np.log(v),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_density_is_the_closed_form(name: str) -> None:
    build, values, expected = EXPRESSIONS[name]
    for value in values:
        found = pm.logp(build(), value).eval()
        np.testing.assert_allclose(found, expected(value), rtol=1e-10, err_msg=f"at {value}")


@pytest.mark.parametrize("name", ["exp", "affine", "sigmoid", "tanh", "composed", "maximum of two"])
def test_the_density_integrates_to_one(name: str) -> None:
    build, _, _ = EXPRESSIONS[name]
    ends = {"sigmoid": (0, 1), "tanh": (-1, 1), "affine": (-30, 30), "maximum of two": (-9, 30)}.get(
        name, (0, 200)
    )
    grid = np.linspace(*ends, 200_001)[1:-1]
    density = np.exp(pm.logp(build(), grid).eval())
    assert integrate.trapezoid(density, grid) == pytest.approx(1, abs=2e-3)


def test_vectors_keep_their_places() -> None:
    x, increments = np.array([0.3, 0.2, 1.0, 1.5]), np.array([0.3, -0.1, 0.8, 0.5])
    walk = pm.logp(pm.math.cumsum(normal(shape=4)), x).eval()
    np.testing.assert_allclose(walk, N.logpdf(increments))
    parts = pm.math.concatenate([normal(shape=2), pm.Exponential.dist(2.0, shape=2)])
    expected = [*N.logpdf(x[:2]), *stats.expon(scale=0.5).logpdf(x[2:])]
    np.testing.assert_allclose(pm.logp(parts, x).eval(), expected)
    chosen = pm.Normal.dist([0.0, 1.0, 2.0], 1.0)[[2, 0]]
    np.testing.assert_allclose(pm.logp(chosen, x[:2]).eval(), stats.norm([2.0, 0.0]).logpdf(x[:2]))
    matrix = np.array([[1.0, 2.0], [0.5, 3.0]])
    image = stats.multivariate_normal(np.zeros(2), matrix @ matrix.T).logpdf(x[:2])
    linear = pm.math.dot(matrix, pm.Normal.dist(0, 1, shape=2))
    np.testing.assert_allclose(pm.logp(linear, x[:2]).eval(), image)


def test_distribution_functions_of_monotone_functions() -> None:
    falling = pm.math.exp(-2.0 * normal())
    z = -0.5 * np.log(0.7)
    np.testing.assert_allclose(pm.logcdf(falling, 0.7).eval(), N.logsf(z))
    np.testing.assert_allclose(pm.logccdf(falling, 0.7).eval(), N.logcdf(z))
    np.testing.assert_allclose(pm.icdf(falling, 0.2).eval(), np.exp(-2 * N.ppf(0.8)))
    assert pm.logcdf(falling, -1.0).eval() == -np.inf


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda: normal() + normal(), "cannot be derived"),
        (lambda: normal() * np.ones(3), "broadcast"),
        (lambda: pm.Normal.dist(normal(), 1.0), "no value"),
        (lambda: normal(shape=3)[[0, 0]], "twice"),
        (lambda: pm.math.sin(normal()), "cannot be derived"),
        (lambda: pm.math.exp(1.0) * np.ones(2), "no random variable"),
    ],
)
def test_what_cannot_be_derived_is_refused(build: Callable[[], Any], word: str) -> None:
    with pytest.raises(pm.ModelError, match=word):
        pm.logp(build(), np.zeros(build().shape)).eval()

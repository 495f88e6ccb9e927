"""An observed variable may stand anywhere above others: the model is the one with its values in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import pmjax as pm
from pmjax.rewrites.pipeline import PASSES
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

from .compare import assert_coordinates_follow, rewritten
from .enumeration import quickly_compiled

X = np.array([0.2, -0.5, 1.0, 0.4])
Y = np.array([0.1, 0.3, -0.2, 2.0])
Known = Callable[[np.ndarray], Any]


def location(o: Known) -> None:
    lat = pm.Normal("lat", pm.Normal("b") * o(X), pm.HalfNormal("t"), shape=4)
    pm.Normal("y", lat, 1.0, observed=Y)


def scale(o: Known) -> None:
    lat = pm.Normal("lat", pm.Normal("b"), np.exp(o(X)), shape=4)
    pm.Normal("y", lat, 1.0, observed=Y)


def only_parent(o: Known) -> None:
    pm.Normal("f", o(X), 1.0)


def bound(o: Known) -> None:
    pm.Uniform("f", -2.0 + o(X), 3.0)


def vector(o: Known) -> None:
    v = pm.MvNormal("v", o(X), chol=pm.HalfNormal("t") * np.eye(4))
    pm.Normal("y", v, 1.0, observed=Y)


def index(o: Known) -> None:
    pm.Normal("f", pm.Normal("mu", shape=2)[(o(X) > 0).astype(int)], pm.HalfNormal("t"))


def discrete(o: Known) -> None:
    mu = pm.Normal("mu", shape=2)
    z = pm.Bernoulli("z", logit_p=o(X))
    x = pm.Normal("x", mu[z], 1.0)
    pm.Normal("y", pm.Normal("v", x, pm.HalfNormal("t")), 1.0, observed=Y)


def observed(o: Known) -> None:
    pm.Normal("y", pm.Normal("b") * np.tile(o(X), 8), 1.0, observed=np.tile(Y, 8))


def potential(o: Known) -> None:
    pm.Potential("p", -((pm.Normal("f") - o(X)) ** 2).sum())
    pm.Deterministic("d", o(X) ** 2)


MODELS = [location, scale, only_parent, bound, vector, index, discrete, observed, potential]


def log_density(model: pm.Model, *names: str) -> Callable[[np.ndarray], tuple[Any, Any]]:
    _, spec, _ = rewritten(model, *names)
    density = joint_density(spec)
    knobs = {name: np.full_like(c, 0.3) for name, c in density.knobs.items()}

    def evaluate(theta: np.ndarray) -> tuple[Any, Any]:
        with double_precision():
            both = quickly_compiled(jax.value_and_grad(density.log_density))(theta, density.data, knobs)
            return jax.tree.map(np.asarray, both)

    evaluate.size, evaluate.spec = density.size, spec  # type: ignore[attr-defined]
    return evaluate


@pytest.mark.parametrize("declare", MODELS, ids=lambda f: f.__name__)
def test_an_observed_parent_stands_for_its_values(declare: Callable[[Known], None]) -> None:
    with pm.Model() as parent:
        made: list[Any] = []

        def known(values: np.ndarray) -> Any:
            if not made:
                given = values if declare is location else pm.Data("values", values)
                made.append(pm.Normal("o", 0.3, 1.0, observed=given))
            return made[0]

        declare(known)
    with pm.Model() as constant:
        declare(lambda values: values)
    own = float(pm.logp(pm.Normal.dist(0.3, 1.0), X).eval().sum())
    for names in (["marginalise"], list(PASSES)):
        f, g = log_density(parent, *names), log_density(constant, *names)
        theta = np.random.default_rng(0).normal(size=f.size)  # type: ignore[attr-defined]
        (value, gradient), (wanted, slope) = f(theta), g(theta)
        np.testing.assert_allclose(value - own, wanted, rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(gradient, slope, rtol=1e-12, atol=1e-10)
        spec = f.spec  # type: ignore[attr-defined]
        if spec.knobs:
            assert_coordinates_follow(spec, np.random.default_rng(1))
    start, same = parent.initial_point(), constant.initial_point()
    assert all(np.array_equal(start[name], same[name]) for name in same)


def test_a_hierarchy_of_no_groups_samples() -> None:
    with pm.Model() as model:
        pm.Normal("a", 0, pm.HalfNormal("s"), shape=0)
        idata = pm.sample(50, tune=50, chains=1, progressbar=False, compute_convergence_checks=False)
    assert idata.posterior["a"].shape == (1, 50, 0)
    assert "a" not in {r.variable for r in rewritten(model, "recentre")[2].values() if r.done}

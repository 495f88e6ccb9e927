"""Random small models with discrete variables: where marginalise fires, it is the sum over all states."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import pmjax as pm
from pmjax.rewrites.marginalise import NAME
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density

from .compare import assert_coordinates_follow, rewritten
from .enumeration import by_force, quickly_compiled

ROWS = 3
X = np.array([0.5, -1.0, 2.0])
ORDER = np.array([2, 0, 1])
GROUP = np.array([0, 0, 1])
MATRIX = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, -1.0]])
MOST_ASSIGNMENTS = 1000


class Writer:
    """Writes a random model: what it draws decides on variables, expressions and children."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.mu = pm.Normal("mu", shape=3)
        self.discrete: list[Any] = []
        self.states = 1

    def choose(self, *options: Any) -> Any:
        return self.data.draw(st.sampled_from(options))

    def declare(self, number: int) -> None:
        shape = self.choose((), (ROWS,), (ROWS,))
        name = f"z{number}"
        logit: Any = self.mu[0]
        if self.discrete and self.choose(True, False):
            parent = self.choose(*self.discrete)
            logit = self.expression(2) if self.choose(True, False) else self.mu[parent % 3] - parent
            if np.shape(logit) != shape:
                logit = self.mu[0] if np.shape(logit) else logit * np.ones(shape)
        kind = self.choose("Bernoulli", "Bernoulli", "Categorical", "Binomial", "DiscreteUniform")
        if kind == "Bernoulli":
            z, values = pm.Bernoulli(name, logit_p=logit, shape=shape), 2
        elif kind == "Categorical":
            ones = np.ones(np.shape(logit))
            z = pm.Categorical(name, logit_p=pm.math.stack([logit, ones, 0.3 * logit], axis=-1), shape=shape)
            values = 3
        elif kind == "Binomial":
            z, values = pm.Binomial(name, 2, logit_p=logit, shape=shape), 3
        else:
            z, values = pm.DiscreteUniform(name, -1, 1, shape=shape), 3
        self.states *= values ** int(np.prod(shape, dtype=int))
        self.discrete.append(z)

    def leaf(self) -> Any:
        z: Any = self.choose(*self.discrete)
        options = [z, 1.0 * z, self.mu, self.mu[1], X, self.mu[z], self.mu[z % 3]]
        if z.ndim:
            options += [z[ORDER], z[GROUP], z[1], z[::-1], self.mu[z[GROUP]], z.sum(), z[z * 0 + 1]]
        return self.choose(*options)

    def expression(self, depth: int) -> Any:
        if depth == 0:
            return self.leaf()
        a = self.expression(depth - 1)
        kind = self.choose("leaf", "leaf", "add", "multiply", "switch", "compare", "one", "reduce", "vector")
        if kind == "add":
            return a + self.leaf()
        if kind == "multiply":
            return self.leaf() * a
        if kind == "switch":
            return pm.math.switch(self.leaf() > 0, a, self.leaf())
        if kind == "compare":
            return 1.0 * (a >= np.arange(ROWS))
        if kind == "one":
            return self.choose(pm.math.abs, pm.math.sigmoid, lambda v: v**2, pm.lift(lambda v: v * 2))(a)
        if kind == "reduce" and a.ndim:
            return self.choose(lambda v: v.sum(), lambda v: v[0], pm.math.max, lambda v: v @ X)(a)
        if kind == "vector" and a.ndim:
            return self.choose(
                lambda v: v[ORDER],
                lambda v: MATRIX @ v,
                lambda v: pm.math.stack([v, 2 * v]).sum(axis=0),
                lambda v: pm.math.concatenate([v[1:], v[:1]]),
                lambda v: (v[:, None] * np.ones(2)).mean(axis=1),
                pm.math.cumsum,
                lambda v: pm.math.softmax(1.0 * v),
            )(a)
        return a

    def child(self, number: int) -> None:
        eta, name = self.expression(self.choose(0, 1, 2)), f"y{number}"
        kind = self.choose("observed", "observed", "free", "potential")
        if kind == "observed":
            pm.Normal(name, eta, 1.0, observed=X)
        elif kind == "free":
            x = pm.Normal(name, eta, 1.0)
            if self.choose(True, False):
                x = pm.Normal(f"{name} below", x, self.choose(1.0, np.exp(self.mu[1])))
            pm.Normal(f"{name} again", x, 1.0, observed=X)
        else:
            pm.Potential(name, -0.1 * (eta - self.mu[2]) ** 2)


def check(data: st.DataObject) -> None:
    with pm.Model() as model:
        writer = Writer(data)
        for number in range(data.draw(st.integers(1, 3))):
            writer.declare(number)
        assume(writer.states <= MOST_ASSIGNMENTS)
        for number in range(data.draw(st.integers(1, 2))):
            writer.child(number)
    before, after, reports = rewritten(model, NAME)
    fired = all(r.done for r in reports.values())
    event("fired" if fired else "refused")
    if not fired:
        return
    density, force = joint_density(after), by_force(before)
    theta = np.random.default_rng(0).normal(size=density.size)
    with double_precision():
        program = quickly_compiled(jax.value_and_grad(density.log_density))
        value, gradient = program(theta, density.data, density.knobs)
    np.testing.assert_allclose(value, force.log_density(theta), rtol=1e-10, atol=1e-10)
    assert np.isfinite(gradient).all()
    _, recentred, _ = rewritten(model, NAME, "recentre")
    if recentred.knobs:
        # Every centring 1: the coordinates of the model as it is written.
        again = joint_density(recentred)
        with double_precision():
            ones = {name: np.ones_like(c) for name, c in again.knobs.items()}
            same = quickly_compiled(again.log_density)(theta, again.data, ones)
        np.testing.assert_allclose(same, value, rtol=1e-10, atol=1e-10)
        assert_coordinates_follow(recentred, np.random.default_rng(1))


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@settings(max_examples=20, **QUIET)
@given(st.data())
def test_where_it_fires_it_is_the_sum(data: st.DataObject) -> None:
    check(data)


@pytest.mark.slow
@settings(max_examples=250, **QUIET)
@given(st.data())
def test_where_it_fires_it_is_the_sum_many_times(data: st.DataObject) -> None:
    check(data)

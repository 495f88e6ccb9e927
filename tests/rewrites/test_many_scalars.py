"""Many scalar variables: what fits their centrings has as many operations as for one vector."""

from __future__ import annotations

import jax
import numpy as np

import pmjax as pm
from pmjax.model.spec import ModelSpec
from pmjax.rewrites.coordinates import Coordinates
from pmjax.rewrites.recentre import MAX_ALONE, recentred
from pmjax.runtime.precision import double_precision

from .compare import assert_coordinates_follow, rewritten


def hierarchy(count: int, *, interleaved: bool = False) -> pm.Model:
    with pm.Model() as model:
        mu, tau = pm.Normal("mu"), pm.HalfNormal("tau")
        xs = []
        for i in range(count):
            xs.append(pm.Normal(f"x{i}", mu + 0, tau))
            if interleaved:
                pm.Exponential(f"e{i}", tau)
        pm.Normal("y", pm.math.stack(xs), 1.0, observed=np.linspace(-1, 2, count))
    return model


def operations(spec: ModelSpec) -> int:
    """The number of operations that carry a point and its score to other centrings."""
    coordinates = Coordinates(spec)
    knobs = {str(knob.node.name): knob.value for knob in spec.knobs}
    theta = np.zeros(coordinates.size)
    with double_precision():
        traced = jax.make_jaxpr(coordinates.moved)(theta, theta, coordinates.data, knobs, knobs)
    return len(traced.jaxpr.eqns)


def test_operations_do_not_grow_with_the_number_of_scalars() -> None:
    few, many = (rewritten(hierarchy(n), "recentre")[1] for n in (10, 60))
    assert len(recentred(many)) == 60
    assert [knob.value.shape for knob in many.knobs] == [(60,)]
    assert operations(many) == operations(few)


def test_scalars_among_others_follow_too() -> None:
    _, spec, reports = rewritten(hierarchy(4, interleaved=True), "recentre")
    assert [knob.node.name for knob in spec.knobs] == ["x0, ..., x3_centring", "e0, ..., e3_centring"]
    assert "with those of 3 other variables" in reports["x0"].sentence
    assert_coordinates_follow(spec, np.random.default_rng(0))


def test_many_scalars_with_places_of_their_own_step_aside_and_say_so() -> None:
    with pm.Model() as model:
        tau, x = pm.HalfNormal("tau"), pm.Normal("x0")
        for i in range(1, MAX_ALONE + 3):
            x = pm.Normal(f"x{i}", x, tau)
    _, spec, reports = rewritten(model, "recentre")
    assert not spec.knobs
    assert "declare them as one variable with shape=" in reports["x1"].sentence

"""marginalise: the sum over all states, exact draws of what was summed out, and no firing in doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.rewrites.marginalise import NAME
from pmjax.rewrites.pipeline import apply
from pmjax.run.outputs import compile_outputs
from pmjax.runtime.precision import double_precision
from pmjax.target.debug import term_reports
from pmjax.target.density import Density
from pmjax.target.joint import joint_density
from pmjax.target.start import initial_point

from .compare import rewritten
from .discrete_models import MODELS, P3, build
from .enumeration import ByForce, by_force, quickly_compiled


def assert_is_the_sum(density: Density, force: ByForce, points: int = 2, seed: int = 0) -> None:
    """Value and gradient of the rewritten density are those of the sum over all assignments."""
    rng = np.random.default_rng(seed)
    with double_precision():
        program = quickly_compiled(jax.value_and_grad(density.log_density))
        for _ in range(points):
            theta = rng.normal(size=density.size)
            value, gradient = program(theta, density.data, density.knobs)
            expected = force.log_density(theta)
            assert np.isfinite(expected)
            np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-10)
            direction, h = rng.normal(size=density.size), 1e-5
            at = [force.log_density(theta + shift * h * direction) for shift in (-2, -1, 1, 2)]
            slope = (8 * (at[2] - at[1]) - (at[3] - at[0])) / (12 * h)
            np.testing.assert_allclose(gradient @ direction, slope, rtol=1e-6, atol=1e-7)


def assert_draws_are_exact(density: Density, force: ByForce, draws: int = 4000, seed: int = 1) -> None:
    """The frequencies of all assignments, drawn at one point, agree with their conditional probabilities."""
    rng = np.random.default_rng(seed)
    theta, keys = 0.5 * rng.normal(size=density.size), rng.integers(0, 2**32, (draws, 2), np.uint32)
    with double_precision():
        many = quickly_compiled(jax.vmap(density.outputs, in_axes=(None, None, None, 0)))
        values = {k: np.asarray(v) for k, v in many(theta, density.data, density.knobs, keys).items()}
    log_joint = force.log_joint(theta)
    p = np.exp(log_joint - np.logaddexp.reduce(log_joint))
    counts = force.count(values)
    assert counts[p == 0].sum() == 0
    rare = p * draws < 10
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(p[~rare], p[rare].sum()) * draws
    kept = expected > 0
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert kept.sum() > 1
    assert stats.chi2.sf(statistic, kept.sum() - 1) > 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_density_and_draws_are_those_of_the_sum_over_all_states(name: str) -> None:
    before, after, reports = rewritten(build(MODELS[name]), NAME)
    assert [str(r) for r in reports.values() if not r.done] == []
    density, force = joint_density(after), by_force(before)
    assert density.structure is not None or name == "lifted"
    assert_is_the_sum(density, force)
    assert_draws_are_exact(density, force)


def size_of_program(declare: Callable[[], None]) -> int:
    """Return the number of operations of the log density, those inside loops counted once."""
    density = joint_density(rewritten(build(declare), NAME)[1])
    with double_precision():
        program = jax.make_jaxpr(density.log_density)(np.zeros(density.size), density.data, density.knobs)
    return str(program).count(" = ")


def chain(steps: int) -> None:
    mu = pm.Normal("mu", shape=2)
    z = pm.DiscreteMarkovChain("z", P=P3[:2, :2], shape=steps)
    pm.Normal("y", mu[z], 1.0, observed=np.zeros(steps))


def loop(steps: int) -> None:
    P, mu = pm.Dirichlet("P", np.ones((2, 2))), pm.Normal("mu", shape=2)
    z: Any = pm.Bernoulli("z0", 0.5)
    for t in range(1, steps):
        z = pm.Categorical(f"z{t}", P[z])
        pm.Normal(f"y{t}", mu[z], 1.0, observed=0.0)


def test_the_program_of_a_chain_is_as_long_for_any_number_of_steps() -> None:
    assert size_of_program(lambda: chain(400)) == size_of_program(lambda: chain(10))


def test_the_program_of_a_loop_grows_with_its_steps_and_no_faster() -> None:
    first, second, third = (size_of_program(lambda steps=steps: loop(steps)) for steps in (4, 8, 12))
    assert third - second <= 1.1 * (second - first)


def test_blocks_of_draws_are_as_small_as_the_tables_are_large() -> None:
    """A table of 500 states for 500 rows is 2 MB: many draws at a time would need gigabytes."""
    with pm.Model() as model:
        x, tau = pm.Normal("x", shape=2), pm.DiscreteUniform("tau", 0, 499)
        eta = pm.math.switch(tau >= np.arange(500), x[0], x[1])
        pm.Normal("y", eta, 1.0, observed=np.zeros(500))
    density = joint_density(rewritten(model, NAME)[1])
    assert density.output_bytes == 8 * 500 * 500
    with double_precision():
        outputs = compile_outputs(density, density.data, density.knobs, np.dtype(float), None)
    assert outputs.block * density.output_bytes <= 4 * 2**20


def test_new_data_run_on_the_same_program() -> None:
    with pm.Model() as model:
        y = pm.Data("values", np.array([0.0, 1.0, 2.0]))
        mu = pm.Normal("mu", shape=2)
        z = pm.Bernoulli("z", 0.3, shape=3)
        pm.Normal("y", mu[z], 1.0, observed=y)
    old = joint_density(rewritten(model, NAME)[1])
    pm.set_data({"values": np.array([3.0, -1.0, 0.0])}, model)
    before, after, _ = rewritten(model, NAME)
    new = joint_density(after)
    assert new.structure == old.structure is not None
    assert [np.shape(x) for x in new.data] == [np.shape(x) for x in old.data]
    assert_is_the_sum(new, by_force(before), points=1)


def test_what_the_sums_absorb_is_left_alone_by_the_other_passes() -> None:
    """A child of a discrete variable has a random location and repeated rows, but no term of its own."""
    rows = np.zeros(40)
    with pm.Model() as model:
        mu = pm.Normal("mu", pm.Normal("m"), pm.HalfNormal("s"), shape=2)
        z = pm.Bernoulli("z", 0.3)
        x = pm.Normal("x", mu[z], 1.0)
        pm.Normal("y", mu[z], 1.0, observed=rows)
        pm.Normal("w", x, 1.0, observed=rows)
    before = model.freeze()
    _, reports = apply(before)
    assert [str(r).split(":")[0:2] for r in reports if r.done] == [
        ["marginalise", " z"], ["collapse_rows", " w"], ["recentre", " mu"],
    ]  # fmt: skip
    plain, _ = apply(before, [NAME, "collapse_rows"])
    assert_is_the_sum(joint_density(plain), by_force(before))
    assert "its 2 states are summed out; its draws are recovered" in model.explain(verbose=False)


def test_terms_keep_their_names() -> None:
    _, after, _ = rewritten(build(MODELS["continuous_children"]), NAME)
    point = initial_point(after)
    assert [t.name for t in term_reports(after, point)] == ["mu", "sigma", "w", "x", "s", "y", "z"]
    assert "z" not in point

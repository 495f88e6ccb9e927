"""marginalise: the sum over all states, exact draws of what was summed out, and no firing in doubt."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

from pmjax.density.density import Density
from pmjax.density.joint import joint_density
from pmjax.graph.precision import double_precision
from pmjax.rewrites.marginalise import NAME

from .compare import rewritten
from .discrete_models import MODELS, build
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

"""The compiled tree against textbook code."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmjax.sampling import metric as metrics
from pmjax.sampling.nuts import Hamiltonian, Point, Tree, trajectory
from pmjax.sampling.python_nuts import Trajectory, numpy_randomness, turns
from pmjax.sampling.randomness import chain_key, draw_randomness
from pmjax.sampling.turning import add_leaf, spans_turn

from .densities import gaussian, student_t

ROOM = 10
FLOAT = np.dtype(np.float64)


def compiled_trajectory(density):
    """Compile one trajectory as a function of everything it depends on."""

    @jax.jit
    def run(theta, random, step_size, metric, max_depth):
        def value_and_grad(q):
            return jax.value_and_grad(density.log_density)(q, density.data, {})

        system = Hamiltonian(
            value_and_grad,
            lambda p: metrics.unwhiten(metric, "diag", p),
            lambda g: metrics.unwhiten_transpose(metric, "diag", g),
            step_size,
        )
        value, gradient = value_and_grad(theta)
        spans = np.zeros((ROOM + 1, 3, density.size))
        return trajectory(Point(theta, gradient, value), spans, random, system, max_depth)

    return run


@pytest.fixture(scope="module", params=["gaussian", "student_t"])
def both(request):
    density = gaussian(3) if request.param == "gaussian" else student_t(3, 3.0)
    value_and_grad = jax.jit(lambda q: jax.value_and_grad(density.log_density)(q, density.data, {}))

    def value(q):
        v, g = value_and_grad(q)
        return float(v), np.asarray(g)

    return density, compiled_trajectory(density), value


@given(
    seed=st.integers(0, 2**31),
    log_step=st.floats(-3.5, 1.0),
    max_depth=st.integers(1, 7),
    sigma=st.lists(st.floats(0.2, 5.0), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_same_randomness_same_trajectory(both, seed, log_step, max_depth, sigma):
    density, compiled, value_and_grad = both
    rng = np.random.default_rng(seed)
    random = numpy_randomness(rng, 3, ROOM)
    random = random._replace(forward=random.forward.astype(np.int32))
    theta, step, sigma = rng.normal(size=3), np.exp(log_step), np.array(sigma)
    with jax.enable_x64(True):
        oracle = Trajectory(value_and_grad, random, step, sigma, max_depth)
        q, logp, gradient = oracle.grow(theta, *value_and_grad(theta))
        metric = metrics.Metric(sigma, np.zeros((3, 0)), np.zeros(0))
        tree: Tree = compiled(theta, random, step, metric, np.int32(max_depth))
    np.testing.assert_allclose(tree.proposal.point.position, q, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(tree.proposal.point.gradient, gradient, rtol=1e-9, atol=1e-9)
    expected = oracle.stats
    assert int(tree.n_steps) == expected["n_steps"]
    assert int(tree.depth) == expected["tree_depth"]
    assert bool(tree.diverging) == expected["diverging"]
    assert int(tree.proposal.index) == expected["index_in_trajectory"]
    np.testing.assert_allclose(float(tree.accept) / int(tree.n_steps), expected["acceptance_rate"], rtol=1e-9)
    np.testing.assert_allclose(tree.proposal.energy_change, expected["energy_error"], atol=1e-9)


def recursive_turn(momenta: np.ndarray) -> bool:
    """Whether any aligned subtree of the leaves turns, by recursion over slices."""
    if len(momenta) == 1:
        return False
    half = len(momenta) // 2
    left, right = momenta[:half], momenta[half:]
    spans = [(part[0], part[-1], part.sum(axis=0)) for part in (left, right)]
    return recursive_turn(left) or recursive_turn(right) or turns(*spans)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_turns_of_every_subtree_are_found(depth):
    add = jax.jit(add_leaf)
    rng = np.random.default_rng(depth)
    seen = set()
    for trial in range(30):
        # A slowly turning momentum, so that short spans seldom turn and long ones often do.
        angle = np.cumsum(rng.uniform(0, 1.5 * np.pi / 2**depth, 2**depth) * (1 + trial % 3))
        momenta = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        with jax.enable_x64(True):
            spans, turning = np.zeros((depth + 1, 3, 2)), False
            for n, p in enumerate(momenta):
                spans, now = add(spans, np.int32(n), p)
                turning = turning or bool(now)
        expected = recursive_turn(momenta)
        seen.add(expected)
        assert turning == expected
        if not expected:
            whole = [momenta[0], momenta[-1], momenta.sum(axis=0)]
            np.testing.assert_allclose(spans[depth], whole, atol=1e-12)
    assert seen == {True, False}


def test_turn_across_the_seam():
    # The union does not turn, the left span with the first leaf of the right one does.
    left = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    right = np.array([[-3.0, 0.0], [5.0, 0.0], [2.0, 0.0]])
    assert (left[2] + right[2]) @ left[0] > 0
    assert (left[2] + right[2]) @ right[1] > 0
    assert bool(spans_turn(left, right))
    assert turns(tuple(left), tuple(right))


def test_leaves_are_selected_by_their_weights():
    """The draw's place in a trajectory of fixed length follows exp(-energy) within each subtree.

    With a depth limit of 2, the leaves of the last subtree, of weights w, are proposed with
    probability w / sum(w); the frequencies are compared by a chi-square statistic.
    """
    density = student_t(1, 3.0)
    compiled = compiled_trajectory(density)
    batched = jax.jit(jax.vmap(compiled, in_axes=(None, 0, None, None, None)))
    n, theta, step = 40_000, np.array([0.3]), 1.2
    with jax.enable_x64(True):
        rng = np.random.default_rng(5)
        one = numpy_randomness(rng, 1, ROOM)
        forward = np.ones((n, ROOM), np.int32)
        random = one._replace(
            momentum=np.full((n, 1), 1.5),
            forward=forward,
            merge=np.full((n, ROOM), 1e-300),
            leaf=rng.random((n, ROOM)),
        )
        metric = metrics.Metric(np.ones(1), np.zeros((1, 0)), np.zeros(0))
        tree = batched(theta, random, step, metric, np.int32(2))
        assert not np.any(tree.turning)
        index, change = np.asarray(tree.proposal.index), np.asarray(tree.proposal.energy_change)
    assert set(np.unique(index)) == {2, 3}
    weight = np.array([np.exp(-change[index == k][0]) for k in (2, 3)])
    share = weight[0] / weight.sum()
    count = np.sum(index == 2)
    assert abs(count - n * share) < 4 * np.sqrt(n * share * (1 - share))
    assert 0.05 < abs(share - 0.5)


def test_randomness_has_the_right_moments_and_is_fresh():
    with jax.enable_x64(True):
        make = jax.jit(
            jax.vmap(lambda i: draw_randomness(chain_key(3, 1), i, 10, ROOM, FLOAT))
        )
        random = make(np.arange(4000))
        other = make(np.arange(4000, 4001))
    z = np.asarray(random.momentum)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
    for u in (np.asarray(random.merge), np.asarray(random.leaf)):
        assert u.min() > 0
        assert u.max() < 1
        assert abs(u.mean() - 0.5) < 4 / np.sqrt(12 * u.size)
    forward = np.asarray(random.forward)
    assert abs(forward.mean() - 0.5) < 4 * 0.5 / np.sqrt(forward.size)
    assert not np.any(np.isin(other.momentum, z))
    assert np.unique(z).size == z.size

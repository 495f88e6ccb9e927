"""The compiled tree against textbook code."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from pmjax.inference.nuts.buffers import capacity
from pmjax.inference.nuts.kernel import Point, add_point, begin_doubling, begin_draw
from pmjax.inference.nuts.metric import Diagonal
from pmjax.inference.nuts.program import Program, Settings, initial_state
from pmjax.inference.nuts.randomness import Randomness, draw_randomness, log, standard_normals
from pmjax.inference.nuts.turning import Span, add_leaf, add_leaf_at_once, spans_turn, work_space
from pmjax.inference.reference import Trajectory, turns
from pmjax.run.statistics import STATS
from pmjax.runtime import streams
from pmjax.runtime.executable import compiled

from ..densities import gaussian, student_t

ROOM = 10
FLOAT = np.dtype(np.float64)


class OneDraw:
    """The program, compiled as a run compiles it, asked for one draw from a given place."""

    def __init__(self, density):
        self.density = density
        zeros = np.zeros(density.size)
        with jax.enable_x64(True):
            run_chunk = jax.jit(Program(density, Diagonal(), ROOM, FLOAT).run_chunk)
            arguments = self.arguments(zeros, 1.0, zeros, streams.key(0, "trajectories", 0), 1)
            self.run = compiled(run_chunk.lower(*arguments))

    def state(self, theta, step_size, sigma, key):
        state = initial_state(theta, key, Diagonal(), FLOAT)
        value, gradient = jax.value_and_grad(self.density.log_density)(theta, self.density.data, {})
        metric = state.metric._replace(sigma=np.asarray(sigma, float))
        point = Point(theta, np.asarray(gradient), np.asarray(value))
        return state._replace(point=point, metric=metric, step_size=np.float64(step_size))

    def arguments(self, theta, step_size, sigma, key, max_depth):
        flags = np.zeros(capacity(self.density.size), np.int32)
        settings = Settings(np.int32(1), np.int32(max_depth), np.float64(0.8), flags)
        return self.state(theta, step_size, sigma, key), settings, self.density.data, {}, np.int32(1)

    def __call__(self, theta, step_size, sigma, key, max_depth):
        """Return the next position and gradient, and the statistics by name."""
        with jax.enable_x64(True):
            state, buffers = self.run(*self.arguments(theta, step_size, sigma, key, max_depth))
        stats = dict(zip(STATS, np.asarray(buffers.stats)[0].tolist(), strict=True))
        return np.asarray(state.point.position), np.asarray(state.point.gradient), stats


def numpy_version(density):
    """Return the density and its gradient as a function from NumPy to NumPy."""
    jitted = jax.jit(lambda q: jax.value_and_grad(density.log_density)(q, density.data, {}))

    def value_and_grad(q):
        with jax.enable_x64(True):
            value, gradient = jitted(q)
        return float(value), np.asarray(gradient)

    return value_and_grad


@pytest.fixture(scope="module", params=["gaussian", "student_t"])
def both(request):
    density = gaussian(3) if request.param == "gaussian" else student_t(3, 3.0)
    return OneDraw(density), numpy_version(density)


@given(
    seed=st.integers(0, 2**31),
    log_step=st.floats(-3.5, 1.0),
    max_depth=st.integers(1, 7),
    sigma=st.lists(st.floats(0.2, 5.0), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_same_randomness_same_trajectory(both, seed, log_step, max_depth, sigma):
    one_draw, value_and_grad = both
    theta, step, key = (
        np.random.default_rng(seed).normal(size=3),
        np.exp(log_step),
        streams.key(seed, "trajectories", 0),
    )
    with jax.enable_x64(True):
        random = draw_randomness(key, 0, 3, ROOM, FLOAT)
    random = type(random)(*(np.asarray(part) for part in random))
    oracle = Trajectory(value_and_grad, random, step, np.array(sigma), max_depth)
    q, _, gradient = oracle.grow(theta, *value_and_grad(theta))
    # Unstable trajectories blow rounding up: what is discrete must still agree exactly.
    position, compiled_gradient, stats = one_draw(theta, step, sigma, key, max_depth)
    np.testing.assert_allclose(position, q, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(compiled_gradient, gradient, rtol=1e-5, atol=1e-6)
    for name in STATS:
        np.testing.assert_allclose(stats[name], float(oracle.stats[name]), rtol=1e-5, atol=1e-6, err_msg=name)


def recursive_turn(momenta: np.ndarray) -> bool:
    """Whether any aligned subtree of the leaves turns, by recursion over slices."""
    if len(momenta) == 1:
        return False
    half = len(momenta) // 2
    left, right = momenta[:half], momenta[half:]
    spans = [(part[0], part[-1], part.sum(axis=0)) for part in (left, right)]
    return recursive_turn(left) or recursive_turn(right) or turns(*spans)


@pytest.mark.parametrize("add", [add_leaf, add_leaf_at_once])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_turns_of_every_subtree_are_found(depth, add):
    add = jax.jit(add)
    rng = np.random.default_rng(depth)
    seen = set()
    for trial in range(30):
        # A slowly turning momentum, so that short spans seldom turn and long ones often do.
        angle = np.cumsum(rng.uniform(0, np.pi / 2**depth, 2**depth) * (1 + 3 * (trial % 2)))
        momenta = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(0.5, 2.0, (2**depth, 1))
        with jax.enable_x64(True):
            checkpoints, turning = work_space(depth, 2, FLOAT), False
            for n, (p, total) in enumerate(zip(momenta, momenta.cumsum(axis=0), strict=True)):
                checkpoints, now = add(checkpoints, np.int32(n), p, total)
                turning = turning or bool(now)
        expected = recursive_turn(momenta)
        seen.add(expected)
        assert turning == expected
    assert seen == {True, False}


def test_turn_across_the_seam():
    # The union does not turn, the left span with the first leaf of the right one does.
    left = Span(*np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]))
    right = Span(*np.array([[-3.0, 0.0], [5.0, 0.0], [2.0, 0.0]]))
    assert (left.sum + right.sum) @ left.first > 0
    assert (left.sum + right.sum) @ right.last > 0
    with jax.enable_x64(True):
        assert bool(spans_turn(left, right))
    assert turns(tuple(left), tuple(right))


def test_leaves_are_selected_by_their_weights():
    """Within a subtree of two leaves with energies E the second is selected with its share of exp(-E).

    Counted over many uniforms, with the standard error of a proportion.
    """
    n, rng = 20_000, np.random.default_rng(5)
    log_densities = (-1.0, 0.5, -0.2, 0.1)

    def select(uniform):
        nothing = jnp.zeros(1)
        random = Randomness(nothing, jnp.ones(1, jnp.int32), nothing + 0.5, uniform[None])
        tree = begin_draw(Point(nothing, nothing, jnp.float64(0.0)), random)
        sub, checkpoints = begin_doubling(tree, random), work_space(2, 1, FLOAT)
        for value in log_densities:
            point = Point(jnp.zeros(1), jnp.zeros(1), jnp.float64(value))
            sub, checkpoints = add_point(sub, tree, checkpoints, random, point, jnp.zeros(1))
        return sub.proposal.place, sub.weight

    with jax.enable_x64(True):
        index, weight = jax.jit(jax.vmap(select))(rng.random(n))
    weights = np.exp(log_densities)
    np.testing.assert_allclose(weight, weights.sum(), rtol=1e-12)
    for k, share in enumerate(weights / weights.sum(), start=1):
        assert abs(np.mean(np.asarray(index) == k) - share) < 4 * np.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_logarithm_is_exact_to_the_last_digits(dtype):
    near_ends = 2.0 ** -np.arange(1, 24)
    uniforms = np.random.default_rng(2).random(10_000)
    x = np.concatenate([uniforms, near_ends, 1 - near_ends, [1.0, 1e-30, 1e30]]).astype(dtype)
    with jax.enable_x64(True):
        value = jax.jit(log)(x)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, np.log(x.astype(float)), rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_normals_lie_at_the_radius_and_angle_of_their_uniforms(dtype):
    u, v = np.random.default_rng(1).random((2, 1000))
    u[:2], v[:2] = (2.0**-53, 1 - 2.0**-24), (2.0**-24, 1 - 2.0**-24)
    u, v = u.astype(dtype), v.astype(dtype)
    left = np.arange(1000) % 2 == 0
    with jax.enable_x64(True):
        normals = standard_normals(*map(jnp.asarray, (u, v, left)))
    x, y = np.asarray(normals, float).reshape(2, 1000)
    radius, angle = np.sqrt(-2 * np.log(u.astype(float))), np.pi * (v.astype(float) - 0.5)
    tolerance = 10 * np.finfo(dtype).eps
    np.testing.assert_allclose(x, radius * np.cos(angle) * np.where(left, -1, 1), atol=tolerance)
    np.testing.assert_allclose(y, radius * np.sin(angle), atol=tolerance)
    assert normals.dtype == dtype


def test_momenta_are_normal_and_their_pairs_independent():
    with jax.enable_x64(True):
        make = jax.jit(
            jax.vmap(lambda i: draw_randomness(streams.key(7, "trajectories", 0), i, 7, ROOM, FLOAT).momentum)
        )
        z = np.asarray(make(np.arange(20_000)))
    assert z.shape == (20_000, 7)
    for column in z.T:
        assert scipy.stats.kstest(column, "norm").pvalue > 1e-3
    # Coordinates 0 and 4 come from one pair. Their squares have mean 1 and variance 2.
    products = (z[:, 0] ** 2 - 1) * (z[:, 4] ** 2 - 1) / 2
    assert abs(products.mean()) < 4 * products.std() / np.sqrt(len(z))


def test_randomness_has_the_right_moments_and_is_fresh():
    with jax.enable_x64(True):
        make = jax.jit(
            jax.vmap(lambda i: draw_randomness(streams.key(3, "trajectories", 1), i, 10, ROOM, FLOAT))
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

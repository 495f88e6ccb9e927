"""The tree against brute force: the whole trajectory is stored, and every rule read off it by definition.

The compiled tree is held against the Python one in `test_tree.py`; here the Python one is held against the
definitions: U-turns of every aligned subtree and across every seam, and the probability of each leaf.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from pmjax.inference.nuts.randomness import Randomness
from pmjax.inference.reference import Trajectory

SIZE, ROOM = 3, 6


def banana(q: np.ndarray) -> tuple[float, np.ndarray]:
    """A log density with curvature that changes, and its gradient."""
    bend = q[1] - 0.5 * q[0] ** 2
    value = -0.5 * (q[0] ** 2 + 4 * bend**2 + q[2] ** 2 / 9)
    return value, np.array([-q[0] + 4 * bend * q[0], -4 * bend, -q[2] / 9])


class Stored:
    """A trajectory through a start, by the index of its leaves: momenta and energy errors."""

    def __init__(self, q: np.ndarray, p: np.ndarray, step: float, sigma: np.ndarray) -> None:
        self.places = {0: (q, p)}
        self.step, self.sigma = step, sigma
        self.energy = 0.5 * p @ p - banana(q)[0]

    def place(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        if i not in self.places:
            sign = int(np.sign(i))
            q, p = self.place(i - sign)
            half = 0.5 * sign * self.step * self.sigma
            p = p + half * banana(q)[1]
            q = q + sign * self.step * self.sigma * p
            self.places[i] = q, p + half * banana(q)[1]
        return self.places[i]

    def error(self, i: int) -> float:
        q, p = self.place(i)
        return 0.5 * p @ p - banana(q)[0] - self.energy

    def turns(self, first: int, last: int) -> bool:
        """Betancourt's criterion for the leaves from ``first`` to ``last``."""
        momenta = np.array([self.place(i)[1] for i in range(first, last + 1)])
        rho = momenta.sum(axis=0)
        return bool(rho @ momenta[0] <= 0 or rho @ momenta[-1] <= 0)

    def halves_turn(self, first: int, last: int, middle: int) -> bool:
        """The same for two halves, the left one ending at ``middle``, and across their seam."""
        spans = ((first, last), (first, middle + 1), (middle, last))
        return any(self.turns(*span) for span in spans)


def brute_force(stored: Stored, forward: np.ndarray) -> tuple[dict[int, float], int, int, bool]:
    """Return the probability of each leaf, the depth, the number of leaves and whether they diverged."""
    first = last = steps = 0
    chance, total = {0: 1.0}, 0.0
    for depth in range(ROOM):
        n = 2**depth
        block = (
            [last + k for k in range(1, n + 1)] if forward[depth] else [first - k for k in range(1, n + 1)]
        )
        for count, leaf in enumerate(block, 1):
            steps += 1
            if not stored.error(leaf) < 1000:
                return chance, depth + 1, steps, True
            for size in (2**k for k in range(1, depth + 1) if count % 2**k == 0):
                ends = sorted((block[count - size], leaf))
                if stored.halves_turn(*ends, ends[0] + size // 2 - 1):
                    return chance, depth + 1, steps, False
        errors = {i: stored.error(i) for i in block}
        new = logsumexp([-error for error in errors.values()])
        # Biased progressive sampling: the new half is taken with probability min(1, new / old).
        take = np.exp(min(0.0, new - total))
        chance = {i: (1 - take) * c for i, c in chance.items()} | {
            i: take * np.exp(-error - new) for i, error in errors.items()
        }
        middle = last if forward[depth] else first - 1
        first, last, total = min(first, *block), max(last, *block), np.logaddexp(total, new)
        if stored.halves_turn(first, last, middle):
            return chance, depth + 1, steps, False
    return chance, ROOM, steps, False


def grown(seed: int, step: float, sigma: np.ndarray, choices: np.random.Generator) -> Trajectory:
    """Return a trajectory of the Python sampler; what ``seed`` fixes is all but the choice of the leaf."""
    rng = np.random.default_rng(seed)
    q, p, forward = rng.normal(size=SIZE), rng.normal(size=SIZE), rng.random(ROOM) < 0.5
    random = Randomness(p, forward, *choices.random((2, ROOM)))
    trajectory = Trajectory(banana, random, step, sigma, ROOM)
    with np.errstate(over="ignore", invalid="ignore"):
        trajectory.grow(q, *banana(q))
    return trajectory


@cache
def start(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=SIZE), rng.normal(size=SIZE), rng.random(ROOM) < 0.5


@given(
    seed=st.integers(0, 10_000),
    log_step=st.floats(-3.0, 0.7),
    sigma=st.lists(st.floats(0.3, 3.0), min_size=SIZE, max_size=SIZE),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_tree_ends_where_the_definition_says(seed, log_step, sigma):
    step, sigma = np.exp(log_step), np.array(sigma)
    q, p, forward = start(seed)
    with np.errstate(over="ignore", invalid="ignore"):
        chance, depth, steps, diverged = brute_force(Stored(q, p, step, sigma), forward)
    trajectory = grown(seed, step, sigma, np.random.default_rng(seed + 1))
    assert trajectory.stats["tree_depth"] == depth
    assert trajectory.stats["n_steps"] == steps
    assert trajectory.stats["diverging"] == diverged
    assert chance[int(trajectory.stats["index_in_trajectory"])] > 0
    assert sum(chance.values()) == pytest.approx(1)


@pytest.mark.parametrize(("seed", "step"), [(1, 0.3), (2, 0.6), (4, 0.4), (5, 0.15)])
def test_leaves_are_drawn_with_their_probabilities(seed, step):
    """Counts of the leaves over many choices in one trajectory, by a chi-square test."""
    sigma, n, choices = np.ones(SIZE), 1500, np.random.default_rng(0)
    q, p, forward = start(seed)
    chance, *_ = brute_force(Stored(q, p, step, sigma), forward)
    drawn = [int(grown(seed, step, sigma, choices).stats["index_in_trajectory"]) for _ in range(n)]
    expected = np.array([n * c for c in chance.values()])
    counts = np.array([drawn.count(i) for i in chance])
    assert counts.sum() == n
    # Leaves that are seldom drawn share a cell.
    common = expected >= 5
    cells = (
        np.append(expected[common], expected[~common].sum()),
        np.append(counts[common], counts[~common].sum()),
    )
    expected, counts = (cell[cells[0] > 0] for cell in cells)
    assert len(expected) > 1
    assert stats.chisquare(counts, expected).pvalue > 1e-3

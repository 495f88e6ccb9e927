"""Fit the centring of recentred variables to draws and gradients that warm-up has anyway.

A normal coordinate that is independent of all others has Var(draw) Var(score) = 1; dependence and funnels
make the product larger. From draws x and scores s_x of the model as written, those in the centring c are

    z = (x - mu) sigma^(c-1) + c mu,        s_z = sigma^(1-c) s_x,

and a parent u of x_1, x_2, ... has the score

    s_u + sum_j (1 - c_j sigma_j^(1-c_j)) s_xj dmu_j/du + (1 - c_j) ((x_j - mu_j) s_xj + 1) dlog sigma_j/du.

So no new gradients of the model are needed to find the c that minimises the sum of sqrt(Var Var) over all
coordinates. JAX compiles that loss (`judge`); the search for its minimum (`minimise`) is made on the host,
for many chains at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.rewrites.coordinates import Coordinates

# Values of c that an element chooses from; a variable as a whole, from the first and the last.
GRID = np.linspace(0.0, 1.0, 6)
# So many centrings are judged at a time: the grid and the one in force; or, for a variable, each of its
# choices, bounded and not, and the best one so far.
TRIALS = 1 + len(GRID)
# A centring nearer to 0 than this becomes 0, which has no funnel at all.
SNAP = 0.1
# The sum of losses must fall by this, and by this part of itself, to be worth a change.
WORTH, WORTH_PART = 0.1, 0.002
# Bound of c times the depth of the funnel. A scale that data hardly bound from below has a long tail to 0,
# which a window may not show: the depth is at least `TAIL` times Var(log sigma).
NECK, TAIL = 0.6, 15.0
# The bound is lifted for a variable if that lowers the loss by this for each of its elements, but never
# where it is below `ABYSS`.
CLEAR, ABYSS = 0.1, 0.05


class Judgement(NamedTuple):
    """What `judge` says of K centrings of E elements.

    Attributes
    ----------
    loss : Array, shape (K,)
        The sum of sqrt(Var z Var s_z) over the elements of a level and their parents.
    alone : Array, shape (K, E)
        The losses of the elements.
    depth : Array, shape (E,)
        The depth of the funnel: how far log sigma falls below its mean, or what its variance makes likely.
    """

    loss: Any
    alone: Any
    depth: Any


class Level(NamedTuple):
    """The elements of one level of a hierarchy, and the coordinates that count as their parents.

    Attributes
    ----------
    own, above : ndarray of bool, shape (E,)
        The elements of this level, and those of the levels above it.
    outer : ndarray of bool, shape (P,)
        Of the coordinates that are parents of any elements, those above this level.
    """

    own: Any
    above: Any
    outer: Any

    @classmethod
    def of(cls, coordinates: Coordinates, number: int) -> Level:
        """Return level ``number``; level 0 has no recentred parents."""
        level = np.full(coordinates.size, -1)
        level[coordinates.elements.indices] = coordinates.level
        outer = level[coordinates.parents.indices] < number
        return cls(coordinates.level == number, coordinates.level < number, outer)


def judge(
    coordinates: Coordinates,
    level: Level,
    x: jax.Array,
    score: jax.Array,
    weight: jax.Array,
    current: jax.Array,
    trials: jax.Array,
    data: Any,
) -> Judgement:
    """Judge the centrings of one level by the draws of a window.

    In single precision where it takes most of the time: differences of losses that matter are far larger
    than its rounding errors.

    Parameters
    ----------
    coordinates : Coordinates
    level : Level
    x, score : Array, shape (draws, D)
        As this level and those above it are written.
    weight : Array, shape (draws,)
        Sums to 1; 0 for rows that only fill the shape.
    current : Array, shape (E,)
        The centrings in force, in which parents are judged.
    trials : Array, shape (K, E)
        The centrings to judge.
    data : tuple
        The data of the coordinates.
    """

    def located(parents: jax.Array) -> tuple[jax.Array, jax.Array]:
        full = coordinates.parents.put(x, parents)
        found = jax.vmap(lambda row: coordinates.located(row, data))(full)
        mu, log_sigma = zip(*(found[name] for name in coordinates.knobs), strict=True)
        return jnp.concatenate(mu, axis=1), jnp.concatenate(log_sigma, axis=1)

    parents = coordinates.parents.take(x)
    mu, log_sigma = located(parents)
    pull = jax.vjp(lambda p: _single(located(p)), parents.astype(jnp.float32))[1]
    deviation = coordinates.elements.take(x) - mu
    stretch, z = jnp.ones_like(x), x
    if np.intersect1d(coordinates.elements.indices, coordinates.parents.indices).size:
        slope = jnp.where(level.above, jnp.exp((1 - current) * log_sigma), 1.0)
        stretch = coordinates.elements.put(stretch, slope)
        z = coordinates.elements.put(z, deviation / slope + jnp.where(level.above, current, 1.0) * mu)
    spread = _variance(weight, coordinates.parents.take(z))
    # A constant added to mu changes no variance, but costs digits.
    narrow = (deviation, mu - mu[0], log_sigma, spread, coordinates.parents.take(stretch), weight)
    deviation, mu, log_sigma, spread, stretch, weight = _single(narrow)
    s_x = _single(jnp.where(level.own, coordinates.elements.take(score), 0.0))
    s_u = _single(coordinates.parents.take(score))

    def losses(c: jax.Array) -> tuple[jax.Array, jax.Array]:
        slope = jnp.exp((1 - c) * log_sigma)
        s_z = s_x * slope
        alone = jnp.sqrt(_variance(weight, deviation / slope + c * mu) * _variance(weight, s_z))
        alpha, beta = s_x - c * s_z, jnp.where(level.own, (1 - c) * (deviation * s_x + 1), 0.0)
        outer = jnp.sqrt(spread * _variance(weight, stretch * (s_u + pull((alpha, beta))[0])))
        return alone.sum() + jnp.where(level.outer, outer, 0.0).sum(), alone

    loss, alone = lax.map(losses, _single(trials))
    seen = weight @ log_sigma - log_sigma.min(axis=0)
    depth = jnp.maximum(seen, TAIL * _variance(weight, log_sigma))
    return Judgement(loss, alone, depth)


def minimise(
    judged: Callable[[np.ndarray], Judgement], current: np.ndarray, parts: Sequence[slice], long: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the centrings of least loss that are worth a change, and how far the loss falls (0: none are).

    The scale of z is sigma^c, so c times the depth of the funnel is bounded: a step size that fits the bulk
    must not fail in a neck that the window hardly saw. Where the data of a variable speak clearly for
    more, there is no neck, and no bound. A short window chooses between 0 and 1 for each variable as a
    whole: for single elements it has too little to say. A long one also tries what each element would have
    alone.

    Parameters
    ----------
    judged : callable
        Judges centrings of some chains, shape (chains, K, E) with K at most `TRIALS`; what it returns has a
        leading axis of chains.
    current : ndarray, shape (chains, E)
    parts : sequence of slice
        The elements of each variable that may change.
    long : bool
        Whether there are enough draws to fit elements one by one.

    Returns
    -------
    c : ndarray, shape (chains, E)
    gain : ndarray, shape (chains,)
    """
    grid = [np.full_like(current, c) for c in GRID]
    seen = judged(np.stack([current, *grid], axis=1))
    candidates = [grid[0], grid[-1]]
    if long:
        alone = seen.alone[:, 1:]
        candidates.append(GRID[np.argmin(np.where(np.isfinite(alone), alone, np.inf), axis=1)])
    bound = NECK / np.maximum(seen.depth, NECK)
    free = np.stack(candidates, axis=1)
    bounded = np.minimum(free, bound[:, None])
    bounded[bounded < SNAP] = 0.0
    before, best, chains = seen.loss[:, 0], np.minimum(current, bound), np.arange(len(current))
    for part in parts:
        own = np.zeros(current.shape[1], bool)
        own[part] = True
        held = np.where(own, bounded, best[:, None])
        lifted = np.where((own & (bound > ABYSS))[:, None], free, held)
        trials = np.concatenate([best[:, None], held, lifted], axis=1)
        loss = judged(trials).loss
        penalty = np.repeat([0.0, WORTH + CLEAR * own.sum()], [1 + len(candidates), len(candidates)])
        choice = np.argmin(np.where(np.isfinite(loss), loss + penalty, np.inf), axis=1)
        best, least = trials[chains, choice], loss[chains, choice]
    gain = before - least
    worth = gain > WORTH + WORTH_PART * before
    return np.where(worth[:, None], best, current), np.where(worth, gain, 0.0)


def _single(tree: Any) -> Any:
    return jax.tree.map(lambda a: a.astype(jnp.float32), tree)


def _variance(weight: jax.Array, a: jax.Array) -> jax.Array:
    return weight @ (a - weight @ a) ** 2

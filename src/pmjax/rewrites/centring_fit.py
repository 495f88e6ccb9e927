"""Fit the centring of recentred variables to draws and gradients that warm-up has anyway.

A normal coordinate that is independent of all others has Var(draw) Var(score) = 1; dependence and funnels
make the product larger. From draws x and scores s_x of the model as written, those in the centring c are

    z = (x - mu) sigma^(c-1) + c mu,        s_z = sigma^(1-c) s_x,

and a parent u of x_1, x_2, ... has the score

    s_u + sum_j (1 - c_j sigma_j^(1-c_j)) s_xj dmu_j/du + (1 - c_j) ((x_j - mu_j) s_xj + 1) dlog sigma_j/du.

So no new gradients are needed to find the c that minimises the sum of sqrt(Var Var) over all coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pmjax.graph.precision import double_precision
from pmjax.model.spec import ModelSpec, name_of
from pmjax.rewrites.coordinates import ROWS, Coordinates, Knobs, structure
from pmjax.rewrites.recentre import recentred
from pmjax.rewrites.vector_centring import VectorCentring, vectors

Located = tuple[np.ndarray, np.ndarray]
# A chain's position, knobs, draws and gradients.
Move = tuple[np.ndarray, Any, np.ndarray, np.ndarray]

# Draws that a window must have; that it must have to fit elements one by one; and after which a chain in
# whose centring it finds nothing to change keeps it.
FEWEST, ENOUGH, SETTLING = 10, 40, 80
# Values of c that are tried element by element before the joint fit, and the steps of that.
GRID = np.linspace(0.0, 1.0, 11)
STEPS, RATE = 12, 0.1
# The sum of losses must fall by this, and by this part of itself, to be worth a change; a fit element by
# element, which follows the noise of a window, must be better by this for each element.
WORTH, WORTH_PART, POLISH = 0.1, 0.002, 0.01
# A centring nearer to 0 than this becomes 0, which has no funnel at all.
SNAP = 0.1
# Bound of c times the depth of the funnel. A scale that data hardly bound from below has a long tail to 0,
# which a window may not show: the depth is at least `TAIL` times Var(log sigma).
NECK, TAIL = 0.6, 15.0
# The bound is lifted for a variable if that lowers the loss by this for each of its elements, but never
# where it is below `ABYSS`.
CLEAR, ABYSS = 0.1, 0.05


class CentringHook:
    """Refits the centring at the end of each warm-up window of a run.

    Parameters
    ----------
    spec : ModelSpec
        A model with recentred variables.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._elements = Coordinates(spec) if recentred(spec) else None
        self._vectors = VectorCentring(spec, ROWS, structure(spec)) if vectors(spec) else None
        self._size = sum(int(np.prod(v.unconstrained_shape, dtype=int)) for v in spec.free)
        self._knobs = {name_of(knob.node): knob.value for knob in spec.knobs}
        # Chains in whose centring a window found nothing to change: another fit would only cost time.
        self._settled: set[int] = set()

    def prepare(self) -> None:
        """Compile what the first window will need, so that a thread may do it beside the sampler."""
        none = np.zeros((1, self._size))
        with double_precision():
            if self._vectors is not None:
                self._vectors.move(none, none, self._knobs, self._knobs)
            if self._elements is not None:
                x, (mu, _) = self._elements.written(none, self._knobs)
                self._elements.pull(x, mu, mu)
                self._elements.push(x, x)

    def __call__(
        self, chain: int, theta: np.ndarray, gradient: np.ndarray, position: np.ndarray, knobs: Knobs
    ) -> Move | None:
        """Return a chain and its window in new coordinates, or None if nothing is worth a change.

        Parameters
        ----------
        chain : int
        theta, gradient : ndarray, shape (draws, D)
            The draws of the window and the gradients there.
        position : ndarray, shape (D,)
            Where the chain is.
        knobs : mapping
            The centrings in force.
        """
        n = len(theta)
        if n < FEWEST or chain in self._settled:
            return None
        late = np.unique(np.linspace(n // 4, n - 1, ROWS - 1).astype(int))
        points = np.concatenate([theta[late], position[None]])
        scores = np.concatenate([gradient[late], np.zeros_like(position)[None]])
        with np.errstate(all="ignore"):
            move = self._moved(points, scores, knobs)
        if move is None or not (np.all(np.isfinite(move[2])) and np.all(np.isfinite(move[3]))):
            if n >= SETTLING:
                self._settled.add(chain)
            return None
        return move

    def _moved(self, points: np.ndarray, scores: np.ndarray, knobs: Knobs) -> Move | None:
        """Return the same for draws, the last of which is the position, and their scores."""
        changed, dtype, in_force = False, points.dtype, knobs
        if self._vectors is not None:
            written: Knobs = self._vectors.as_written(knobs)
            points, scores = self._vectors.move(points, scores, knobs, written)
            points, knobs = points.astype(dtype), written
        if self._elements is not None:
            points, scores, fitted = self._fitted(self._elements, points, scores, knobs)
            changed, knobs = fitted is not None, fitted or knobs
        if self._vectors is not None:
            written = knobs
            knobs = self._vectors.choose(points[:-1], scores[:-1], written, in_force)
            changed |= any(knobs[name] != in_force[name] for name in self._vectors.names)
            points, scores = self._vectors.move(points.astype(dtype), scores, written, knobs)
        return (points[-1], knobs, points[:-1], scores[:-1]) if changed else None

    @staticmethod
    def _fitted(
        coordinates: Coordinates, points: np.ndarray, scores: np.ndarray, knobs: Knobs
    ) -> tuple[np.ndarray, np.ndarray, Knobs | None]:
        """Return draws, scores and knobs with the elements' centrings fitted; None if there is no gain."""
        x, (mu, log_sigma) = coordinates.written(points, knobs)
        located = mu[:-1], log_sigma[:-1]
        old = coordinates.centrings(knobs)
        new, gain, fitted = fit_centring(coordinates, x[:-1], scores[:-1].astype(float), old, located)
        if not gain > 0:
            return points, scores, None
        z, elements = x.copy(), coordinates.elements
        z[:, elements] = (x[:, elements] - mu) * np.exp((new - 1) * log_sigma) + new * mu
        return z, np.concatenate([fitted, scores[-1:]]), {**knobs, **coordinates.as_knobs(new, points.dtype)}


def recentre_hook(spec: ModelSpec) -> CentringHook | None:
    """Return what refits the centring during warm-up; None if nothing in the model is recentred."""
    return CentringHook(spec) if recentred(spec) or vectors(spec) else None


def fit_centring(
    coordinates: Coordinates,
    x: np.ndarray,
    score: np.ndarray,
    current: np.ndarray,
    located: Located | None = None,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the fitted centring of each element, how far the loss falls, and the scores in that centring.

    A fall of 0 means that nothing is worth a change.

    Variables are fitted from the children to the parents: the score of a recentred parent holds
    what its children's centrings add to it.

    Parameters
    ----------
    coordinates : Coordinates
    x : ndarray, shape (draws, D)
        Draws in the coordinates as written.
    score : ndarray, shape (draws, D)
        Scores in the coordinates of the centring `current`.
    current : ndarray, shape (E,)
    located : tuple of ndarray, optional
        Location and log scale of each element, if they are known.
    """
    levels = levels_as_written(coordinates, x, score, current, located)
    fitted, gain = current.copy(), 0.0
    for level in reversed(levels):
        before = level.loss(current)
        least = WORTH + WORTH_PART * before
        best = level.minimise()
        if (better := before - level.loss(best)) > least:
            fitted, gain = np.where(level.own, best, fitted), gain + better
        level.redo(fitted)
    return fitted, gain, levels[0].score


def levels_as_written(
    coordinates: Coordinates,
    x: np.ndarray,
    score: np.ndarray,
    c: np.ndarray,
    located: Located | None = None,
) -> list[Level]:
    """Return the levels of recentred elements, parents first, which share scores as the model is written.

    The arguments are those of `fit_centring`.
    """
    mu, log_sigma = located or coordinates.locate(x)
    deviation, shared = x[:, coordinates.elements] - mu, score.copy()
    levels = []
    for number in range(int(coordinates.level.max()) + 1):
        levels.append(Level(coordinates, number, x, shared, deviation, mu, log_sigma, c))
        levels[-1].undo(c)
    return levels


@dataclass
class Level:
    """Draws and scores of a window, seen from the recentred elements of one level.

    Attributes
    ----------
    x, score : ndarray, shape (draws, D)
        Draws in the coordinates as written; scores, changed in place by `undo` and `redo`.
    deviation, mu, log_sigma : ndarray, shape (draws, E)
        x - mu, location and log scale of every recentred element.
    current : ndarray, shape (E,)
        The centring that the draws were made in.
    """

    coordinates: Coordinates
    level: int
    x: np.ndarray
    score: np.ndarray
    deviation: np.ndarray
    mu: np.ndarray
    log_sigma: np.ndarray
    current: np.ndarray

    def __post_init__(self) -> None:
        elements, levels = self.coordinates.elements, self.coordinates.level
        self.own = levels == self.level
        # Parents are judged in the coordinates that they have now.
        self.outer = np.ones(self.x.shape[1], bool)
        self.outer[elements[levels >= self.level]] = False
        stretch = np.where(levels < self.level, np.exp((1 - self.current) * self.log_sigma), 1.0)
        self.weight = np.ones_like(self.x)
        self.weight[:, elements] = stretch
        z = self.x.copy()
        z[:, elements] = self.deviation / stretch + np.where(levels < self.level, self.current, 1.0) * self.mu
        self.spread = z.var(axis=0)

    def undo(self, c: np.ndarray) -> None:
        """Bring the scores of this level to the coordinates as written."""
        own = self.coordinates.elements[self.own]
        self.score[:, own] /= np.exp((1 - c) * self.log_sigma)[:, self.own]
        self.score -= self._to_parents(c)

    def redo(self, c: np.ndarray) -> None:
        """Bring the scores of this level to the centring c."""
        self.score += self._to_parents(c)
        own = self.coordinates.elements[self.own]
        self.score[:, own] *= np.exp((1 - c) * self.log_sigma)[:, self.own]

    def _element_scores(self) -> np.ndarray:
        return self.score[:, self.coordinates.elements] * self.own

    def _to_parents(self, c: np.ndarray) -> np.ndarray:
        s_x = self._element_scores()
        alpha = s_x * (1 - c * np.exp((1 - c) * self.log_sigma))
        beta = (1 - c) * (self.deviation * s_x + 1) * self.own
        return self.coordinates.pull(self.x, alpha, beta)

    def _own_losses(self, c: np.ndarray | float) -> np.ndarray:
        z = self.deviation * np.exp((c - 1) * self.log_sigma) + c * self.mu
        s_z = self._element_scores() * np.exp((1 - c) * self.log_sigma)
        return np.where(self.own, np.sqrt(z.var(axis=0) * s_z.var(axis=0)), 0.0)

    def loss(self, c: np.ndarray) -> float:
        """Return the sum of sqrt(Var z Var s_z) over the elements of this level and all their parents."""
        parents = (self.weight * (self.score + self._to_parents(c))).var(axis=0)
        return float(self._own_losses(c).sum() + np.sqrt(self.spread * parents)[self.outer].sum())

    def gradient(self, c: np.ndarray) -> np.ndarray:
        """Return the derivative of the loss with respect to each centring."""
        shrink, stretch = np.exp((c - 1) * self.log_sigma), np.exp((1 - c) * self.log_sigma)
        s_x = self._element_scores()
        z, dz = self.deviation * shrink + c * self.mu, self.deviation * shrink * self.log_sigma + self.mu
        s_z = s_x * stretch
        var_z, var_s = z.var(axis=0), s_z.var(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.sqrt(var_z * var_s) * (_cov(z, dz) / var_z - _cov(s_z, s_z * self.log_sigma) / var_s)
        parents = self.weight * (self.score + self._to_parents(c))
        var = parents.var(axis=0)
        pull = np.where(self.outer & (var > 0), np.sqrt(self.spread / np.where(var > 0, var, 1.0)), 0.0)
        direction = pull * self.weight * (parents - parents.mean(axis=0)) / len(self.x)
        dmu, dlog_sigma = self.coordinates.push(self.x, direction)
        dalpha, dbeta = -s_x * stretch * (1 - c * self.log_sigma), -(self.deviation * s_x + 1)
        return np.where(self.own, own + (dalpha * dmu + dbeta * dlog_sigma).sum(axis=0), 0.0)

    def minimise(self) -> np.ndarray:
        """Return the centrings of least loss, with those of a funnel bounded.

        The scale of z is sigma^c, so c times the depth of the funnel (how far log sigma falls below its
        mean) is bounded: a step size that fits the bulk must not fail in a neck that the window hardly saw.
        Where the data of a variable speak clearly for more, there is no neck, and no bound.
        """
        best, bound = self._corner()
        if len(self.x) < ENOUGH * 3 // 4:
            return best
        polished = self._descend(best, bound)
        polished = np.where(polished < SNAP, 0.0, polished)
        return polished if self.loss(polished) < self.loss(best) - POLISH * self.own.sum() else best

    def _corner(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the best of a few centrings for each variable as a whole, and the bounds that it leaves.

        A short window chooses between 0 and 1: for single elements it has too little to say.
        """
        guess, bound = self.guess, self.bound
        candidates = [np.zeros_like(guess), np.ones_like(guess), guess]
        if len(self.x) < ENOUGH * 3 // 4:
            candidates.pop()
        liftable = bound > ABYSS
        best = np.minimum(self.current, bound)
        least = self.loss(best)
        for part, _ in self.coordinates.knobs.values():
            clear = WORTH + CLEAR * (part.stop - part.start)
            for candidate in candidates if self.own[part].any() else ():
                trial, freed = best.copy(), best.copy()
                trial[part] = np.minimum(candidate[part], bound[part])
                freed[part] = np.where(liftable[part], candidate[part], trial[part])
                loss = self.loss(trial)
                lifted = np.any(freed > trial) and self.loss(freed) < loss - clear
                if lifted:
                    trial, loss = freed, self.loss(freed)
                if loss < least:
                    best, least = trial, loss
                    bound[part] = np.where(lifted & liftable[part], 1.0, bound[part])
        return best, bound

    @property
    def guess(self) -> np.ndarray:
        """The best of a few centrings for each element by itself, its parents left out."""
        losses = np.array([self._own_losses(c) for c in GRID])
        return GRID[np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=0)]

    @property
    def bound(self) -> np.ndarray:
        """The greatest centring that the depth of the funnel allows."""
        seen = self.log_sigma.mean(axis=0) - self.log_sigma.min(axis=0)
        return NECK / np.maximum(np.maximum(seen, TAIL * self.log_sigma.var(axis=0)), NECK)

    def _descend(self, c: np.ndarray, bound: np.ndarray) -> np.ndarray:
        """Return the centrings from 0 to `bound` of least loss, by Adam for all elements together."""
        first, second = np.zeros_like(c), np.zeros_like(c)
        for step in range(1, STEPS + 1):
            gradient = np.nan_to_num(self.gradient(c))
            first, second = 0.8 * first + 0.2 * gradient, 0.95 * second + 0.05 * gradient**2
            size = np.sqrt(second / (1 - 0.95**step)) + 1e-12
            c = np.clip(c - RATE * (1 - step / (STEPS + 1)) * first / (1 - 0.8**step) / size, 0.0, bound)
        return c


def _cov(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a - a.mean(axis=0)) * b).mean(axis=0)

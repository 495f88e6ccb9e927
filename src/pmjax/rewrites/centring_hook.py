"""What hears of each warm-up window and moves chains to the centrings that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from pmjax.model.spec import ModelSpec, name_of
from pmjax.rewrites.centring_fit import TRIALS, Judgement, Level, judge, minimise
from pmjax.rewrites.coordinates import Coordinates, structure
from pmjax.rewrites.recentre import recentred
from pmjax.rewrites.vector_centring import prefer, vectors
from pmjax.runtime.programs import program

# Knobs of some chains: every array has a leading axis of them.
Knobs = Mapping[str, Any]
Pairs = tuple[np.ndarray, np.ndarray]
# A chain's new knobs; under them its position and the gradient there, what the log density has grown by
# there, and the draws and gradients of the window.
Move = tuple[Knobs, Pairs, float, Pairs]

# Draws of a window that are looked at: one program fits windows of any length.
ROWS = 64
# Draws that a window must have; that it must have to fit elements one by one; and after which a chain in
# whose centring it finds nothing to change keeps it.
FEWEST, ENOUGH, SETTLING = 10, 30, 80
# Chains are fitted together up to so many bytes of draws.
BATCH_BYTES = 64 * 2**20


class CentringHook:
    """Refits the centring at the end of each warm-up window of a run.

    Parameters
    ----------
    spec : ModelSpec
        A model with recentred variables.

    Attributes
    ----------
    settling : int
        A chain in whose centring a window of so many draws finds nothing to change keeps it: another fit
        would only cost time.
    """

    settling = SETTLING

    def __init__(self, spec: ModelSpec) -> None:
        self._coordinates = Coordinates(spec)
        self._vectors = [name_of(v.bijector.inputs[2]) for v in vectors(spec) if v.bijector is not None]
        self._knobs = {name_of(knob.node): knob.value for knob in spec.knobs}
        self._key = structure(spec)
        self._programs: dict[tuple[str, int, Any], Callable[..., Any]] = {}
        self._together = 1

    def prepare(self, chains: int, dtype: np.dtype) -> None:
        """Compile what fits the windows of ``chains`` chains at a time, before the first window ends."""
        size = self._coordinates.size
        self._together = int(np.clip(BATCH_BYTES // (ROWS * size * dtype.itemsize), 1, chains))
        none = np.zeros((self._together, 1, size), dtype)
        knobs = {n: np.zeros((self._together, *knob.shape)) for n, knob in self._knobs.items()}
        points, scores, weight = _window(none, none, (none[:, 0], none[:, 0]))
        self._mover((points, scores, knobs, knobs, self._coordinates.data))
        if self._coordinates.knobs:
            c = self._centrings(knobs)
            self._judge(Level.of(self._coordinates, 0), points[:, :-1], scores[:, :-1], weight, c)

    def __call__(
        self,
        theta: np.ndarray,
        gradient: np.ndarray,
        place: Pairs,
        knobs: Knobs,
    ) -> list[Move | None]:
        """Return each chain and its window in new coordinates, or None if nothing is worth a change.

        Parameters
        ----------
        theta, gradient : ndarray, shape (C, draws, D)
            The draws of the window of each of C chains, and the gradients there.
        place : tuple of two ndarray, shape (C, D)
            Where the chains are, and the gradients there.
        knobs : mapping
            The centrings in force.
        """
        moves: list[Move | None] = [None] * len(theta)
        if theta.shape[1] < FEWEST:
            return moves
        for first in range(0, len(theta), self._together):
            indices = range(first, min(first + self._together, len(theta)))
            # Fewer chains than the programs have room for are filled up with copies.
            rows = np.resize(indices, self._together)
            own = {name: np.asarray(knob)[rows] for name, knob in knobs.items()}
            points, scores, weight = _window(theta[rows], gradient[rows], (place[0][rows], place[1][rows]))
            with np.errstate(all="ignore"):
                changed, points, scores, rise, fitted = self._refit(points, scores, weight, own)
            count = np.count_nonzero(weight)
            for row, i in enumerate(indices):
                if changed[row]:
                    new = {name: knob[row] for name, knob in fitted.items()}
                    here, window = (
                        (points[row, -1], scores[row, -1]),
                        (points[row, :count], scores[row, :count]),
                    )
                    moves[i] = new, here, float(rise[row]), window
        return moves

    def _refit(
        self, points: np.ndarray, scores: np.ndarray, weight: np.ndarray, knobs: Knobs
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Knobs]:
        """Return which chains change their coordinates, points and scores there, the rise of the log density
        at the last point, and the knobs.
        """
        dtype, long = points.dtype, bool(np.count_nonzero(weight) >= ENOUGH)
        written = {name: np.ones_like(knob) for name, knob in knobs.items()}
        x, as_written, above = self._move(points, scores, knobs, written)
        fitted, scores, changed = written, as_written, np.zeros(len(points), bool)
        # From the children to the parents, whose scores hold what the children's centrings add to them.
        for number in reversed(range(int(self._coordinates.level.max(initial=-1)) + 1)):
            level, current = Level.of(self._coordinates, number), self._centrings(knobs)
            judged = self._judge(level, x[:, :-1], scores[:, :-1], weight, current)
            parts = [part for part in self._coordinates.slices.values() if level.own[part.start]]
            c, gain = minimise(judged, current, parts, long)
            changed |= gain > 0
            for name, part in self._coordinates.slices.items():
                if level.own[part.start]:
                    new = c[:, part].reshape(knobs[name].shape).astype(dtype)
                    better = np.reshape(gain > 0, (-1,) + (1,) * (new.ndim - 1))
                    fitted = {**fitted, name: np.where(better, new, knobs[name])}
            points, scores, rise = self._move(x, as_written, written, fitted)
        for name in self._vectors:
            forms = [{**fitted, name: np.full_like(knobs[name], c)} for c in (0.0, 1.0)]
            seen = [self._move(x, as_written, written, form) for form in forms]
            c = prefer(knobs[name], weight, [(points[:, :-1], scores[:, :-1]) for points, scores, _ in seen])
            changed |= c != knobs[name]
            fitted = {**fitted, name: c}
        if self._vectors:
            points, scores, rise = self._move(x, as_written, written, fitted)
        rise = rise + above
        finite = (
            np.isfinite(points).all(axis=(1, 2)) & np.isfinite(scores).all(axis=(1, 2)) & np.isfinite(rise)
        )
        return changed & finite, points, scores, rise, fitted

    def _centrings(self, knobs: Knobs) -> np.ndarray:
        """Return the centring of each element, shape (C, E)."""
        flat = [np.reshape(knobs[name], (self._together, -1)) for name in self._coordinates.knobs]
        return np.concatenate(flat, axis=1).astype(np.float32)

    def _move(
        self, points: Any, scores: Any, old: Knobs, new: Knobs
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points and scores under other knobs, and the rise of the log density at the last point."""
        arguments = (points, scores, old, new, self._coordinates.data)
        points, scores, rise = map(np.asarray, self._mover(arguments)(*arguments))
        return points, scores, rise[:, -1]

    def _mover(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        def move(point: Any, score: Any, old: Knobs, new: Knobs, data: Any) -> Any:
            return self._coordinates.moved(point, score, data, old, new)

        of_a_chain = jax.vmap(move, in_axes=(0, 0, None, None, None))
        return self._program("moved", of_a_chain, (0, 0, 0, 0, None), arguments, (0, 0, 0))

    def _judge(self, level: Level, x: Any, scores: Any, weight: Any, current: np.ndarray) -> Any:
        """Return a function that judges centrings, shape (C, K, E), by these draws and scores."""
        fixed = (level, x, scores, weight, current)
        data, axes = self._coordinates.data, (None, 0, 0, None, 0, 0, None)
        one, result = partial(judge, self._coordinates), Judgement(0, 0, 0)
        trials = np.repeat(current[:, None], TRIALS, axis=1)
        run = self._program("judged", one, axes, (*fixed, trials, data), result)

        def judged(c: np.ndarray) -> Judgement:
            trials[:, : c.shape[1]] = c
            loss, alone, depth = map(np.asarray, run(*fixed, trials, data))
            return Judgement(loss[:, : c.shape[1]], alone[:, : c.shape[1]], depth)

        return judged

    def _program(
        self,
        name: str,
        function: Callable[..., Any],
        axes: tuple[int | None, ...],
        arguments: tuple[Any, ...],
        result: Any,
    ) -> Callable[..., Any]:
        """Return a function of a chain compiled for those that are fitted together.

        The instance keeps it: without a key `program` would have to trace it at every window.
        """
        kept = name, self._together, arguments[1].dtype
        if kept not in self._programs:
            of_all = _of_chains(function, axes, self._together)
            self._programs[kept] = program(name, of_all, arguments, result, self._key)
        return self._programs[kept]


def _of_chains(function: Callable[..., Any], axes: tuple[int | None, ...], chains: int) -> Callable[..., Any]:
    """Return a function of one chain as one of arrays with a leading axis of chains."""
    if chains > 1:
        return jax.vmap(function, in_axes=axes)

    # With an axis of length 1 the compiler would transpose matrices before products.
    def of_one(*arguments: Any) -> Any:
        pairs = zip(arguments, axes, strict=True)
        own = [a if axis is None else jax.tree.map(lambda x: x[0], a) for a, axis in pairs]
        return jax.tree.map(lambda x: x[None], function(*own))

    return of_one


def _window(
    theta: np.ndarray, gradient: np.ndarray, place: Pairs
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the last three quarters of the draws, thinned or filled up to `ROWS`, and then the place.

    Returns
    -------
    points, scores : ndarray, shape (C, ROWS + 1, D)
    weight : ndarray, shape (ROWS,)
        Of each draw; 0 for those that fill up.
    """
    n = theta.shape[1]
    late = np.unique(np.linspace(n // 4, n - 1, ROWS).astype(int))
    rows = np.resize(late, ROWS)
    weight = np.where(np.arange(ROWS) < len(late), 1 / len(late), 0.0).astype(theta.dtype)
    pairs = zip((theta, gradient), place, strict=True)
    points, scores = (np.concatenate([of[:, rows], last[:, None]], axis=1) for of, last in pairs)
    return points, scores, weight


def recentre_hook(spec: ModelSpec) -> CentringHook | None:
    """Return what refits the centring during warm-up; None if nothing in the model is recentred."""
    return CentringHook(spec) if recentred(spec) or vectors(spec) else None

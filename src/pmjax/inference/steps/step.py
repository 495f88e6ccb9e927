"""What a step is: it moves some coordinates of a chain and leaves the density invariant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

LogDensity = Callable[[jax.Array], jax.Array]
"""``log_density(theta) -> scalar``, theta of shape (D,)."""


class Place(NamedTuple):
    """Where a chain is: theta, shape (D,), and the log density there."""

    theta: Any
    value: Any


class Moved(NamedTuple):
    """What a step returns.

    Attributes
    ----------
    place : Place
    state : pytree
        What the step has learnt.
    accept : Array
        The share of proposals accepted, or the acceptance statistic.
    stats : Array or None
        Statistics by `pmjax.run.statistics.STATS`, of a step that has them.
    """

    place: Place
    state: Any
    accept: Any
    stats: Any = None


class Step(Protocol):
    """A step on the coordinates `own`."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def own(self) -> np.ndarray:
        """The coordinates that it moves, in order."""

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> Any:
        """Return its state at the start of a chain of so many draws, warm-up counted in (NumPy)."""

    def move(
        self, key: jax.Array, place: Place, state: Any, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Move; ``flags`` says what this draw adapts, by `pmjax.inference.nuts.schedule` (JAX)."""

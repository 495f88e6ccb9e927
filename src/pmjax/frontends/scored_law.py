"""The law of an observed variable whose log densities are computed elsewhere, and given to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.signature import Signature
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class ScoredLaw(Law):
    """A law whose one parameter is the log density of each event.

    Attributes
    ----------
    family : str
        What the family is called where it comes from.
    event : tuple of int
        The shape of one event.
    integers : bool
        Whether its values are integers.
    """

    family: str
    event: tuple[int, ...] = ()
    integers: bool = False

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the values are integers."""
        return self.integers

    @property
    def name(self) -> str:
        """The name of the family."""
        return self.family

    @property
    def dimensions(self) -> Signature:  # type: ignore[override]
        """One number for one event."""
        return Signature(((),), tuple(f"axis_{i}" for i in range(len(self.event))))

    @property
    def is_open(self) -> bool:
        """Whether a length of an event is unknown."""
        return False

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        """Return the shape of one event."""
        return self.event

    def log_density(self, x: Array, score: Array) -> Array:
        return jnp.broadcast_to(score, jnp.shape(x)[: jnp.ndim(x) - len(self.event)])

    def draw(self, key: Key, shape: Shape, score: Array) -> Array:
        raise NotImplementedError(
            f"{self.family} is known by its log density alone, and cannot be drawn from"
        )

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        """Return that every value may be in the support: the density is what tells."""
        return np.ones(np.shape(x), bool)

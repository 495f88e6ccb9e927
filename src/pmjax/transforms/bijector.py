"""Bijectors: smooth one-to-one maps between a support and unconstrained vectors.

A bijector is written for one event. `inverse` and `log_det` are traced by JAX (they are part of every
density); `forward` runs on the host in NumPy (it is needed for starting points only).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any

import numpy as np

from pmjax.graph.identity import object_fingerprint
from pmjax.graph.variable import Variable

Shape = tuple[int, ...]


class Bijector(ABC):
    """A map between constrained values x and unconstrained values y.

    Attributes
    ----------
    name : str
        The suffix of the unconstrained variable, as in PyMC: ``sigma_log__``; empty for none.
    inputs : tuple of Variable
        Nodes whose values the map needs (the bounds of an interval).
    origin : int or None
        Which parameter of its law x is measured from, if the map knows the distance better than x itself.
    """

    name: str
    inputs: tuple[Variable, ...] = ()
    origin: int | None = None

    def unconstrained_shape(self, shape: Shape) -> Shape:
        """Return the shape of y for an x of the given shape."""
        return shape

    def start(self, x: np.ndarray) -> np.ndarray:
        """Return a value near x that the map reaches, where a chain may start (NumPy)."""
        return x

    @abstractmethod
    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        """Return y for x (NumPy)."""

    @abstractmethod
    def inverse(self, y: Any, *inputs: Any) -> Any:
        """Return x for y (JAX)."""

    @abstractmethod
    def log_det(self, y: Any, *inputs: Any) -> Any:
        """Return the log absolute determinant of the Jacobian of `inverse` at y, elementwise or per event."""

    def parts(self, y: Any, *inputs: Any) -> tuple[Any, Any, Any]:
        """Return x, the log determinant, and x as its law is given it: minus the parameter `origin`, if any,
        which a difference of x and the parameter would lose to cancellation (JAX).
        """
        x = self.inverse(y, *inputs)
        return x, self.log_det(y, *inputs), x

    def fingerprint(self) -> Hashable | None:
        """Return what identifies the map in any process, or None if nothing does."""
        return object_fingerprint(self, aside=("inputs",))

"""Bijectors: smooth one-to-one maps between a support and unconstrained vectors.

A bijector is written for one event, and maps arrays of events. `inverse` and `log_det` are traced by JAX
(they are part of every density); `forward` runs on the host in NumPy (it is needed for starting points only).
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, Self

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.identity import object_fingerprint
from pmjax.graph.variable import Variable, call

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

    def of(self, params: Sequence[Variable]) -> Bijector:
        """Return the bijector for a variable with these parameters (bounds may depend on them)."""
        return self

    def with_inputs(self, inputs: Sequence[Variable]) -> Self:
        """Return the same map with other nodes for its inputs."""
        other = copy.copy(self)
        other.inputs = tuple(inputs)
        return other

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
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
        """Return log |det| of the Jacobian of `inverse` at y: one number for each event."""

    def parts(self, y: Any, *inputs: Any) -> tuple[Any, Any, Any]:
        """Return x, the log determinant, and x as its law is given it: minus the parameter `origin`, if any,
        which a difference of x and the parameter would lose to cancellation (JAX).
        """
        x = self.inverse(y, *inputs)
        return x, self.log_det(y, *inputs), x

    def backward(self, value: Any, *inputs: Any) -> Variable:
        """Return x for y as a node of the graph (PyMC's name for the inverse)."""
        return call(self.inverse, value, *(inputs or self.inputs))

    def log_jac_det(self, value: Any, *inputs: Any) -> Variable:
        """Return the log determinant at y as a node of the graph (PyMC's name for it)."""
        return call(self.log_det, value, *(inputs or self.inputs))

    def fingerprint(self) -> Hashable | None:
        """Return what identifies the map in any process, or None if nothing does."""
        return object_fingerprint(self, aside=("inputs",))


def add_per_event(a: Any, b: Any) -> Any:
    """Return the sum of two arrays of log densities, where events of one may be parts of those of the other.

    The array for the smaller events is summed over the dimensions that the larger events have in addition.

    Examples
    --------
    >>> add_per_event(jnp.ones((2, 3)), jnp.zeros(2)).tolist()
    [3.0, 3.0]
    """
    a, b = jnp.asarray(a), jnp.asarray(b)
    ndim = min(a.ndim, b.ndim)
    return a.sum(axis=tuple(range(ndim, a.ndim))) + b.sum(axis=tuple(range(ndim, b.ndim)))


def check_vector(bijector: Bijector, shape: Shape, ndim: int = 1) -> None:
    """Raise ModelError if a shape has fewer dimensions than an event of the bijector."""
    if len(shape) < ndim:
        kind = "vectors, and the variable is one number" if ndim == 1 else f"arrays of {ndim} dimensions"
        raise ModelError(f"the transform {bijector.name!r} is for {kind}; give a shape")

"""The law of a random variable whose log density is given by a function, and whose family is not ours."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.distributions.distribution import Distribution
from pmjax.graph.ops import Shape
from pmjax.graph.variable import Variable


class FunctionLaw(Distribution):
    """A law known by its log density alone; all elements of the variable are one event.

    Parameters
    ----------
    name : str
        What the family is called where it comes from.
    density : callable
        ``density(x, *params)`` returns the log density (JAX); its elements are summed.
    center : callable
        ``center(*params)`` returns a value where a chain may start (NumPy).
    shape : tuple of int
        The shape of the variable.
    discrete : bool
        Whether its values are integers.
    identity : hashable or None
        What identifies the two functions in any process, or None if nothing does.
    """

    def __init__(
        self,
        name: str,
        density: Callable[..., Any],
        center: Callable[..., Any],
        shape: Shape,
        *,
        discrete: bool = False,
        identity: Hashable | None = None,
    ) -> None:
        self._name = name
        self._density = density
        self._center = center
        self._shape = shape
        self.discrete = discrete
        self.event_ndim = len(shape)
        self._identity = identity

    @property
    def name(self) -> str:
        return self._name

    def parameters(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise NotImplementedError

    def infer(self, params: Sequence[Variable], shape: Shape | None) -> tuple[Shape, np.dtype]:
        if shape is not None and shape != self._shape:
            raise ValueError(f"{self.name}: the variable has shape {self._shape}, not {shape}")
        self.param_names = tuple(f"parent_{i}" for i in range(len(params)))
        self.param_ndims = {n: p.ndim for n, p in zip(self.param_names, params, strict=True)}
        return self._shape, np.dtype("int64" if self.discrete else "float64")

    def event_shape(self, params: Sequence[Variable]) -> Shape:
        return self._shape

    def log_density(self, x: Any, *params: Any, **named: Any) -> Any:
        return jnp.sum(self._density(x, *params))

    def draw(self, key: Any, shape: Shape, *params: Any, **named: Any) -> Any:
        raise NotImplementedError(f"{self.name} is known by its log density alone, and cannot be drawn from")

    def center(self, *params: Any, **named: Any) -> Any:
        return self._center(*params)

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        return np.ones(np.shape(x), bool)

    def fingerprint(self) -> Hashable | None:
        return None if self._identity is None else (self.name, self._shape, self._identity)

"""The law of a random variable whose log density is given by a function, and whose family is not ours."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True, eq=False)
class FunctionLaw(Law):
    """A law known by its log density alone; all elements of the variable are one event.

    Attributes
    ----------
    family : str
        What the family is called where it comes from.
    density : callable
        ``density(x, *params)`` returns the log density (JAX); its elements are summed.
    middle : callable
        ``middle(*params)`` returns a value where a chain may start (NumPy).
    shape : tuple of int
        The shape of the variable.
    ndims : tuple of int
        The number of dimensions of each parameter.
    integers : bool
        Whether its values are integers.
    identity : hashable or None
        What identifies the two functions in any process, or None if nothing does.
    """

    family: str
    density: Callable[..., Any]
    middle: Callable[..., Any]
    shape: Shape
    ndims: tuple[int, ...]
    integers: bool = False
    identity: Hashable | None = None

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the values are integers."""
        return self.integers

    @property
    def name(self) -> str:
        """The name of the family."""
        return self.family

    @property
    def event_ndim(self) -> int:
        """Dimensions of one event: all of them."""
        return len(self.shape)

    @property
    def param_names(self) -> tuple[str, ...]:
        """The parameters, by number."""
        return tuple(f"parent_{i}" for i in range(len(self.ndims)))

    @property
    def param_ndims(self) -> Mapping[str, int]:  # type: ignore[override]
        """Dimensions of one event of each parameter: all of them."""
        return dict(zip(self.param_names, self.ndims, strict=True))

    @property
    def is_open(self) -> bool:
        """Whether a length of an event is unknown."""
        return False

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        """Return the shape of one event."""
        return self.shape

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        """Return the shape and dtype of a draw."""
        if shape is not None and shape != self.shape:
            raise ValueError(f"{self.name}: the variable has shape {self.shape}, not {shape}")
        return self.shape, np.dtype("int64" if self.integers else "float64")

    def log_density(self, x: Array, *params: Array) -> Array:
        return jnp.sum(self.density(x, *params))

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        raise NotImplementedError(f"{self.name} is known by its log density alone, and cannot be drawn from")

    def center(self, *params: Array) -> Array:
        return self.middle(*params)

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        """Return that every value may be in the support: the density is what tells."""
        return np.ones(np.shape(x), bool)

    def fingerprint(self) -> Hashable | None:
        """Return what identifies the law in any process, or None if nothing does."""
        return None if self.identity is None else (self.family, self.shape, self.identity)

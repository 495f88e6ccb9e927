"""How the free variables of a model lie in one flat unconstrained vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pmjax.errors import ModelError, suggest
from pmjax.model.spec import ModelSpec


@dataclass(frozen=True)
class Layout:
    """The order, names and shapes of the unconstrained variables.

    Attributes
    ----------
    names : tuple of str
        Unconstrained names (``sigma_log__``), in the order of the vector.
    shapes : tuple of tuple of int
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, spec: ModelSpec) -> Layout:
        """Return the layout of a model's free variables."""
        return cls(
            tuple(v.value_name for v in spec.free),
            tuple(v.unconstrained_shape for v in spec.free),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of coordinates of each variable."""
        return tuple(int(np.prod(s, dtype=int)) for s in self.shapes)

    @property
    def size(self) -> int:
        """Length D of the vector."""
        return sum(self.sizes)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """One label for each coordinate: ``a[3]``, ``x[0, 2]``."""
        labels = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            for position in np.ndindex(shape):
                labels.append(f"{name}[{', '.join(map(str, position))}]" if shape else name)
        return tuple(labels)

    def split(self, theta: jax.Array) -> list[jax.Array]:
        """Return the unconstrained variables of a vector (JAX)."""
        if not self.names:
            return []
        parts = split(theta, self.sizes) if len(self.sizes) > 1 else [theta]
        return [jnp.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def split_draws(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """Return the unconstrained variables of many vectors, shape (..., D), by name (NumPy)."""
        edges = np.cumsum((0, *self.sizes))
        lead = theta.shape[:-1]
        return {
            name: theta[..., edges[i] : edges[i + 1]].reshape((*lead, *self.shapes[i]))
            for i, name in enumerate(self.names)
        }

    def flatten(self, point: Mapping[str, Any]) -> np.ndarray:
        """Return the vector of a point given by unconstrained names.

        Raises
        ------
        ModelError
            If a variable is missing or unknown, or has another shape.
        """
        for name in point:
            if name not in self.names:
                raise ModelError(f"the point has an unknown variable {name!r}{suggest(name, self.names)}")
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            if name not in point:
                raise ModelError(f"the point lacks {name!r}; it needs {', '.join(self.names)}")
            value = np.asarray(point[name], dtype=float)
            if value.shape != shape:
                raise ModelError(f"the point's {name!r} must have shape {shape}, got {value.shape}")
            parts.append(value.ravel())
        return np.concatenate(parts) if parts else np.zeros(0)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def split(vector: jax.Array, sizes: tuple[int, ...]) -> list[jax.Array]:
    """Return the parts of a vector, with a gradient that suits the machine.

    The gradient joins the parts. On a CPU XLA makes of a concatenation, and of what computes its parts, one
    loop that asks of every element to which part it belongs; parts written one after the other into a vector
    need not ask, and are computed eight elements at a time.

    Examples
    --------
    >>> [part.tolist() for part in split(jnp.arange(3.0), (1, 2))]
    [[0.0], [1.0, 2.0]]
    """
    return list(lax.split(vector, sizes))


def _forward(vector: jax.Array, sizes: tuple[int, ...]) -> tuple[list[jax.Array], jax.Array]:
    return split(vector, sizes), vector


def _backward(sizes: tuple[int, ...], vector: jax.Array, parts: list[jax.Array]) -> tuple[jax.Array]:
    return (lax.platform_dependent(vector, *parts, cpu=_write_over, default=_join),)


def _write_over(whole: jax.Array, *parts: jax.Array) -> jax.Array:
    # Every element is written. Over a vector, since what is written over zeros becomes a concatenation again.
    start = 0
    for part in parts:
        whole = lax.dynamic_update_slice_in_dim(whole, part, start, 0)
        start += part.size
    return whole


def _join(_: jax.Array, *parts: jax.Array) -> jax.Array:
    return lax.concatenate(parts, 0)


split.defvjp(_forward, _backward)

"""The two parts of events that are observed in part."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law, NoClosedForm
from pmjax.laws.signature import Signature
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class _Part(Law):
    """Some of the elements of all events of a law, in a flat array.

    Attributes
    ----------
    law : Law
    shape : tuple of int
        Of the whole.
    ndims : tuple of int
        The numbers of dimensions of the law's parameters, those before an event included.
    missing : tuple of int
        Which elements of the flattened whole are missing, in order.
    """

    law: Law
    shape: Shape
    ndims: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.law.name

    @functools.cached_property
    def mask(self) -> np.ndarray:
        """Where the whole is missing."""
        mask = np.zeros(math.prod(self.shape), bool)
        mask[list(self.missing)] = True
        return mask.reshape(self.shape)

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        return np.isfinite(x)


@dataclass(frozen=True)
class MissingPart(_Part):
    """The elements that are missing. Their density is part of that of `ObservedPart`."""

    @property
    def param_names(self) -> tuple[str, ...]:
        return self.law.param_names

    @functools.cached_property
    def dimensions(self) -> Signature:
        return Signature(_own_names(self.ndims), ("missing",))

    def log_density(self, x: Array, *params: Array) -> Array:
        return jnp.zeros(x.shape[:-1])

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        return self.law.draw(key, self.shape, *params)[self.mask]

    def center(self, *params: Array) -> Array:
        return np.broadcast_to(self.law.start(self.shape, *params), self.shape)[self.mask]


@dataclass(frozen=True)
class ObservedPart(_Part):
    """The elements that are observed, given those that are missing: the density is that of the whole."""

    @property
    def param_names(self) -> tuple[str, ...]:
        return ("missing", *self.law.param_names)

    @functools.cached_property
    def dimensions(self) -> Signature:
        return Signature((("missing",), *_own_names(self.ndims)), ("observed",))

    def log_density(self, x: Array, missing: Array, *params: Array) -> Array:  # type: ignore[override]
        return jnp.sum(self.law.log_density(self._whole(x, missing), *params))

    def draw(self, key: Key, shape: Shape, missing: Array, *params: Array) -> Array:  # type: ignore[override]
        if self.law.location_factor is None:
            raise NoClosedForm(
                f"a part of a {self.name} vector cannot be drawn given the others, which were imputed"
            )
        # If y is a whole draw, y + C A^-1 (u - y_missing) has the distribution given u, with the covariances
        # A of what is missing and C of all with what is missing.
        whole = self.law.draw(key, self.shape, *params)
        given = dict(zip(self.law.param_names, params, strict=True))
        factor = given[self.law.location_factor[1]]
        covariance = factor @ jnp.swapaxes(factor, -1, -2)
        both = self.mask[..., :, None] & self.mask[..., None, :]
        among_missing = jnp.where(both, covariance, jnp.eye(self.shape[-1]))
        off = jnp.where(self.mask, self._whole(jnp.zeros(shape), missing) - whole, 0.0)
        weights = jnp.linalg.solve(among_missing, off[..., None])
        return (whole + (covariance @ weights)[..., 0])[~self.mask]

    def center(self, *params: Array) -> Array:
        return np.broadcast_to(self.law.start(self.shape, *params[1:]), self.shape)[~self.mask]

    def _whole(self, x: Array, missing: Array) -> Array:
        whole = jnp.zeros(self.shape, x.dtype).at[~self.mask].set(x)
        return whole.at[self.mask].set(missing)


def _own_names(ndims: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(f"parameter{i}_{axis}" for axis in range(n)) for i, n in enumerate(ndims))

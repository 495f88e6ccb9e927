"""Bijectors of vectors and arrays: ordered ones, and ones with a sum that is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.transforms.bijector import Bijector, Shape, check_vector


class Ordered(Bijector):
    """Increasing vectors: x_1 = y_1, x_k = x_{k-1} + exp(y_k).

    Parameters
    ----------
    positive : bool
        Make all values positive: x_1 = exp(y_1).
    ascending : bool
        Let the values increase; otherwise they decrease.
    """

    name = "ordered"

    def __init__(self, positive: bool = False, ascending: bool = True) -> None:
        self.positive, self.ascending = positive, ascending

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape)
        return shape

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        up = x if self.ascending else x[..., ::-1]
        if not np.all(np.diff(up, axis=-1) > 0) or (self.positive and np.any(up <= 0)):
            up = np.sort(up, axis=-1) + np.linspace(-1.0, 1.0, x.shape[-1])
            if self.positive:
                up = up + np.maximum(0.0, 1.0 - up.min(axis=-1, keepdims=True))
        return up if self.ascending else up[..., ::-1]

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        up = x if self.ascending else x[..., ::-1]
        first = np.log(up[..., :1]) if self.positive else up[..., :1]
        return np.concatenate([first, np.log(np.diff(up, axis=-1))], axis=-1)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        first = jnp.exp(y[..., :1]) if self.positive else y[..., :1]
        up = jnp.cumsum(jnp.concatenate([first, jnp.exp(y[..., 1:])], axis=-1), axis=-1)
        return up if self.ascending else up[..., ::-1]

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return (y if self.positive else y[..., 1:]).sum(axis=-1)


class SumTo1(Bijector):
    """Vectors that sum to one, by all elements but the last: x = (y_1, ..., y_{K-1}, 1 - sum y)."""

    name = "sumto1"

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape)
        return (*shape[:-1], shape[-1] - 1)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return x[..., :-1]

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return jnp.concatenate([y, 1 - y.sum(axis=-1, keepdims=True)], axis=-1)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return jnp.zeros(y.shape[:-1], y.dtype)


class ZeroSumTransform(Bijector):
    """Arrays that sum to zero along some axes, by an orthonormal basis of these arrays.

    Along an axis of length n, y of length n - 1 is reflected onto the vectors of length n that sum to zero
    (a Householder reflection without its last column): lengths and volumes are kept, so log |det| = 0.

    Parameters
    ----------
    zerosum_axes : sequence of int
        The axes along which the sum is zero.
    """

    name = "zerosum"

    def __init__(self, zerosum_axes: Sequence[int]) -> None:
        self.zerosum_axes = tuple(int(axis) for axis in zerosum_axes)

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape, len(self.zerosum_axes))
        reduced = list(shape)
        for axis in self.zerosum_axes:
            reduced[axis] -= 1
        return tuple(reduced)

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        for axis in self.zerosum_axes:
            x = x - x.mean(axis=axis, keepdims=True)
        return x

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        for axis in self.zerosum_axes:
            n = x.shape[axis]
            last = np.take(x, [-1], axis=axis)
            x = np.delete(x, -1, axis=axis) - last / (1 + np.sqrt(n))
        return x

    def inverse(self, y: Any, *inputs: Any) -> Any:
        for axis in self.zerosum_axes:
            n = y.shape[axis] + 1
            total = y.sum(axis=axis, keepdims=True)
            shift = total / (np.sqrt(n) + n)
            y = jnp.concatenate([y - shift, -total / np.sqrt(n)], axis=axis)
        return y

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return jnp.zeros_like(y).sum(axis=self.zerosum_axes)

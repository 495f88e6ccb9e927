"""Bijectors one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.graph.variable import Variable
from pmjax.runtime.precision import double_precision
from pmjax.transforms.bijector import Bijector, Shape, add_per_event


class Chain(Bijector):
    """Bijectors one after the other: the first maps the constrained values, the last gives the free ones.

    Parameters
    ----------
    transform_list : sequence of Bijector
    """

    name = "chain"

    def __init__(self, transform_list: Sequence[Bijector]) -> None:
        self.transform_list = tuple(transform_list)
        self.inputs = tuple(node for b in self.transform_list for node in b.inputs)

    def of(self, params: Sequence[Variable]) -> Bijector:
        return Chain([b.of(params) for b in self.transform_list])

    def unconstrained_shape(self, shape: Shape) -> Shape:
        for bijector in self.transform_list:
            shape = bijector.unconstrained_shape(shape)
        return shape

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        parts, y = self._parts(inputs), x
        with np.errstate(all="ignore"):
            for bijector, own in parts:
                y = bijector.forward(bijector.start(y, *own), *own)
        with double_precision():
            for bijector, own in reversed(parts):
                y = np.asarray(bijector.inverse(jnp.asarray(y), *own))
        return y

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        for bijector, own in self._parts(inputs):
            x = bijector.forward(x, *own)
        return x

    def inverse(self, y: Any, *inputs: Any) -> Any:
        for bijector, own in reversed(self._parts(inputs)):
            y = bijector.inverse(y, *own)
        return y

    def log_det(self, y: Any, *inputs: Any) -> Any:
        total = None
        for bijector, own in reversed(self._parts(inputs)):
            log_det = bijector.log_det(y, *own)
            total = log_det if total is None else add_per_event(total, log_det)
            y = bijector.inverse(y, *own)
        return total

    def _parts(self, inputs: Sequence[Any]) -> list[tuple[Bijector, tuple[Any, ...]]]:
        """Return each bijector with the inputs that are its own."""
        parts, rest = [], list(inputs)
        for bijector in self.transform_list:
            count = len(bijector.inputs)
            parts.append((bijector, tuple(rest[:count])))
            rest = rest[count:]
        return parts

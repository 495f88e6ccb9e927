"""The bijectors of numbers: log, log-odds, intervals, softplus, angles; and of simplexes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.variable import Variable, as_variable
from pmjax.numerics.functions import softplus
from pmjax.transforms.bijector import Bijector, Shape, check_vector


class Log(Bijector):
    """Positive numbers: x = exp(y), log |dx/dy| = y."""

    name = "log"

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, 1.0)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.log(x)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return jnp.exp(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return y


class LogOdds(Bijector):
    """The unit interval: x = 1 / (1 + exp(-y)), log |dx/dy| = log x + log(1 - x)."""

    name = "logodds"

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.where((x > 0) & (x < 1), x, 0.5)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.log(x) - np.log1p(-x)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return jax.nn.sigmoid(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return -softplus(y) - softplus(-y)


class Between(Bijector):
    """An interval with two bounds: x = lower + (upper - lower) / (1 + exp(-y)).

    Parameters
    ----------
    lower, upper : number, array or Variable
        Both finite; use `LowerBound` or `UpperBound` where one is infinite.
    """

    name = "interval"

    def __init__(self, lower: Any, upper: Any) -> None:
        self.inputs = (as_variable(lower), as_variable(upper))

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        lower, upper = inputs
        return np.where((x > lower) & (x < upper), x, (lower + upper) / 2)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        lower, upper = inputs
        return np.log(x - lower) - np.log(upper - x)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        lower, upper = inputs
        return lower + (upper - lower) * jax.nn.sigmoid(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        lower, upper = inputs
        return jnp.log(upper - lower) - softplus(y) - softplus(-y)


class LowerBound(Bijector):
    """Numbers above a bound: x = lower + exp(y)."""

    name = "interval"

    def __init__(self, lower: Any) -> None:
        self.inputs = (as_variable(lower),)

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.where(x > inputs[0], x, inputs[0] + 1.0)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.log(x - inputs[0])

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return inputs[0] + jnp.exp(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return y


class UpperBound(Bijector):
    """Numbers below a bound: x = upper - exp(y)."""

    name = "interval"

    def __init__(self, upper: Any) -> None:
        self.inputs = (as_variable(upper),)

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.where(x < inputs[0], x, inputs[0] - 1.0)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.log(inputs[0] - x)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return inputs[0] - jnp.exp(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return y


class Simplex(Bijector):
    """Positive vectors that sum to one, by the centred log ratio without its last element.

    With K elements, y has K - 1: x = softmax(y_1, ..., y_{K-1}, -sum y). The Jacobian is
    log |det| = log K + sum_k log x_k (the softmax restricted to vectors that sum to zero, whose
    basis completed by the last element has determinant K).
    """

    name = "simplex"

    def unconstrained_shape(self, shape: Shape) -> Shape:
        check_vector(self, shape)
        return (*shape[:-1], shape[-1] - 1)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        log_x = np.log(x)
        return log_x[..., :-1] - log_x.mean(axis=-1, keepdims=True)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return jnp.exp(self._log_inverse(y))

    def log_det(self, y: Any, *inputs: Any) -> Any:
        log_x = self._log_inverse(y)
        return jnp.log(float(log_x.shape[-1])) + log_x.sum(axis=-1)

    @staticmethod
    def _log_inverse(y: Any) -> Any:
        full = jnp.concatenate([y, -y.sum(axis=-1, keepdims=True)], axis=-1)
        return jax.nn.log_softmax(full, axis=-1)


class LogExpM1(Bijector):
    """Positive numbers by softplus: x = log(1 + exp(y)), log |dx/dy| = -log(1 + exp(-y))."""

    name = "log_exp_m1"

    def start(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, 1.0)

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return np.log(-np.expm1(-x)) + x

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return softplus(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return -softplus(-y)


class Circular(Bijector):
    """Angles: x is y modulo 2 pi, in (-pi, pi]; log |dx/dy| = 0."""

    name = "circular"

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return x

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return jnp.arctan2(jnp.sin(y), jnp.cos(y))

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return jnp.zeros_like(y)


def interval(lower: Variable, upper: Variable) -> Bijector | None:
    """Return the bijector of ``lower < x < upper``; constant infinite bounds are no bounds.

    Returns
    -------
    Bijector or None
        None if neither side is bounded.
    """
    no_lower = lower.data_value is not None and bool(np.all(np.isneginf(lower.data_value)))
    no_upper = upper.data_value is not None and bool(np.all(np.isposinf(upper.data_value)))
    if no_lower and no_upper:
        return None
    if no_lower:
        return UpperBound(upper)
    if no_upper:
        return LowerBound(lower)
    return Between(lower, upper)


def fingerprint(bijector: Bijector | None) -> Hashable | None:
    """Return the bijector's fingerprint, with a word of its own for no bijector."""
    return "identity" if bijector is None else bijector.fingerprint()

"""Names of the old ``nnet`` module that models still use."""

from __future__ import annotations

from typing import Any

import jax

from pmjax.graph.variable import Variable, apply, as_variable
from pmjax.tensor.elementwise import sigmoid, softplus
from pmjax.tensor.reduction import log_softmax, softmax


def relu(x: Any, alpha: float = 0.0) -> Variable:
    """Return x where it is positive, and alpha x elsewhere."""
    node = as_variable(x)
    return apply(jax.nn.relu, node) if not alpha else apply(jax.nn.leaky_relu, node, negative_slope=alpha)


def elu(x: Any, alpha: float = 1.0) -> Variable:
    """Return x where it is positive, and alpha (exp(x) - 1) elsewhere."""
    return apply(jax.nn.elu, as_variable(x), alpha=alpha)


logsoftmax = log_softmax

__all__ = ["elu", "log_softmax", "logsoftmax", "relu", "sigmoid", "softmax", "softplus"]

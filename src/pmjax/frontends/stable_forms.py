"""Forms of PyTensor's graph that PyMC computes in a stable way, and so do we.

PyTensor rewrites them when it compiles; here they are recognised one node at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.frontends import pytensor_functions as functions
from pmjax.graph.elementwise_table import identity
from pmjax.graph.ops import Call, Constant, Elementwise
from pmjax.graph.variable import Variable, apply, call
from pmjax.numerics.functions import softplus


def stable_form(node: Any, inputs: list[Any]) -> Variable | None:
    """Return the stable form of the logarithm that a node takes, or None if there is none."""
    if type(node.op).__name__ != "Elemwise" or len(inputs) != 1:
        return None
    kind = type(node.op.scalar_op).__name__
    x = inputs[0]
    if kind == "Log":
        return _log(x)
    if kind == "Log1p":
        return _log1p(x)
    return None


def _log(x: Variable) -> Variable | None:
    function, parts = _function(x)
    if function is jax.nn.sigmoid:
        return apply(jnp.negative, apply(softplus, apply(jnp.negative, parts[0])))
    if function is jnp.exp:
        return parts[0]
    if function is jax.nn.softmax and isinstance(x.op, Call):
        return call(jax.nn.log_softmax, parts[0], **x.op.template[1])
    if function is jnp.sum and isinstance(x.op, Call):
        inner, exponents = _function(parts[0])
        return call(jsp.logsumexp, exponents[0], **x.op.template[1]) if inner is jnp.exp else None
    if function is jnp.subtract and _is_one(parts[0]):
        return _log1p(apply(jnp.negative, parts[1]))
    if function is jnp.add and any(map(_is_one, parts)):
        other = parts[1] if _is_one(parts[0]) else parts[0]
        return _log1p(other) or apply(jnp.log1p, other)
    return None


def _log1p(x: Variable) -> Variable | None:
    function, parts = _function(x)
    if function is jnp.exp:
        return apply(softplus, parts[0])
    if function is jnp.negative:
        inner, arguments = _function(parts[0])
        if inner is jax.nn.sigmoid:
            return apply(jnp.negative, apply(softplus, arguments[0]))
        if inner is jnp.exp:
            return apply(functions.log1mexp, arguments[0])
    return None


def _function(x: Variable) -> tuple[Callable[..., Any] | None, tuple[Variable, ...]]:
    while isinstance(x.op, Elementwise) and x.op.function is identity and x.name is None:
        x = x.inputs[0]
    function = x.op.function if isinstance(x.op, (Elementwise, Call)) else None
    return function, x.inputs


def _is_one(x: Variable) -> bool:
    return isinstance(x.op, Constant) and bool(np.all(np.asarray(x.op.value) == 1))

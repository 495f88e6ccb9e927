"""Reading an expression: its function, its arguments, and the random variables that it hides."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.graph.elementwise_table import identity
from pmjax.graph.evaluate import ancestors, is_random
from pmjax.graph.ops import Call, Constant, Elementwise, fill_slots
from pmjax.graph.variable import Variable, as_variable


@dataclass(frozen=True)
class Application:
    """A function and what it is applied to.

    Attributes
    ----------
    function : callable
    args : tuple
        Variables, numbers and static arguments by position.
    kwargs : dict
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def argument(self, name: str, default: Any = None) -> Any:
        """Return the argument of that name of a function of JAX."""
        try:
            bound = inspect.signature(self.function).bind(*self.args, **self.kwargs)
        except (TypeError, ValueError):
            return self.kwargs.get(name, default)
        return bound.arguments.get(name, default)


def application(node: Variable) -> Application | None:
    """Return the function call that a node stands for; None if it is none."""
    if isinstance(node.op, Elementwise):
        return Application(node.op.function, node.inputs, {})
    if isinstance(node.op, Call):
        args, kwargs = fill_slots(node.op.template, node.inputs)
        return Application(node.op.function, tuple(args), dict(kwargs))
    return None


def without_names(node: Variable) -> Variable:
    """Return the expression behind second names and conversions to floating-point numbers."""
    while True:
        call = application(node)
        renamed = call is not None and call.function is identity
        floated = call is not None and call.function is jnp.astype and node.dtype.kind == "f"
        if not (renamed or floated):
            return node
        node = node.inputs[0]


def hidden_in(nodes: Iterable[Variable]) -> frozenset[Variable]:
    """Return the random variables of no model (made by ``.dist``) that expressions depend on."""
    return frozenset(v for v in ancestors(nodes) if is_random(v) and v.name is None)


def constant(value: Any) -> np.ndarray | None:
    """Return the value of a constant argument, or None if it is not constant."""
    node = as_variable(value)
    return np.asarray(node.op.value) if isinstance(node.op, Constant) else None

"""Derivatives as nodes of the graph, and compiled functions of graphs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, ancestors, data_arguments, evaluate_host, is_random, of_data
from pmjax.graph.node import Node
from pmjax.graph.ops import Constant, DataCell, Input, Op, Shape
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable, as_variable
from pmjax.runtime.precision import double_precision

_ORDERS: dict[str, Callable[..., Any]] = {"grad": jax.grad, "jacobian": jax.jacobian, "hessian": jax.hessian}


@dataclass(frozen=True, eq=False)
class Derivative(Op):
    """The derivative of `body` with respect to its first input; the other inputs stand for the `captured`."""

    kind: str
    body: Variable
    wrt: Variable
    captured: tuple[Variable, ...]

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        own, of = self.wrt.shape, self.body.shape
        return {"grad": own, "jacobian": of + own, "hessian": own + own}[self.kind], self.body.dtype

    def evaluate(self, *values: Any) -> Any:
        at, *rest = (jnp.asarray(v) for v in values)
        known = dict(zip(self.captured, rest, strict=True))

        def function(x: Any) -> Any:
            return jnp.asarray(Reading({**known, self.wrt: x}).read([self.body])[0])

        return _ORDERS[self.kind](function)(at)

    def fingerprint(self) -> Hashable | None:
        inner = fingerprint([self.body, self.wrt, *self.captured])
        return None if inner is None else ("derivative", self.kind, inner)


def _derivative(kind: str, of: Any, wrt: Any) -> Any:
    if isinstance(wrt, (list, tuple)):
        return [_derivative(kind, of, w) for w in wrt]
    body = as_variable(of)
    if kind != "jacobian" and body.ndim:
        raise ModelError(f"{kind}: {body.label} has shape {body.shape}; only a scalar has a {kind}")
    if not np.issubdtype(wrt.dtype, np.floating):
        raise ModelError(
            f"{kind}: {wrt.label} has dtype {wrt.dtype}; derivatives are with respect to real numbers"
        )
    leaves = [v for v in ancestors([body], stop=lambda v: v is wrt or is_random(v)) if v is not wrt]
    leaves = [v for v in leaves if is_random(v) or isinstance(v.op, (Input, DataCell)) or _is_array(v)]
    return Variable(Derivative(kind, body, wrt, tuple(leaves)), [wrt, *leaves])


def _is_array(node: Variable) -> bool:
    return isinstance(node.op, Constant) and node.op.is_argument


def grad(cost: Any, wrt: Any, **options: Any) -> Any:
    """Return the gradient of a scalar expression with respect to one or several variables.

    Examples
    --------
    >>> import pmjax.tensor as pt
    >>> x = pt.vector("x", shape=(2,))
    >>> pt.grad((x**2).sum(), x).eval({x: [1.0, 2.0]})
    array([2., 4.])
    """
    return _derivative("grad", cost, wrt)


def jacobian(expression: Any, wrt: Any, **options: Any) -> Any:
    """Return the derivatives of each element of an expression with respect to one or several variables."""
    return _derivative("jacobian", expression, wrt)


def hessian(cost: Any, wrt: Any, **options: Any) -> Any:
    """Return the second derivatives of a scalar expression with respect to one or several variables."""
    return _derivative("hessian", cost, wrt)


def function(
    inputs: Sequence[Variable], outputs: Any, *, name: str | None = None, **options: Any
) -> Callable[..., Any]:
    """Return a compiled function from the values of some variables to the values of others.

    Parameters
    ----------
    inputs : sequence of Variable
    outputs : Variable or sequence of Variable

    Examples
    --------
    >>> import pmjax as pm
    >>> import pmjax.tensor as pt
    >>> x = pt.scalar("x")
    >>> float(pm.function([x], x**2)(3.0))
    9.0
    """
    several = isinstance(outputs, (list, tuple))
    nodes = [as_variable(v) for v in (outputs if several else [outputs])]
    # What data determine is computed before, unless the function itself is given data.
    if any(of_data(x) for x in inputs):
        leaves = [v for v in ancestors(nodes) if isinstance(v.op, DataCell)]
    else:
        leaves = data_arguments(nodes)

    def run(values: Sequence[Any], data: Sequence[Any]) -> list[Any]:
        known = {**dict(zip(inputs, values, strict=True)), **dict(zip(leaves, data, strict=True))}
        return [jnp.asarray(v) for v in Reading(known).read(nodes)]

    compiled = jax.jit(run)

    def call(*values: Any) -> Any:
        if len(values) != len(inputs):
            raise ModelError(f"the function takes {len(inputs)} values, got {len(values)}")
        arrays = [np.asarray(v, x.dtype) for v, x in zip(values, inputs, strict=True)]
        with double_precision():
            results = [np.asarray(r) for r in compiled(arrays, evaluate_host(leaves, {}))]
        return results if several else results[0]

    return call

"""The log density as functions of a point: compiled, or as a node of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, call
from pmjax.model.spec import ModelSpec, distribution_of
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import check_samplable, joint_density, log_density_terms
from pmjax.target.layout import Layout

Point = Mapping[str, Any]


def compile_log_density(
    spec: ModelSpec, names: Sequence[str] | None = None, *, jacobian: bool = True, total: bool = True
) -> Callable[[Point], Any]:
    """Return a compiled function from a point (by unconstrained names) to the log density.

    Parameters
    ----------
    spec : ModelSpec
    names : sequence of str, optional
        The terms wanted, by variable; all by default.
    jacobian : bool
        Add log |dx/dy| to the terms of transformed variables.
    total : bool
        Return one number; otherwise a list with one array for each term.
    """
    layout, terms = Layout.of(spec), _terms(spec, names, jacobian)
    if names is None and jacobian and total and spec.free:
        density = joint_density(spec, discrete=True)
        whole = jax.jit(density.log_density)

        def logp(point: Point) -> float:
            with double_precision():
                return float(whole(layout.flatten(point), density.data, density.knobs))

        return logp
    compiled = jax.jit(terms)

    def logps(point: Point) -> Any:
        with double_precision():
            arrays = [np.asarray(t) for t in compiled(layout.flatten(point))]
        return float(sum(map(np.sum, arrays))) if total else arrays

    return logps


def compile_gradient(
    spec: ModelSpec, names: Sequence[str] | None = None, *, jacobian: bool = True, order: int = 1
) -> Callable[[Point], np.ndarray]:
    """Return a compiled function from a point to the gradient, shape (D,), or the Hessian, shape (D, D).

    Parameters
    ----------
    spec : ModelSpec
    names : sequence of str, optional
        The terms wanted, by variable; all by default.
    jacobian : bool
        Add log |dx/dy| to the terms of transformed variables.
    order : {1, 2}
        Of the derivative.
    """
    check_samplable(spec)
    layout, terms = Layout.of(spec), _terms(spec, names, jacobian)

    def total(theta: Any) -> Any:
        return sum((jnp.sum(t) for t in terms(theta)), jnp.zeros(()))

    function = jax.jit(jax.grad(total) if order == 1 else jax.jacrev(jax.grad(total)))

    def derivative(point: Point) -> np.ndarray:
        with double_precision():
            return np.asarray(function(layout.flatten(point)))

    return derivative


def compile_expressions(
    outputs: Sequence[Variable], inputs: Sequence[Variable]
) -> Callable[..., list[np.ndarray]]:
    """Return a compiled function from values of the inputs to those of expressions."""

    @jax.jit
    def program(values: Sequence[Any]) -> list[Any]:
        reading = Reading(dict(zip(inputs, values, strict=True)))
        return [jnp.asarray(v) for v in reading.read(outputs)]

    def run(*values: Any) -> list[np.ndarray]:
        with double_precision():
            arrays = [np.asarray(v, dtype=i.dtype) for v, i in zip(values, inputs, strict=True)]
            return [np.asarray(v) for v in program(arrays)]

    return run


_INPUTS: WeakKeyDictionary[ModelSpec, list[Variable]] = WeakKeyDictionary()


def unconstrained_inputs(spec: ModelSpec) -> list[Variable]:
    """Return the unconstrained variables as inputs of a graph, the same nodes each time."""
    if spec not in _INPUTS:
        _INPUTS[spec] = [
            Variable(Input(free.unconstrained_shape, free.variable.dtype), (), free.value_name)
            for free in spec.free
        ]
    return _INPUTS[spec]


def _known(spec: ModelSpec, names: Sequence[str] | None) -> Sequence[str]:
    known = [
        *(v.name for v in spec.free),
        *(v.name for v in spec.observed),
        *(str(v.name) for v in spec.potentials),
    ]
    for name in names or ():
        if name not in known:
            raise ModelError(f"the log density has no term {name!r}{suggest(name, known)}")
    return known if names is None else names


def _terms(spec: ModelSpec, names: Sequence[str] | None, jacobian: bool) -> Callable[[Any], list[Any]]:
    """Return a function from the flat vector to the terms of the log density."""
    wanted, layout = _known(spec, names), Layout.of(spec)
    whole = [distribution_of(v.variable).discrete for v in spec.free]

    def terms(theta: Any) -> list[Any]:
        parts = layout.split(jnp.asarray(theta))
        values = [y.astype(int) if w else y for w, y in zip(whole, parts, strict=True)]
        reading = Reading({knob.node: knob.value for knob in spec.knobs})
        found = log_density_terms(spec, reading, values, jacobian=jacobian)
        return [jnp.asarray(found[name]) for name in wanted]

    return terms


def log_density_nodes(
    spec: ModelSpec, names: Sequence[str] | None, *, jacobian: bool
) -> tuple[list[Variable], list[Variable]]:
    """Return the inputs (unconstrained variables) and the terms of the log density as nodes of a graph.

    Parameters
    ----------
    spec : ModelSpec
    names : sequence of str, optional
        The terms wanted, by variable; all by default.
    jacobian : bool
        Whether to add log |dx/dy| to the terms of transformed variables.
    """
    inputs = unconstrained_inputs(spec)

    def term(name: str) -> Callable[..., Any]:
        def evaluate(*values: Any) -> Any:
            reading = Reading({knob.node: knob.value for knob in spec.knobs})
            return jnp.asarray(log_density_terms(spec, reading, values, jacobian=jacobian)[name])

        return evaluate

    return inputs, [call(term(name), *inputs) for name in _known(spec, names)]

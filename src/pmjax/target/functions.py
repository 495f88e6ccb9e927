"""The log density as functions of a point: compiled, or as a node of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, call
from pmjax.model.spec import ModelSpec
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density, log_density_terms
from pmjax.target.layout import Layout

Point = Mapping[str, Any]


def compile_log_density(spec: ModelSpec) -> Callable[[Point], float]:
    """Return a compiled function from a point (by unconstrained names) to the log density."""
    density, layout = joint_density(spec), Layout.of(spec)
    function = jax.jit(density.log_density)

    def logp(point: Point) -> float:
        with double_precision():
            return float(function(layout.flatten(point), density.data, density.knobs))

    return logp


def compile_gradient(spec: ModelSpec) -> Callable[[Point], np.ndarray]:
    """Return a compiled function from a point to the gradient, shape (D,), in the order of the point."""
    density, layout = joint_density(spec), Layout.of(spec)
    function = jax.jit(jax.grad(density.log_density))

    def dlogp(point: Point) -> np.ndarray:
        with double_precision():
            return np.asarray(function(layout.flatten(point), density.data, density.knobs))

    return dlogp


def unconstrained_inputs(spec: ModelSpec) -> list[Variable]:
    """Return the unconstrained variables as inputs of a graph."""
    layout = Layout.of(spec)
    return [
        Variable(Input(shape, np.dtype(float)), (), name)
        for name, shape in zip(layout.names, layout.shapes, strict=True)
    ]


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
    known = [
        *(v.name for v in spec.free),
        *(v.name for v in spec.observed),
        *(str(v.name) for v in spec.potentials),
    ]
    for name in names or ():
        if name not in known:
            raise ModelError(f"the log density has no term {name!r}{suggest(name, known)}")
    inputs = unconstrained_inputs(spec)

    def term(name: str) -> Callable[..., Any]:
        def evaluate(*values: Any) -> Any:
            reading = Reading({knob.node: knob.value for knob in spec.knobs})
            return jnp.asarray(log_density_terms(spec, reading, values, jacobian=jacobian)[name])

        return evaluate

    return inputs, [call(term(name), *inputs) for name in names or known]

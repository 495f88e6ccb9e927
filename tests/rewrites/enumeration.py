"""Discrete variables summed out by force: the joint density of the model as written, at every assignment."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import Reading, arguments, evaluate_host
from pmjax.model.spec import FreeVariable, ModelSpec, distribution_of
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import log_density_terms
from pmjax.target.layout import Layout


def quickly_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function compiled without optimisation: it runs a few times only."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


@dataclass
class ByForce:
    """The model as written, at all assignments of its discrete variables.

    Attributes
    ----------
    assignments : dict of str to ndarray, shape (assignments, *shape)
    log_joint : callable
        From the unconstrained values of the continuous variables, shape (D,), to shape (assignments,).
    """

    assignments: dict[str, np.ndarray]
    log_joint: Callable[[np.ndarray], np.ndarray]

    def log_density(self, theta: np.ndarray) -> float:
        return float(np.logaddexp.reduce(self.log_joint(theta)))

    def count(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return how often each assignment is among many draws of all variables."""
        draws = len(next(iter(values.values())))
        drawn = np.concatenate([values[n].reshape(draws, -1) for n in self.assignments], axis=1)
        known = np.concatenate([a.reshape(len(a), -1) for a in self.assignments.values()], axis=1)
        number = {tuple(row): i for i, row in enumerate(known.tolist())}
        return np.bincount([number[tuple(row)] for row in drawn.tolist()], minlength=len(known))


def by_force(spec: ModelSpec) -> ByForce:
    """Return the enumeration of a model; the marginalised model's theta is its argument."""
    discrete = [v for v in spec.free if distribution_of(v.variable).discrete]
    continuous = [v for v in spec.free if v not in discrete]
    each = [list(itertools.product(*_values(v))) for v in discrete]
    many = list(itertools.product(*each))
    assignments = {
        v.name: np.array([a[i] for a in many], int).reshape(len(many), *v.variable.shape)
        for i, v in enumerate(discrete)
    }
    layout = Layout(tuple(v.value_name for v in continuous), tuple(v.unconstrained_shape for v in continuous))

    data = arguments(
        [*spec.recorded, *spec.potentials, *(n for v in spec.observed for n in (v.variable, v.value))]
    )

    def joint(theta: Any, one: dict[str, Any]) -> Any:
        parts = dict(zip((v.name for v in continuous), layout.split(theta), strict=True))
        reading = Reading({node: jnp.asarray(node.data_value) for node in data})
        terms = log_density_terms(spec, reading, [{**parts, **one}[v.name] for v in spec.free])
        return sum(jnp.sum(term) for term in terms.values())

    compiled = quickly_compiled(jax.vmap(joint, in_axes=(None, 0)))

    def log_joint(theta: np.ndarray) -> np.ndarray:
        with double_precision():
            return np.asarray(compiled(theta, assignments))

    return ByForce(assignments, log_joint)


def _values(free: FreeVariable) -> list[range]:
    law, shape = distribution_of(free.variable).name, free.variable.shape
    params = free.variable.inputs
    if law in ("Binomial", "DiscreteUniform"):
        bounds = [np.broadcast_to(b, shape).ravel() for b in evaluate_host(params[: 1 + (law[0] == "D")], {})]
        lower, upper = bounds if law == "DiscreteUniform" else (0 * bounds[0], bounds[0])
        return [range(a, b + 1) for a, b in zip(lower, upper, strict=True)]
    states = 2 if law == "Bernoulli" else params[0].shape[-1]
    return [range(states)] * int(np.prod(shape, dtype=int))

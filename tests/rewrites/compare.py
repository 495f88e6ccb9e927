"""Comparing a model before and after a rewrite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import pmjax as pm
from pmjax.density.density import Density
from pmjax.density.joint import joint_density
from pmjax.graph.precision import double_precision
from pmjax.model.spec import ModelSpec
from pmjax.rewrites.pipeline import apply
from pmjax.rewrites.rewritten import Report


def rewritten(model: pm.Model, *names: str) -> tuple[ModelSpec, ModelSpec, dict[str, Report]]:
    """Return the description before and after, and the reports by variable."""
    spec = model.freeze()
    new, reports = apply(spec, list(names))
    return spec, new, {report.variable: report for report in reports}


def evaluate(density: Density) -> Callable[[np.ndarray], Any]:
    """Return a function of theta: log density, gradient, and what is recorded."""

    def everything(theta: jax.Array, data: Any, knobs: Any) -> Any:
        value, gradient = jax.value_and_grad(density.log_density)(theta, data, knobs)
        return value, gradient, density.outputs(theta, data, knobs, np.zeros(2, np.uint32))

    program = jax.jit(everything)

    def run(theta: np.ndarray) -> Any:
        with double_precision():
            return jax.tree.map(np.asarray, program(theta, density.data, density.knobs))

    return run


def assert_same_density(before: ModelSpec, after: ModelSpec, points: int = 3, seed: int = 0) -> None:
    """Log density, gradient and what is recorded agree at random points of the unconstrained space."""
    old, new = joint_density(before), joint_density(after)
    assert old.coordinate_names == new.coordinate_names
    rng = np.random.default_rng(seed)
    f, g = evaluate(old), evaluate(new)
    for _ in range(points):
        theta = rng.normal(size=old.size)
        (value, gradient, recorded), (new_value, new_gradient, again) = f(theta), g(theta)
        assert np.isfinite(value)
        np.testing.assert_allclose(new_value, value, rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(
            new_gradient, gradient, rtol=1e-10, atol=1e-10 * max(np.abs(gradient).max(), 1.0)
        )
        assert recorded.keys() == again.keys()
        for name in recorded:
            np.testing.assert_allclose(again[name], recorded[name], rtol=1e-12)


def terms(spec: ModelSpec, name: str) -> int:
    """Return the number of rows of an observed variable's term."""
    return next(v.variable.shape[0] for v in spec.observed if v.name == name)

"""Comparing a model before and after a rewrite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

import pmjax as pm
from pmjax.graph.evaluate import Reading
from pmjax.model.spec import FreeVariable, ModelSpec
from pmjax.rewrites.coordinates import Coordinates
from pmjax.rewrites.pipeline import apply
from pmjax.rewrites.rewritten import Report
from pmjax.runtime.precision import double_precision
from pmjax.target.density import Density
from pmjax.target.joint import joint_density


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


def assert_coordinates_follow(spec: ModelSpec, rng: np.random.Generator) -> None:
    """A draw and its score are carried to other centrings as the density itself has them there."""
    density, coordinates = joint_density(spec), Coordinates(spec)

    def carried(theta: jax.Array, data: Any, old: Any, new: Any) -> Any:
        value, score = jax.value_and_grad(density.log_density)(theta, data, old)
        moved = coordinates.moved(theta, score, coordinates.data, old, new)
        return value, moved, jax.value_and_grad(density.log_density)(moved[0], data, new)

    old, new = ({n: rng.uniform(size=np.shape(c)) for n, c in density.knobs.items()} for _ in range(2))
    with double_precision():
        program = jax.jit(carried, compiler_options={"xla_backend_optimization_level": 0})
        value, (_, score, rise), (there, wanted) = program(
            rng.normal(size=density.size), density.data, old, new
        )
    if np.isfinite(value) and np.isfinite(there):
        np.testing.assert_allclose(value + rise, there, rtol=1e-9, atol=1e-8)
        np.testing.assert_allclose(score, wanted, rtol=1e-7, atol=1e-8 * max(np.abs(wanted).max(), 1.0))


class SameModel:
    """One model, as it is written and rewritten in several ways, in one compiled function.

    A rewrite may sample a variable x in other coordinates z. With y the coordinates of the model as it is
    written, the densities then differ by the two Jacobians of the same x,

        log p(z) - log |dx/dz| = log p(y) - log |dx/dy|.
    """

    def __init__(self, before: ModelSpec, after: Sequence[ModelSpec]) -> None:
        self.before, self.after = before, after
        self.densities = [joint_density(spec) for spec in (before, *after)]
        self.run = self._program()

    def _program(self) -> Callable[..., Any]:
        key = np.zeros(2, np.uint32)

        def everything(theta: jax.Array, data: Any, knobs: Any) -> Any:
            return [
                (*jax.value_and_grad(f.log_density)(t, d, k), f.outputs(t, d, k, key))
                for f, t, d, k in zip(self.densities, theta, data, knobs, strict=True)
            ]

        data = [f.data for f in self.densities]
        with double_precision():
            size = np.zeros((len(self.densities), self.densities[0].size))
            lowered = jax.jit(everything).lower(size, data, [f.knobs for f in self.densities])
            compiled = lowered.compile({"xla_backend_optimization_level": 0})

        def run(theta: np.ndarray, knobs: Any) -> Any:
            with double_precision():
                return jax.tree.map(np.asarray, compiled(theta, data, knobs))

        return run

    def check(self, rng: np.random.Generator, labels: Sequence[str]) -> None:
        """Compare values, gradients and what is recorded at a random point, with random knobs."""
        knobs = [
            {name: rng.uniform(size=value.shape) for name, value in f.knobs.items()} for f in self.densities
        ]
        theta = [rng.normal(size=f.size) for f in self.densities]
        for i, spec in enumerate(self.after):
            assert self.densities[i + 1].coordinate_names == self.densities[0].coordinate_names, labels[i]
            (value, gradient, recorded) = self.run(np.stack(theta), knobs)[i + 1]
            y, jacobians = self._as_written(spec, recorded, theta[i + 1], knobs[i + 1])
            old_value, old_gradient, old = self.run(np.stack([y, *theta[1:]]), knobs)[0]
            assert {n: v.shape for n, v in recorded.items()} == {n: v.shape for n, v in old.items()}
            np.testing.assert_allclose(
                value, old_value + jacobians, rtol=1e-9, atol=1e-8, err_msg=labels[i], equal_nan=True
            )
            for name in recorded:
                np.testing.assert_allclose(recorded[name], old[name], rtol=1e-8, atol=1e-9, err_msg=labels[i])
            if not np.isfinite(value):
                continue
            if not knobs[i + 1]:
                scale = max(np.abs(old_gradient).max(), 1.0)
                np.testing.assert_allclose(
                    gradient, old_gradient, rtol=1e-8, atol=1e-9 * scale, err_msg=labels[i]
                )
            else:
                self._check_slope(i + 1, theta, knobs, rng.normal(size=len(y)) * 1e-6, gradient)

    def _check_slope(self, i: int, theta: Any, knobs: Any, step: np.ndarray, gradient: np.ndarray) -> None:
        ends = [np.stack([t + sign * step * (k == i) for k, t in enumerate(theta)]) for sign in (1, -1)]
        up, down = (self.run(end, knobs)[i][0] for end in ends)
        scale = np.abs(gradient * step).max() + 1e-9 * abs(up)
        np.testing.assert_allclose((up - down) / 2, gradient @ step, rtol=1e-4, atol=1e-4 * scale)

    def _as_written(
        self, spec: ModelSpec, recorded: Any, theta: np.ndarray, knobs: Any
    ) -> tuple[np.ndarray, float]:
        """Return the coordinates of the model as written, and log |dx/dz| - log |dx/dy|."""
        given = {knob.node: knobs[str(knob.node.name)] for knob in spec.knobs}
        reading = Reading(given, host=True)
        for observed in self.before.observed:
            reading.give(observed.variable, reading.read([observed.value])[0])
        for free in self.before.free:
            reading.give(free.variable, recorded[free.name])
        parts, jacobians, at = [], 0.0, 0
        for old, new in zip(self.before.free, spec.free, strict=True):
            x = recorded[old.name]
            z = theta[at : at + np.prod(new.unconstrained_shape, dtype=int)].reshape(new.unconstrained_shape)
            at += z.size
            y = z
            if old.bijector is not new.bijector:
                y = x if old.bijector is None else old.bijector.forward(x, *reading.read(old.bijector.inputs))
                jacobians += self._log_det(new, z, reading) - self._log_det(old, y, reading)
            parts.append(np.ravel(y))
        return np.concatenate(parts), jacobians

    @staticmethod
    def _log_det(free: FreeVariable, value: np.ndarray, reading: Reading) -> float:
        if free.bijector is None:
            return 0.0
        with double_precision():
            log_det = np.asarray(free.bijector.log_det(value, *reading.read(free.bijector.inputs)))
        # One number for each element (or event), however the scale was broadcast.
        shape = (
            np.broadcast_shapes(log_det.shape, value.shape) if log_det.ndim == value.ndim else log_det.shape
        )
        return float(np.broadcast_to(log_det, shape).sum())

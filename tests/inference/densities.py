"""Densities written by hand, with known moments."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.run.plan import Plan, Run, Sampler
from pmjax.run.trace import Trace
from pmjax.target.density import Density
from pmjax.target.target import Target


def names(size: int) -> tuple[str, ...]:
    return tuple(f"x[{i}]" for i in range(size))


def _same(theta: jax.Array, data: object, knobs: object, key: jax.Array) -> dict[str, jax.Array]:
    return {"x": theta}


def covariance(size: int) -> np.ndarray:
    """AR(1) correlation 0.5, scales from 0.5 to 2."""
    scale = np.geomspace(0.5, 2.0, size)
    steps = np.abs(np.arange(size)[:, None] - np.arange(size))
    return 0.5**steps * scale * scale[:, None]


def gaussian(size: int) -> Density:
    """Normal with mean 1, 2, ... / D and the covariance above."""

    def log_density(theta: jax.Array, data: dict[str, jax.Array], knobs: object) -> jax.Array:
        x = theta - data["mean"]
        return -0.5 * x @ data["precision"] @ x

    data = {"mean": np.arange(1, size + 1) / size, "precision": np.linalg.inv(covariance(size))}
    return Density(size, log_density, _same, data, {}, ("gaussian", size), names(size))


def student_t(size: int, nu: float) -> Density:
    """Independent Student-t variables."""

    def log_density(theta: jax.Array, data: dict[str, jax.Array], knobs: object) -> jax.Array:
        return -0.5 * (data["nu"] + 1) * jnp.sum(jnp.log1p(theta**2 / data["nu"]))

    return Density(size, log_density, _same, {"nu": np.float64(nu)}, {}, ("student_t", size), names(size))


def with_holes(kind: str) -> Density:
    """Standard normal in two dimensions that is not finite where x[0] > 1."""

    def log_density(theta: jax.Array, data: dict[str, jax.Array], knobs: object) -> jax.Array:
        value = -0.5 * theta @ theta
        if kind == "gradient":
            # The value stays finite; the derivative of 0 sqrt(x) at x = 0 is 0 times infinity.
            return value + 0.0 * jnp.sqrt(jnp.maximum(1 - theta[0], 0.0))
        return jnp.where(theta[0] > 1, {"nan": jnp.nan, "minus infinity": -jnp.inf}[kind], value)

    return Density(2, log_density, _same, {}, {}, ("holes", kind), names(2))


def drawn_by(sampler: Sampler, density: Density, starts: np.ndarray, **plan: object) -> Trace:
    """Return draws of a density, one chain from each row of ``starts``."""
    names = output_names(density)
    target = Target(density, lambda initvals, seed, chain: starts[chain], names, names)
    asked = {"draws": 1000, "tune": 1000, "seed": 0, "keep_theta": True, **plan}
    given = Plan(chains=len(starts), starts=lambda chain, attempt: starts[chain], names=names, **asked)  # type: ignore[arg-type]
    return sampler.sample(target, given, Run())


def output_names(density: Density) -> tuple[str, ...]:
    key = np.zeros(2, np.uint32)
    shapes = jax.eval_shape(density.outputs, np.zeros(density.size), density.data, density.knobs, key)
    return tuple(shapes)

"""The log density without change-of-variables terms: its maximum is the mode on the user's scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from pmjax.graph.evaluate import Reading, data_arguments, evaluate_host
from pmjax.model.spec import ModelSpec
from pmjax.target.joint import log_density_terms
from pmjax.target.layout import Layout


def log_density_on_users_scale(
    spec: ModelSpec,
) -> tuple[Callable[[jax.Array, Any], jax.Array], list[Any]]:
    """Return ``log_density(theta, data)`` and its data: log p(x, data) at x = f(theta).

    Unlike the density that is sampled it lacks log |dx / dtheta|, so that its mode does not depend on the
    bijectors.
    """
    layout = Layout.of(spec)
    random = [*(v.variable for v in spec.free), *(v.variable for v in spec.observed)]
    bounds = [node for v in spec.free if v.bijector is not None for node in v.bijector.inputs]
    read = [*(p for v in random for p in v.inputs), *bounds, *(o.value for o in spec.observed)]
    nodes = data_arguments([*read, *spec.potentials])

    def log_density(theta: jax.Array, data: Sequence[Any]) -> jax.Array:
        knobs = {knob.node: knob.value for knob in spec.knobs}
        reading = Reading({**dict(zip(nodes, data, strict=True)), **knobs})
        terms = log_density_terms(spec, reading, layout.split(theta), jacobian=False)
        return jnp.asarray(sum(jnp.sum(t) for t in terms.values()), theta.dtype)

    return log_density, evaluate_host(nodes, {})

"""The joint density of a model: one reading of its graph, with a value for each random variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.density.density import Density
from pmjax.density.layout import Layout
from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, arguments
from pmjax.graph.gathers import merge_gathers
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec, distribution_of, name_of
from pmjax.transforms import bijectors


def joint_density(spec: ModelSpec) -> Density:
    """Return the log density of a model over its flat unconstrained vector.

    With x_i = f_i(y_i) the constrained value of the free variable i,
    log p(y) = sum_i [log p(x_i | parents) + log |f_i'(y_i)|] + sum_j log p(data_j | parents) + potentials.

    Raises
    ------
    ModelError
        If the model has no free variables, or a discrete one.
    """
    check_samplable(spec)
    layout = Layout.of(spec)
    params = likelihood_params(spec)
    data_nodes = arguments(_all_nodes(spec))

    def read(theta: jax.Array, data: Sequence[Any], knobs: Any) -> tuple[Reading, dict[str, Any]]:
        given = {knob.node: knobs[name_of(knob.node)] for knob in spec.knobs}
        reading = Reading({**dict(zip(data_nodes, data, strict=True)), **given})
        return reading, log_density_terms(spec, reading, layout.split(theta), params=params, total=True)

    def log_density(theta: jax.Array, data: Sequence[Any], knobs: Any) -> jax.Array:
        _, terms = read(theta, data, knobs)
        return jnp.asarray(sum(terms.values()), theta.dtype)

    def outputs(theta: jax.Array, data: Sequence[Any], knobs: Any, key: jax.Array) -> dict[str, jax.Array]:
        reading, _ = read(theta, data, knobs)
        recorded = [*(v.variable for v in spec.free), *spec.deterministics]
        return dict(zip(map(name_of, recorded), map(jnp.asarray, reading.read(recorded)), strict=True))

    return Density(
        size=layout.size,
        log_density=log_density,
        outputs=outputs,
        data=tuple(np.asarray(node.data_value) for node in data_nodes),
        knobs={name_of(knob.node): knob.value for knob in spec.knobs},
        structure=structure(spec, params),
        coordinate_names=layout.coordinate_names,
    )


def check_samplable(spec: ModelSpec) -> None:
    """Raise ModelError if gradient-based sampling makes no sense for the model."""
    if not spec.free:
        raise ModelError(
            "the model has no free variables, so there is nothing to sample; declare one (pm.Normal, ...)"
        )
    discrete = [v.name for v in spec.free if distribution_of(v.variable).discrete]
    if discrete:
        raise ModelError(
            f"{', '.join(map(repr, discrete))} is discrete, and NUTS samples continuous variables only; "
            "sum it out of the model by hand (a mixture, a log-sum-exp Potential) or make it continuous"
        )


def log_density_terms(
    spec: ModelSpec,
    reading: Reading,
    unconstrained: Sequence[Any],
    *,
    jacobian: bool = True,
    params: Sequence[Sequence[Variable]] | None = None,
    total: bool = False,
) -> dict[str, Any]:
    """Return the terms of the log density by variable name, and give the reading all free values.

    Parameters
    ----------
    spec : ModelSpec
    reading : Reading
        It knows the data; afterwards it knows the constrained value of every free variable.
    unconstrained : sequence of arrays
        The values of the free variables in the order of `spec.free`.
    jacobian : bool
        Whether to add log |dx/dy|.
    params : sequence of sequences of Variable, optional
        Expressions to read instead of the parameters of each observed variable (`likelihood_params`).
    total : bool
        Whether to sum each term over its elements.
    """
    terms: dict[str, Any] = {}
    for free, y in zip(spec.free, unconstrained, strict=True):
        x, log_det = y, None
        if free.bijector is not None:
            inputs = reading.read(free.bijector.inputs)
            x = free.bijector.inverse(y, *inputs)
            log_det = free.bijector.log_det(y, *inputs)
        reading.give(free.variable, x)
        terms[free.name] = _term(free.variable, x, reading.read(free.variable.inputs), total)
        if jacobian and log_det is not None:
            terms[free.name] = terms[free.name] + (jnp.sum(log_det) if total else log_det)
    for i, observed in enumerate(spec.observed):
        own: Sequence[Variable] = observed.variable.inputs if params is None else params[i]
        value = reading.read([observed.value])[0]
        reading.give(observed.variable, value)
        terms[observed.name] = _term(observed.variable, value, reading.read(own), total)
    for potential in spec.potentials:
        term = reading.read([potential])[0]
        terms[name_of(potential)] = jnp.sum(term) if total else term
    return terms


def _term(variable: Variable, value: Any, params: Sequence[Any], total: bool) -> Any:
    law = distribution_of(variable)
    return (law.total if total else law.log_density)(jnp.asarray(value), *params)


def likelihood_params(spec: ModelSpec) -> list[list[Variable]]:
    """Return the parameters of each observed variable, as expressions that share their gathers."""
    merged = iter(merge_gathers([p for v in spec.observed for p in v.variable.inputs]))
    return [[next(merged) for _ in v.variable.inputs] for v in spec.observed]


def _all_nodes(spec: ModelSpec) -> list[Variable]:
    bounds = [node for v in spec.free if v.bijector is not None for node in v.bijector.inputs]
    observed = [node for v in spec.observed for node in (v.variable, v.value)]
    return [*bounds, *(v.variable for v in spec.free), *observed, *spec.deterministics, *spec.potentials]


def structure(spec: ModelSpec, params: Sequence[Sequence[Variable]]) -> tuple[Any, ...] | None:
    """Return the structure of a model: equal structures trace to the same program.

    None if part of it (a lifted lambda, a distribution made outside pmjax) has no address that another
    process could find. `params` are the expressions of `likelihood_params`, which depend on the data too:
    on which gathers share an index.
    """
    merged = [param for own in params for param in own]
    graph = fingerprint([*_all_nodes(spec), *merged])
    maps = tuple(bijectors.fingerprint(v.bijector) for v in spec.free)
    if graph is None or None in maps:
        return None
    names = (
        tuple(v.name for v in spec.free),
        tuple(v.name for v in spec.observed),
        tuple(map(name_of, spec.deterministics)),
        tuple(map(name_of, spec.potentials)),
    )
    return (graph, maps, names)

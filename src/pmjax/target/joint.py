"""The joint density of a model: one reading of its graph, with a value for each random variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, data_arguments, evaluate_host, own_nodes
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec, distribution_of, name_of
from pmjax.rewrites.recentre import Recentred
from pmjax.rewrites.vector_centring import RecentredVector
from pmjax.target.density import Density
from pmjax.target.forms import Forms, term_forms
from pmjax.target.layout import Layout
from pmjax.transforms import bijectors
from pmjax.transforms.bijector import add_per_event

# Bijectors of variables that a rewrite moves in other coordinates than the declared ones.
MOVED = (Recentred, RecentredVector)


def joint_density(spec: ModelSpec, *, discrete: bool = False) -> Density:
    """Return the log density of a model over its flat unconstrained vector.

    With x_i = f_i(y_i) the constrained value of the free variable i,
    log p(y) = sum_i [log p(x_i | parents) + log |f_i'(y_i)|] + sum_j log p(data_j | parents) + potentials.

    Parameters
    ----------
    spec : ModelSpec
    discrete : bool
        Whether discrete variables may be among the coordinates, as whole numbers; the density cannot be
        differentiated by them.

    Raises
    ------
    ModelError
        If the model has no free variables, or a discrete one that may not be.
    """
    if not discrete:
        check_samplable(spec)
    whole = [distribution_of(v.variable).discrete for v in spec.free]
    layout = Layout.of(spec)
    forms = term_forms(spec)
    params = [param for form in forms.values() for param in form.params]
    data_nodes = data_nodes_of(spec, forms)

    def read(theta: jax.Array, data: Sequence[Any], knobs: Any) -> tuple[Reading, dict[str, Any]]:
        given = {knob.node: knobs[name_of(knob.node)] for knob in spec.knobs}
        values = [y.astype(int) if w else y for w, y in zip(whole, layout.split(theta), strict=True)]
        reading = Reading({**dict(zip(data_nodes, data, strict=True)), **given})
        return reading, log_density_terms(spec, reading, values, forms=forms)

    def log_density(theta: jax.Array, data: Sequence[Any], knobs: Any) -> jax.Array:
        _, terms = read(theta, data, knobs)
        return jnp.asarray(sum(terms.values()), theta.dtype)

    def outputs(theta: jax.Array, data: Sequence[Any], knobs: Any, key: jax.Array) -> dict[str, jax.Array]:
        reading, _ = read(theta, data, knobs)
        if spec.recovery_key is not None:
            reading.give(spec.recovery_key, key)
        for summed in spec.summed_out:
            reading.give(summed.free.variable, reading.read([summed.draw])[0])
        values = map(jnp.asarray, reading.read(spec.recorded))
        return dict(zip(map(name_of, spec.recorded), values, strict=True))

    def declared(theta: jax.Array, data: Sequence[Any], knobs: Any) -> tuple[jax.Array, jax.Array]:
        reading, _ = read(theta, data, knobs)
        points, rise = [], jnp.zeros((), theta.dtype)
        for free, y in zip(spec.free, layout.split(theta), strict=True):
            if isinstance(free.bijector, MOVED):
                # As declared a variable is centred: its coordinate is its value, or the logarithm.
                y, stretch = free.bijector.recentred(y, reading.read(free.bijector.inputs), 1.0)
                rise -= stretch
            points.append(jnp.ravel(y).astype(theta.dtype))
        return jnp.concatenate(points), rise

    return Density(
        size=layout.size,
        log_density=log_density,
        outputs=outputs,
        data=tuple(evaluate_host(data_nodes, {})),
        knobs={name_of(knob.node): knob.value for knob in spec.knobs},
        structure=structure(spec, params),
        coordinate_names=layout.coordinate_names,
        declared=declared if any(isinstance(v.bijector, MOVED) for v in spec.free) else None,
        output_bytes=max((8 * v.size for s in spec.summed_out for v in own_nodes([s.draw])), default=0),
    )


def data_nodes_of(spec: ModelSpec, forms: Forms | None = None) -> list[Variable]:
    """Return the nodes whose values are the data of a model's density, in their order."""
    forms = term_forms(spec) if forms is None else forms
    return data_arguments([*_read(spec), *(param for form in forms.values() for param in form.params)])


def check_samplable(
    spec: ModelSpec, reasons: Mapping[str, str] | None = None, *, gradient: bool = True
) -> None:
    """Raise ModelError if sampling makes no sense for the model.

    Parameters
    ----------
    spec : ModelSpec
    reasons : mapping of str to str, optional
        Why a discrete variable is still there, by its name.
    gradient : bool
        Whether the density must have one.
    """
    if not spec.free and spec.summed_out:
        names = ", ".join(s.free.name for s in spec.summed_out)
        raise ModelError(
            f"{names}: all free variables are discrete and summed out, and NUTS has nothing to sample; "
            "make a continuous quantity random"
        )
    if not spec.free:
        raise ModelError(
            "the model has no free variables, so there is nothing to sample; declare one (pm.Normal, ...)"
        )
    variables = [*(v.variable for v in spec.free), *(v.variable for v in spec.observed)]
    for variable in variables if gradient else ():
        if not distribution_of(variable).differentiable:
            raise ModelError(
                f"{variable.label} is a simulator, whose density has no gradient, which NUTS needs; "
                "use pm.sample_smc()"
            )
    discrete = [v.name for v in spec.free if distribution_of(v.variable).discrete]
    otherwise = 'the rewrite "marginalise" would sum it out: let pm.sample(rewrites=...) use it'
    for name in discrete:
        reason = (reasons or {}).get(name, otherwise)
        raise ModelError(f"{name!r} is discrete, and NUTS samples continuous variables only; {reason}")


def log_density_terms(
    spec: ModelSpec,
    reading: Reading,
    unconstrained: Sequence[Any],
    *,
    jacobian: bool = True,
    forms: Forms | None = None,
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
    forms : mapping from Variable to Form, optional
        What to compute instead of each variable's own density (`term_forms`); the terms are then sums
        over their elements.
    """
    terms: dict[str, Any] = {}

    def term(variable: Variable, value: Any, origin: int | None = None) -> Any:
        if variable.name in spec.absorbed:
            return 0.0
        form = None if forms is None else forms[variable]
        params = reading.read(variable.inputs if form is None else form.params)
        if origin is not None:
            params[origin] = jnp.zeros_like(params[origin])
        law = distribution_of(variable)
        return law.log_density(value, *params) if form is None else form.total(value, *params)

    # First of all: an observed variable may be a parent of any other.
    values = reading.read([observed.value for observed in spec.observed])
    for observed, value in zip(spec.observed, values, strict=True):
        reading.give(observed.variable, value)
    for free, y in zip(spec.free, unconstrained, strict=True):
        x, log_det, value, origin = y, None, y, None
        if free.bijector is not None:
            inputs = reading.read(free.bijector.inputs)
            x, log_det, value = free.bijector.parts(y, *inputs)
            origin = free.bijector.origin
        reading.give(free.variable, x)
        terms[free.name] = term(free.variable, jnp.asarray(value), origin)
        if jacobian and log_det is not None:
            terms[free.name] = (
                add_per_event(terms[free.name], log_det)
                if forms is None
                else terms[free.name] + jnp.sum(log_det)
            )
    for observed, value in zip(spec.observed, values, strict=True):
        terms[observed.name] = term(observed.variable, jnp.asarray(value))
    for potential in spec.potentials:
        value = reading.read([potential])[0]
        terms[name_of(potential)] = value if forms is None else jnp.sum(value)
    return terms


def _read(spec: ModelSpec) -> list[Variable]:
    """Return what a reading of the joint density reads, but for the parameters of the variables."""
    bounds = [node for v in spec.free if v.bijector is not None for node in v.bijector.inputs]
    drawn = [s.draw for s in spec.summed_out]
    return [*bounds, *(v.value for v in spec.observed), *spec.deterministics, *spec.potentials, *drawn]


def structure(spec: ModelSpec, params: Sequence[Variable]) -> tuple[Any, ...] | None:
    """Return the structure of a model: equal structures trace to the same program.

    None if part of it (a lifted lambda, a distribution made outside pmjax) has no address that another
    process could find. `params` are those of the forms, which depend on the data too: on which gathers
    share an index.
    """
    random = [*(v.variable for v in spec.free), *(v.variable for v in spec.observed)]
    graph = fingerprint([*random, *_read(spec), *params])
    maps = tuple(bijectors.fingerprint(v.bijector) for v in spec.free)
    if graph is None or None in maps:
        return None
    names = (
        tuple(v.name for v in spec.free),
        tuple(v.name for v in spec.declared),
        tuple(sorted(spec.absorbed)),
        tuple(v.name for v in spec.observed),
        tuple(map(name_of, spec.deterministics)),
        tuple(map(name_of, spec.potentials)),
    )
    return (graph, maps, names)

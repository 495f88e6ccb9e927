"""Terms of the log density of single observations and variables, at the values that the user sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import Reading, data_arguments, evaluate_host
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec, distribution_of, name_of
from pmjax.target.over_draws import over_draws


def pointwise_terms(
    spec: ModelSpec,
    names: Sequence[str],
    values: Mapping[str, np.ndarray],
    *,
    draws: int,
    what: str,
    tick: Callable[[int], None] = lambda done: None,
    marginal: Mapping[str, Variable] | None = None,
) -> dict[str, np.ndarray]:
    """Return the log densities of variables at recorded draws, one for each event and draw.

    Of a free variable the term is log p(x | parents), without a change of variables; of an observed one
    log p(data | parents).

    Parameters
    ----------
    spec : ModelSpec
        The model as the user declared it.
    names : sequence of str
        Which variables.
    values : mapping of str to ndarray, shape (draws, *shape)
        The draws of all free variables that the terms depend on.
    draws : int
    what : str
        Who asks, for messages.
    tick : callable
        Called now and then with the number of draws done.
    marginal : mapping of str to Variable, optional
        Expressions that are the terms of some observed variables, of their shapes.

    Returns
    -------
    dict of str to ndarray, shape (draws, *batch shape of the variable)
    """
    random: dict[str, Variable] = {v.name: v.variable for v in spec.declared}
    random |= {o.name: o.variable for o in spec.observed}
    seen = {o.name: o.value for o in spec.observed}
    marginal = marginal or {}
    params = [p for n in names for p in ([marginal[n]] if n in marginal else random[n].inputs)]
    data_nodes = data_arguments([*seen.values(), *params])

    def one(key: jax.Array, drawn: dict[str, jax.Array], data: Sequence[Any]) -> dict[str, jax.Array]:
        reading = Reading(dict(zip(data_nodes, data, strict=True)))
        for name, value in drawn.items():
            reading.give(random[name], value)
        for name, node in seen.items():
            reading.give(random[name], jnp.asarray(reading.read([node])[0]))
        summed = {n: jnp.reshape(reading.read([marginal[n]])[0], random[n].shape) for n in marginal}
        return {n: summed[n] if n in summed else _term(reading, random[n]) for n in names}

    return over_draws(
        one,
        {v.name: np.asarray(values[v.name], v.variable.dtype) for v in spec.declared if v.name in values},
        evaluate_host(data_nodes, {}),
        draws=draws,
        scratch=8 * max((random[n].size for n in names), default=0),
        what=what,
        tick=tick,
    )


def event_dims(spec: ModelSpec, name: str) -> tuple[str | None, ...]:
    """Return the dims of a variable's log densities: those of the variable but for one event's."""
    nodes = {**{v.name: v.variable for v in spec.declared}, **{o.name: o.variable for o in spec.observed}}
    variable = nodes[name]
    dims = tuple(spec.dims.get(name_of(variable)) or (None,) * variable.ndim)
    return dims[: variable.ndim - distribution_of(variable).event_ndim]


def _term(reading: Reading, variable: Variable) -> jax.Array:
    value = reading.read([variable])[0]
    terms = distribution_of(variable).log_density(value, *reading.read(variable.inputs))
    shape = variable.shape[: variable.ndim - distribution_of(variable).event_ndim]
    return jnp.broadcast_to(jnp.asarray(terms), shape)

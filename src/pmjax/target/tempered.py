"""Prior and likelihood of a model apart, over the unconstrained vector: what tempering weighs differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, arguments, is_random
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec, name_of
from pmjax.target.forward import draw_variable
from pmjax.target.joint import log_density_terms
from pmjax.target.layout import Layout


@dataclass(frozen=True, eq=False)
class Tempered:
    """A density in two factors.

    Attributes
    ----------
    size : int
        Length D of the unconstrained vector.
    terms : callable
        ``terms(theta, data) -> (log prior, log likelihood)``: the first with the change of variables, the
        second of observed variables and potentials.
    draw : callable
        ``draw(key, data) -> values``: a draw from the prior, on the user's scale.
    freed : callable
        ``freed(values) -> theta``: the unconstrained vector of such a draw (NumPy).
    data : list of arrays
    """

    size: int
    terms: Callable[[jax.Array, Any], tuple[jax.Array, jax.Array]]
    draw: Callable[[jax.Array, Any], Any]
    freed: Callable[[Any], np.ndarray]
    data: list[Any]


def tempered_density(spec: ModelSpec) -> Tempered:
    """Return the prior and the likelihood of a model apart.

    Raises
    ------
    ModelError
        If a summed-out variable has a free variable among its children, so that the two are one.
    """
    for free in spec.free:
        if free.name in spec.absorbed:
            raise ModelError(
                f"sample_smc: {free.name!r} depends on a discrete variable that is summed out, so that its "
                "prior has no density of its own; use pm.sample"
            )
    layout = Layout.of(spec)
    random = [*(v.variable for v in spec.declared), *(v.variable for v in spec.observed)]
    bounds = [node for v in spec.free if v.bijector is not None for node in v.bijector.inputs]
    nodes = arguments([*random, *bounds, *(o.value for o in spec.observed), *spec.potentials])
    likelihood = {*(o.name for o in spec.observed), *map(name_of, spec.potentials)}

    def terms(theta: jax.Array, data: Sequence[Any]) -> tuple[jax.Array, jax.Array]:
        reading = Reading(dict(zip(nodes, data, strict=True)))
        found = log_density_terms(spec, reading, layout.split(theta))
        sums = {name: jnp.sum(term) for name, term in found.items()}
        zero = jnp.zeros((), theta.dtype)
        return (
            zero + sum(v for k, v in sums.items() if k not in likelihood),
            zero + sum(v for k, v in sums.items() if k in likelihood),
        )

    def draw(key: jax.Array, data: Sequence[Any]) -> list[list[jax.Array]]:
        number = {id(v): i for i, v in enumerate(filter(is_random, random))}

        def one(variable: Variable, params: Sequence[Any]) -> jax.Array:
            return draw_variable(variable, jax.random.fold_in(key, number[id(variable)]), params)

        reading = Reading(dict(zip(nodes, data, strict=True)), one)
        needed = [[v.variable, *(v.bijector.inputs if v.bijector is not None else ())] for v in spec.free]
        return [[jnp.asarray(x) for x in reading.read(each)] for each in needed]

    def freed(values: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
        pieces = []
        for free, (value, *inputs) in zip(spec.free, values, strict=True):
            with np.errstate(all="ignore"):
                moved = value if free.bijector is None else free.bijector.forward(value, *inputs)
            pieces.append(np.ravel(moved))
        return np.concatenate(pieces)

    return Tempered(layout.size, terms, draw, freed, [np.asarray(n.data_value) for n in nodes])

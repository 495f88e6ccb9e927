"""The graph read forwards: each random variable is drawn from its distribution, parents first."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading, ancestors, arguments, is_random
from pmjax.graph.variable import Variable
from pmjax.laws.law import NoClosedForm
from pmjax.model.spec import distribution_of
from pmjax.target.over_draws import over_draws


def draw(
    variables: Sequence[Variable],
    draws: int,
    seed: int,
    *,
    given: Mapping[Variable, np.ndarray] | None = None,
    kept: Mapping[Variable, np.ndarray] | None = None,
    what: str = "draw",
    tick: Callable[[int], None] = lambda done: None,
) -> list[np.ndarray]:
    """Return joint draws of variables and expressions, given values of some of what they depend on.

    A draw of a variable depends on the seed, its name and the number of the draw, and not on what else
    is drawn.

    Parameters
    ----------
    variables : sequence of Variable
        Drawn jointly: what depends on the same random variable uses the same draw of it.
    draws : int
    seed : int
    given : mapping from Variable to ndarray, shape (draws, *shape), optional
        Nodes whose values are known in each draw.
    kept : mapping from Variable to bool ndarray, shape (*shape), optional
        Which elements of a random variable in `given` are known; the others are drawn, given its parents.
    what : str
        Who asks, for messages.
    tick : callable
        Called now and then with the number of draws done.

    Returns
    -------
    list of ndarray, shape (draws, *shape)

    Raises
    ------
    ModelError
        If an improper variable (Flat) would have to be drawn, or the draws do not fit into memory.
    """
    given, kept = dict(given or {}), dict(kept or {})
    whole = [v for v in given if v not in kept]
    known = {id(v) for v in whole}
    order = ancestors(variables, stop=lambda v: id(v) in known)
    streams = _streams([v for v in order if is_random(v) and id(v) not in known])
    data_nodes = [v for v in arguments(variables) if id(v) not in known]
    labels = {v: str(i) for i, v in enumerate(given)}

    def one(key: jax.Array, values: dict[str, jax.Array], data: Sequence[Any]) -> dict[str, jax.Array]:
        def draw_one(variable: Variable, params: Sequence[Any]) -> jax.Array:
            own = jax.random.fold_in(key, streams[id(variable)])
            fresh = draw_variable(variable, own, params)
            if variable not in kept:
                return fresh
            return jnp.where(kept[variable], values[labels[variable]], fresh)

        fixed = dict(zip(data_nodes, data, strict=True))
        reading = Reading({**fixed, **{v: values[labels[v]] for v in whole}}, draw_one)
        read = reading.read(list(variables))
        return {str(i): jnp.asarray(v) for i, v in enumerate(read)}

    result = over_draws(
        one,
        {labels[v]: np.asarray(value, v.dtype) for v, value in given.items()},
        [np.asarray(node.data_value) for node in data_nodes],
        draws=draws,
        seed=seed,
        scratch=8 * max((v.size for v in order), default=0),
        what=what,
        tick=tick,
    )
    return [result[str(i)] for i in range(len(variables))]


def draw_variable(variable: Variable, key: jax.Array, params: Sequence[Any]) -> jax.Array:
    """Return one draw of a random variable, given the values of its parameters (JAX).

    Raises
    ------
    ModelError
        If its distribution is improper, or there is no way to draw from it.
    """
    law = distribution_of(variable)
    who = variable.label if variable.name else f"a {law.name} variable"
    try:
        return law.draw(key, variable.shape, *map(jnp.asarray, params))
    except NoClosedForm as error:
        raise ModelError(f"{who}: {error}") from None
    except NotImplementedError:
        raise ModelError(
            f"{who}: {law.name} is improper and cannot be drawn; give it a proper prior, or its draws"
        ) from None


def _streams(random: Sequence[Variable]) -> dict[int, int]:
    """Return for each random variable, by identity, the number of its stream of random numbers."""
    counts: dict[str, int] = {}
    streams = {}
    for variable in random:
        name = variable.name or ""
        counts[name] = counts.get(name, 0) + 1
        streams[id(variable)] = zlib.crc32(f"{name} {counts[name]}".encode())
    return streams

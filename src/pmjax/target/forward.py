"""The graph read forwards: each random variable is drawn from its distribution, parents first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from pmjax.graph.evaluate import Reading, arguments, random_ancestors
from pmjax.graph.variable import Variable
from pmjax.model.spec import distribution_of
from pmjax.runtime.precision import double_precision

# Larger blocks need more memory than the draws themselves for no more speed.
BLOCK = 1000


def draw(variables: Sequence[Variable], draws: int, seed: int) -> list[np.ndarray]:
    """Return independent joint draws of variables and expressions.

    Parameters
    ----------
    variables : sequence of Variable
        Drawn jointly: what depends on the same random variable uses the same draw of it.
    draws : int
    seed : int

    Returns
    -------
    list of ndarray, shape (draws, *shape)

    Raises
    ------
    NotImplementedError
        If an improper variable (Flat) is among what they depend on.
    """
    random = random_ancestors(variables)
    number = {id(v): i for i, v in enumerate(random)}
    data_nodes = arguments(variables)

    def one(key: jax.Array, data: Sequence[Any]) -> list[jax.Array]:
        def draw_one(variable: Variable, params: Sequence[Any]) -> jax.Array:
            own = jax.random.fold_in(key, number[id(variable)])
            values = [jax.numpy.asarray(p) for p in params]
            return distribution_of(variable).draw(own, variable.shape, *values)

        reading = Reading(dict(zip(data_nodes, data, strict=True)), draw_one)
        return [jax.numpy.asarray(v) for v in reading.read(list(variables))]

    with double_precision():
        many = jax.jit(jax.vmap(one, in_axes=(0, None)))
        data = [np.asarray(node.data_value) for node in data_nodes]
        base = jax.random.key(seed)
        keys = jax.vmap(lambda i: jax.random.fold_in(base, i))(np.arange(draws))
        blocks = [many(keys[i : i + BLOCK], data) for i in range(0, draws, BLOCK)]
        return [np.concatenate([np.asarray(b[i]) for b in blocks]) for i in range(len(variables))]

"""The data of a density with rows that are chosen at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from pmjax.graph.evaluate import Reading
from pmjax.model.minibatch import batches_of
from pmjax.model.spec import ModelSpec
from pmjax.target.density import Density
from pmjax.target.joint import data_nodes_of

Batch = Callable[[jax.Array, Any], Any]


def batched(spec: ModelSpec, density: Density) -> tuple[Density, Batch | None]:
    """Return a density that holds all rows, and the function that chooses some for a step.

    Parameters
    ----------
    spec : ModelSpec
    density : Density
        That of the model, with the first rows of each `Minibatch`.

    Returns
    -------
    density : Density
        Its data are those of before and, after them, all rows of each batch.
    batch : callable or None
        ``batch(key, data)`` are the data that the density takes; None if there are no batches.
    """
    nodes = data_nodes_of(spec)
    cells = batches_of(nodes)
    if not cells:
        return density, None
    count, groups = len(nodes), list(dict.fromkeys(cell.together for cell in cells.values()))

    def batch(key: jax.Array, data: Any) -> list[Any]:
        before, wholes = data[:count], data[count:]
        keys = dict(zip(groups, jax.random.split(key, len(groups)), strict=True))
        chosen = {
            node: whole[jax.random.randint(keys[cell.together], node.shape[:1], 0, whole.shape[0])]
            for (node, cell), whole in zip(cells.items(), wholes, strict=True)
        }
        # What no batch is behind stays as it is; the other data are computed of the chosen rows.
        fixed = {n: x for n, x in zip(nodes, before, strict=True) if not batches_of([n])}
        return [jnp.asarray(x) for x in Reading({**fixed, **chosen}).read(nodes)]

    return replace(density, data=(*density.data, *(cell.whole for cell in cells.values()))), batch

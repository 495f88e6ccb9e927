"""A log density written in JAX as declarations of a model of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from pmjax import distributions
from pmjax.errors import ModelError, suggest
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.model.declarations import Declarations
from pmjax.model.named import Potential
from pmjax.transforms.bijector import Bijector


def declare_log_density(
    fn: Callable[..., Any],
    example: Any,
    into: Declarations,
    *,
    bijectors: Mapping[str, Bijector],
    dims: Mapping[str, str | Sequence[str | None]],
    data: Any,
) -> None:
    """Declare a flat variable for each array of parameters, and the log density as a potential.

    Parameters
    ----------
    fn : callable
        ``fn(parameters)``, or ``fn(parameters, data)`` if there are data.
    example : pytree of arrays
        Parameters where the log density is finite.
    into : Declarations
    bijectors, dims : mapping
        By the name of a parameter, which is its path in the pytree: ``scale``, ``layers.0.bias``.
    data : pytree of arrays, or None
    """
    paths, tree = jax.tree_util.tree_flatten_with_path(example)
    names = [_name(path) for path, _ in paths]
    for argument, given in (("bijectors", bijectors), ("dims", dims)):
        for name in given:
            if name not in names:
                near = suggest(name, names)
                raise ModelError(f"from_logp: {argument} has an unknown parameter {name!r}{near}")
    parameters: list[Variable] = []
    with into:
        for name, (_, value) in zip(names, paths, strict=True):
            start = np.asarray(value, float)
            how = {"shape": start.shape, "dims": dims.get(name), "initval": start}
            flat: Any = distributions.Flat
            parameters.append(flat(name, default_transform=bijectors.get(name), **how))
        given = jax.tree.map(np.asarray, data)
        leaves, data_tree = jax.tree.flatten(given)

        def log_density(values: list[Any], arrays: list[Any]) -> Any:
            own = jax.tree.unflatten(tree, values)
            return fn(own) if data is None else fn(own, jax.tree.unflatten(data_tree, arrays))

        arrays: list[Variable] = [as_variable(leaf) for leaf in leaves]
        term = call(log_density, parameters, arrays)
        if term.shape:
            raise ModelError(f"from_logp: the log density must be one number, and has shape {term.shape}")
        Potential("log_density", term)


def _name(path: tuple[Any, ...]) -> str:
    """Return the path of a parameter in its pytree: ``layers.0.bias``; ``x`` for a bare array."""
    return jax.tree_util.keystr(path, simple=True, separator=".") or "x"

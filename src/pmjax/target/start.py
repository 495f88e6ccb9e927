"""Where chains start: a central value of each distribution, mapped to the unconstrained vector."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.variable import Variable
from pmjax.model.spec import FreeVariable, ModelSpec, UnconstrainedStart, distribution_of
from pmjax.runtime import streams
from pmjax.runtime.precision import double_precision

_CENTER = (None, "support_point", "moment")


def initial_point(spec: ModelSpec, seed: int | None = None, chain: int = 0) -> dict[str, np.ndarray]:
    """Return a starting value for each unconstrained variable, by its unconstrained name.

    Computed with NumPy, parents first: each variable starts at its `initval` (a value, or an
    expression of data and of variables before it), or at the centre of its
    distribution given the starts of its parents. Only ``initval="prior"`` depends on the seed and the chain.

    Raises
    ------
    ModelError
        If an `initval` has the wrong shape or lies outside the support.
    """
    reading = Reading({knob.node: knob.value for knob in spec.knobs}, host=True)
    for observed in spec.observed:
        reading.give(observed.variable, reading.read([observed.value])[0])
    point = {}
    sampled = set(spec.free)
    for free in spec.declared:
        variable, law = free.variable, distribution_of(free.variable)
        params = [np.asarray(p) for p in reading.read(variable.inputs)]
        value = np.asarray(_value(free, reading, params, seed or 0, chain))
        try:
            value = np.broadcast_to(value, variable.shape).astype("int64" if law.discrete else "float64")
        except ValueError:
            raise ModelError(
                f"{free.name!r}: initval of shape {value.shape} does not fit the shape {variable.shape}"
            ) from None
        if free.bijector is not None and free.initval is None:
            value = free.bijector.start(value, *map(np.asarray, reading.read(free.bijector.inputs)))
        if not np.all(law.contains(value, *params)):
            what = "the start" if free.initval is None else "initval"
            raise ModelError(
                f"{free.name!r}: {what} lies outside the support of {law.name}, {law.support.description}"
            )
        reading.give(variable, value)
        if free.bijector is not None:
            inputs = [np.asarray(i) for i in reading.read(free.bijector.inputs)]
            with np.errstate(all="ignore"):
                value = np.asarray(free.bijector.forward(value, *inputs))
            if not np.all(np.isfinite(value)):
                raise ModelError(
                    f"{free.name!r}: the start lies on the edge of the support of {law.name}; "
                    "give an initval inside it"
                )
        if free in sampled:
            point[free.value_name] = value
    return point


def _value(free: FreeVariable, reading: Reading, params: list[np.ndarray], seed: int, chain: int) -> Any:
    law, given = distribution_of(free.variable), free.initval
    if isinstance(given, (Variable, UnconstrainedStart)):
        try:
            if isinstance(given, Variable):
                return reading.read([given])[0]
            with double_precision():
                value = jnp.asarray(given.value, float)
                return given.bijector.inverse(value, *map(jnp.asarray, reading.read(given.bijector.inputs)))
        except (LookupError, ModelError):
            raise ModelError(
                f"{free.name!r}: initval depends on a variable that comes after it or has no start; "
                "let it depend on data and on variables declared before it"
            ) from None
    if isinstance(free.initval, str) and free.initval == "prior":
        with double_precision():
            own = streams.key(seed, "prior start", chain, free.name)
            key = jax.random.wrap_key_data(jnp.asarray(own))
            return law.draw(key, free.variable.shape, *params)
    if isinstance(free.initval, str) and free.initval not in _CENTER:
        raise ModelError(
            f"{free.name!r}: initval is a value, 'prior' or 'support_point', got {free.initval!r}"
        )
    if free.initval is None or isinstance(free.initval, str):
        with np.errstate(all="ignore"):
            return law.start(free.variable.shape, *params)
    return np.asarray(free.initval)

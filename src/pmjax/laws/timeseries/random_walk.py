"""Sums of independent steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.law import Law
from pmjax.laws.support import Support
from pmjax.runtime.types import Array, Key, Shape


@dataclass(frozen=True)
class RandomWalk(Law):
    r"""A first value of one law, then steps of another.

    .. math:: p(x) = p_0(x_0) \prod_{t \ge 1} p_1(x_t - x_{t - 1})

    Time is the first dimension of an event; those of one value follow.

    Attributes
    ----------
    init, innovation : Law
        Of the first value and of each step, with as many dimensions.
    value_shape : tuple of int, optional
        The shape of one value, where it does not follow from the parameters.
    """

    init: Law
    innovation: Law
    value_shape: Shape | None = None
    first_values = 1

    @property
    def signature(self) -> str:  # type: ignore[override]
        """The signature: a value has the dimensions of a step."""
        value = [f"e{i}" for i in range(self.init.event_ndim)]
        params = []
        for part, law in (("init", self.init), ("innovation", self.innovation)):
            own = dict(zip(law.dimensions.event, value, strict=True))
            params += [[own.get(d, f"{part}_{d}") for d in dims] for dims in law.dimensions.params]
        return ",".join(f"({','.join(p)})" for p in params) + f"->({','.join(['t', *value])})"

    @property
    def param_names(self) -> tuple[str, ...]:
        """The parameters of both laws."""
        first = (f"init_{name}" for name in self.init.param_names)
        return (*first, *(f"innovation_{name}" for name in self.innovation.param_names))

    @property
    def domains(self) -> Mapping[str, Support]:  # type: ignore[override]
        """The values that the parameters may take."""
        first = {f"init_{name}": s for name, s in self.init.domains.items()}
        return first | {f"innovation_{name}": s for name, s in self.innovation.domains.items()}

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the values are integers."""
        return self.init.discrete and self.innovation.discrete

    @property
    def increments(self) -> tuple[str | None, ...] | None:  # type: ignore[override]
        """Location and scale of the first value and of a step, if a step has them."""
        first, step = self.init.location_scale, self.innovation.location_scale
        if step is None or self.event_ndim > 1 or self.discrete:
            return None
        origin = (None, None) if first is None else tuple(f"init_{name}" for name in first)
        return (*origin, *(f"innovation_{name}" for name in step))

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        time, *value = super().event_shape(shapes)
        return (time, *(value if self.value_shape is None else self.value_shape))

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        full, dtype = super().infer(params, shape)
        if full[-self.event_ndim] < 1:
            raise ValueError(f"{self.name}: a walk has at least one value, got the shape {full}")
        return full, dtype

    def _split(self, params: Sequence[Any]) -> tuple[Sequence[Any], list[Any]]:
        """Return the parameters of the first value, and those of a step with an axis for time."""
        count = len(self.init.param_names)
        own = zip(params[count:], self.innovation.param_ndims.values(), strict=True)
        # What is the same for all walks keeps its shape: one factor is then solved for all steps at once.
        steps = [p[(..., None, *(slice(None),) * n)] if np.ndim(p) > n else p for p, n in own]
        return params[:count], steps

    def log_density(self, x: Array, *params: Array) -> Array:
        first, steps = self._split(params)
        axis = x.ndim - self.event_ndim
        start = self.init.log_density(jax.lax.index_in_dim(x, 0, axis, keepdims=False), *first)
        return start + self.innovation.log_density(jnp.diff(x, axis=axis), *steps).sum(axis=-1)

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        first, steps = self._split(params)
        axis = len(shape) - self.event_ndim
        init_key, step_key = jax.random.split(key)
        start = self.init.draw(init_key, (*shape[:axis], *shape[axis + 1 :]), *first)
        moves = (*shape[:axis], shape[axis] - 1, *shape[axis + 1 :])
        drawn = self.innovation.draw(step_key, moves, *steps)
        return jnp.cumsum(jnp.concatenate([jnp.expand_dims(start, axis), drawn], axis=axis), axis=axis)

    def center(self, *params: Array) -> Array:
        first, _ = self._split(params)
        return _at_each_time(self.init, first)

    def start(self, shape: Shape, *params: Array) -> Array:
        first, steps = self._split(params)
        axis = len(shape) - self.event_ndim
        moves = np.broadcast_to(self.innovation.center(*steps), shape)
        origin = _at_each_time(self.init, first)
        each = np.array(moves, np.result_type(moves, origin))
        each[(slice(None),) * axis + (slice(0, 1),)] = origin
        return np.cumsum(each, axis=axis)


def _at_each_time(law: Law, params: Sequence[Array]) -> Array:
    """Return the central value of a law with an axis for time before one event."""
    value = np.asarray(law.center(*params))
    return np.expand_dims(value, -1 - law.event_ndim) if value.ndim >= law.event_ndim else value

"""PyMC's value transforms as bijectors."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.frontends.expression import Expression
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, as_variable
from pmjax.transforms.bijector import Bijector, Shape
from pmjax.transforms.bijectors import Circular, Log, LogExpM1, LogOdds, Simplex, interval
from pmjax.transforms.matrices import CholeskyCovPacked
from pmjax.transforms.vectors import Ordered, SumTo1, ZeroSumTransform

Translate = Callable[[Any], Variable]


def _packed_rows(shape: Shape) -> int:
    """Return the rows of a triangle of so many elements."""
    return int(np.sqrt(2 * shape[-1]))


_OURS: dict[str, Callable[[Any, Shape], Bijector]] = {
    "CholeskyCovPacked": lambda transform, shape: CholeskyCovPacked(_packed_rows(shape)),
    "CircularTransform": lambda transform, shape: Circular(),
    "LogExpM1": lambda transform, shape: LogExpM1(),
    "LogOddsTransform": lambda transform, shape: LogOdds(),
    "LogTransform": lambda transform, shape: Log(),
    "Ordered": lambda transform, shape: Ordered(transform.positive, transform.ascending),
    "SimplexTransform": lambda transform, shape: Simplex(),
    "SumTo1": lambda transform, shape: SumTo1(),
    "ZeroSumTransform": lambda transform, shape: ZeroSumTransform(transform.zerosum_axes),
}


def bijector_of(transform: Any, rv: Any, shape: Shape, translate: Callable[..., Variable]) -> Bijector | None:
    """Return the bijector that does what a transform of PyMC does with the values of a variable.

    Parameters
    ----------
    transform : pymc.logprob.transforms.Transform or None
    rv : TensorVariable
        The random variable that it belongs to.
    shape : tuple of int
        The shape of the variable.
    translate : callable
        ``translate(variable, given)`` returns the node of a variable, with nodes for some others.
    """
    if transform is None:
        return None
    kind = type(transform).__name__
    if kind in _OURS:
        return _OURS[kind](transform, shape)
    if kind in ("Interval", "IntervalTransform"):
        lower, upper = transform.args_fn(*rv.owner.inputs)
        ends = [
            as_variable(infinite) if end is None else translate(_as_tensor(end), {})
            for end, infinite in ((lower, -np.inf), (upper, np.inf))
        ]
        if all(np.ndim(e.data_value) == 0 or not np.isinf(e.data_value).any() for e in ends):
            return interval(*ends)
    return PyTensorBijector(transform, rv, shape, translate)


class PyTensorBijector(Bijector):
    """A transform of PyMC by its own graphs of PyTensor."""

    def __init__(self, transform: Any, rv: Any, shape: Shape, translate: Callable[..., Variable]) -> None:
        self.name = transform.name
        inputs = rv.owner.inputs
        x = _known_type(rv, shape)
        constrained = Variable(Input(shape, np.dtype(float)))
        forward = translate(transform.forward(x, *inputs), {x: constrained})
        y = _known_type(x, forward.shape)
        free = Variable(Input(forward.shape, np.dtype(float)))
        self._y_shape = forward.shape
        self._x_shape = shape
        self._forward = Expression([constrained], forward)
        self._inverse = Expression([free], translate(transform.backward(y, *inputs), {y: free}))
        self._log_det = Expression([free], translate(transform.log_jac_det(y, *inputs), {y: free}))
        parts = (self._forward, self._inverse, self._log_det)
        self.inputs = tuple({id(p): p for part in parts for p in part.parents}.values())
        places = {id(p): i for i, p in enumerate(self.inputs)}
        self._places = [[places[id(p)] for p in part.parents] for part in parts]

    def unconstrained_shape(self, shape: Shape) -> Shape:
        return self._y_shape

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(self._forward.on_host([x], [inputs[i] for i in self._places[0]]))

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return self._inverse([y], [inputs[i] for i in self._places[1]])

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return jnp.sum(self._log_det([y], [inputs[i] for i in self._places[2]]))

    def fingerprint(self) -> Hashable | None:
        keys = [part.fingerprint() for part in (self._forward, self._inverse, self._log_det)]
        return None if None in keys else (self.name, *keys, str(self._places))


def _as_tensor(value: Any) -> Any:
    import pytensor.tensor as pt

    return pt.as_tensor_variable(value)


def _known_type(variable: Any, shape: Shape) -> Any:
    """Return a free variable of PyTensor of a known shape."""
    return variable.type.clone(shape=shape)()

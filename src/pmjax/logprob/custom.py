"""The law of a user's own functions: a log density, a generator of draws, an expression of variables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.node import Node
from pmjax.graph.ops import Input, RandomVariable
from pmjax.graph.variable import Variable, as_variable
from pmjax.laws.law import Law, NoClosedForm
from pmjax.laws.signature import Signature
from pmjax.logprob.derivation import Derivation
from pmjax.logprob.host import on_host
from pmjax.logprob.reading import hidden_in
from pmjax.runtime.types import Array, Key, Shape

Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class CustomLaw(Law):
    """A law made of functions of the user, which take and return variables of the graph.

    Attributes
    ----------
    label : str
        Its name in messages and printed models.
    count : int
        Number of parameters.
    ndims : tuple of int
        Dimensions of one event of each parameter.
    event : int
        Dimensions of one event of a draw.
    whole : bool
        Whether the values are integers.
    logp, logcdf : callable, optional
        ``logp(value, *params)``.
    dist : callable, optional
        ``dist(*params, size)``: an expression of variables made by ``.dist``, whose density is derived.
    random : callable, optional
        ``random(*params, rng, size)``, in NumPy.
    support_point : callable, optional
        ``support_point(rv, size, *params)``.
    """

    label: str
    count: int
    ndims: tuple[int, ...]
    event: int
    whole: bool
    logp: Function | None = None
    logcdf: Function | None = None
    dist: Function | None = None
    random: Function | None = None
    support_point: Function | None = None

    @property
    def name(self) -> str:
        return self.label

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        return self.whole

    @property
    def param_names(self) -> tuple[str, ...]:
        return tuple(f"param{i}" for i in range(self.count))

    @property
    def dimensions(self) -> Signature:  # type: ignore[override]
        return Signature.numbered(self.ndims, self.event)

    @property
    def is_open(self) -> bool:
        return bool(self.event) and self.dist is None

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        if shape is None and self.dist is not None:
            shape = self._expression(as_inputs(params), None).shape
        if shape is None and self.event and self.count:
            # Events without a length of their own are as long as those of the first parameter that has some.
            shapes = [tuple(p.shape) for p, n in zip(params, self.ndims, strict=True) if n == self.event]
            shape = shapes[0] if shapes else None
        return super().infer(params, shape)

    def log_density(self, x: Array, *params: Array) -> Array:
        value, inputs = _input(x, self.whole), as_inputs(params)
        if self.logp is not None:
            node = as_variable(self.logp(value, *inputs))
        elif self.dist is not None:
            batch = tuple(jnp.shape(x))[: jnp.ndim(x) - self.event]
            expression = self._expression(inputs, batch)
            node = Derivation(hidden_in([expression])).log_density(expression, value)
        else:
            raise ModelError(f"{self.label} has no log density; give logp= or dist=")
        return _value(node, dict(zip([value, *inputs], [jnp.asarray(x), *params], strict=True)))

    def log_cdf(self, x: Array, *params: Array) -> Array:
        value, inputs = _input(x, self.whole), as_inputs(params)
        if self.logcdf is not None:
            node = as_variable(self.logcdf(value, *inputs))
        elif self.dist is not None:
            expression = self._expression(inputs, tuple(jnp.shape(x)))
            node = Derivation(hidden_in([expression])).log_cdf(expression, value)
        else:
            raise NoClosedForm(f"{self.label} has no distribution function; give logcdf=")
        return _value(node, dict(zip([value, *inputs], [jnp.asarray(x), *params], strict=True)))

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        batch = shape[: len(shape) - self.event]
        if self.dist is not None:
            inputs = as_inputs(params)
            drawn = _drawn(self._expression(inputs, batch), dict(zip(inputs, params, strict=True)), key)
            return jnp.broadcast_to(drawn, shape)
        if self.random is None:
            raise NotImplementedError(f"{self.label} cannot be drawn from; give random= or dist=")
        user = self.random

        def generate(seed: np.ndarray, *values: np.ndarray) -> Any:
            return user(*values, rng=np.random.default_rng(seed), size=batch)

        return on_host(generate, shape, int if self.whole else float, jax.random.key_data(key), *params)

    def center(self, *params: Array) -> Array:
        constants = [as_variable(np.asarray(p)) for p in params]
        if self.support_point is not None:
            shape = self.infer(constants, None)[0] if self.dist is not None or not self.event else ()
            rv = _input(np.zeros(shape), self.whole)
            return as_variable(self.support_point(rv, None, *constants)).eval()
        if self.dist is None:
            return np.zeros((), int if self.whole else float)

        def middle(node: Node, values: Sequence[Any]) -> Any:
            assert isinstance(node.op, RandomVariable)
            center = node.op.law.start(node.shape, *map(np.asarray, values))
            return np.broadcast_to(center, node.shape)

        return np.asarray(Reading({}, middle, host=True).read([self._expression(constants, None)])[0])

    def fingerprint(self) -> Hashable | None:
        return None

    def _expression(self, inputs: Sequence[Variable], batch: Shape | None) -> Variable:
        assert self.dist is not None
        made = self.dist(*inputs, batch)
        if not isinstance(made, Variable):
            raise ModelError(
                f"{self.label}: dist must return an expression of variables made by .dist, got "
                f"{type(made).__name__}; a generator of NumPy is random="
            )
        return made


def event_of(label: str, dist: Function, params: Sequence[Variable]) -> tuple[int, tuple[int, ...], bool]:
    """Return the dimensions of one event of an expression, those of its parameters, and whether it is whole.

    Those of an event are what its log density sums over; none where no density can be derived. Parameters
    that do not broadcast to the expression belong to all of it, as those of a loop do.
    """
    law = CustomLaw(label, len(params), (0,) * len(params), 0, False, dist=dist)
    expression = law._expression(as_inputs(params), None)
    whole = expression.dtype.kind in "iub"
    value = Variable(Input(expression.shape, expression.dtype))
    try:
        elementwise = np.broadcast_shapes(*(p.shape for p in params), expression.shape) == expression.shape
    except ValueError:
        elementwise = False
    ndims = tuple(0 if elementwise else p.ndim for p in params)
    try:
        density = Derivation(hidden_in([expression])).log_density(expression, value)
    except (ModelError, NoClosedForm):
        return 0, ndims, whole
    return expression.ndim - density.ndim, ndims, whole


def _input(x: Any, whole: bool) -> Variable:
    return Variable(Input(tuple(np.shape(x)), np.dtype("int64" if whole else "float64")))


def as_inputs(params: Sequence[Any]) -> list[Variable]:
    """Return nodes that stand for arrays where a function of the user is read."""
    kinds = [np.dtype("int64" if np.dtype(p.dtype).kind in "iub" else "float64") for p in map(_array, params)]
    return [Variable(Input(tuple(np.shape(p)), kind)) for p, kind in zip(params, kinds, strict=True)]


def _array(value: Any) -> Any:
    return value if hasattr(value, "dtype") else np.asarray(value)


def _value(node: Variable, values: dict[Variable, Any]) -> Array:
    return jnp.asarray(Reading(values).read([node])[0])


def _drawn(expression: Variable, values: dict[Variable, Any], key: Key) -> Array:
    count = 0

    def draw(node: Node, params: Sequence[Any]) -> Array:
        nonlocal count
        assert isinstance(node.op, RandomVariable)
        own = jax.random.fold_in(key, count)
        count += 1
        return node.op.law.draw(own, node.shape, *(jnp.asarray(p) for p in params))

    return jnp.asarray(Reading(values, draw).read([expression])[0])

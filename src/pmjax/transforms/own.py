"""Transforms that users write: classes with PyMC's methods, and intervals by a function of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, as_variable
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import interval


class Transform(Bijector):
    """A transform with PyMC's methods `forward`, `backward` and `log_jac_det`, written with `pm.math`.

    Attributes
    ----------
    name : str
        The suffix of the unconstrained variable.
    ndim_supp : int
        Dimensions of one event.

    Examples
    --------
    >>> import pmjax as pm
    >>> class Cube(pm.distributions.transforms.Transform):
    ...     name = "cube"
    ...
    ...     def forward(self, value, *inputs):
    ...         return pm.math.sign(value) * pm.math.abs(value) ** (1 / 3)
    ...
    ...     def backward(self, value, *inputs):
    ...         return value**3
    ...
    ...     def log_jac_det(self, value, *inputs):
    ...         return pm.math.log(3 * value**2)
    >>> with pm.Model() as model:
    ...     x = pm.Normal("x", transform=Cube(), initval=8.0)
    >>> model.initial_point()["x_cube__"].round(6)
    np.float64(2.0)
    """

    name = "transform"
    ndim_supp = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "forward" in cls.__dict__:  # ours is a function of arrays
            cls.symbolic_forward = cls.__dict__["forward"]  # type: ignore[method-assign]
            cls.forward = Transform.forward  # type: ignore[method-assign]

    def symbolic_forward(self, value: Any, *inputs: Any) -> Any:
        """Return y for x (a node of the graph)."""
        raise ModelError(f"the transform {self.name!r} defines no method forward(value, *inputs)")

    def forward(self, x: Any, *inputs: Any) -> Any:
        if isinstance(x, Variable):
            return self.symbolic_forward(x, *(inputs or self.inputs))
        return np.asarray(_evaluated(self.symbolic_forward, x, inputs, host=True))

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return _evaluated(self.backward, y, inputs)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return jnp.asarray(_evaluated(self.log_jac_det, y, inputs))

    def of(self, params: Sequence[Variable]) -> Bijector:
        return self.with_inputs(params)


def _evaluated(function: Callable[..., Any], value: Any, inputs: Sequence[Any], *, host: bool = False) -> Any:
    """Return the value of a function of nodes at arrays."""
    arrays = [value, *inputs]
    nodes = [Variable(Input(np.shape(a), np.dtype(getattr(a, "dtype", float)))) for a in arrays]
    result = as_variable(function(*nodes))
    return Reading(dict(zip(nodes, arrays, strict=True)), host=host).read([result])[0]


class Interval(Bijector):
    """Values between two bounds, either of which may be missing.

    Parameters
    ----------
    lower, upper : number, optional
        Constant bounds.
    bounds_fn : callable, optional
        ``bounds_fn(rng, size, *parameters) -> (lower, upper)``: bounds that depend on the parameters of the
        variable (the first two arguments are None); None for no bound.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     x = pm.Normal("x", transform=pm.distributions.transforms.Interval(-1, 1))
    >>> list(model.initial_point())
    ['x_interval__']
    """

    name = "interval"

    def __init__(
        self, lower: Any = None, upper: Any = None, *, bounds_fn: Callable[..., Any] | None = None
    ) -> None:
        if bounds_fn is None and lower is None and upper is None:
            raise ModelError("Interval: lower and upper are both None; give a bound, or bounds_fn=")
        self._bounds_fn, self._bounds = bounds_fn, (lower, upper)
        self._chosen = _between(lower, upper) if bounds_fn is None else None
        self.inputs = () if self._chosen is None else self._chosen.inputs

    def of(self, params: Sequence[Variable]) -> Bijector:
        if self._bounds_fn is None:
            return self._fixed
        chosen = _between(*self._bounds_fn(None, None, *params))
        if chosen is None:
            raise ModelError("Interval: bounds_fn gives no bound; use transform=None")
        return chosen

    @property
    def _fixed(self) -> Bijector:
        if self._chosen is None:
            raise ModelError(
                "Interval: the bounds depend on parameters; use it as the transform= of a variable"
            )
        return self._chosen

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        return self._fixed.forward(x, *inputs)

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return self._fixed.inverse(y, *inputs)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        return self._fixed.log_det(y, *inputs)


def _between(lower: Any, upper: Any) -> Bijector | None:
    return interval(
        as_variable(-np.inf if lower is None else lower), as_variable(np.inf if upper is None else upper)
    )

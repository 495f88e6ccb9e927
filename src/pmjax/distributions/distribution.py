"""What a distribution is: parameters as the user writes them, a log density, a draw, a central value."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np

from pmjax.distributions.support import REAL, Support
from pmjax.errors import ModelError, suggest
from pmjax.graph.context import require_model
from pmjax.graph.identity import object_fingerprint
from pmjax.graph.ops import Constant, RandomVariable, Shape
from pmjax.graph.variable import Variable, as_variable
from pmjax.transforms.bijector import Bijector

DEFAULT_TRANSFORM = "default"


class Distribution(ABC):
    """A family of distributions. ``pm.Normal`` is one object; calling it declares a random variable.

    A new distribution defines `parameters`, `log_density`, `draw` and `center`, and says its `support`.

    Attributes
    ----------
    support : Support
        The values it gives.
    discrete : bool
        Whether the values are integers.
    event_ndim : int
        Dimensions of one event: 0 for scalars, 1 for vectors.
    param_ndims : dict
        Dimensions of one event of a parameter where that is not 0.
    domains : dict
        The values an argument may take where that is not every real number.
    """

    support: Support = REAL
    discrete: bool = False
    event_ndim: int = 0
    param_ndims: Mapping[str, int] = {}
    domains: Mapping[str, Support] = {}

    @abstractmethod
    def parameters(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the canonical parameters; the signature is the one that users see."""

    @abstractmethod
    def log_density(self, x: Any, *params: Any, **named: Any) -> Any:
        """Return the log density of each event (JAX); outside the support anything but NaN."""

    def total(self, x: Any, *params: Any) -> Any:
        """Return the sum of the log density over all events (JAX), a scalar.

        A family may override it where the sum takes fewer operations than its terms.
        """
        return jnp.sum(self.log_density(x, *params))

    @abstractmethod
    def draw(self, key: Any, shape: Shape, *params: Any, **named: Any) -> Any:
        """Return a random array of the given (full) shape (JAX)."""

    def center(self, *params: Any, **named: Any) -> Any:
        """Return a value of high density where a chain may start (NumPy); it broadcasts to the shape."""
        return 0.0

    def bijector(self, *params: Variable) -> Bijector | None:
        """Return the map to unconstrained values, or None for real numbers and integers."""
        return self.support.bijector() if self.support.bijector else None

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        """Return which values lie in the support; a parameter is None where it is not constant."""
        return self.support.contains(x)

    def event_shape(self, params: Sequence[Variable]) -> Shape:
        """Return the shape of one event."""
        return params[0].shape[-self.event_ndim :] if self.event_ndim else ()

    @property
    def name(self) -> str:
        """The name of the family."""
        return type(self).__name__

    @functools.cached_property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.parameters)

    def infer(self, params: Sequence[Variable], shape: Shape | None) -> tuple[Shape, np.dtype]:
        """Return the shape and dtype of a draw."""
        event = self.event_shape(params)
        batches = []
        for name, param in zip(self.param_names, params, strict=True):
            ndim = self.param_ndims.get(name, 0)
            if param.ndim < ndim:
                raise ValueError(
                    f"{self.name}: {name} must have at least {ndim} dimension(s), got shape {param.shape}"
                )
            batches.append(param.shape[: param.ndim - ndim])
        listed = ", ".join(f"{n} {p.shape}" for n, p in zip(self.param_names, params, strict=True))
        try:
            batch = np.broadcast_shapes(*batches)
        except ValueError:
            raise ValueError(
                f"{self.name}: the shapes of the parameters do not broadcast: {listed}"
            ) from None
        if shape is None:
            shape = batch + event
        cut = len(shape) - self.event_ndim
        if cut < 0 or shape[cut:] != event or not _broadcasts_to(batch, shape[:cut]):
            raise ValueError(f"{self.name}: the parameters ({listed}) do not broadcast to the shape {shape}")
        return shape, np.dtype("int64" if self.discrete else "float64")

    @functools.cached_property
    def param_names(self) -> tuple[str, ...]:
        """The canonical parameters, in the order in which `log_density` takes them."""
        return tuple(inspect.signature(self.log_density).parameters)[1:]

    def fingerprint(self) -> Hashable | None:
        """Return what identifies the family in any process, or None if nothing does."""
        return object_fingerprint(self)

    def __call__(
        self,
        name: str,
        *args: Any,
        dims: str | Sequence[str | None] | None = None,
        shape: int | Sequence[int] | None = None,
        size: int | Sequence[int] | None = None,
        observed: Any = None,
        initval: Any = None,
        transform: Bijector | str | None = DEFAULT_TRANSFORM,
        **kwargs: Any,
    ) -> Variable:
        """Declare a random variable of this distribution in the current model.

        Parameters
        ----------
        name : str
            Its name in the model.
        *args, **kwargs
            The parameters of the distribution.
        dims : str or sequence of str, optional
            Named dimensions; their lengths come from the model's coords.
        shape, size : int or sequence of int, optional
            The full shape, or the shape without the dimensions of one event. Without them the shape is
            what the parameters (and the observed values) broadcast to.
        observed : array or Variable of data, optional
            Observed values: the variable becomes part of the likelihood.
        initval : array, optional
            Where chains start.
        transform : Bijector or None, optional
            The map to unconstrained values instead of the default; None samples the values as they are.

        Returns
        -------
        Variable
        """
        what = f"{self.name}({name!r}, ...)" if isinstance(name, str) else f"{self.name}({name!r})"
        model = require_model(what)
        if not isinstance(name, str):
            raise ModelError(
                f"{what}: the first argument is the variable's name, a str; got {type(name).__name__}"
            )
        params = self.canonical(what, args, kwargs)

        def make(full_shape: Shape | None) -> Variable:
            try:
                return Variable(RandomVariable(self, full_shape), params, name)
            except ModelError as error:
                raise ModelError(f"{name!r}: {error}") from None

        asked = self._full_shape(params, shape, size)
        variable: Variable = model.declare_random(
            name, make, shape=asked, dims=dims, observed=observed, initval=initval, transform=transform
        )
        return variable

    def dist(
        self,
        *args: Any,
        shape: int | Sequence[int] | None = None,
        size: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return a random variable that belongs to no model (a component, or for `pm.draw` and `pm.logp`)."""
        params = self.canonical(f"{self.name}.dist(...)", args, kwargs)
        return Variable(RandomVariable(self, self._full_shape(params, shape, size)), params)

    def canonical(self, what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Variable]:
        """Return the canonical parameters as variables, after checking names and constant values."""
        known = self.__signature__.parameters
        for word in kwargs:
            if word not in known:
                near = suggest(word, [*known, "dims", "shape", "observed", "initval", "transform"])
                raise ModelError(
                    f"{what}: unknown argument {word!r}{near}; {self.name} takes {', '.join(known)}"
                )
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise ModelError(f"{what}: {error}; {self.name} takes {', '.join(known)}") from None
        given = {}
        for word, value in bound.arguments.items():
            argument = self._argument(what, word, value, known[word].default)
            if argument is not None:
                given[word] = argument
        try:
            with np.errstate(all="ignore"):
                named = self.parameters(**given)
        except ModelError as error:
            raise ModelError(f"{what}: {error}") from None
        params = [as_variable(named[n]) for n in self.param_names]
        for param_name, param in zip(self.param_names, params, strict=True):
            if param_name not in given and isinstance(param.op, Constant):
                origin = f"{param_name} (from {', '.join(given)})"
                self._check_domain(what, origin, np.asarray(param.op.value), self.domains.get(param_name))
        return params

    def _argument(self, what: str, name: str, value: Any, default: Any) -> Any:
        """Return an argument as a variable or as NumPy numbers, checked against its domain."""
        if value is None:
            if default is None:
                return None
            hint = "" if default is inspect.Parameter.empty else f", or leave it out for {default}"
            raise ModelError(f"{what}: {name} is None; give numbers or a variable{hint}")
        try:
            variable = as_variable(value)
        except ModelError as error:
            raise ModelError(f"{what}: {name}: {error}") from None
        if variable.data_value is not None:
            self._check_domain(what, name, np.asarray(variable.data_value), self.domains.get(name))
        # Constants stay numbers, so that what follows from them (a scale from a precision) is one too.
        return np.asarray(variable.op.value)[()] if isinstance(variable.op, Constant) else variable

    @staticmethod
    def _check_domain(what: str, name: str, value: np.ndarray, domain: Support | None) -> None:
        takes = f"{name} takes {(domain or REAL).description}"
        if np.isnan(value).any():
            raise ModelError(f"{what}: {takes}, got NaN")
        if domain is None:
            return
        inside = np.asarray(domain.contains(value.astype(float)))
        if inside.all():
            return
        if inside.shape != value.shape:
            raise ModelError(f"{what}: {takes}, got something else, of shape {value.shape}")
        where = tuple(int(i) for i in np.argwhere(~inside)[0])
        at = f" at {name}[{', '.join(map(str, where))}]" if where else ""
        raise ModelError(f"{what}: {takes}, got {value[where]}{at}")

    def _full_shape(self, params: Sequence[Variable], shape: Any, size: Any) -> Shape | None:
        if shape is not None and size is not None:
            raise ModelError(f"{self.name}: give shape or size, not both")
        if size is not None:
            return as_shape(size) + self.event_shape(params)
        return None if shape is None else as_shape(shape)


def as_shape(shape: Any) -> Shape:
    """Return a shape as a tuple of ints.

    Raises
    ------
    ModelError
        If it is no integer or sequence of non-negative integers.
    """
    try:
        sizes = tuple(int(n) for n in shape) if np.ndim(shape) else (int(shape),)
        if any(n < 0 for n in sizes) or any(int(n) != n for n in np.ravel(shape)):
            raise ValueError
    except (TypeError, ValueError):
        raise ModelError(
            f"a shape is an integer or a tuple of integers of at least 0, got {shape!r}"
        ) from None
    return sizes


def _broadcasts_to(shape: Shape, target: Shape) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


D = TypeVar("D", bound=Distribution)


def distribution(family: type[D]) -> D:
    """Make the one object of a distribution class, with the class's documentation (a class decorator)."""
    instance = family()
    instance.__doc__ = family.__doc__
    return instance

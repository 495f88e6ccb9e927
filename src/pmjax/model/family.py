"""A family: what users call. It reads its arguments once, into a law and its parameters, and declares."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.context import require_model
from pmjax.graph.length import Length
from pmjax.graph.ops import Constant, RandomVariable
from pmjax.graph.variable import Variable, as_variable
from pmjax.laws.law import Law
from pmjax.laws.support import REAL, Support
from pmjax.runtime.types import Shape
from pmjax.transforms.bijector import Bijector

DEFAULT_TRANSFORM = "default"
# How far from 1 a sum of probabilities in single precision may be.
SHARES_TOLERANCE = 1e-5
# What a declaration takes beside the parameters.
DECLARATION = (
    *("dims", "shape", "size", "observed", "initval", "transform", "default_transform"),
    *("total_size", "rng"),
)

Parametrisation = Callable[..., Any]
Parsed = tuple[Law, list[Variable]]


def parametrisation(function: Parametrisation) -> Parametrisation:
    """Mark one way to write the parameters of a family.

    The signature of the function says which arguments it takes and what they are by default; it returns the
    law's parameters in their order. Exactly one of a family's ways must fit the arguments that are given.
    """
    function.is_parametrisation = True  # type: ignore[attr-defined]
    return staticmethod(function)  # type: ignore[return-value]


class Family:
    """A family of distributions. ``pm.Normal`` is one object; calling it declares a random variable.

    A subclass says its `law` and its parametrisations. One whose law depends on the arguments (a mixture)
    defines `read` instead.

    Attributes
    ----------
    law : Law
        The law of every member, unless `read` says otherwise.
    domains : mapping from argument to Support
        The values of arguments that are no parameters of the law.
    shares : sequence of str
        Arguments that hold probabilities along their last axis, which are rescaled to sum to one.
    raw : tuple of str
        Arguments that are passed on as they are: functions, flags, components.
    """

    law: ClassVar[Law]
    domains: ClassVar[Mapping[str, Support]] = {}
    shares: ClassVar[Sequence[str]] = ()
    raw: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        """The name of the family."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<distribution {self.name}>"

    def __reduce__(self) -> str:
        return self.name

    @functools.cached_property
    def parametrisations(self) -> tuple[Parametrisation, ...]:
        """The ways to write the parameters, the one of the law first."""
        members = (getattr(type(self), name) for name in vars(type(self)))
        return tuple(m for m in members if getattr(m, "is_parametrisation", False))

    @functools.cached_property
    def __signature__(self) -> inspect.Signature:
        """The arguments in the order in which they may be given."""
        if type(self).read is not Family.read:
            return inspect.signature(self.read)
        arguments: dict[str, inspect.Parameter] = {}
        ways = [inspect.signature(way).parameters for way in self.parametrisations]
        for way in ways:
            for name, parameter in way.items():
                everywhere = all(name in other for other in ways) and name not in arguments
                default = parameter.default if everywhere else None
                arguments.setdefault(
                    name, inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
                )
        ordered = sorted(arguments.values(), key=lambda a: a.default is not inspect.Parameter.empty)
        return inspect.Signature(ordered)

    def read(self, **given: Any) -> tuple[Law, Sequence[Any]]:
        """Return the law and its parameters, from the arguments that are given.

        Raises
        ------
        ModelError
            If no parametrisation fits, or one says so.
        """
        fitting = [way for way in self.parametrisations if _fits(way, given)]
        if len(fitting) != 1:
            ways = " or ".join(f"({_written(way)})" for way in self.parametrisations)
            raise ModelError(f"{self.name} takes {ways}, got {', '.join(given) or 'no parameters'}")
        return self.law, fitting[0](**given)

    def __call__(
        self,
        name: str,
        *args: Any,
        dims: str | Sequence[str | None] | None = None,
        shape: int | Sequence[int] | Steps | None = None,
        size: int | Sequence[int] | None = None,
        observed: Any = None,
        initval: Any = None,
        transform: Bijector | str | None = DEFAULT_TRANSFORM,
        default_transform: Bijector | str | None = DEFAULT_TRANSFORM,
        total_size: Any = None,
        rng: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Declare a random variable of this family in the current model.

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
            A map to unconstrained values after the default one; None samples the values as they are.
        default_transform : Bijector or None, optional
            The map to unconstrained values instead of the one of the family.
        total_size : int or sequence of int, optional
            The size of the whole data, where the observed values are a part of them.
        rng : optional
            Not used: seeds belong to what draws.

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
        law, params = self.parse(what, args, kwargs)
        if law.is_open and shape is None and size is None and dims is None and observed is None:
            raise ModelError(f"{what}: give shape=, dims= or steps=: its length")

        def make(full_name: str, full_shape: Shape | None) -> Variable:
            try:
                return Variable(RandomVariable(law, full_shape), params, full_name)
            except ModelError as error:
                raise ModelError(f"{name!r}: {error}") from None

        variable: Variable = model.declare_random(
            name,
            make,
            shape=full_shape_of(law, params, shape, size),
            dims=dims,
            observed=observed,
            initval=initval,
            transform=transform,
            default_transform=default_transform,
            total_size=total_size,
        )
        return variable

    def dist(
        self,
        *args: Any,
        shape: int | Sequence[int] | Steps | None = None,
        size: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return a random variable that belongs to no model (a component, or for `pm.draw` and `pm.logp`)."""
        what = f"{self.name}.dist(...)"
        law, params = self.parse(what, args, kwargs)
        return Variable(RandomVariable(law, full_shape_of(law, params, shape, size)), params)

    def parse(self, what: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Parsed:
        """Return the law and its parameters as variables, after checking names and constant values."""
        known = self.__signature__.parameters
        for word in kwargs:
            if word not in known and not _takes_any(known):
                near = suggest(word, [*known, *DECLARATION])
                raise ModelError(
                    f"{what}: unknown argument {word!r}{near}; {self.name} takes {', '.join(known)}"
                )
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise ModelError(f"{what}: {error}; {self.name} takes {', '.join(known)}") from None
        given: dict[str, Any] = {}
        for word, value in bound.arguments.items():
            argument = value if word in self.raw else self._argument(what, word, value, known[word].default)
            if argument is not None:
                given[word] = argument
        try:
            with np.errstate(all="ignore"):
                law, values = self.read(**given)
        except ModelError as error:
            raise ModelError(f"{what}: {error}") from None
        params = [as_variable(v) for v in values]
        for param_name, param in zip(law.param_names, params, strict=True):
            if param_name not in given and isinstance(param.op, Constant):
                origin = f"{param_name} (from {', '.join(given)})"
                check_domain(what, origin, np.asarray(param.op.value), law.domains.get(param_name))
        return law, params

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
            own = self.law.domains if hasattr(type(self), "law") else {}
            domain = self.domains.get(name, own.get(name))
            check_domain(what, name, np.asarray(variable.data_value), domain)
            if name in self.shares:
                _warn_rescaled(what, name, np.asarray(variable.data_value))
        # Constants stay numbers, so that what follows from them (a scale from a precision) is one too.
        return np.asarray(variable.op.value)[()] if isinstance(variable.op, Constant) else variable


def _warn_rescaled(what: str, name: str, shares: np.ndarray) -> None:
    if not shares.ndim:
        return
    total = shares.sum(axis=-1)
    off = np.abs(total - 1) > SHARES_TOLERANCE
    if off.any():
        warnings.warn(
            f"{what}: {name} sums to {np.ravel(total[off])[0]:.6g} instead of 1 and is rescaled; "
            "divide it by its sum if that is meant",
            UserWarning,
            stacklevel=6,
        )


def _takes_any(known: Mapping[str, inspect.Parameter]) -> bool:
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())


def _fits(way: Parametrisation, given: Mapping[str, Any]) -> bool:
    parameters = inspect.signature(way).parameters
    needed = {n for n, p in parameters.items() if p.default is inspect.Parameter.empty}
    return needed <= set(given) <= set(parameters)


def _written(way: Parametrisation) -> str:
    return ", ".join(inspect.signature(way).parameters)


def check_domain(what: str, name: str, value: np.ndarray, domain: Support | None) -> None:
    """Raise ModelError if a constant argument is NaN or outside its domain.

    Parameters
    ----------
    what, name : str
        The declaration and the argument, for the message.
    value : ndarray
    domain : Support or None
        Every real number by default.
    """
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


@dataclass(frozen=True)
class Steps:
    """In the place of a shape: that of a sequence of so many steps after its first values."""

    count: int


def full_shape_of(law: Law, params: Sequence[Variable], shape: Any, size: Any) -> Shape | None:
    """Return the full shape that `shape` or `size` (without the dimensions of one event) asks for."""
    if isinstance(shape, Steps):
        own = law.infer(params, None)[0]
        cut = len(own) - law.event_ndim
        batch = own[:cut] if size is None else as_shape(size)
        return (*batch, shape.count + (law.first_values or 0), *own[cut + 1 :])
    if shape is not None and size is not None:
        raise ModelError(f"{law.name}: give shape or size, not both")
    if size is not None:
        event = law.infer(params, None)[0]
        return as_shape(size) + event[len(event) - law.event_ndim :]
    return None if shape is None else as_shape(shape)


def as_shape(shape: Any) -> Shape:
    """Return a shape as a tuple of ints.

    Raises
    ------
    ModelError
        If it is no integer or sequence of non-negative integers.
    """
    try:
        given = shape if np.ndim(shape) else (shape,)
        sizes = tuple(n if isinstance(n, Length) else int(n) for n in given)
        if any(n < 0 for n in sizes) or any(int(n) != n for n in np.ravel(shape)):
            raise ValueError
    except (TypeError, ValueError):
        raise ModelError(
            f"a shape is an integer or a tuple of integers of at least 0, got {shape!r}"
        ) from None
    return sizes


def family(declared: type[Family]) -> Any:
    """Make the one object of a family, with the documentation of its class (a class decorator)."""
    instance = declared()
    instance.__doc__ = declared.__doc__
    return instance

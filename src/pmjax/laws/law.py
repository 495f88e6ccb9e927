"""What a law is: a log density of arrays, a draw, a central value, and facts that rewrites ask for."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.laws.signature import Signature
from pmjax.laws.support import NON_NEGATIVE, POSITIVE, REAL, UNIT_INTERVAL, Support
from pmjax.numerics import bisection
from pmjax.runtime.types import Array, Key, Shape

if TYPE_CHECKING:
    from pmjax.laws.statistics import Statistics

Limit = Any
# Increasing maps from the real numbers to supports.
_PLACES = {POSITIVE: jnp.exp, NON_NEGATIVE: jnp.exp, UNIT_INTERVAL: jax.nn.sigmoid}


class NoClosedForm(NotImplementedError):
    """A law does not have the function that was asked for."""


@dataclass(frozen=True)
class Law(ABC):
    """The mathematics of a family of distributions, as functions of arrays.

    A law is a frozen dataclass: two laws are equal if their classes and fields are, so laws may be fields of
    laws. It defines `signature`, `log_density`, `draw` and `center`, and says its `support`; whatever else
    is known is a fact that it may state.

    Attributes
    ----------
    signature : str
        The dimensions of one event of the parameters and of a draw, in NumPy's notation: ``(),()->()``.
    support : Support
        The values it gives.
    discrete : bool
        Whether the values are integers.
    domains : mapping from parameter to Support
        The values a parameter may take where that is not every real number.
    location_scale : tuple of str, optional
        The parameters mu and sigma for which (x - mu) / sigma does not depend on them.
    log_location_scale : tuple of str, optional
        The same of log x.
    scale, rate : str, optional
        The parameter that x is proportional to, or inversely proportional to.
    location_factor : tuple of str, optional
        The mean and the Cholesky factor of the covariance of a normal vector.
    normal_scale : {"linear", "log"}, optional
        Whether x or log x is normal with mean mu and standard deviation sigma.
    exposure : str, optional
        The parameter that may be a product with data, as the mean of a count over a time.
    statistics : Statistics, optional
        How observations with equal parameters are summed in closed form.
    bounds : tuple of str or None, optional
        The parameters between which the support lies; None for a side without a bound.
    is_markov_chain : bool
        Whether the last axis are the states of a Markov chain, with parameters log_P and log_init.
    first_values : int, optional
        Of a sequence in time, whose events have time as their first dimension: how many values come before
        the first step.
    increments : tuple of str or None, optional
        Of a sum of independent steps that are numbers: the parameters that are location and scale of the
        first value (None, None if there are none) and of each step.
    computed_by : str
        How the density is computed, where users may want to hear of it.
    differentiable : bool
        Whether the density has a gradient.
    """

    signature: ClassVar[str] = "->()"
    support: ClassVar[Support] = REAL
    discrete: ClassVar[bool] = False
    domains: ClassVar[Mapping[str, Support]] = {}
    location_scale: ClassVar[tuple[str, str] | None] = None
    log_location_scale: ClassVar[tuple[str, str] | None] = None
    scale: ClassVar[str | None] = None
    rate: ClassVar[str | None] = None
    location_factor: ClassVar[tuple[str, str] | None] = None
    normal_scale: ClassVar[Literal["linear", "log"] | None] = None
    exposure: ClassVar[str | None] = None
    statistics: ClassVar[Statistics | None] = None
    bounds: ClassVar[tuple[str | None, str | None] | None] = None
    is_markov_chain: ClassVar[bool] = False
    first_values: ClassVar[int | None] = None
    increments: ClassVar[tuple[str | None, ...] | None] = None
    computed_by: ClassVar[str] = ""
    differentiable: ClassVar[bool] = True

    @abstractmethod
    def log_density(self, x: Array, *params: Array) -> Array:
        """Return the log density of each event (JAX); outside the support anything but NaN."""

    def total(self, x: Array, *params: Array) -> Array:
        """Return the sum of the log density over all events (JAX), a scalar.

        A law may override it where the sum takes fewer operations than its terms.
        """
        return jnp.sum(self.log_density(x, *params))

    @abstractmethod
    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        """Return a random array of the given (full) shape (JAX)."""

    def center(self, *params: Array) -> Array:
        """Return a value of high density where a chain may start (NumPy); it broadcasts to the shape."""
        return 0.0

    def start(self, shape: Shape, *params: Array) -> Array:
        """Return the center of a variable of the given full shape (NumPy); it broadcasts to the shape."""
        return self.center(*params)

    def log_cdf(self, x: Array, *params: Array) -> Array:
        """Return log P(X <= x) (JAX)."""
        raise NoClosedForm(f"{self.name} has no distribution function in closed form")

    def log_sf(self, x: Array, *params: Array) -> Array:
        """Return log P(X > x) (JAX), accurate in the upper tail where the law knows a formula for it."""
        log_cdf = self.log_cdf(x, *params)
        certain = log_cdf >= 0
        return jnp.where(certain, -jnp.inf, jnp.log(-jnp.expm1(jnp.where(certain, -1.0, log_cdf))))

    def quantile(self, q: Array, *params: Array) -> Array:
        """Return x with P(X <= x) = q, or the smallest integer with at least that (JAX)."""
        if self.event_ndim:
            raise NoClosedForm(f"{self.name} has no quantile function: its values are not numbers")
        cdf = lambda x: self.log_cdf(x, *params)  # noqa: E731
        if not self.discrete:
            return bisection.smallest_above(cdf, q, _PLACES.get(self.support, jnp.sinh))
        low, high = self.limits(*params) or (0, bisection.LARGEST_INTEGER)
        return bisection.smallest_integer_above(cdf, q, low, high)

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        """Return which values lie in the support (NumPy); a parameter is None where it is not constant."""
        if self.bounds is None:
            return self.support.contains(x)
        lower, upper = (
            None if name is None else params[self.param_names.index(name)] for name in self.bounds
        )
        inside = self.support.contains(x)
        inside = inside if lower is None else inside & (x >= lower)
        return inside if upper is None else inside & (x <= upper)

    def limits(self, *params: Any) -> tuple[Limit, Limit] | None:
        """Return the smallest and the largest of finitely many integer values; None if there are not.

        Each is a number or one of the parameters, whatever those are: arrays or expressions.
        """
        return None

    def whitened_total(self, x: Array, mu: Array, whiten: Array) -> Array:
        """Return `total` of a normal vector from the inverse of the Cholesky factor (JAX)."""
        raise NoClosedForm(f"{self.name} has no Cholesky factor")

    @property
    def name(self) -> str:
        """The name of the family."""
        return type(self).__name__

    @functools.cached_property
    def dimensions(self) -> Signature:
        """The signature, parsed."""
        return Signature.parse(self.signature)

    @property
    def event_ndim(self) -> int:
        """Dimensions of one event: 0 for scalars, 1 for vectors."""
        return len(self.dimensions.event)

    @property
    def param_names(self) -> tuple[str, ...]:
        """The canonical parameters, in the order in which `log_density` takes them."""
        return _parameters(type(self))

    @functools.cached_property
    def param_ndims(self) -> Mapping[str, int]:
        """Dimensions of one event of each parameter."""
        return dict(zip(self.param_names, map(len, self.dimensions.params), strict=True))

    def event_shape(self, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
        """Return the shape of one event, from those of the parameters; None for an open length."""
        sizes = self.dimensions.sizes(shapes)
        return tuple(sizes.get(name) for name in self.dimensions.event)

    @property
    def is_open(self) -> bool:
        """Whether a length of an event is in no parameter, as the number of steps of a random walk."""
        inside = {name for names in self.dimensions.params for name in names}
        return not inside.issuperset(self.dimensions.event)

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        """Return the shape and dtype of a draw.

        Parameters
        ----------
        params : sequence of arrays or of anything that has a shape
        shape : tuple of int or None
            What was asked for, or None for what the parameters broadcast to.

        Raises
        ------
        ValueError
            If the shapes do not fit; the message names the parameters.
        """
        listed = ", ".join(f"{n} {p.shape}" for n, p in zip(self.param_names, params, strict=True))
        shapes = [tuple(p.shape) for p in params]
        batches = []
        for (name, ndim), own in zip(self.param_ndims.items(), shapes, strict=True):
            if len(own) < ndim:
                raise ValueError(
                    f"{self.name}: {name} must have at least {ndim} dimension(s), got shape {own}"
                )
            batches.append(own[: len(own) - ndim])
        try:
            batch = np.broadcast_shapes(*batches)
            event = self.event_shape(shapes)
        except ValueError:
            raise ValueError(f"{self.name}: the shapes of the parameters do not fit: {listed}") from None
        if shape is None:  # a length that is open is 1 until it is known
            shape = batch + tuple(1 if n is None else n for n in event)
        cut = len(shape) - len(event)
        fits = cut >= 0 and all(n in (None, m) for n, m in zip(event, shape[cut:], strict=True))
        if not fits or not _broadcasts_to(batch, shape[:cut]):
            raise ValueError(f"{self.name}: the parameters ({listed}) do not broadcast to the shape {shape}")
        return shape, np.dtype("int64" if self.discrete else "float64")

    def fingerprint(self) -> Hashable | None:
        """Return what identifies the law in any process, or None if nothing does."""
        kind = type(self)
        if not kind.__module__.startswith("pmjax."):
            return None
        parts = [_fingerprint(getattr(self, f.name)) for f in fields(self)]
        return None if None in parts else (f"{kind.__module__}:{kind.__qualname__}", *parts)


@functools.cache
def _parameters(kind: type[Law]) -> tuple[str, ...]:
    return tuple(inspect.signature(kind.log_density).parameters)[2:]


def _fingerprint(value: Any) -> Hashable | None:
    """Return what identifies a field: a law, a plain value, or a tuple of such."""
    if isinstance(value, Law):
        return value.fingerprint()
    if isinstance(value, tuple):
        parts = tuple(_fingerprint(v) for v in value)
        return None if None in parts else ("tuple", *parts)
    if value is None or isinstance(value, (bool, int, float, str)):
        return f"{type(value).__name__} {value!r}"
    return None


def _broadcasts_to(shape: Shape, target: Shape) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False

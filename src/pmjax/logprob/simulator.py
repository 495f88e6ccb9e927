"""The law of a simulator without a density: how far simulated data are from the observed ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import Reading
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.laws.signature import Signature
from pmjax.logprob.custom import Function, as_inputs
from pmjax.logprob.host import on_host, to_words
from pmjax.runtime.types import Array, Key, Shape

STATISTICS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "sort": lambda x: jnp.sort(x, axis=-1),
    "mean": jnp.mean,
    "median": jnp.median,
}
DISTANCES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "gaussian": lambda epsilon, seen, made: -0.5 * ((seen - made) / epsilon) ** 2,
    "laplace": lambda epsilon, seen, made: -jnp.abs((seen - made) / epsilon),
}


@dataclass(frozen=True, eq=False)
class Simulator(Law):
    r"""A pseudo-density: a kernel of the distance between summaries of observed and simulated data.

    .. math:: \log K_\epsilon(s(x), s(x')), \quad x' \sim \mathrm{fn}(\theta)

    The simulation is a function of the parameters: its seed are their bits. A density that is estimated
    without bias must keep its estimate where it is asked again at the same point.

    Attributes
    ----------
    label : str
        Its name in messages and printed models.
    fn : callable
        ``fn(rng, *params, size)`` returns simulated data, in NumPy.
    ndims : tuple of int
        Dimensions of epsilon and of each parameter, all of them.
    ndim : int
        Dimensions of the data, which are one event.
    core : int
        How many of them `size` leaves out.
    whole : bool
        Whether the data are integers.
    sum_stat, distance : str or callable
        Names, or ``sum_stat(x)`` and ``distance(epsilon, seen, made)``, of variables or of arrays.
    """

    label: str
    fn: Function
    ndims: tuple[int, ...]
    ndim: int
    core: int
    whole: bool
    sum_stat: str | Function
    distance: str | Function
    differentiable = False

    @property
    def name(self) -> str:
        return self.label

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the data are integers."""
        return self.whole

    @property
    def param_names(self) -> tuple[str, ...]:
        """The scale of the distance, and the parameters of the simulator."""
        return ("epsilon", *(f"param{i}" for i in range(len(self.ndims) - 1)))

    @property
    def dimensions(self) -> Signature:  # type: ignore[override]
        """All dimensions of data and parameters."""
        return Signature.numbered(self.ndims, self.ndim)

    @property
    def is_open(self) -> bool:
        return self.core > 0

    def infer(self, params: Sequence[Any], shape: Shape | None) -> tuple[Shape, np.dtype]:
        if shape is None:
            shape = np.broadcast_shapes(*(tuple(p.shape) for p in params[1:]))
            shape = (1,) * (self.ndim - len(shape)) + shape
        return super().infer(params, shape)

    def log_density(self, x: Array, epsilon: Array, *params: Array) -> Array:
        made = self._simulated(_bits_of(params), jnp.shape(x), params)
        seen_summary, made_summary = self._summary(jnp.asarray(x)), self._summary(made)
        return jnp.sum(self._kernel(jnp.asarray(epsilon), seen_summary, made_summary))

    def draw(self, key: Key, shape: Shape, *params: Array) -> Array:
        return self._simulated(jax.random.key_data(key), shape, params[1:])

    def start(self, shape: Shape, *params: Array) -> Array:
        rng, size = np.random.default_rng(0), self._size(shape)
        draws = [np.asarray(self.fn(rng, *params[1:], size)) for _ in range(10)]
        mean = np.mean(draws, axis=0)
        return np.round(mean) if self.whole else mean

    def fingerprint(self) -> Hashable | None:
        return None

    def _size(self, shape: Shape) -> Shape:
        return tuple(int(n) for n in shape[: len(shape) - self.core])

    def _simulated(self, seed: Array, shape: Shape, params: Sequence[Array]) -> Array:
        size, dtype = self._size(shape), int if self.whole else float

        def simulate(seed: np.ndarray, *values: np.ndarray) -> Any:
            return self.fn(np.random.default_rng(seed), *(v[()] for v in values), size)

        return on_host(simulate, shape, dtype, seed, *params)

    def _summary(self, x: Array) -> Array:
        x = x.astype(float)
        if isinstance(self.sum_stat, str):
            return STATISTICS[self.sum_stat](x)
        return _applied(self.sum_stat, x)

    def _kernel(self, epsilon: Array, seen: Array, made: Array) -> Array:
        if isinstance(self.distance, str):
            return DISTANCES[self.distance](epsilon, seen, made)
        return _applied(self.distance, epsilon.astype(float), seen, made)


def _bits_of(params: Sequence[Array]) -> Array:
    """Return two words that differ wherever the parameters do, but for chance."""
    words = [to_words(jnp.asarray(p)).ravel() for p in params]
    if not words:
        return jnp.zeros(2, jnp.uint32)
    flat = jnp.concatenate(words)
    odd = np.random.default_rng(0).integers(0, 2**31, (2, flat.size), np.uint32) * 2 + 1
    mixed = (flat ^ (flat >> 16)) * odd
    return jnp.sum(mixed ^ (mixed >> 15), axis=1, dtype=jnp.uint32)


def _applied(function: Function, *arrays: Array) -> Array:
    """Return what a function of the user makes of arrays: one of variables if it can be, or one of NumPy."""
    inputs = as_inputs(arrays)
    try:
        node = function(*inputs)
    except Exception:  # a function of arrays fails on variables in its own way
        node = None
    if isinstance(node, Variable):
        return jnp.asarray(Reading(dict(zip(inputs, arrays, strict=True))).read([node])[0])
    trial = function(*(np.ones(a.shape) for a in arrays))
    return on_host(function, np.shape(trial), float, *arrays)

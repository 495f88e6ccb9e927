"""Where recentred elements lie in the unconstrained vector, and its map to the coordinates as written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import Reading, ancestors, arguments, own_nodes
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable
from pmjax.model.spec import FreeVariable, ModelSpec, ObservedVariable, name_of
from pmjax.rewrites.recentre import Recentred
from pmjax.rewrites.vector_centring import RecentredVector
from pmjax.transforms import bijectors

Knobs = Mapping[str, Any]
# By the name of a knob, for each element that it centres: location and log scale, shapes (..., elements).
Located = dict[str, tuple[Any, Any]]


class Columns:
    """Some columns of a matrix, as slices: to take and to put them compiles to copies, not to gathers."""

    def __init__(self, slices: Iterable[slice]) -> None:
        self._slices = sorted(slices, key=lambda part: part.start)

    @property
    def indices(self) -> np.ndarray:
        """Their numbers."""
        return np.concatenate([np.arange(part.start, part.stop) for part in self._slices])

    def take(self, a: Any) -> Any:
        """Return these columns of ``a``."""
        return jnp.concatenate([a[..., part] for part in self._slices], axis=-1)

    def put(self, a: Any, values: Any) -> Any:
        """Return ``a`` with ``values`` in these columns."""
        pieces, done, used = [], 0, 0
        for part in self._slices:
            width = part.stop - part.start
            pieces += [a[..., done : part.start], values[..., used : used + width]]
            done, used = part.stop, used + width
        return jnp.concatenate([*pieces, a[..., done:]], axis=-1)


class Coordinates:
    """Where the recentred elements of a model are, and maps of one draw for JAX to trace.

    Attributes
    ----------
    spec : ModelSpec
    size : int
        Length D of theta.
    places : dict
        For each free variable its slice of theta.
    knobs : dict
        For each centring of elements the variable that it is for.
    level : ndarray of int, shape (E,)
        0 for elements whose location and scale depend on no other recentred variable, and so on.
    elements, parents : Columns
        The coordinates of the E elements, and those that their locations and scales depend on.
    slices : dict
        For each centring its slice of the E elements.
    data : tuple of ndarray
        The data that the maps need, to be given to them.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        inputs = [node for v in spec.free for node in _inputs(v)]
        self._observed = _observed_behind(spec, inputs)
        self._nodes = arguments([*inputs, *(v.value for v in self._observed)])
        self.data = tuple(np.asarray(node.data_value) for node in self._nodes)
        ends = np.cumsum([np.prod(v.unconstrained_shape, dtype=int) for v in spec.free]).tolist()
        self.size = ends[-1]
        self.places = {v.name: slice(a, b) for v, a, b in zip(spec.free, [0, *ends], ends, strict=False)}
        self.knobs = {
            name_of(v.bijector.inputs[2]): v for v in spec.free if isinstance(v.bijector, Recentred)
        }
        depth = _depths(spec)
        sizes = [self.places[v.name].stop - self.places[v.name].start for v in self.knobs.values()]
        ends = np.cumsum([0, *sizes]).tolist()
        self.slices = {n: slice(a, b) for n, a, b in zip(self.knobs, ends, ends[1:], strict=False)}
        self.level = np.repeat([depth[v.name] for v in self.knobs.values()], sizes).astype(int)
        self.elements = Columns(self.places[v.name] for v in self.knobs.values())
        self.parents = Columns(self._parents())

    def _parents(self) -> Iterable[slice]:
        """Return the coordinates that locations and scales of elements depend on."""
        free = {id(v.variable): v for v in self.spec.free}
        waiting = [n for v in self.knobs.values() for n in _inputs(v)[:2]]
        found: dict[str, slice] = {}
        while waiting:
            behind = [free[id(v)] for v in own_nodes(waiting) if id(v) in free]
            new = [v for v in behind if v.name not in found]
            found |= {v.name: self.places[v.name] for v in new}
            # A parent may be bounded by what is random itself.
            waiting = [n for v in new if not _is_moved(v) for n in _inputs(v)]
        return found.values()

    def given(self, data: Any, knobs: Knobs | None = None) -> dict[Any, Any]:
        """Return the values of the nodes that are data or observed and, if they are given, of the knobs."""
        values: dict[Any, Any] = dict(zip(self._nodes, data, strict=True))
        known = Reading(values).read([v.value for v in self._observed])
        values |= {v.variable: value for v, value in zip(self._observed, known, strict=True)}
        if knobs is not None:
            values |= {knob.node: knobs[name_of(knob.node)] for knob in self.spec.knobs}
        return values

    def parts(self, theta: Any) -> list[tuple[FreeVariable, Any]]:
        """Return each free variable with its part of theta."""
        return [(v, theta[self.places[v.name]].reshape(v.unconstrained_shape)) for v in self.spec.free]

    def changed(self, theta: Any, data: Any, old: Knobs, new: Knobs) -> tuple[Any, Any]:
        """Return a point given under the knobs ``old`` under ``new``, shape (D,), and the log determinant."""
        reading, parts, log_det = Reading(self.given(data, old)), [], jnp.zeros((), theta.dtype)
        for free, y in self.parts(theta):
            x = y
            if free.bijector is not None:
                inputs = reading.read(free.bijector.inputs)
                x = free.bijector.inverse(y, *inputs)
                if isinstance(free.bijector, Recentred | RecentredVector):
                    c = new[name_of(free.bijector.inputs[2])]
                    y, change = free.bijector.recentred(y, inputs, c)
                    log_det += change
            reading.give(free.variable, x)
            parts.append(y.ravel().astype(theta.dtype))
        return jnp.concatenate(parts), log_det

    def moved(self, theta: Any, score: Any, data: Any, old: Knobs, new: Knobs) -> tuple[Any, Any, Any]:
        """Return a point and its score, shapes (D,), under other knobs, and the rise of the log density.

        With S the map from the new coordinates to the old ones, s_new = (dS)' s_old + grad log |dS|: no new
        gradient of the model is needed. The log density rises by log |dS|.
        """
        there, _ = self.changed(theta, data, old, new)
        (_, log_det), pull = jax.vjp(lambda t: self.changed(t, data, new, old), there)
        return there, pull((score, jnp.ones((), score.dtype)))[0], log_det

    def located(self, x: Any, data: Any) -> Located:
        """Return location and log scale of each element, for a point as the model is written."""
        reading = Reading(self.given(data))
        located: Located = {}
        for free, y in self.parts(x):
            value = y
            if isinstance(free.bijector, Recentred):
                mu, sigma = (jnp.asarray(v, y.dtype) for v in reading.read(free.bijector.inputs[:2]))
                mu, log_sigma = (jnp.broadcast_to(v, y.shape).ravel() for v in (mu, jnp.log(sigma)))
                located[name_of(free.bijector.inputs[2])] = mu, log_sigma
                value = jnp.exp(y) if free.bijector.logarithm else y
            elif free.bijector is not None and not _is_moved(free):
                value = free.bijector.inverse(y, *reading.read(free.bijector.inputs))
            reading.give(free.variable, value)
        return located


def structure(spec: ModelSpec) -> tuple[Any, ...] | None:
    """Return what identifies the maps between coordinates in any process, or None if nothing does."""
    used = [node for v in spec.free for node in _inputs(v)]
    known = [node for v in _observed_behind(spec, used) for node in (v.variable, v.value)]
    graph = fingerprint([*used, *known])
    maps = tuple((v.value_name, v.unconstrained_shape, bijectors.fingerprint(v.bijector)) for v in spec.free)
    return None if graph is None or any(m[2] is None for m in maps) else ("coordinates", graph, maps)


def _inputs(free: FreeVariable) -> tuple[Variable, ...]:
    return () if free.bijector is None else free.bijector.inputs


def _observed_behind(spec: ModelSpec, nodes: Iterable[Variable]) -> list[ObservedVariable]:
    """Return the observed variables that nodes depend on: they stand for their values."""
    behind = {id(node) for node in ancestors(nodes)}
    return [v for v in spec.observed if id(v.variable) in behind]


def _is_moved(free: FreeVariable) -> bool:
    """Whether the coordinates as written are the values of a variable, or their logarithms."""
    return isinstance(free.bijector, Recentred | RecentredVector)


def _depths(spec: ModelSpec) -> dict[str, int]:
    """Return for each recentred variable how many others stand above it in a chain.

    Variables that are observed or summed out have no place in the chain.
    """
    above: dict[int, int] = {}
    depths: dict[str, int] = {}
    for free in spec.free:
        behind = ancestors(free.variable.inputs, stop=lambda v: id(v) in above)
        highest = max((above.get(id(v), 0) for v in behind), default=0)
        changed = isinstance(free.bijector, Recentred)
        if changed:
            depths[free.name] = highest
        above[id(free.variable)] = highest + changed
    return depths

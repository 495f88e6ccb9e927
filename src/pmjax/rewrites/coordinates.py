"""Where recentred elements lie in the unconstrained vector, and its map to the coordinates as written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


# More separate slices than this are taken by their numbers, in one operation.
MAX_SLICES = 16


class Columns:
    """Some columns of a matrix, in order, as slices: to take and to put them compiles to copies, not gathers.

    Parameters
    ----------
    slices : iterable of slice
        Disjoint; neighbours are joined.
    """

    def __init__(self, slices: Iterable[slice]) -> None:
        self.slices: list[slice] = []
        for part in slices:
            if self.slices and self.slices[-1].stop == part.start:
                part = slice(self.slices.pop().start, part.stop)
            self.slices.append(part)

    @property
    def indices(self) -> np.ndarray:
        """Their numbers."""
        return np.concatenate([np.zeros(0, int), *(np.arange(p.start, p.stop) for p in self.slices)])

    def take(self, a: Any) -> Any:
        """Return these columns of ``a``."""
        if len(self.slices) > MAX_SLICES:
            return a[..., self.indices]
        return jnp.concatenate([a[..., part] for part in self.slices], axis=-1)

    def put(self, a: Any, values: Any) -> Any:
        """Return ``a`` with ``values`` in these columns."""
        if len(self.slices) > MAX_SLICES:
            return a.at[..., self.indices].set(values)
        widths = [part.stop - part.start for part in self.slices]
        parts = zip(self.slices, np.cumsum([0, *widths]).tolist(), strict=False)
        pieces, done = [], 0
        for part, used in sorted(parts, key=lambda pair: pair[0].start):
            width = part.stop - part.start
            pieces += [a[..., done : part.start], values[..., used : used + width]]
            done = part.stop
        return jnp.concatenate([*pieces, a[..., done:]], axis=-1)


@dataclass(frozen=True)
class Group:
    """Variables whose centrings are one array: a variable with its elements, or scalars of one place.

    Attributes
    ----------
    location, scale : Variable
        Of the variables, or of their logarithms.
    shape : tuple of int
        Of the centrings.
    members : tuple of FreeVariable
    """

    location: Variable
    scale: Variable
    shape: tuple[int, ...]
    members: tuple[FreeVariable, ...]

    @property
    def bijector(self) -> Recentred:
        """The map of the first member, which with the centrings of all is that of all."""
        assert isinstance(self.members[0].bijector, Recentred)
        return self.members[0].bijector

    def of_members(self, values: Any) -> list[Any]:
        """Return an array of the shape of the centrings as one for each member."""
        return [values] if len(self.members) == 1 else [values[i] for i in range(len(self.members))]


def groups_of(spec: ModelSpec) -> dict[str, Group]:
    """Return the recentred variables by the names of their centrings."""
    members: dict[str, list[FreeVariable]] = {}
    for free in spec.free:
        if isinstance(free.bijector, Recentred):
            members.setdefault(free.bijector.knob, []).append(free)
    groups = {}
    for name, own in members.items():
        location, scale = _inputs(own[0])[:2]
        shape = own[0].unconstrained_shape if len(own) == 1 else (len(own),)
        groups[name] = Group(location, scale, shape, tuple(own))
    return groups


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
        For each array of centrings the group of variables that it is for.
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
        self.knobs = groups_of(spec)
        self.columns = {n: self._columns(group.members) for n, group in self.knobs.items()}
        # What others are computed from; the values of the other variables are not computed.
        self._read = {id(node) for node in own_nodes(inputs)}
        depth = _depths(spec)
        sizes = [len(columns.indices) for columns in self.columns.values()]
        ends = np.cumsum([0, *sizes]).tolist()
        self.slices = {n: slice(a, b) for n, a, b in zip(self.knobs, ends, ends[1:], strict=False)}
        groups = self.knobs.values()
        self.level = np.repeat([depth[g.members[0].name] for g in groups], sizes).astype(int)
        self.elements = self._columns([v for g in groups for v in g.members])
        self.parents = Columns(sorted(self._parents(), key=lambda part: part.start))

    def _columns(self, variables: Iterable[FreeVariable]) -> Columns:
        return Columns(self.places[v.name] for v in variables)

    def _parents(self) -> Iterable[slice]:
        """Return the coordinates that locations and scales of elements depend on."""
        free = {id(v.variable): v for v in self.spec.free}
        waiting = [n for group in self.knobs.values() for n in (group.location, group.scale)]
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

    def changed(self, theta: Any, data: Any, old: Knobs, new: Knobs) -> tuple[Any, Any]:
        """Return a point given under the knobs ``old`` under ``new``, shape (D,), and the log determinant."""
        reading, log_det = Reading(self.given(data, old)), jnp.zeros((), theta.dtype)
        places: list[Columns] = []
        moved: list[Any] = []
        for free, group in self._in_order():
            bijector, y = free.bijector, self._part(theta, free, group)
            if not _is_moved(free):
                self._give(reading, free, y)
                continue
            assert isinstance(bijector, Recentred | RecentredVector)
            *place, knob = bijector.inputs
            name = name_of(knob) if group is None else bijector.knob  # type: ignore[union-attr]
            inputs = [*reading.read(place), old[name]]
            z, change = bijector.recentred(y, inputs, new[name])
            log_det += change
            places.append(self._columns([free] if group is None else group.members))
            moved.append(z.ravel().astype(theta.dtype))
            self._give_members(reading, free, group, bijector.inverse(y, *inputs))
        return _put(theta, places, moved), log_det

    def _in_order(self) -> Iterable[tuple[FreeVariable, Group | None]]:
        """Return the free variables in order, a group of several in place of its first member."""
        for free in self.spec.free:
            group = self.knobs[free.bijector.knob] if isinstance(free.bijector, Recentred) else None
            if group is None or group.members[0] is free:
                yield free, group

    def _part(self, theta: Any, free: FreeVariable, group: Group | None) -> Any:
        if group is None:
            return theta[self.places[free.name]].reshape(free.unconstrained_shape)
        return self._columns(group.members).take(theta).reshape(group.shape)

    def _give(self, reading: Reading, free: FreeVariable, y: Any) -> None:
        """Give the value of a variable that is not moved, if something is computed from it."""
        if id(free.variable) in self._read:
            bijector = free.bijector
            x = y if bijector is None else bijector.inverse(y, *reading.read(bijector.inputs))
            reading.give(free.variable, x)

    def _give_members(self, reading: Reading, free: FreeVariable, group: Group | None, x: Any) -> None:
        members = (free,) if group is None else group.members
        if any(id(v.variable) in self._read for v in members):
            values = [x] if group is None else group.of_members(x)
            for member, value in zip(members, values, strict=True):
                reading.give(member.variable, value)

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
        for free, group in self._in_order():
            y = self._part(x, free, group)
            if group is not None:
                mu, sigma = (jnp.asarray(v, y.dtype) for v in reading.read([group.location, group.scale]))
                mu, log_sigma = (jnp.broadcast_to(v, y.shape).ravel() for v in (mu, jnp.log(sigma)))
                located[group.bijector.knob] = mu, log_sigma
                y = jnp.exp(y) if group.bijector.logarithm else y
            if _is_moved(free):
                self._give_members(reading, free, group, y)
            else:
                self._give(reading, free, y)
        return located


def _put(theta: Any, places: Sequence[Columns], values: Sequence[Any]) -> Any:
    """Return a vector with values in some columns, which are disjoint."""
    if not places:
        return theta
    slices = [part for columns in places for part in columns.slices]
    return Columns(slices).put(theta, jnp.concatenate(values))


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

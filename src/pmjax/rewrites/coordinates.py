"""Coordinates of a model with recentred variables: those that are sampled, and those as it is written.

With c = 1 the coordinates are x (or log x) itself: "as written". Location and log scale of every recentred
element are functions of these coordinates alone, whatever the centring, so the maps between centrings
and their derivatives need only `locate`, its Jacobian forwards (`push`) and backwards (`pull`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.compilation import program
from pmjax.graph.evaluate import Reading, ancestors, arguments
from pmjax.graph.ops import RandomVariable
from pmjax.graph.rewrite import fingerprint
from pmjax.model.spec import FreeVariable, ModelSpec, name_of
from pmjax.rewrites.recentre import Recentred
from pmjax.rewrites.vector_centring import RecentredVector
from pmjax.transforms import bijectors

Knobs = Mapping[str, Any]

# Draws that the compiled functions have room for.
ROWS = 129


class Coordinates:
    """Where the recentred elements lie in theta, and compiled functions of many draws at once.

    Attributes
    ----------
    elements : ndarray of int, shape (E,)
        The coordinates of theta that are recentred elements.
    level : ndarray of int, shape (E,)
        0 for elements whose location and scale depend on no other recentred variable, and so on.
    size : int
        Length D of theta.
    knobs : dict
        For each centring its slice of the E elements and its shape.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._nodes = arguments([n for v in spec.free if v.bijector is not None for n in v.bijector.inputs])
        self._data = tuple(np.asarray(node.data_value) for node in self._nodes)
        self.knobs: dict[str, tuple[slice, tuple[int, ...]]] = {}
        elements, levels, start, count = [], [], 0, 0
        depth = _levels(spec)
        for free in spec.free:
            size = int(np.prod(free.unconstrained_shape, dtype=int))
            if isinstance(free.bijector, Recentred):
                knob = name_of(free.bijector.inputs[2])
                self.knobs[knob] = (slice(count, count + size), free.unconstrained_shape)
                elements.append(np.arange(start, start + size))
                levels.append(np.full(size, depth[free.name]))
                count += size
            start += size
        self.size = start
        self.elements = np.concatenate(elements)
        self.level = np.concatenate(levels)
        self._key = structure(spec)
        # By name: the function of one draw, the arguments with an axis of draws, the structure of the result.
        self._functions: dict[str, tuple[Callable[..., Any], tuple[int | None, ...], Any]] = {
            "written": (self._written, (0, None, None), (0, (0, 0))),
            "located": (self._place, (0, None), (0, 0)),
            "pulled back": (self._backwards, (0, 0, None), 0),
            "pushed forward": (self._forwards, (0, 0, None), (0, 0)),
        }
        self._programs: dict[tuple[str, np.dtype], Callable[..., Any]] = {}

    def centrings(self, knobs: Knobs) -> np.ndarray:
        """Return the centring of each element, shape (E,)."""
        return np.concatenate([np.asarray(knobs[name], float).ravel() for name in self.knobs])

    def as_knobs(self, c: np.ndarray, dtype: Any) -> dict[str, np.ndarray]:
        """Return centrings of elements as knobs."""
        return {name: c[part].reshape(shape).astype(dtype) for name, (part, shape) in self.knobs.items()}

    def written(self, theta: np.ndarray, knobs: Knobs) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return draws in the coordinates as written, shape (draws, D), and what `locate` says of them."""
        x, (mu, log_sigma) = self._run("written", (theta,), dict(knobs))
        return x, (mu, log_sigma)

    def locate(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return location and log scale of each element, shapes (draws, E)."""
        mu, log_sigma = self._run("located", (x,))
        return mu, log_sigma

    def pull(self, x: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Return alpha dmu/dx + beta dlog sigma/dx, summed over elements, shape (draws, D)."""
        pulled: np.ndarray = self._run("pulled back", (x, (alpha.astype(x.dtype), beta.astype(x.dtype))))
        return pulled

    def push(self, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivatives of location and log scale in the direction v, shapes (draws, E)."""
        dmu, dlog_sigma = self._run("pushed forward", (x, v))
        return dmu, dlog_sigma

    def _run(self, name: str, draws: Any, *shared: Any) -> Any:
        """Call a function of arrays with an axis of draws, of the data, and of what the draws share.

        Few draws are padded to `ROWS`, and programs are kept: windows of any length, and another run of
        the same model, compile nothing. A fit calls them hundreds of times, so this instance keeps them
        by their names.
        """
        rows = len(draws[0])
        padded = jax.tree.map(lambda a: a if rows >= ROWS else np.resize(a, (ROWS, *a.shape[1:])), draws)
        arguments = (*padded, self._data, *shared)
        made = (name, draws[0].dtype)
        if made not in self._programs:
            function, axes, result = self._functions[name]
            batched = jax.vmap(function, axes)
            self._programs[made] = program(name, batched, arguments, result, self._key)
        answer = self._programs[made](*arguments)
        return jax.tree.map(lambda a: np.asarray(a)[:rows].astype(float), answer)

    def _written(self, theta: Any, data: Any, knobs: Knobs) -> tuple[Any, tuple[Any, Any]]:
        return self._walk(theta, data, knobs)

    def _place(self, x: Any, data: Any) -> tuple[Any, Any]:
        return self._walk(x, data, None)[1]

    def _backwards(self, x: Any, cotangents: tuple[Any, Any], data: Any) -> Any:
        return jax.vjp(lambda x: self._place(x, data), x)[1](cotangents)[0]

    def _forwards(self, x: Any, v: Any, data: Any) -> tuple[Any, Any]:
        # The transpose of `_backwards`, which is linear: forward mode does not know every operation.
        zero = jnp.zeros(len(self.elements), x.dtype)
        return jax.vjp(lambda ab: self._backwards(x, ab, data), (zero, zero))[1](v)[0]

    def _walk(self, theta: Any, data: Any, knobs: Knobs | None) -> tuple[Any, tuple[Any, Any]]:
        """Return theta as written, and location and log scale; without knobs theta is given as written."""
        given: dict[Any, Any] = dict(zip(self._nodes, data, strict=True))
        if knobs is not None:
            given |= {knob.node: knobs[name_of(knob.node)] for knob in self._spec.knobs}
        reading = Reading(given)
        parts, located, start = [], [], 0
        for free in self._spec.free:
            stop = start + int(np.prod(free.unconstrained_shape, dtype=int))
            y, start = theta[start:stop].reshape(free.unconstrained_shape), stop
            if isinstance(free.bijector, Recentred):
                mu, sigma = (
                    jnp.broadcast_to(v, y.shape).astype(y.dtype)
                    for v in reading.read(free.bijector.inputs[:2])
                )
                located.append((mu.ravel(), jnp.log(sigma).ravel()))
                if knobs is not None:
                    c = reading.read(free.bijector.inputs[2:])[0]
                    y = mu + jnp.exp((1 - c) * jnp.log(sigma)) * (y - c * mu)
                x = jnp.exp(y) if free.bijector.logarithm else y
            elif isinstance(free.bijector, RecentredVector):
                # Vectors are brought to c = 1 before their elements' coordinates are looked at.
                x = y
            else:
                x = _inverse(free, y, reading)
            reading.give(free.variable, x)
            parts.append(y.ravel())
        mu, log_sigma = (jnp.concatenate(part) for part in zip(*located, strict=True))
        return jnp.concatenate(parts), (mu, log_sigma)


def structure(spec: ModelSpec) -> tuple[Any, ...] | None:
    """Return what identifies the maps between coordinates in any process, or None if nothing does."""
    used = [node for v in spec.free if v.bijector is not None for node in v.bijector.inputs]
    graph = fingerprint(used)
    maps = tuple((v.value_name, v.unconstrained_shape, bijectors.fingerprint(v.bijector)) for v in spec.free)
    return None if graph is None or any(m[2] is None for m in maps) else ("coordinates", graph, maps)


def _inverse(free: FreeVariable, y: Any, reading: Reading) -> Any:
    return y if free.bijector is None else free.bijector.inverse(y, *reading.read(free.bijector.inputs))


def _levels(spec: ModelSpec) -> dict[str, int]:
    """Return for each recentred variable how many others stand above it in a chain."""
    above: dict[int, int] = {}
    levels: dict[str, int] = {}
    for free in spec.free:
        behind = ancestors(free.variable.inputs, stop=lambda v: id(v) in above)
        highest = max((above[id(v)] for v in behind if isinstance(v.op, RandomVariable)), default=0)
        changed = isinstance(free.bijector, Recentred)
        if changed:
            levels[free.name] = highest
        above[id(free.variable)] = highest + changed
    return levels

"""A model of NumPyro as declarations of a model of ours.

NumPyro's own effect handlers trace the model and say what its sites are; their log densities and transforms
are NumPyro's. Free sites become flat variables with the transforms of their supports, observed sites keep
their log densities one by one, and arrays among the arguments stay arguments of the compiled program.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax import distributions
from pmjax.errors import ModelError
from pmjax.frontends.scored_law import ScoredLaw
from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable, as_variable, call_tree
from pmjax.model.declarations import Declarations
from pmjax.model.named import Deterministic, Potential
from pmjax.runtime.settings import own_settings
from pmjax.transforms.bijector import Bijector, Shape

Values = Mapping[str, Any]
Sites = dict[str, dict[str, Any]]

# NumPyro's handlers stand in one list for the whole process, and programs are traced in threads.
_HANDLERS = threading.RLock()

# JAX raises these where a program would have to know the values of an array.
_UNKNOWN_VALUES = (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError, TypeError)


def declare_numpyro(
    model: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], into: Declarations
) -> None:
    """Declare the sites of a model of NumPyro.

    Parameters
    ----------
    model : callable
        A model of NumPyro.
    args, kwargs
        What it is called with.
    into : Declarations
        An empty model.

    Raises
    ------
    ModelError
        If NumPyro is not installed, or for what its own gradient-based samplers refuse too: latent sites that
        are discrete or have a Delta distribution, and plates that draw a part of the rows at each call.
    """
    try:
        import numpyro  # noqa: F401
    except ImportError:
        raise ModelError("from_numpyro: NumPyro is not installed: pip install numpyro") from None
    traced = _Traced(model, (tuple(args), dict(kwargs)))
    with into, own_settings():
        _declare(traced, into)


@dataclass(frozen=True)
class _Sites:
    """The sites of a model by their kinds."""

    free: Sites
    observed: Sites
    factors: Sites
    deterministics: Sites


class _Traced:
    """A model of NumPyro with its arguments, of which arrays are apart."""

    def __init__(self, model: Callable[..., Any], arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        self.model = model
        leaves, self._tree = jax.tree.flatten(arguments)
        self._leaves = [np.asarray(leaf) if hasattr(leaf, "to_numpy") else leaf for leaf in leaves]
        with own_settings():
            start = self._start()
            self.sites = _by_kind(start, self.trace({}, self.all_arrays(), seed=1))
            self.start = {name: np.asarray(site["value"], float) for name, site in self.sites.free.items()}
            self.places, self.dynamic = self._as_arguments()
        self.arrays = [as_variable(self._leaves[i]) for i in self.places]

    def all_arrays(self) -> dict[int, Any]:
        """Return the arguments that are arrays, by their places."""
        return {i: leaf for i, leaf in enumerate(self._leaves) if isinstance(leaf, (np.ndarray, jax.Array))}

    def trace(self, values: Values, arrays: Mapping[int, Any], seed: int = 0) -> Sites:
        """Return the sites where some have given values; the others are drawn."""
        from numpyro import handlers

        leaves = [jnp.asarray(arrays[i]) if i in arrays else leaf for i, leaf in enumerate(self._leaves)]
        args, kwargs = jax.tree.unflatten(self._tree, leaves)
        with _HANDLERS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = handlers.substitute(handlers.seed(self.model, seed), data=dict(values))
            return dict(handlers.trace(given).get_trace(*args, **kwargs))

    def _start(self) -> Sites:
        """Return the sites at values in the middle of the prior, as NumPyro's samplers start."""
        from numpyro import handlers
        from numpyro.infer import init_to_median

        args, kwargs = jax.tree.unflatten(self._tree, self._leaves)
        with _HANDLERS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = handlers.substitute(
                handlers.seed(self.model, 0), substitute_fn=init_to_median(num_samples=15)
            )
            return dict(handlers.trace(given).get_trace(*args, **kwargs))

    def _as_arguments(self) -> tuple[list[int], set[str]]:
        """Return which arrays the program takes as arguments, and the sites whose support depends on values.

        Where the model asks for the values of an array (its largest index, say), arrays of integers are
        constants of the program, and if that is not enough all are.
        """
        arrays = self.all_arrays()
        real = {i: a for i, a in arrays.items() if np.issubdtype(a.dtype, np.floating)}
        for candidate in (arrays, real):
            try:
                return list(candidate), self._dynamic_supports(candidate)
            except _UNKNOWN_VALUES:
                continue
        return [], self._dynamic_supports({})

    def _dynamic_supports(self, arrays: Mapping[int, Any]) -> set[str]:
        found: set[str] = set()

        def supports(values: Values, arrays: Mapping[int, Any]) -> Any:
            sites = self.trace(values, arrays)
            for name in self.sites.free:
                if any(isinstance(v, jax.core.Tracer) for v in jax.tree.leaves(sites[name]["fn"].support)):
                    found.add(name)
            return {name: _log_probability(site) for name, site in sites.items() if site["type"] == "sample"}

        jax.eval_shape(supports, self.start, dict(arrays))
        return found

    def densities(self, values: Values, arrays: Sequence[Any]) -> dict[str, Any]:
        """Return the log density of free sites, those of observed ones and of factors, and deterministics."""
        sites = self.trace(values, dict(zip(self.places, arrays, strict=True)))
        prior = [jnp.sum(_log_probability(sites[name])) for name in self.sites.free]
        return {
            "prior": sum(prior, jnp.zeros(())),
            "scores": {
                name: _log_probability(sites[name]) for name in (*self.sites.observed, *self.sites.factors)
            },
            "deterministics": {name: jnp.asarray(sites[name]["value"]) for name in self.sites.deterministics},
        }

    def transform(self, name: str, values: Values, arrays: Sequence[Any]) -> Any:
        """Return NumPyro's transform to the support of a site."""
        from numpyro.distributions import biject_to

        sites = self.trace(values, dict(zip(self.places, arrays, strict=True)))
        return biject_to(sites[name]["fn"].support)


class SiteBijector(Bijector):
    """NumPyro's transform from the real numbers to the support of a site.

    Parameters
    ----------
    transform : numpyro.distributions.transforms.Transform, or callable
        The transform, or a function that returns it from values of the inputs.
    inputs : sequence of Variable
        What the support depends on.
    """

    name = "numpyro"

    def __init__(self, transform: Any, inputs: Sequence[Variable] = (), shape: Shape | None = None) -> None:
        self._transform = transform
        self.inputs = tuple(inputs)
        self._shape = shape

    def of_values(self, inputs: Sequence[Any]) -> Any:
        """Return the transform for values of the inputs."""
        return self._transform(inputs) if self.inputs else self._transform

    def unconstrained_shape(self, shape: Shape) -> Shape:
        return tuple(self._transform.inverse_shape(shape)) if self._shape is None else self._shape

    def forward(self, x: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        with own_settings():
            return np.asarray(self.of_values(inputs).inv(jnp.asarray(x)))

    def inverse(self, y: Any, *inputs: Any) -> Any:
        return self.of_values(inputs)(y)

    def log_det(self, y: Any, *inputs: Any) -> Any:
        transform = self.of_values(inputs)
        x, *intermediates = _with_intermediates(transform, y)
        return jnp.asarray(transform.log_abs_det_jacobian(y, x, *intermediates))

    def fingerprint(self) -> None:
        return None


def _with_intermediates(transform: Any, y: Any) -> tuple[Any, ...]:
    result = transform.call_with_intermediates(y)
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def _declare(traced: _Traced, into: Declarations) -> None:
    sites = traced.sites
    plates: dict[str, int] = {}
    for site in (*sites.free.values(), *sites.observed.values(), *sites.deterministics.values()):
        for frame in site["cond_indep_stack"]:
            plates.setdefault(frame.name, frame.size)
    for name, length in plates.items():
        into.add_coord(name, length=length)
    flat: Any = distributions.Flat
    values: dict[str, Variable] = {}
    for name, site in sites.free.items():
        how = {"shape": np.shape(site["value"]), "dims": _dims(site), "initval": traced.start[name]}
        values[name] = flat(name, default_transform=_bijector(traced, name, dict(values)), **how)
    nodes = call_tree(traced.densities, values, traced.arrays)
    if values:
        Potential(_free_name("log_prior", into), nodes["prior"])
    for name in sites.factors:
        Potential(name, nodes["scores"][name])
    for name, site in sites.observed.items():
        fn, value = site["fn"], np.asarray(site["value"])
        event = value.shape[value.ndim - fn.event_dim :]
        law = ScoredLaw(type(fn).__name__, event, integers=value.dtype.kind in "iub")
        into.declare_random(
            name,
            _maker(law, nodes["scores"][name]),
            shape=value.shape,
            dims=_dims(site),
            observed=value,
        )
    for name, site in sites.deterministics.items():
        Deterministic(name, nodes["deterministics"][name], dims=_dims(site))
    kept = len(traced.all_arrays()) - len(traced.places)
    written = f"; {kept} arrays, whose values it asks for, are constants of the program" if kept else ""
    into.notes.append(f"From NumPyro: its own log density and transforms{written}.")


def _maker(law: ScoredLaw, score: Variable) -> Callable[[str, Shape | None], Variable]:
    return lambda name, shape: Variable(RandomVariable(law, shape or ()), [score], name)


def _by_kind(sites: Sites, again: Sites) -> _Sites:
    """Return the sites by their kinds; `again` holds the sites of another draw."""
    free, observed, factors, deterministics = Sites(), Sites(), Sites(), Sites()
    for name, site in sites.items():
        if site["type"] == "plate":
            size, part = site["args"]
            if part is not None and part != size:
                raise ModelError(
                    f"from_numpyro: the plate {name!r} draws {part} of {size} rows at each call, and a chain "
                    "needs one log density; leave subsample_size out"
                )
        elif site["type"] == "deterministic":
            deterministics[name] = site
        elif site["type"] == "sample":
            kind = type(site["fn"]).__name__
            if site["is_observed"]:
                same = np.array_equal(np.asarray(site["value"]), np.asarray(again[name]["value"]))
                (observed if kind != "Unit" and same else factors)[name] = site
                continue
            if kind == "Delta":
                raise ModelError(
                    f"from_numpyro: {name!r} has a Delta distribution; record it by numpyro.deterministic"
                )
            if site["fn"].support.is_discrete:
                raise ModelError(
                    f"from_numpyro: {name!r} is discrete and not observed, and has no gradient; sum it out, "
                    "as numpyro.distributions.MixtureSameFamily does"
                )
            free[name] = site
    return _Sites(free, observed, factors, deterministics)


def _bijector(traced: _Traced, name: str, before: dict[str, Variable]) -> Bijector | None:
    """Return the transform of a site; one that depends on values reads the sites before it and the data."""
    from numpyro.distributions import biject_to, constraints

    site = traced.sites.free[name]
    support = site["fn"].support
    if support is constraints.real or support is constraints.real_vector:
        return None
    if name not in traced.dynamic:
        return SiteBijector(biject_to(support))
    cut = len(before)

    def transform(inputs: Sequence[Any]) -> Any:
        return traced.transform(name, dict(zip(before, inputs[:cut], strict=True)), inputs[cut:])

    shape = tuple(biject_to(support).inverse_shape(np.shape(site["value"])))
    return SiteBijector(transform, [*before.values(), *traced.arrays], shape)


def _log_probability(site: Mapping[str, Any]) -> Any:
    """Return the log density of each event of a site, with the scale of its handlers."""
    intermediates, scale = site["intermediates"], site["scale"]
    given = (site["value"], intermediates) if intermediates else (site["value"],)
    log_probability = jnp.asarray(site["fn"].log_prob(*given))
    return log_probability if scale is None else scale * log_probability


def _dims(site: Mapping[str, Any]) -> tuple[str | None, ...] | None:
    """Return the plates of a site as the names of its dimensions; other dimensions have none."""
    shape = np.shape(site["value"])
    event_ndim = site["fn"].event_dim if site["type"] == "sample" else 0
    batch = len(shape) - event_ndim
    names: list[str | None] = [None] * len(shape)
    for frame in site["cond_indep_stack"]:
        place = batch + frame.dim
        if place >= 0 and shape[place] == frame.size:
            names[place] = frame.name
    return tuple(names) if any(names) else None


def _free_name(name: str, into: Declarations) -> str:
    while name in into.named_vars:
        name += "_"
    return name

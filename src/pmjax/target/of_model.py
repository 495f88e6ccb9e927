"""From a model to a target: the rewrites, the density, the starts and the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.evaluate import own_nodes
from pmjax.graph.variable import Variable
from pmjax.model.named import constant_data
from pmjax.model.spec import ModelSpec, UnconstrainedStart, name_of
from pmjax.rewrites import pipeline
from pmjax.rewrites.centring_hook import recentre_hook
from pmjax.runtime.precision import double_precision
from pmjax.target import debug, start
from pmjax.target.joint import check_samplable, joint_density
from pmjax.target.labels import Labels
from pmjax.target.layout import Layout
from pmjax.target.target import Target


def model_target(spec: ModelSpec, rewrites: str | bool | Sequence[str] = "auto") -> Target:
    """Return what is sampled of a model.

    Parameters
    ----------
    spec : ModelSpec
        The model as it was declared.
    rewrites : {"auto", False} or sequence of str
        Which rewrites may run before (`pipeline.apply`).

    Returns
    -------
    Target

    Raises
    ------
    ModelError
        If gradient-based sampling makes no sense for the model.
    """
    sampled, reports = pipeline.apply(spec, rewrites)
    check_samplable(sampled, {r.variable: r.sentence for r in reports if not r.done})
    return rewritten_target(spec, sampled, pipeline.summary(reports))


def rewritten_target(spec: ModelSpec, sampled: ModelSpec, notes: str, *, steps: bool = False) -> Target:
    """Return what is sampled of a model that has been rewritten.

    Parameters
    ----------
    spec, sampled : ModelSpec
        The model as it was declared, and as it is sampled.
    notes : str
        What was done to it.
    steps : bool
        Whether steps other than NUTS take part: discrete variables may then be coordinates.
    """
    discrete = {s.free.variable for s in sampled.summed_out}
    return Target(
        density=joint_density(sampled, discrete=steps),
        start=ModelStart(sampled, spec),
        names=tuple(map(name_of, sampled.recorded)),
        free=tuple(v.name for v in sampled.free),
        drawn_after=frozenset(name_of(v) for v in sampled.recorded if discrete & set(own_nodes([v]))),
        labels=model_labels(spec, Layout.of(sampled)),
        explain=partial(_explain, spec, sampled),
        listener=partial(recentre_hook, sampled),
        notes=notes,
        spec=spec,
    )


def model_labels(spec: ModelSpec, layout: Layout) -> Labels:
    """Return dims, coordinates and data of a model."""
    dims = dict(spec.dims)
    for free in spec.free:
        if free.name in dims and free.unconstrained_shape == free.variable.shape:
            dims.setdefault(free.value_name, dims[free.name])
    return Labels(
        dims=dims,
        coords=dict(spec.coords),
        observed_data={o.name: np.asarray(_value(o.value)) for o in spec.observed},
        constant_data=constant_data(spec.data),
        unconstrained=dict(zip(layout.names, layout.shapes, strict=True)),
    )


def _value(variable: Any) -> Any:
    return variable.data_only() if variable.data_value is None else variable.data_value


def _explain(spec: ModelSpec, sampled: ModelSpec, theta: np.ndarray) -> str:
    """Name the variables whose terms are not finite at a point, in the user's own rows and parameters."""
    density = joint_density(sampled, discrete=True)
    declared = np.asarray(theta)
    if density.declared is not None:
        with double_precision():
            declared = np.asarray(density.declared(declared, density.data, density.knobs)[0])
    # Variables that are summed out have no value there: they are blamed at their starts, if at all.
    point = {**start.initial_point(spec), **Layout.of(sampled).split_draws(declared)}
    reports = debug.term_reports(spec, point)
    if all(t.reason is None for t in reports):
        reports = debug.term_reports(sampled, Layout.of(sampled).split_draws(np.asarray(theta)))
    blamed = [f"{t.name!r}: {t.reason}" for t in reports if t.reason is not None]
    return "; ".join(blamed) or "every term is finite, but the gradient is not"


class ModelStart:
    """Where the chains of a model start; they differ only where ``initval="prior"`` is among them.

    Parameters
    ----------
    spec, declared : ModelSpec
        The model as it is sampled, and as it was declared.
    """

    def __init__(self, spec: ModelSpec, declared: ModelSpec) -> None:
        self._spec, self._layout, self._declared = spec, Layout.of(spec), declared
        self._known: dict[tuple[int, int, int], tuple[Any, np.ndarray]] = {}

    def __call__(self, initvals: Mapping[str, Any], seed: int, chain: int) -> np.ndarray:
        spec = with_initvals(self._spec, initvals, self._declared)
        drawn = any(isinstance(v.initval, str) and v.initval == "prior" for v in spec.declared)
        place = (id(initvals), seed if drawn else 0, chain if drawn else 0)
        if place not in self._known:
            # The mapping is kept too: another one must not get its identity.
            theta = self._layout.flatten(start.initial_point(spec, seed, chain))
            self._known[place] = initvals, theta
        return self._known[place][1]


def with_initvals(spec: ModelSpec, initvals: Mapping[Any, Any], declared: ModelSpec) -> ModelSpec:
    """Return the model with other starting values.

    Parameters
    ----------
    spec : ModelSpec
    initvals : mapping from name or Variable to value
        A name is the user's, or that of the unconstrained values; of both the user's counts.
    declared : ModelSpec
        The model as it was declared, whose unconstrained values are meant.

    Raises
    ------
    ModelError
        If a name is unknown, or that of a variable that is summed out and starts nowhere.
    """
    if not isinstance(initvals, Mapping):
        raise ModelError(
            f"sample: initvals must be a mapping from variable names to values, got {type(initvals).__name__}"
        )
    if not initvals:
        return spec
    names = [v.name for v in spec.free]
    summed = [s.free.name for s in spec.summed_out]
    unconstrained = {v.value_name: v for v in declared.free if v.value_name != v.name}
    values: dict[str, Any] = {}
    for key, value in initvals.items():
        name = str(key.name) if isinstance(key, Variable) else key
        given = unconstrained.get(name)
        if given is None or given.bijector is None:
            values[name] = value
        else:
            values.setdefault(given.name, UnconstrainedStart(given.bijector, value))
    for name in values:
        if name in summed:
            raise ModelError(
                f"sample: initvals has {name!r}, which is summed out of the density and so starts nowhere; "
                'leave it out, or keep it with rewrites=["collapse_rows", "recentre"]'
            )
        if name not in names:
            raise ModelError(f"sample: initvals has an unknown variable {name!r}{suggest(str(name), names)}")
    free = tuple(replace(v, initval=values.get(v.name, v.initval)) for v in spec.free)
    return replace(spec, free=free)

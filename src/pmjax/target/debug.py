"""Which term of the log density is not finite at a point, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmjax.graph.evaluate import Reading, own_nodes
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec, distribution_of, name_of
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import log_density_terms
from pmjax.target.layout import Layout


@dataclass(frozen=True)
class Term:
    """One term of the log density at a point.

    Attributes
    ----------
    name : str
    value : float
        The sum over its elements.
    reason : str or None
        Why it is not finite; None if it is.
    """

    name: str
    value: float
    reason: str | None


def term_reports(spec: ModelSpec, point: Mapping[str, Any]) -> list[Term]:
    """Return every term of the log density at a point, with the reason for each that is not finite.

    Parameters
    ----------
    spec : ModelSpec
    point : mapping from unconstrained name to array
    """
    layout = Layout.of(spec)
    theta = layout.flatten(point)
    with double_precision():
        reading = Reading({knob.node: knob.value for knob in spec.knobs})
        parts = [
            value.astype(int) if distribution_of(free.variable).discrete else value
            for free, value in zip(spec.free, layout.split_draws(theta).values(), strict=True)
        ]
        terms = log_density_terms(spec, reading, parts)
        variables = {
            name_of(v): v for v in [*(f.variable for f in spec.free), *(o.variable for o in spec.observed)]
        }
        reports = []
        for name, term in terms.items():
            values = np.asarray(term)
            reason = (
                None if np.isfinite(values).all() else _reason(name, values, variables.get(name), reading)
            )
            reports.append(Term(name, float(values.sum()), reason))
    return reports


def _reason(name: str, values: np.ndarray, variable: Variable | None, reading: Reading) -> str:
    bad = ~np.isfinite(values)
    first = tuple(int(i[0]) for i in np.nonzero(bad)) if values.ndim else ()
    where = f"{name}[{', '.join(map(str, first))}]" if first else name
    count = (
        f"{int(bad.sum())} of {values.size} elements are not finite, first {where}: " if values.ndim else ""
    )
    if variable is None:
        return f"{count}it is {values[first]}"
    law = distribution_of(variable)
    params = [np.asarray(p) for p in reading.read(variable.inputs)]
    value = np.asarray(reading.read([variable])[0])
    for position, (param_name, param) in enumerate(zip(law.param_names, params, strict=True)):
        domain = law.domains.get(param_name)
        at = _element(param, values.shape, first)
        if np.isnan(at).any():
            return f"{count}{law.name}'s {param_name} is NaN{_bad_data(variable.inputs[position])}"
        if domain is not None and not np.all(domain.contains(at)):
            return f"{count}{law.name}'s {param_name} is {at}, and must be {domain.description}"
    inside = np.broadcast_to(np.asarray(law.contains(value, *params)), values.shape)
    if not inside[first]:
        return (
            f"{count}the value {_element(value, values.shape, first)} lies outside the support of {law.name}"
        )
    given = ", ".join(
        f"{n} = {_element(p, values.shape, first)}" for n, p in zip(law.param_names, params, strict=True)
    )
    return (
        f"{count}the value {_element(value, values.shape, first)} is impossible under {law.name} with {given}"
    )


def _bad_data(param: Variable) -> str:
    """Say which data that a parameter is computed from are not finite."""
    for node in own_nodes([param]):
        value = node.data_value
        if value is None or np.asarray(value).dtype.kind != "f" or np.isfinite(value).all():
            continue
        bad = ~np.isfinite(np.asarray(value))
        first = ", ".join(str(int(i[0])) for i in np.nonzero(np.atleast_1d(bad)))
        name = "the data it is computed from" if node.name is None else f"the data {node.name!r}"
        return (
            f", since {name} hold {int(bad.sum())} values of {bad.size} that are not finite, the first at "
            f"[{first}]: leave those rows out, or give them a distribution"
        )
    return ""


def _element(array: np.ndarray, shape: tuple[int, ...], position: tuple[int, ...]) -> Any:
    """Return the element (or event) of an array that belongs to a position of the term."""
    try:
        return np.broadcast_to(array, shape)[position]
    except ValueError:
        try:
            extra = array.shape[array.ndim - 1 :]
            return np.broadcast_to(array, shape + extra)[position]
        except ValueError:
            return array


def describe(reports: list[Term]) -> str:
    """Return the reports as text: one line for each term, the culprits marked."""
    width = max((len(t.name) for t in reports), default=0)
    lines = [
        f"{t.name:>{width}}  {t.value:12.4f}" + (f"   <- {t.reason}" if t.reason else "") for t in reports
    ]
    culprits = [t.name for t in reports if t.reason]
    verdict = f"not finite because of {', '.join(culprits)}" if culprits else "every term is finite"
    return "\n".join([*lines, verdict])

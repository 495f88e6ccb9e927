"""Observed values with gaps: what is observed, and what is imputed as a variable."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ImputationWarning, ModelError
from pmjax.graph.arrays import as_array, rows
from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable, call
from pmjax.laws.modifiers import MissingPart, ObservedPart
from pmjax.laws.support import REAL
from pmjax.model.spec import distribution_of


@dataclass(frozen=True)
class Gaps:
    """Observed values, some of which are missing.

    Attributes
    ----------
    values : ndarray
    missing : ndarray of bool
        Where a value is missing.
    """

    values: np.ndarray
    missing: np.ndarray


def gaps_in(name: str, observed: Any) -> Gaps | None:
    """Return observed values with gaps (masked or NaN), or None if there are none."""
    if isinstance(observed, Variable) or observed is None:
        return None
    masked = np.ma.isMaskedArray(observed)
    try:
        values = as_array(np.ma.getdata(observed) if masked else observed)
    except ModelError as error:
        raise ModelError(f"{name!r}: observed: {error}") from None
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    if masked:
        missing = missing | np.ma.getmaskarray(observed)
    return Gaps(values, missing) if missing.any() else None


@dataclass(frozen=True)
class Split:
    """A random variable in two parts.

    Attributes
    ----------
    observed, unobserved : Variable
        The parts, each with its events along the first axis; flat where events are observed in part.
    values : ndarray
        Of the observed part.
    order : ndarray of int
        Where each event of the whole stands in the two parts, one after the other; each element of it where
        events are observed in part.
    """

    observed: Variable
    unobserved: Variable
    values: np.ndarray
    order: np.ndarray

    def joined(self) -> Variable:
        """Return the whole variable as an expression of its parts."""
        return call(jnp.concatenate, [self.observed, self.unobserved])[self.order]


def split(variable: Variable, gaps: Gaps) -> Split:
    """Return the observed and the missing events of a variable as two variables.

    Raises
    ------
    ModelError
        If an event is missing in part that is no vector of any real numbers.
    """
    law, name = distribution_of(variable), str(variable.name)
    batch = variable.shape[: variable.ndim - law.event_ndim]
    if gaps.missing.shape != variable.shape:
        raise ModelError(
            f"{name!r}: the observed values have shape {gaps.missing.shape}, "
            f"but the variable has {variable.shape}"
        )
    axes = tuple(range(len(batch), variable.ndim))
    missing = np.asarray(gaps.missing.any(axis=axes))
    whole = np.array_equal(missing, gaps.missing.all(axis=axes))
    if not whole:
        if law.discrete or law.support is not REAL:
            part = np.asarray(missing & ~gaps.missing.all(axis=axes))
            raise ModelError(
                f"{name!r}: {rows(part, 'observed')} missing in part, and an event of {law.name} is one "
                "whole; leave out these rows, or write the marginal distributions of what is observed"
            )
        missing = gaps.missing
    warnings.warn(
        f"{name!r}: {int(missing.sum())} of {missing.size} observed values are missing and are imputed as "
        f"'{name}_unobserved'",
        ImputationWarning,
        stacklevel=2,
    )
    order = np.empty(missing.shape, int)
    count = int((~missing).sum())
    order[~missing], order[missing] = np.arange(count), count + np.arange(missing.sum())
    if whole:
        observed = _part(variable, np.asarray(~missing), f"{name}_observed")
        unobserved = _part(variable, missing, f"{name}_unobserved")
    else:
        observed, unobserved = _elements(variable, missing)
    return Split(observed, unobserved, gaps.values[~missing], order)


def _elements(variable: Variable, missing: np.ndarray) -> tuple[Variable, Variable]:
    """Return the observed and the missing elements, which have one density together."""
    law, name, count = distribution_of(variable), str(variable.name), int(missing.sum())
    shape = tuple(map(int, variable.shape))
    facts = (law, shape, tuple(p.ndim for p in variable.inputs), tuple(map(int, np.flatnonzero(missing))))
    unobserved = Variable(
        RandomVariable(MissingPart(*facts), (count,)), variable.inputs, f"{name}_unobserved"
    )
    observed = Variable(
        RandomVariable(ObservedPart(*facts), (missing.size - count,)),
        [unobserved, *variable.inputs],
        f"{name}_observed",
    )
    return observed, unobserved


def _part(variable: Variable, where: np.ndarray, name: str) -> Variable:
    law, position = distribution_of(variable), np.nonzero(where)
    batch = tuple(map(int, variable.shape[: variable.ndim - law.event_ndim]))
    params = []
    for param, ndim in zip(variable.inputs, law.param_ndims.values(), strict=True):
        if param.ndim > ndim:
            event = tuple(map(int, param.shape[param.ndim - ndim :]))
            full = param if param.shape == batch + event else call(jnp.broadcast_to, param, batch + event)
            param = full[position]
        params.append(param)
    event = tuple(map(int, variable.shape[len(batch) :]))
    return Variable(RandomVariable(law, (int(where.sum()), *event)), params, name)

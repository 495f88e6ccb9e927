"""Draws that a failure must not lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pmjax.errors import SamplingError
from pmjax.results.multitrace import MultiTrace
from pmjax.results.to_arviz import to_arviz
from pmjax.run.trace import Trace
from pmjax.target.labels import Labels


def wrapped(trace: Trace, labels: Labels, options: Mapping[str, Any], *, multitrace: bool = False) -> Any:
    """Return a trace as ArviZ knows results, or as PyMC's `MultiTrace`.

    Parameters
    ----------
    trace : Trace
    labels : Labels
    options : mapping
        ``idata_kwargs`` of `sample`.
    multitrace : bool

    Raises
    ------
    SamplingError
        If the result cannot be made; its ``draws`` are the draws, as a `MultiTrace`.
    """
    labels = replace(
        labels,
        dims={**labels.dims, **options.get("dims", {})},
        coords={**labels.coords, **options.get("coords", {})},
    )
    try:
        if multitrace:
            return MultiTrace(trace, labels)
        return to_arviz(
            trace,
            labels,
            unconstrained=bool(options.get("include_unconstrained")),
            transformed=bool(options.get("include_transformed")),
        )
    except Exception as error:
        failure = SamplingError(
            f"the draws are made, but the result cannot be: {type(error).__name__}: {error}; the draws are "
            "in the attribute draws of this exception (sys.last_value.draws at a prompt)"
        )
        failure.draws = MultiTrace(trace, Labels())  # type: ignore[attr-defined]
        raise failure from error

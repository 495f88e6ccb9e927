"""`pm.to_inference_data`: PyMC's way from a `MultiTrace` to an ArviZ object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pmjax.api.model import modelcontext
from pmjax.errors import ModelError
from pmjax.graph.context import current_model
from pmjax.model.declarations import Declarations
from pmjax.results.multitrace import MultiTrace
from pmjax.target.labels import Labels
from pmjax.target.layout import Layout
from pmjax.target.of_model import model_labels


def to_inference_data(
    trace: MultiTrace,
    *,
    model: Declarations | None = None,
    coords: dict[str, Any] | None = None,
    dims: dict[str, Any] | None = None,
    include_transformed: bool = False,
) -> Any:
    """Return the draws of a `MultiTrace` with names, dims and coordinates.

    Parameters
    ----------
    trace : MultiTrace
        What ``pm.sample(return_inferencedata=False)`` has returned.
    model : Model, optional
        Whose dims, coordinates and data the result has; those that the trace was made with by default.
    coords, dims : mapping, optional
        In addition to the model's.
    include_transformed : bool
        Put transformed variables (``sigma_log__``) in the posterior.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x")
    ...     trace = pm.sample(50, tune=50, chains=2, random_seed=1, progressbar=False,
    ...                       compute_convergence_checks=False, return_inferencedata=False)
    >>> pm.to_inference_data(trace).posterior["x"].shape
    (2, 50)
    """
    if not isinstance(trace, MultiTrace):
        raise ModelError(
            f"to_inference_data: trace must be a MultiTrace (pm.sample(return_inferencedata=False)), "
            f"got {type(trace).__name__}"
        )
    labels: Labels = trace.labels
    if model is not None or current_model.get() is not None:
        spec = modelcontext(model).freeze()
        labels = model_labels(spec, Layout.of(spec))
    labels = replace(
        labels,
        dims={**labels.dims, **(dims or {})},
        coords={**labels.coords, **(coords or {})},
        unconstrained=trace.labels.unconstrained,
    )
    return trace.to_arviz(labels, transformed=include_transformed)

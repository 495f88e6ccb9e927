"""Deterministics computed of recorded draws, after sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.api.model import modelcontext
from pmjax.api.predictive import ticker
from pmjax.errors import ModelError, suggest
from pmjax.graph.evaluate import is_random, own_nodes
from pmjax.graph.variable import Variable
from pmjax.model.declarations import Declarations
from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.groups import add_groups, group_names, is_result
from pmjax.results.model_groups import drawn_group, labels_of_model
from pmjax.results.recorded_draws import RecordedDraws, read_draws, read_group
from pmjax.target import forward


def compute_deterministics(
    dataset: Any,
    *,
    group: str | None = None,
    var_names: Sequence[str] | None = None,
    model: Declarations | None = None,
    sample_dims: Sequence[str] = ("chain", "draw"),
    merge_dataset: bool = False,
    extend_dataset: bool = False,
    progressbar: bool = True,
) -> Any:
    """Compute deterministics of a model at recorded draws of its variables.

    Parameters
    ----------
    dataset : Dataset, InferenceData or DataTree
        Draws, such as ``idata.posterior``, or a whole result.
    group : str, optional
        The group of a whole result; ``posterior``, or ``prior`` where there is none, by default.
    var_names : sequence of str, optional
        Deterministics; all by default.
    model : Model, optional
        The model around this line by default.
    sample_dims : sequence of str
        The dimensions of draws.
    merge_dataset : bool
        Return the draws that were given with them.
    extend_dataset : bool
        Add them to what was given, in place, and return that.
    progressbar : bool

    Returns
    -------
    xarray.Dataset, or what was given

    Raises
    ------
    ModelError
        If a name is unknown, or a variable that a deterministic depends on is not recorded.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x")
    ...     prior = pm.sample_prior_predictive(draws=50, random_seed=1)
    ...     y = pm.Deterministic("y", 2 * x)
    ...     more = pm.compute_deterministics(prior.prior)
    >>> bool((more["y"] == 2 * prior.prior["x"]).all())
    True
    """
    caller = "compute_deterministics"
    if merge_dataset and extend_dataset:
        raise ModelError(f"{caller}: give merge_dataset or extend_dataset, not both")
    spec = modelcontext(model).freeze_to_draw()
    known = {name_of(v): v for v in spec.deterministics}
    names = list(known) if var_names is None else [var_names] if isinstance(var_names, str) else var_names
    for name in names:
        if name not in known:
            raise ModelError(
                f"{caller}: {name!r} is no deterministic of the model{suggest(str(name), known)}; "
                f"it has {', '.join(known) or 'none'}"
            )
    recorded = read_draws(dataset, caller, sample_dims, group)
    nodes = [known[n] for n in names]
    given = _given(spec, recorded, nodes)
    tick = ticker(progressbar, recorded.draws, "Deterministics")
    arrays = forward.draw(nodes, recorded.draws, 0, given=given, what=caller, tick=tick)
    found = drawn_group(dict(zip(names, arrays, strict=True)), labels_of_model(spec), recorded)
    if extend_dataset:
        return _extended(dataset, group, found)
    return read_group(dataset, caller, group).assign(found.data_vars) if merge_dataset else found


def _given(spec: ModelSpec, recorded: RecordedDraws, nodes: Sequence[Variable]) -> dict[Variable, np.ndarray]:
    """Return draws of the random variables that expressions are computed from; observed ones are data."""
    observed = {o.variable: o.value for o in spec.observed}
    given = {}
    for variable in filter(is_random, own_nodes(nodes)):
        name = name_of(variable)
        if name in recorded.arrays:
            given[variable] = recorded.arrays[name]
        elif variable in observed:
            value = np.asarray(observed[variable].eval())
            given[variable] = np.broadcast_to(value, (recorded.draws, *variable.shape))
        else:
            raise ModelError(
                f"compute_deterministics: there are no draws of {name!r}; sample again with it in var_names"
            )
    return given


def _extended(dataset: Any, name: str | None, found: Any) -> Any:
    if is_result(dataset) and group_names(dataset):
        chosen = name or ("posterior" if "posterior" in group_names(dataset) else "prior")
        before = read_group(dataset, "compute_deterministics", chosen)
        add_groups(dataset, {chosen: before.assign(found.data_vars)})
        return dataset
    dataset.update(found)
    return dataset

"""Prior and posterior predictive sampling: what the model says of data, before and after it has seen some."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.api.arguments import check_count
from pmjax.api.model import modelcontext
from pmjax.api.starts import as_seed
from pmjax.errors import ImplicitFreezeWarning, ModelError, SamplingWarning, suggest
from pmjax.graph.evaluate import ancestors, is_random
from pmjax.graph.variable import Variable
from pmjax.model.declarations import Declarations
from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.groups import add_groups, assemble, group_names, is_result
from pmjax.results.model_groups import data_groups, drawn_group, labels_of_model, one_chain
from pmjax.results.recorded_draws import RecordedDraws, read_draws
from pmjax.run.progress import Progress, announce
from pmjax.target import forward
from pmjax.target.conditioning import Conditioning, condition

Names = str | Sequence[str] | None


def sample_prior_predictive(
    draws: int = 500,
    model: Declarations | None = None,
    var_names: Names = None,
    random_seed: Any = None,
    return_inferencedata: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    *,
    progressbar: bool = True,
) -> Any:
    """Draw parameters from the prior, and data given each draw of them.

    Parameters
    ----------
    draws : int
        Number of draws.
    model : Model, optional
        The model around this line by default.
    var_names : sequence of str, optional
        Variables and deterministics to return; all by default.
    random_seed : int, optional
        The same seed gives the same draws of a variable, whatever else is asked for.
    return_inferencedata : bool
        False returns a dict of arrays of shape (draws, \\*shape).
    idata_kwargs : mapping, optional
        ``coords`` and ``dims`` add to the model's.
    progressbar : bool

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x), xarray.DataTree (1.x), or dict
        With the groups ``prior``, ``prior_predictive``, ``observed_data`` and ``constant_data``.

    Raises
    ------
    ModelError
        If a name is unknown, a prior is improper, or the draws do not fit into memory.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     mu = pm.Normal("mu", 0, 10)
    ...     y = pm.Normal("y", mu, 1, observed=[1.0, 2.0, 3.0])
    ...     prior = pm.sample_prior_predictive(draws=50, random_seed=1, progressbar=False)
    >>> prior.prior_predictive["y"].shape
    (1, 50, 3)
    """
    caller = "sample_prior_predictive"
    check_count(caller, "draws", draws)
    spec = modelcontext(model).freeze_to_draw()
    _warn_of_potentials(spec, "prior")
    nodes = _nodes(spec)
    names = list(nodes) if var_names is None else _known(caller, "var_names", var_names, nodes)
    arrays = _drawn(caller, [nodes[n] for n in names], int(draws), as_seed(random_seed), progressbar)
    result = dict(zip(names, arrays, strict=True))
    if not return_inferencedata:
        return result
    labels, place = labels_of_model(spec, idata_kwargs), one_chain(int(draws))
    observed = {o.name for o in spec.observed}
    groups = {
        "prior": {n: a for n, a in result.items() if n not in observed},
        "prior_predictive": {n: a for n, a in result.items() if n in observed},
    }
    drawn = {name: drawn_group(found, labels, place) for name, found in groups.items() if found}
    return assemble({**drawn, **data_groups(spec, labels)})


def sample_posterior_predictive(
    trace: Any,
    model: Declarations | None = None,
    *,
    var_names: Names = None,
    sample_vars: Names = None,
    freeze_vars: Names = None,
    sample_dims: Sequence[str] | None = None,
    random_seed: Any = None,
    progressbar: bool = True,
    return_inferencedata: bool = True,
    extend_inferencedata: bool = False,
    predictions: bool = False,
    idata_kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Draw data, or anything else in a model, given each recorded draw of its parameters.

    Variables are matched by name, so that another model than the sampled one may be given. A recorded
    variable keeps its draws. What is not recorded is drawn from its distribution given the rest, observed
    variables among it; deterministics are computed anew wherever something behind them has changed.
    After ``set_data`` with other coordinates a recorded variable keeps the draws of the labels that it had,
    and its elements with new labels are drawn from their distribution: a new group of a hierarchy comes
    from the population. One line says what was drawn; it is the attribute ``drawn`` of the group too.

    Parameters
    ----------
    trace : InferenceData, DataTree, Dataset, mapping, or list of mappings
        The result of `sample`; one group of it; one point, or several.
    model : Model, optional
        The model around this line by default.
    var_names : sequence of str, optional
        What to return: by default the observed variables, and deterministics that depend on them.
    sample_vars : sequence of str, optional
        Recorded variables to draw anew all the same.
    freeze_vars : sequence of str, optional
        Recorded variables that keep their draws although what they depend on has changed.
    sample_dims : sequence of str, optional
        The dimensions of draws; ("chain", "draw") by default.
    random_seed : int, optional
    progressbar : bool
    return_inferencedata : bool
        False returns a dict of arrays, shape (chains, draws, \\*shape).
    extend_inferencedata : bool
        Add the groups to `trace`, in place, and return it.
    predictions : bool
        Name the group ``predictions`` (and ``predictions_constant_data``) instead of
        ``posterior_predictive``: for data that were not fitted.
    idata_kwargs : mapping, optional
        ``coords`` and ``dims`` add to the model's.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x), xarray.DataTree (1.x), or dict

    Raises
    ------
    ModelError
        If a name is unknown, an improper variable would have to be drawn, or the draws do not fit
        into memory.

    Warns
    -----
    ImplicitFreezeWarning
        If recorded draws are used of a random variable whose distribution has changed.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     x = pm.Data("x", [0.0, 1.0, 2.0])
    ...     slope = pm.Normal("slope", 0, 1)
    ...     y = pm.Normal("y", slope * x, 0.1)
    >>> with model:
    ...     pm.set_data({"x": [10.0]})
    ...     pred = pm.sample_posterior_predictive(
    ...         [{"slope": 2.0}, {"slope": 3.0}], var_names=["y"], predictions=True, random_seed=1)
    >>> pred.predictions["y"].values.round(0).ravel().tolist()
    [20.0, 30.0]
    """
    caller = "sample_posterior_predictive"
    spec = modelcontext(model).freeze_to_draw()
    recorded = read_draws(trace, caller, sample_dims)
    _warn_of_potentials(spec, "posterior")
    nodes = _nodes(spec)
    resampled = _known(caller, "sample_vars", sample_vars or (), nodes)
    frozen = _known(caller, "freeze_vars", freeze_vars or (), nodes)
    _check_frozen(caller, frozen, resampled, recorded)
    if var_names is not None:
        names = _known(caller, "var_names", var_names, nodes)
    else:
        names = resampled if sample_vars is not None else _predicted(spec, recorded, nodes)
    if not names:
        raise ModelError(f"{caller}: the model has no observed variables; name what to draw in var_names")
    found = condition(spec, recorded, [nodes[n] for n in names], resampled=resampled, frozen=frozen)
    for sentence in _doubts(found):
        warnings.warn(sentence, ImplicitFreezeWarning, stacklevel=2)
    wanted = {n: nodes[n] for n in names if nodes[n] not in found.given or nodes[n] in found.kept}
    said = _what_is_drawn(found, wanted.values())
    announce(said, progressbar)
    arrays = _drawn(caller, list(wanted.values()), recorded.draws, as_seed(random_seed), progressbar, found)
    drawn = dict(zip(wanted, arrays, strict=True))
    result = {n: drawn[n] if n in drawn else found.given[nodes[n]] for n in names}
    if not return_inferencedata:
        return {n: recorded.unflattened(a) for n, a in result.items()}
    labels = labels_of_model(spec, idata_kwargs)
    name = "predictions" if predictions else "posterior_predictive"
    groups = {
        name: drawn_group(result, labels, recorded, {"drawn": said}),
        **data_groups(spec, labels, predictions=predictions),
    }
    return _extended(caller, trace, groups, name) if extend_inferencedata else assemble(groups)


def _nodes(spec: ModelSpec) -> dict[str, Variable]:
    """Return what can be asked for, in the user's order."""
    random = [*(v.variable for v in spec.declared), *(o.variable for o in spec.observed)]
    return {name_of(v): v for v in (*random, *spec.deterministics)}


def _known(
    caller: str, argument: str, names: str | Sequence[str], nodes: Mapping[str, Variable]
) -> list[str]:
    found = [names] if isinstance(names, str) else [getattr(n, "name", n) for n in names]
    for name in found:
        if name not in nodes:
            raise ModelError(
                f"{caller}: {argument} has an unknown variable {name!r}{suggest(str(name), nodes)}; "
                f"the model has {', '.join(nodes)}"
            )
    return list(dict.fromkeys(found))


def _check_frozen(
    caller: str, frozen: Sequence[str], resampled: Sequence[str], recorded: RecordedDraws
) -> None:
    for name in frozen:
        if name not in recorded.arrays:
            raise ModelError(
                f"{caller}: freeze_vars has {name!r}, of which the trace has no draws; "
                f"it has {', '.join(recorded.arrays)}"
            )
        if name in resampled:
            raise ModelError(f"{caller}: {name!r} is in freeze_vars and in sample_vars; name it in one")


def _predicted(spec: ModelSpec, recorded: RecordedDraws, nodes: Mapping[str, Variable]) -> list[str]:
    """Return the observed variables, of the model or of the trace, and what is computed of them."""
    names = [o.name for o in spec.observed]
    names += [n for n in recorded.observed if n in nodes and n not in names and is_random(nodes[n])]
    seen = {id(nodes[n]) for n in names}
    dependent = [
        name_of(d) for d in spec.deterministics if seen & {id(v) for v in ancestors([d], stop=is_random)}
    ]
    return [*names, *dependent]


def _warn_of_potentials(spec: ModelSpec, what: str) -> None:
    if spec.potentials:
        names = ", ".join(map(name_of, spec.potentials))
        warnings.warn(
            f"The {what} predictive draws leave out the potentials of the model ({names}), since forward "
            "sampling cannot weigh by them; do not read the draws as if they had been applied.",
            SamplingWarning,
            stacklevel=3,
        )


def _doubts(found: Conditioning) -> list[str]:
    return [
        f"The recorded draws of {name!r} are used although what it depends on has changed "
        f"({', '.join(causes)}); name it in sample_vars to draw it anew, or in freeze_vars to keep the draws "
        "without this warning."
        for name, causes in found.doubtful.items()
    ]


def _what_is_drawn(found: Conditioning, wanted: Any) -> str:
    """Return one line that says which variables are drawn from their distributions."""
    random = [v.name for v in wanted if is_random(v)]
    parts = [f"{name} ({found.afresh[name]})" for name in found.afresh]
    parts += [f"{name} (not in the trace)" for name in found.missing]
    parts += [n for n in random if n not in found.afresh and n not in found.missing]
    return f"Drawn from their distributions: {', '.join(parts)}" if parts else ""


def _drawn(
    caller: str,
    nodes: Sequence[Variable],
    draws: int,
    seed: int,
    progressbar: bool,
    found: Conditioning | None = None,
) -> list[np.ndarray]:
    if not nodes:
        return []
    found = found or Conditioning()
    return forward.draw(
        nodes, draws, seed, given=found.given, kept=found.kept, what=caller, tick=ticker(progressbar, draws)
    )


def ticker(progressbar: bool, draws: int, what: str = "Predictive draws") -> Callable[[int], None]:
    """Return what shows how many draws are done, in a terminal or a notebook."""
    progress = Progress(progressbar)
    return lambda done: progress.phase(f"{what}: {done} of {draws}")


def _extended(caller: str, trace: Any, groups: dict[str, Any], name: str) -> Any:
    if not is_result(trace):
        raise ModelError(
            f"{caller}: extend_inferencedata needs the result of pm.sample as a whole, "
            f"got {type(trace).__name__}"
        )
    if name in group_names(trace):
        warnings.warn(f"The group {name} is replaced.", SamplingWarning, stacklevel=3)
    present = {g for g in ("observed_data", "constant_data") if g in group_names(trace)}
    add_groups(trace, {k: v for k, v in groups.items() if k not in present})
    return trace

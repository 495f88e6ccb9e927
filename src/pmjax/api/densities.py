"""Log likelihoods and log priors of recorded draws: what model comparison and sensitivity checks need."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from typing import Any

from pmjax.api.model import modelcontext
from pmjax.api.predictive import ticker
from pmjax.errors import ModelError, SamplingWarning, suggest
from pmjax.graph.evaluate import own_nodes
from pmjax.graph.variable import Variable
from pmjax.model.declarations import Declarations
from pmjax.model.spec import ModelSpec, distribution_of
from pmjax.results.groups import add_groups, is_result
from pmjax.results.model_groups import drawn_group, labels_of_model
from pmjax.results.recorded_draws import read_draws
from pmjax.rewrites.marginal_rows import marginal_rows
from pmjax.target.labels import Labels
from pmjax.target.pointwise import event_dims, pointwise_terms

SAMPLE_DIMS = ("chain", "draw")


def compute_log_likelihood(
    idata: Any,
    *,
    var_names: Sequence[str] | None = None,
    extend_inferencedata: bool = True,
    model: Declarations | None = None,
    sample_dims: Sequence[str] = SAMPLE_DIMS,
    progressbar: bool = True,
) -> Any:
    """Compute the log likelihood of each observation at each recorded draw.

    The terms are log p(y_i | parents) of the rows that the user gave, whatever the rewrites made of them
    for sampling; a discrete variable that was summed out counts with the value that was drawn for it. Where
    it was not drawn (``recover=False``) and each row depends on an element of its own, the terms are the
    marginal ones, log sum_z p(z) p(y_i | z): those that leave-one-out cross-validation works best on.

    Parameters
    ----------
    idata : InferenceData, DataTree or Dataset
        With draws of all free variables.
    var_names : sequence of str, optional
        Observed variables; all by default.
    extend_inferencedata : bool
        Add the group ``log_likelihood`` to `idata`, in place, and return it; False returns the group.
    model : Model, optional
        The model around this line by default.
    sample_dims : sequence of str
        The dimensions of draws.
    progressbar : bool

    Returns
    -------
    The result that was given, or xarray.Dataset

    Raises
    ------
    ModelError
        If a name is unknown, or a free variable is not recorded.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     mu = pm.Normal("mu", 0, 10)
    ...     y = pm.Normal("y", mu, 1, observed=[1.0, 2.0, 3.0])
    ...     prior = pm.sample_prior_predictive(draws=50, random_seed=1)
    ...     terms = pm.compute_log_likelihood(prior.prior, extend_inferencedata=False)
    >>> terms["y"].shape
    (1, 50, 3)
    """
    return _compute("likelihood", idata, var_names, extend_inferencedata, model, sample_dims, progressbar)


def compute_log_prior(
    idata: Any,
    *,
    var_names: Sequence[str] | None = None,
    extend_inferencedata: bool = True,
    model: Declarations | None = None,
    sample_dims: Sequence[str] = SAMPLE_DIMS,
    progressbar: bool = True,
) -> Any:
    """Compute the log prior density of each free variable at each recorded draw.

    The terms are log p(x | parents) on the user's scale, without a change of variables.

    Parameters
    ----------
    idata : InferenceData, DataTree or Dataset
        With draws of all free variables.
    var_names : sequence of str, optional
        Free variables; all by default.
    extend_inferencedata : bool
        Add the group ``log_prior`` to `idata`, in place, and return it; False returns the group.
    model : Model, optional
        The model around this line by default.
    sample_dims : sequence of str
        The dimensions of draws.
    progressbar : bool

    Returns
    -------
    The result that was given, or xarray.Dataset

    Raises
    ------
    ModelError
        If a name is unknown, or a free variable is not recorded.
    """
    return _compute("prior", idata, var_names, extend_inferencedata, model, sample_dims, progressbar)


def add_densities(spec: ModelSpec, idata: Any, kinds: Sequence[str], progressbar: bool) -> None:
    """Add the groups ``log_likelihood`` and ``log_prior``, as far as asked for, to a result of `sample`.

    The draws are more than their densities: if these do not fit into memory, or on Ctrl-C, the result stays
    without them, and a warning says so.
    """
    for kind in kinds:
        try:
            terms = _terms(spec, kind, idata, None, SAMPLE_DIMS, "sample", progressbar)
        except (ModelError, KeyboardInterrupt) as error:
            reason = str(error) or "it was interrupted"
            warnings.warn(
                f"The group log_{kind} is not in the result: {reason}; pm.compute_log_{kind}(idata) adds it.",
                SamplingWarning,
                stacklevel=3,
            )
        else:
            add_groups(idata, {f"log_{kind}": terms})


def check_recorded(
    spec: ModelSpec, kinds: Sequence[str], recorded: Collection[str], caller: str, names: Any = None
) -> dict[str, Variable]:
    """Return the log likelihoods that must be summed over discrete variables without draws, by name.

    Parameters
    ----------
    spec : ModelSpec
    kinds : sequence of str
        "likelihood", "prior".
    recorded : collection of str
        Variables with draws.
    caller : str
    names : sequence of str, optional
        Of whose terms; all by default.

    Raises
    ------
    ModelError
        If a free variable has no draws, and what depends on it cannot be summed over it row by row.
    """
    missing = {v.name: v.variable for v in spec.declared if v.name not in recorded}
    if not kinds or not missing:
        return {}
    discrete = [n for n, v in missing.items() if distribution_of(v).discrete]
    found = marginal_rows(spec, discrete) if len(discrete) == len(missing) and "prior" not in kinds else {}
    for observed in spec.observed if "prior" not in kinds else ():
        behind = [n for n, v in missing.items() if v in set(own_nodes(observed.variable.inputs))]
        if behind and observed.name not in found and (names is None or observed.name in names):
            _refuse_unrecorded(caller, behind[0], kinds[0])
    if "prior" in kinds:
        _refuse_unrecorded(caller, next(iter(missing)), kinds[0])
    return {n: term for n, term in found.items() if names is None or n in names}


def _refuse_unrecorded(caller: str, name: str, kind: str) -> None:
    raise ModelError(
        f"{caller}: there are no draws of {name!r}, on which log_{kind} depends; "
        "sample with it in var_names (and with recover=True)"
    )


def _compute(
    kind: str,
    idata: Any,
    var_names: Sequence[str] | None,
    extend: bool,
    model: Declarations | None,
    sample_dims: Sequence[str],
    progressbar: bool,
) -> Any:
    caller = f"compute_log_{kind}"
    if extend and not is_result(idata):
        raise ModelError(
            f"{caller}: extend_inferencedata=True needs the result of pm.sample as a whole, got "
            f"{type(idata).__name__}; with extend_inferencedata=False the terms are returned"
        )
    spec = modelcontext(model).freeze()
    terms = _terms(spec, kind, idata, var_names, sample_dims, caller, progressbar)
    if not extend:
        return terms
    add_groups(idata, {f"log_{kind}": terms})
    return idata


def _terms(
    spec: ModelSpec,
    kind: str,
    idata: Any,
    var_names: Sequence[str] | None,
    sample_dims: Sequence[str],
    caller: str,
    progressbar: bool,
) -> Any:
    known = [o.name for o in spec.observed] if kind == "likelihood" else [v.name for v in spec.declared]
    names = known if var_names is None else [var_names] if isinstance(var_names, str) else list(var_names)
    for name in names:
        if name not in known:
            whose = "observed" if kind == "likelihood" else "free"
            raise ModelError(
                f"{caller}: {name!r} is no {whose} variable of the model{suggest(str(name), known)}; "
                f"it has {', '.join(known) or 'none'}"
            )
    recorded = read_draws(idata, caller, sample_dims)
    marginal = check_recorded(spec, [kind], recorded.arrays, caller, names)
    for free in spec.declared:
        if free.name not in recorded.arrays:
            continue
        shape = recorded.arrays[free.name].shape[1:]
        if shape != free.variable.shape:
            raise ModelError(
                f"{caller}: {free.name!r} has shape {free.variable.shape} in the model and {shape} in the "
                "result; set the data of the run again with pm.set_data"
            )
    arrays = pointwise_terms(
        spec,
        names,
        recorded.arrays,
        draws=recorded.draws,
        what=caller,
        tick=ticker(progressbar, recorded.draws, f"Log {kind}"),
        marginal=marginal,
    )
    labels = labels_of_model(spec)
    own = Labels({name: event_dims(spec, name) for name in names}, labels.coords)
    return drawn_group(arrays, own, recorded)

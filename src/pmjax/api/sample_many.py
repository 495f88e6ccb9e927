"""`pm.sample_many`: the posteriors of one model given many data sets, by one compiled program."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pmjax.api.arguments import check_numbers, recorded_names, result_options, shows_progress
from pmjax.api.model import Model, modelcontext
from pmjax.api.samplers import choose_sampler
from pmjax.api.starts import as_seed, chain_starts, explain_failed_start
from pmjax.api.targets import target_and_sampler
from pmjax.errors import ModelError, SamplingError, SamplingWarning, suggest
from pmjax.inference.nuts.many import Interrupted
from pmjax.inference.nuts.sampler import NUTS
from pmjax.model.cloning import clone
from pmjax.model.declarations import Declarations
from pmjax.results.arviz_series import preload
from pmjax.results.checks import doubts
from pmjax.results.kept import wrapped
from pmjax.rewrites import pipeline
from pmjax.rewrites.recentre import describe_centring
from pmjax.run.plan import Plan, Run
from pmjax.run.progress import announce
from pmjax.run.starts import StartError
from pmjax.run.trace import Trace
from pmjax.runtime.background import Background
from pmjax.runtime.collector import no_full_collections
from pmjax.runtime.streams import stream
from pmjax.target.target import Target

Datasets = Sequence[Mapping[str, Any]] | Mapping[Any, Mapping[str, Any]]
NAMED = 5
"""Data sets that a warning names at most."""


def sample_many(
    model: Declarations | None = None,
    datasets: Datasets = (),
    draws: int = 1000,
    *,
    tune: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    random_seed: Any = None,
    progressbar: bool | str = True,
    quiet: bool = False,
    var_names: Sequence[str] | None = None,
    sampler: Any = None,
    rewrites: str | bool | Sequence[str] = "auto",
    step: Any = None,
    target_accept: float | None = None,
    max_treedepth: int | None = None,
    compute_convergence_checks: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    nuts: Mapping[str, Any] | None = None,
) -> Any:
    """Draw from the posteriors of one model given each of many data sets.

    Data sets of the same shapes share one compiled program; the chains of all of them share the processors.
    The model itself stays as it is.

    Parameters
    ----------
    model : Model, optional
        The model around this line by default.
    datasets : sequence or mapping of mappings
        For each data set, new values by the names of ``pm.Data`` or of observed variables; what it does not
        name stays as the model has it.
    draws, tune, chains : int
        Kept draws and warm-up draws of each chain, and the number of chains, for each data set.
    cores : int, optional
        Chains that run at the same time; one for each processor by default. It never changes the draws.
    random_seed : int, optional
        Each data set gets a seed of its own from it, the attribute ``seed`` of its posterior: `pm.sample`
        with that seed and these data makes the same draws.
    progressbar, quiet, var_names, sampler, rewrites, step, target_accept, max_treedepth : optional
        As of `pm.sample`.
    compute_convergence_checks : bool
        Warn in one sentence of the data sets whose draws do not represent their posteriors.
    idata_kwargs, nuts : mapping, optional
        As of `pm.sample`; ``log_likelihood`` and ``log_prior`` are not computed here.

    Returns
    -------
    list, or dict with the keys of `datasets`
        A result for each data set, as of `pm.sample`; None where sampling failed, which a warning names.

    Raises
    ------
    ModelError
        If the model, an argument or a data set is not valid; the message says which data set.
    SamplingError
        If sampling fails for all of them.

    Warns
    -----
    SamplingWarning
        If sampling fails for some of them.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     mu = pm.Normal("mu", 0, 10)
    ...     y = pm.Normal("y", mu, 1, observed=[0.0, 0.0, 0.0])
    >>> results = pm.sample_many(model, [{"y": [1.0, 2.0, 3.0]}, {"y": [7.0, 8.0, 9.0]}], 200, tune=200,
    ...                          chains=2, random_seed=1, progressbar=False,
    ...                          compute_convergence_checks=False)
    >>> [round(float(idata.posterior["mu"].mean())) for idata in results]
    [2, 8]
    """
    check_numbers(draws, tune, chains, cores)
    show, extra, began = shows_progress(progressbar, quiet), result_options(idata_kwargs), time.perf_counter()
    for option in ("log_likelihood", "log_prior"):
        if extra.get(option):
            raise ModelError(
                f"sample_many: {option} is not computed for many data sets; use "
                f"pm.compute_{option} on a result"
            )
    keys, given = _read(datasets)
    accept = {"target_accept": target_accept, "max_treedepth": max_treedepth}
    chosen = choose_sampler(None, sampler, "auto", accept, None, nuts)
    targets, chosen = _targets(modelcontext(model), keys, given, rewrites, step, chosen)
    seed = as_seed(random_seed)
    plans = []
    for place, target in enumerate(targets):
        own = int(stream(seed, "data set", place).generate_state(1)[0]) % 2**31
        plans.append(
            Plan(
                draws=draws,
                tune=tune,
                chains=chains,
                seed=own,
                starts=chain_starts(target.start, own, None, jitter=True, chains=chains),
                names=recorded_names(target, var_names, True),
                keep_theta=bool(extra.get("include_transformed") or extra.get("include_unconstrained")),
            )
        )
    announce(targets[0].notes, show)
    loading = Background(partial(preload, compute_convergence_checks))
    loading.start()
    build = time.perf_counter() - began
    with no_full_collections():
        traces = _sample_all(chosen, targets, plans, Run(cores=cores, progressbar=show))
    loading.wait()
    _say_what_failed(keys, targets, traces)
    results: list[Any] = []
    doubtful: dict[Any, str] = {}
    for key, target, trace in zip(keys, targets, traces, strict=True):
        if isinstance(trace, Exception):
            results.append(None)
            continue
        trace.attributes |= {"rewrites": target.notes, "centring": describe_centring(trace.knobs)}
        trace.seconds = {"build": build, **trace.seconds}
        sentences = doubts(
            trace, chosen.target_accept, target.free, loading, compute_convergence_checks
        ).sentences
        if sentences:
            doubtful[key] = sentences[0]
        results.append(wrapped(trace, target.labels, extra))
    if doubtful:
        first, sentence = next(iter(doubtful.items()))
        warnings.warn(
            f"sample_many: the draws of {len(doubtful)} of {len(keys)} data sets may not represent their "
            f"posteriors ({_some(doubtful)}); of data set {first!r}: {sentence}",
            SamplingWarning,
            stacklevel=2,
        )
    return dict(zip(keys, results, strict=True)) if isinstance(datasets, Mapping) else results


def _read(datasets: Any) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """Return the keys of the data sets (their places in a list) and the data sets."""
    if isinstance(datasets, Mapping):
        keys, given = list(datasets), list(datasets.values())
    elif isinstance(datasets, Sequence) and not isinstance(datasets, str):
        keys, given = list(range(len(datasets))), list(datasets)
    else:
        raise ModelError(
            f"sample_many: datasets must be a list of mappings from names to values, or a mapping of them, "
            f"got {type(datasets).__name__}"
        )
    if not given:
        raise ModelError("sample_many: datasets must have at least one data set, got none")
    for key, values in zip(keys, given, strict=True):
        if not isinstance(values, Mapping):
            raise ModelError(
                f"sample_many: data set {key!r} must be a mapping from names to values, got "
                f"{type(values).__name__}"
            )
    return keys, given


def _targets(
    model: Declarations,
    keys: Sequence[Any],
    given: Sequence[Mapping[str, Any]],
    rewrites: Any,
    step: Any,
    chosen: Any,
) -> tuple[list[Target], Any]:
    """Return what is sampled for each data set, and by what: of one structure wherever that is possible."""
    found = _targets_of(model, keys, given, rewrites, step, chosen)
    # How many rows are equal depends on the data.
    if rewrites is not False and len({_program(target) for target, _ in found}) > 1:
        others = [name for name in pipeline.chosen(rewrites) if name != "collapse_rows"]
        again = _targets_of(model, keys, given, others, step, chosen)
        if len({_program(target) for target, _ in again}) < len({_program(target) for target, _ in found}):
            found = again
    return [target for target, _ in found], found[0][1]


def _targets_of(
    model: Declarations,
    keys: Sequence[Any],
    given: Sequence[Mapping[str, Any]],
    rewrites: Any,
    step: Any,
    chosen: Any,
) -> list[tuple[Target, Any]]:
    found = []
    for key, values in zip(keys, given, strict=True):
        changed = clone(model, Model())
        try:
            for name, value in values.items():
                _replace(changed, name, value)
            found.append(target_and_sampler(changed, rewrites, step, chosen))
        except ModelError as error:
            raise ModelError(f"sample_many: data set {key!r}: {error}") from None
    return found


def _replace(model: Model, name: str, value: Any) -> None:
    """Give data or an observed variable other values."""
    data = {str(v.name): v for v in model.data_vars}
    observed = {str(v.name): v for v in model.observed_RVs}
    if name in observed:
        node = model.random[name].value
        if node is not None and node.name in data:
            name = str(node.name)
        else:
            model.set_observed(name, value)
            return
    if name not in data:
        known = [*data, *observed]
        raise ModelError(
            f"{name!r} is neither data nor observed{suggest(str(name), known)}; the model has "
            f"{', '.join(known) or 'neither'}"
        )
    model.set_data(name, value)


def _program(target: Target) -> Any:
    """Return what tells whether two targets share a program."""
    import jax

    density = target.density
    leaves, tree = jax.tree.flatten((density.data, density.knobs))
    return density.structure, str(tree), tuple((x.shape, str(x.dtype)) for x in leaves)


def _sample_all(
    chosen: Any, targets: Sequence[Target], plans: Sequence[Plan], run: Run
) -> list[Trace | Exception]:
    if isinstance(chosen, NUTS):
        return chosen.sample_many(targets, plans, run)
    traces: list[Trace | Exception] = []
    for target, plan in zip(targets, plans, strict=True):
        try:
            traces.append(chosen.sample(target, plan, run))
        except KeyboardInterrupt:
            traces += [Interrupted("sampling was interrupted")] * (len(targets) - len(traces))
            break
        except Exception as error:
            traces.append(error)
    return traces


def _say_what_failed(
    keys: Sequence[Any], targets: Sequence[Target], traces: Sequence[Trace | Exception]
) -> None:
    failed = {
        key: (target, trace)
        for key, target, trace in zip(keys, targets, traces, strict=True)
        if isinstance(trace, Exception)
    }
    if not failed:
        return
    first, (target, error) = next(iter(failed.items()))
    reason = explain_failed_start(target, error) if isinstance(error, StartError) else error
    said = (
        f"sample_many: {len(failed)} of {len(keys)} data sets have no draws ({_some(failed)}); of data set "
        f"{first!r}: {reason}"
    )
    if len(failed) == len(keys):
        if isinstance(error, Interrupted):
            raise KeyboardInterrupt
        raise SamplingError(said) from error
    warnings.warn(said, SamplingWarning, stacklevel=3)


def _some(keys: Mapping[Any, Any]) -> str:
    names = [repr(key) for key in keys]
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")

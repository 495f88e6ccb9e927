"""`pm.sample`: a model in, an ArviZ object out."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pmjax.api.arguments import (
    DENSITIES,
    check_numbers,
    check_unknown,
    recorded_names,
    result_options,
    shows_progress,
)
from pmjax.api.chain_callback import as_callback
from pmjax.api.densities import add_densities
from pmjax.api.samplers import INITS, choose_sampler
from pmjax.api.starts import InitialValues, as_seed, chain_starts
from pmjax.api.targets import draws_of, spec_with_terms, target_and_sampler
from pmjax.api.warm import default_tune, warmth
from pmjax.errors import SamplingWarning
from pmjax.model.declarations import Declarations
from pmjax.results.arviz_series import preload
from pmjax.results.checks import doubts
from pmjax.results.kept import wrapped
from pmjax.run.plan import Plan, Run
from pmjax.run.progress import announce
from pmjax.run.starts import ATTEMPTS
from pmjax.run.warm import warm_starts
from pmjax.runtime.background import Background
from pmjax.target.target import Target


def sample(
    draws: int = 1000,
    *,
    tune: int | None = None,
    chains: int | None = 4,
    cores: int | None = None,
    random_seed: Any = None,
    progressbar: bool | str = True,
    quiet: bool = False,
    var_names: Sequence[str] | None = None,
    sampler: Any = None,
    nuts_sampler: str | None = None,
    rewrites: str | bool | Sequence[str] = "auto",
    recover: bool = True,
    initvals: InitialValues = None,
    step: Any = None,
    init: Any = "auto",
    jitter_max_retries: int = ATTEMPTS - 1,
    target_accept: float | None = None,
    max_treedepth: int | None = None,
    discard_tuned_samples: bool = True,
    compute_convergence_checks: bool = True,
    return_inferencedata: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    nuts: Mapping[str, Any] | None = None,
    nuts_sampler_kwargs: Mapping[str, Any] | None = None,
    callback: Callable[..., None] | None = None,
    model: Declarations | Target | None = None,
    **unknown: Any,
) -> Any:
    """Draw from the posterior of a model with NUTS.

    Parameters
    ----------
    draws, tune : int
        Kept draws and warm-up draws of each chain: 1000 of each by default, and a warm-up of 100 where
        `init` is an earlier result.
    chains : int
        Number of chains.
    cores : int, optional
        Chains that run at the same time; one for each processor by default. It never changes the draws.
    random_seed : int, sequence of int or numpy.random.Generator, optional
        The draws depend on it and on the model alone. None takes a new one.
    progressbar : bool or str
        Whether to show progress; PyMC's words (``"split+stats"``) mean True.
    quiet : bool
        Show nothing, whatever `progressbar` says.
    var_names : sequence of str, optional
        The variables and deterministics to record; all by default. The others are not recorded.
    sampler : Sampler, optional
        A sampler with its options: ``pm.NUTS(target_accept=0.9)``.
    nuts_sampler : {"pmjax", "python", "numpyro", "blackjax", "tfp", "nutpie"}, optional
        Our compiled sampler, the default (also for PyMC's word ``"pymc"``); a loop in Python, slow and
        readable; or NUTS of another library.
    rewrites : {"auto", False} or sequence of str
        Which rewrites of the model may run before it is compiled (`docs/rewrites.md`). They change
        neither the posterior nor what is recorded; `Model.explain` says what they do. "auto" means all
        of them for our own sampler, and for the others only "marginalise", which discrete variables need.
    recover : bool
        Whether discrete variables that were summed out are drawn again for each draw. False leaves them
        out of the result, with the deterministics that depend on them.
    initvals : mapping, or one mapping for each chain, optional
        Starting values by name.
    step : step method, or a list of them, optional
        What moves which variable: ``[pm.NUTS([x]), pm.Metropolis([k])]``. They take turns, in one compiled
        program; the model is then sampled as it is written. By default discrete variables that cannot be
        summed out are moved by Gibbs steps (few values) and Metropolis steps, the others by NUTS, and one
        line says which and why.
    init : str, InferenceData or DataTree
        PyMC's words: ``"adapt_diag"`` without jitter of the starts, ``"jitter+adapt_diag"`` (the default)
        with a uniform one in (-1, 1) in the unconstrained space, ``"adapt_full"`` and ``"jitter+adapt_full"``
        for a dense metric. ``"pathfinder"`` and ``"laplace"`` begin with an approximation of the posterior:
        starts are draws of it, its covariance is the first metric. An earlier result of the same model,
        with the same or with other data, gives starts, metric, centrings and step size.
    jitter_max_retries : int
        Starts that a chain tries after the first, with less and less jitter.
    target_accept : float, optional
        Acceptance rate that the step size is tuned to, 0.8 by default; raise it where draws diverge.
    max_treedepth : int, optional
        At most ``2 ** max_treedepth - 1`` gradients for each draw, 10 by default.
    discard_tuned_samples : bool
        False keeps the warm-up in the groups ``warmup_posterior`` and ``warmup_sample_stats``.
    compute_convergence_checks : bool
        Warn of each sign that the draws do not represent the posterior; say if another metric may be faster.
    return_inferencedata : bool
        False returns a `MultiTrace`, for code written for PyMC.
    idata_kwargs : mapping, optional
        ``include_transformed=True`` adds transformed variables (``sigma_log__``) to the posterior,
        ``include_unconstrained=True`` adds the group ``unconstrained_posterior``,
        ``log_likelihood=True`` and ``log_prior=True`` the groups of these names
        (`compute_log_likelihood`, `compute_log_prior`);
        ``coords`` and ``dims`` add to the model's.
    nuts, nuts_sampler_kwargs : mapping, optional
        More options of the sampler: for ours ``metric``, ``chain_method``, ``precision``. With
        ``precision="float32"`` a covariance that is factorised in the model needs about 1e-4 of its
        diagonal added to it, where 1e-10 do in double precision.
    callback : callable, optional
        Called after each chunk of draws: as PyMC does, with ``trace=`` and ``draw=`` (`Draw`), or with the
        chain that made them (`ChainStatus`). A ``KeyboardInterrupt`` in it ends the run and keeps the draws.
    model : Model or Target, optional
        The model around this line by default.
    **unknown
        Arguments of PyMC that change no draw, such as ``mp_ctx`` or ``compile_kwargs``, are accepted.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)

    Raises
    ------
    ModelError
        If the model or an argument is not valid.
    SamplingError
        If no chain finds a start with a finite log density; the message names the variable.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x")
    ...     idata = pm.sample(200, tune=200, chains=2, random_seed=1, progressbar=False,
    ...                       compute_convergence_checks=False)
    >>> idata.posterior["x"].shape
    (2, 200)
    """
    if sampler is None and hasattr(step, "sample"):
        sampler, step = step, None
    check_unknown(unknown, list(inspect.signature(sample).parameters)[:-1])
    tune, chains = default_tune(init) if tune is None else tune, 4 if chains is None else chains
    check_numbers(draws, tune, chains, cores, jitter_max_retries)
    show, extra, began = shows_progress(progressbar, quiet), result_options(idata_kwargs), time.perf_counter()
    accept = {"target_accept": target_accept, "max_treedepth": max_treedepth}
    chosen = choose_sampler(nuts_sampler, sampler, init, accept, nuts_sampler_kwargs, nuts)
    target, chosen = target_and_sampler(model, rewrites, step, chosen)
    names, seed = recorded_names(target, var_names, recover), as_seed(random_seed)
    densities = [kind for option, kind in DENSITIES.items() if extra.get(option)]
    spec = spec_with_terms(target, densities, names)
    checks, attempts = compute_convergence_checks, jitter_max_retries + 1
    warm = warmth(init, target, chosen, seed, initvals, chains, tune)
    jitter = warm.starts or INITS[init][0]
    starts = chain_starts(target.start, seed, initvals, jitter=bool(jitter), chains=chains, attempts=attempts)
    inside = not return_inferencedata or extra.get("include_transformed")
    plan = Plan(
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        starts=warm_starts(warm.starts, starts) if warm.starts else starts,
        names=names,
        attempts=attempts,
        keep_theta=bool(inside or extra.get("include_unconstrained")),
        keep_warmup=not discard_tuned_samples,
        warm=warm.starts,
    )
    loading = Background(partial(preload, checks))
    run = Run(cores=cores, progressbar=show, callback=as_callback(callback), while_compiling=loading.start)
    announce(target.notes, show)
    announce(warm.said, show)
    build_seconds = time.perf_counter() - began
    trace = draws_of(target, warm.sampler, plan, run)
    trace.attributes |= {"warm_start": warm.said} if warm.said else {}
    announce(str(trace.attributes["centring"]), show)
    trace.seconds = {"build": build_seconds, **trace.seconds}
    judged = doubts(trace, chosen.target_accept, target.free, loading, checks)
    announce(judged.advice, show)
    for sentence in [*trace.warnings, *judged.sentences]:
        warnings.warn(sentence, SamplingWarning, stacklevel=2)
    result = wrapped(trace, target.labels, extra, multitrace=not return_inferencedata)
    if spec is not None:
        add_densities(spec, result, densities, show)
    return result

"""`pm.sample`: a model in, an ArviZ object out."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pmjax.api.densities import add_densities, check_recorded
from pmjax.api.model import modelcontext
from pmjax.api.starts import InitialValues, as_seed, chain_starts, explain_failed_start
from pmjax.errors import ModelError, SamplingWarning, suggest
from pmjax.graph.evaluate import own_nodes
from pmjax.inference.nuts.sample import sample_nuts
from pmjax.inference.others.blackjax import sample_blackjax
from pmjax.inference.others.numpyro import sample_numpyro
from pmjax.inference.reference import sample_python_nuts
from pmjax.model.declarations import Declarations
from pmjax.model.named import constant_data
from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.arviz_series import preload
from pmjax.results.convergence import convergence_warnings, metric_advice
from pmjax.results.to_arviz import Labels, to_arviz
from pmjax.rewrites import pipeline
from pmjax.rewrites.centring_hook import CentringHook, recentre_hook
from pmjax.rewrites.recentre import describe_centring
from pmjax.run.progress import announce
from pmjax.run.starts import StartError
from pmjax.run.trace import Trace
from pmjax.runtime.background import Background
from pmjax.runtime.collector import no_full_collections
from pmjax.target.density import Density
from pmjax.target.joint import check_samplable, joint_density
from pmjax.target.layout import Layout

SAMPLER_OPTIONS: dict[str, tuple[str, ...]] = {
    "pmjax": ("metric", "chain_method", "precision"),
    "python": (),
    "numpyro": ("chain_method", "nuts_kwargs"),
    "blackjax": ("chain_method",),
}
"""The samplers, and what each takes in `nuts_sampler_kwargs`."""
INITS = {"auto": True, "jitter+adapt_diag": True, "adapt_diag": False}
DENSITIES = {"log_likelihood": "likelihood", "log_prior": "prior"}
IDATA_OPTIONS = ("include_transformed", "include_unconstrained", "coords", "dims", *DENSITIES)


@dataclass(frozen=True)
class Request:
    """What one call of `sample` asks of any sampler."""

    density: Density
    starts: Callable[[int, int], np.ndarray]
    names: tuple[str, ...]
    draws: int
    tune: int
    chains: int
    cores: int | None
    seed: int
    target_accept: float
    max_treedepth: int
    progressbar: bool
    callback: Callable[..., None] | None
    keep_warmup: bool
    keep_theta: bool
    options: dict[str, Any]
    window_hook: CentringHook | None
    loading: Background

    @property
    def common(self) -> dict[str, Any]:
        """The arguments that every sampler takes by the same name."""
        return {
            "draws": self.draws,
            "tune": self.tune,
            "seed": self.seed,
            "target_accept": self.target_accept,
            "keep_theta": self.keep_theta,
        }

    @property
    def fixed_starts(self) -> np.ndarray:
        """The first start of each chain, for samplers that do not try again."""
        return np.stack([self.starts(chain, 0) for chain in range(self.chains)])


def sample(
    draws: int = 1000,
    *,
    tune: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    random_seed: Any = None,
    progressbar: bool = True,
    var_names: Sequence[str] | None = None,
    nuts_sampler: str = "pmjax",
    rewrites: str | bool | Sequence[str] = "auto",
    recover: bool = True,
    initvals: InitialValues = None,
    init: str = "auto",
    target_accept: float = 0.8,
    max_treedepth: int = 10,
    discard_tuned_samples: bool = True,
    compute_convergence_checks: bool = True,
    return_inferencedata: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    nuts_sampler_kwargs: Mapping[str, Any] | None = None,
    callback: Callable[..., None] | None = None,
    model: Declarations | None = None,
    **unknown: Any,
) -> Any:
    """Draw from the posterior of a model with NUTS.

    Parameters
    ----------
    draws, tune : int
        Kept draws and warm-up draws of each chain.
    chains : int
        Number of chains.
    cores : int, optional
        Chains that run at the same time; one for each processor by default. It never changes the draws.
    random_seed : int, optional
        The draws depend on it and on the model alone. None takes a new one.
    progressbar : bool
    var_names : sequence of str, optional
        The variables and deterministics to record; all by default. The others are never computed.
    nuts_sampler : {"pmjax", "python", "numpyro", "blackjax"}
        The compiled sampler; a loop in Python, slow and readable; or NUTS of another library.
    rewrites : {"auto", False} or sequence of str
        Which rewrites of the model may run before it is compiled (`docs/rewrites.md`). They change
        neither the posterior nor what is recorded; `Model.explain` says what they do. "auto" means all
        of them for our own sampler, and for the others only "marginalise", which discrete variables need.
    recover : bool
        Whether discrete variables that were summed out are drawn again for each draw. False leaves them
        out of the result, with the deterministics that depend on them.
    initvals : mapping, or one mapping for each chain, optional
        Starting values by name.
    init : {"auto", "jitter+adapt_diag", "adapt_diag"}
        Whether starts are jittered by uniform numbers in (-1, 1) in the unconstrained space.
    target_accept : float
        Acceptance rate that the step size is tuned to; raise it where draws diverge.
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    discard_tuned_samples : bool
        False keeps the warm-up in the groups ``warmup_posterior`` and ``warmup_sample_stats``.
    compute_convergence_checks : bool
        Warn of each sign that the draws do not represent the posterior; say if another metric may be faster.
    return_inferencedata : bool
        Only True, for code written for PyMC: the result is always an ArviZ object.
    idata_kwargs : mapping, optional
        ``include_transformed=True`` adds transformed variables (``sigma_log__``) to the posterior,
        ``include_unconstrained=True`` adds the group ``unconstrained_posterior``,
        ``log_likelihood=True`` and ``log_prior=True`` the groups of these names
        (`compute_log_likelihood`, `compute_log_prior`);
        ``coords`` and ``dims`` add to the model's.
    nuts_sampler_kwargs : mapping, optional
        More arguments of the sampler: for ours ``metric``, ``chain_method``, ``precision``. With
        ``precision="float32"`` a covariance that is factorised in the model needs about 1e-4 of its
        diagonal added to it, where 1e-10 do in double precision.
    callback : callable, optional
        Called after each chunk of draws with the chain that made it.
    model : Model, optional
        The model around this line by default.

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
    _check_arguments(draws, tune, chains, nuts_sampler, init, unknown)
    extra = _result_options(idata_kwargs, return_inferencedata)
    densities = [kind for option, kind in DENSITIES.items() if extra.get(option)]
    began = time.perf_counter()
    spec = modelcontext(model).freeze()
    others = nuts_sampler != "pmjax" and rewrites == "auto"
    sampled, reports = pipeline.apply(spec, ["marginalise"] if others else rewrites)
    check_samplable(sampled, {r.variable: r.sentence for r in reports if not r.done})
    density = joint_density(sampled)
    seed = as_seed(random_seed)
    names = _recorded(sampled, var_names, recover)
    check_recorded(spec, densities, names, "sample")
    wants_theta = bool(extra.get("include_transformed") or extra.get("include_unconstrained"))
    request = Request(
        density=density,
        starts=chain_starts(sampled, seed, initvals, jitter=INITS[init]),
        names=names,
        draws=draws,
        tune=tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=target_accept,
        max_treedepth=max_treedepth,
        progressbar=progressbar,
        callback=callback,
        keep_warmup=not discard_tuned_samples,
        keep_theta=wants_theta,
        options=_sampler_options(nuts_sampler, nuts_sampler_kwargs),
        window_hook=recentre_hook(sampled),
        loading=Background(partial(preload, compute_convergence_checks)),
    )
    announce(pipeline.summary(reports), progressbar)
    build_seconds = time.perf_counter() - began
    if nuts_sampler != "pmjax":
        request.loading.start()
    try:
        with no_full_collections():
            trace = _RUNNERS[nuts_sampler](request)
    except StartError as error:
        raise explain_failed_start(sampled, error) from None
    trace.attributes |= {"rewrites": pipeline.summary(reports), **_fitted(trace, progressbar)}
    trace.seconds = {"build": build_seconds, **trace.seconds}
    trace.posterior.outputs = {n: v for n, v in trace.posterior.outputs.items() if n in request.names}
    for sentence in [*trace.warnings, *_unconvinced(request, spec, trace, compute_convergence_checks)]:
        warnings.warn(sentence, SamplingWarning, stacklevel=2)
    result = to_arviz(
        trace,
        labels_of(spec, Layout.of(sampled), extra),
        unconstrained=bool(extra.get("include_unconstrained")),
        transformed=bool(extra.get("include_transformed")),
    )
    add_densities(spec, result, densities, progressbar)
    return result


def _unconvinced(request: Request, spec: ModelSpec, trace: Trace, checks: bool) -> list[str]:
    """Say what the draws do not show; an interrupt ends that, and the draws are returned."""
    try:
        request.loading.wait()
        announce(metric_advice(trace, {f.name for f in spec.free}) if checks else "", request.progressbar)
        return convergence_warnings(trace.posterior, request.target_accept) if checks else []
    except KeyboardInterrupt:
        return ["The convergence checks were interrupted; all draws are in the result."]


def _fitted(trace: Trace, progressbar: bool) -> dict[str, str]:
    """Say which centrings warm-up has chosen, and return it as an attribute of the result."""
    centring = describe_centring(trace.knobs)
    announce(centring, progressbar)
    return {"centring": centring}


def labels_of(spec: ModelSpec, layout: Layout, extra: Mapping[str, Any]) -> Labels:
    """Return what the results need to know of a model, with the user's additional coords and dims."""
    dims = {**spec.dims, **extra.get("dims", {})}
    for free in spec.free:
        if free.name in dims and free.unconstrained_shape == free.variable.shape:
            dims.setdefault(free.value_name, dims[free.name])
    return Labels(
        dims=dims,
        coords={**spec.coords, **extra.get("coords", {})},
        observed_data={o.name: np.asarray(_values(o.value)) for o in spec.observed},
        constant_data=constant_data(spec.data),
        unconstrained=dict(zip(layout.names, layout.shapes, strict=True)),
    )


def _values(variable: Any) -> Any:
    return variable.eval() if variable.data_value is None else variable.data_value


def _recorded(spec: ModelSpec, var_names: Sequence[str] | None, recover: bool) -> tuple[str, ...]:
    known = list(map(name_of, spec.recorded))
    if isinstance(var_names, str):
        var_names = [var_names]
    for name in var_names or ():
        if name not in known:
            raise ModelError(f"sample: var_names has an unknown variable {name!r}{suggest(name, known)}")
    discrete = set() if recover else {s.free.variable for s in spec.summed_out}
    drawn = [name_of(v) for v in spec.recorded if discrete & set(own_nodes([v]))]
    for name in var_names or ():
        if name in drawn:
            raise ModelError(f"sample: var_names has {name!r}, which recover=False leaves out")
    return tuple(name for name in (known if var_names is None else var_names) if name not in drawn)


def _sampler_options(nuts_sampler: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    known = SAMPLER_OPTIONS[nuts_sampler]
    for option in given or {}:
        if option not in known:
            raise ModelError(
                f"sample: the sampler {nuts_sampler!r} does not take {option!r} in nuts_sampler_kwargs"
                f"{suggest(option, known)}; it takes {', '.join(known) or 'nothing'}"
            )
    return dict(given or {})


def _result_options(idata_kwargs: Mapping[str, Any] | None, return_inferencedata: bool) -> dict[str, Any]:
    if not return_inferencedata:
        raise ModelError("sample: return_inferencedata must be True; results are always ArviZ objects")
    for option in idata_kwargs or {}:
        if option not in IDATA_OPTIONS:
            raise ModelError(f"sample: unknown idata_kwargs {option!r}{suggest(option, IDATA_OPTIONS)}")
    return dict(idata_kwargs or {})


def _check_arguments(
    draws: Any, tune: Any, chains: Any, nuts_sampler: str, init: str, unknown: Mapping[str, Any]
) -> None:
    for word in unknown:
        names = list(inspect.signature(sample).parameters)[:-1]
        raise ModelError(
            f"sample: unknown argument {word!r}{suggest(word, names)}; it takes {', '.join(names)}"
        )
    for name, value, least in (("draws", draws, 1), ("tune", tune, 0), ("chains", chains, 1)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
            raise ModelError(f"sample: {name} must be an integer of at least {least}, got {value!r}")
    if nuts_sampler not in SAMPLER_OPTIONS:
        known = ", ".join(map(repr, SAMPLER_OPTIONS))
        raise ModelError(f"sample: nuts_sampler must be one of {known}, got {nuts_sampler!r}")
    if init not in INITS:
        raise ModelError(
            f"sample: init must be one of {', '.join(map(repr, INITS))}, got {init!r}; "
            'a dense metric is nuts_sampler_kwargs={"metric": "dense"}'
        )


def _run_pmjax(request: Request) -> Trace:
    return sample_nuts(
        request.density,
        request.starts,
        chains=request.chains,
        cores=request.cores,
        max_treedepth=request.max_treedepth,
        progressbar=request.progressbar,
        callback=request.callback,
        keep_warmup=request.keep_warmup,
        output_names=request.names,
        window_hook=request.window_hook,
        while_compiling=request.loading.start,
        **request.common,
        **request.options,
    )


def _refuse_warmup(request: Request, sampler: str) -> None:
    if request.keep_warmup:
        raise ModelError(
            f"sample: the sampler {sampler!r} does not record its warm-up; leave discard_tuned_samples=True"
        )


def _run_python(request: Request) -> Trace:
    _refuse_warmup(request, "python")
    return sample_python_nuts(
        request.density,
        request.fixed_starts,
        chains=request.chains,
        max_treedepth=request.max_treedepth,
        output_names=request.names,
        **request.common,
        **request.options,
    )


def _run_numpyro(request: Request) -> Trace:
    options = dict(request.options)
    nuts_kwargs = {"max_tree_depth": request.max_treedepth, **options.pop("nuts_kwargs", {})}
    return sample_numpyro(
        request.density,
        request.fixed_starts,
        progressbar=request.progressbar,
        keep_warmup=request.keep_warmup,
        nuts_kwargs=nuts_kwargs,
        **request.common,
        **options,
    )


def _run_blackjax(request: Request) -> Trace:
    _refuse_warmup(request, "blackjax")
    return sample_blackjax(
        request.density,
        request.fixed_starts,
        max_treedepth=request.max_treedepth,
        **request.common,
        **request.options,
    )


_RUNNERS: dict[str, Callable[[Request], Trace]] = {
    "pmjax": _run_pmjax,
    "python": _run_python,
    "numpyro": _run_numpyro,
    "blackjax": _run_blackjax,
}

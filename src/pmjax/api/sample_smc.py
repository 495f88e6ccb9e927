"""`pm.sample_smc`: particles from the prior to the posterior, and the marginal likelihood on the way."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import jax
import numpy as np

from pmjax.api.arguments import check_count
from pmjax.api.model import modelcontext
from pmjax.api.starts import as_seed
from pmjax.errors import ModelError, SamplingWarning, suggest
from pmjax.inference.smc.kernels import HMC, IMH, MH
from pmjax.inference.smc.sample import Population
from pmjax.inference.smc.sample import sample_smc as run_smc
from pmjax.model.declarations import Declarations
from pmjax.model.minibatch import refuse_batches
from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.convergence import convergence_warnings
from pmjax.results.groups import assemble
from pmjax.results.model_groups import data_groups, drawn_group, labels_of_model
from pmjax.results.recorded_draws import RecordedDraws
from pmjax.results.to_arviz import Labels, dataset, origin
from pmjax.rewrites import pipeline
from pmjax.run.progress import Progress
from pmjax.run.trace import Phase
from pmjax.target.joint import check_samplable, joint_density
from pmjax.target.over_draws import over_draws
from pmjax.target.tempered import tempered_density

KERNELS: dict[str, Any] = {"imh": IMH, "mh": MH, "hmc": HMC}


def sample_smc(
    draws: int = 2000,
    kernel: Any = IMH,
    *,
    model: Declarations | None = None,
    random_seed: Any = None,
    chains: int | None = None,
    cores: int | None = None,
    compute_convergence_checks: bool = True,
    return_inferencedata: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    progressbar: bool = True,
    **kernel_kwargs: Any,
) -> Any:
    """Draw from the posterior by sequential Monte Carlo: for posteriors with several modes.

    Particles begin in the prior and end in the posterior, through densities prior x likelihood^beta whose
    inverse temperature beta grows from 0 to 1. It costs many more evaluations than `sample`, and finds modes
    that NUTS does not leave; the marginal likelihood comes with it.

    Parameters
    ----------
    draws : int
        Particles of each chain.
    kernel : {IMH, MH, HMC}, or their names
        How particles move: independent proposals from a normal distribution fitted to all of them (few
        parameters), a random walk, or Hamiltonian trajectories (many parameters).
    model : Model, optional
        The model around this line by default.
    random_seed : int, optional
    chains : int, optional
        Populations that know nothing of each other; two, or the number of processors, by default. They run
        in one program.
    cores : int, optional
        Only the default of `chains` looks at it.
    compute_convergence_checks : bool
        Warn where the populations disagree.
    return_inferencedata : bool
        Only True: the result is always an ArviZ object.
    idata_kwargs : mapping, optional
        ``coords`` and ``dims`` add to the model's.
    progressbar : bool
    **kernel_kwargs
        Of the kernel: ``threshold`` (0.5), ``correlation_threshold`` (0.01), ``num_steps`` (HMC).

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)
        ``sample_stats`` has ``log_marginal_likelihood`` for each chain, and ``beta`` and ``accept_rate``
        of each stage.

    Raises
    ------
    ModelError
        If the model or an argument is not valid.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     mu = pm.Normal("mu", 0, 1)
    ...     y = pm.Normal("y", mu, 1, observed=1.0)
    ...     idata = pm.sample_smc(500, chains=2, random_seed=1, progressbar=False)
    >>> bool(abs(idata.sample_stats["log_marginal_likelihood"].mean() + 1.5155) < 0.1)
    True
    """
    chosen = _kernel(kernel, kernel_kwargs)
    count = max(2, cores or os.cpu_count() or 2) if chains is None else chains
    for name, value in (("draws", draws), ("chains", count)):
        check_count("sample_smc", name, value)
    if not return_inferencedata:
        raise ModelError("sample_smc: return_inferencedata must be True; results are always ArviZ objects")
    spec = modelcontext(model).freeze()
    refuse_batches(spec, "sample_smc")
    sampled, reports = pipeline.apply(spec, ["marginalise"])
    reasons = {r.variable: r.sentence for r in reports if not r.done}
    check_samplable(sampled, reasons, gradient=isinstance(chosen, HMC))
    progress, seed = Progress(progressbar), as_seed(random_seed)
    population = run_smc(
        tempered_density(sampled),
        chosen,
        draws=int(draws),
        chains=int(count),
        seed=seed,
        threshold=chosen.threshold,
        correlation_threshold=chosen.correlation_threshold,
        tick=progress.phase,
    )
    outputs = _outputs(sampled, population, seed)
    if compute_convergence_checks and count > 1:
        for sentence in convergence_warnings(Phase(population.theta, outputs, {})):
            warnings.warn(sentence, SamplingWarning, stacklevel=2)
    return _result(spec, population, outputs, idata_kwargs, type(chosen).__name__)


def _kernel(kernel: Any, options: Mapping[str, Any]) -> Any:
    kind: Any = KERNELS.get(kernel.lower()) if isinstance(kernel, str) else kernel
    if isinstance(kind, (IMH, MH, HMC)) and not options:
        return kind
    if kind not in KERNELS.values():
        raise ModelError(f"sample_smc: kernel must be one of {', '.join(map(repr, KERNELS))}, got {kernel!r}")
    known = [f.name for f in fields(kind)]
    for option in options:
        if option not in known:
            raise ModelError(
                f"sample_smc: {kind.__name__} does not take {option!r}{suggest(option, known)}; "
                f"it takes {', '.join(known)}"
            )
    for name in ("threshold", "correlation_threshold"):
        if not 0 < options.get(name, 0.5) < 1:
            raise ModelError(f"sample_smc: {name} lies between 0 and 1, got {options[name]!r}")
    return kind(**options)


def _outputs(spec: ModelSpec, population: Population, seed: int) -> dict[str, np.ndarray]:
    density = joint_density(spec, discrete=True)  # which asks for no gradient
    chains, draws, size = population.theta.shape

    def one(key: jax.Array, values: dict[str, jax.Array], data: Any) -> dict[str, jax.Array]:
        arguments, knobs = data
        return density.outputs(values["theta"], arguments, knobs, jax.random.key_data(key))

    theta = {"theta": population.theta.reshape(-1, size)}
    data = (density.data, density.knobs)
    found = over_draws(one, theta, data, draws=chains * draws, seed=seed, what="sample_smc")
    names = map(name_of, spec.recorded)
    return {name: found[name].reshape((chains, draws, *found[name].shape[1:])) for name in names}


def _result(
    spec: ModelSpec,
    population: Population,
    outputs: Mapping[str, np.ndarray],
    extra: Mapping[str, Any] | None,
    kernel: str,
) -> Any:
    labels = labels_of_model(spec, extra)
    chains, draws = population.log_density.shape
    place = RecordedDraws({}, lengths=(chains, draws))
    attributes = {"sampler": "smc", "kernel": kernel, "sampling_time": population.seconds["sample"]}
    flat = {name: values.reshape((-1, *values.shape[2:])) for name, values in outputs.items()}
    stages = max(map(len, population.beta))

    def padded(rows: list[list[float]]) -> np.ndarray:
        return np.array([[*row, *[np.nan] * (stages - len(row))] for row in rows])

    of_chains = {
        "log_marginal_likelihood": population.log_marginal_likelihood,
        "beta": padded(population.beta),
        "accept_rate": padded(population.accept_rate),
    }
    dims: dict[str, tuple[str | None, ...]] = {"beta": ("stage",), "accept_rate": ("stage",)}
    statistics = dataset(of_chains, Labels(dims), {**origin(), **attributes}, sample_dims=("chain",))
    lp = drawn_group({"lp": population.log_density.ravel()}, labels, place, attributes)
    groups = {
        "posterior": drawn_group(flat, labels, place, attributes),
        "sample_stats": statistics.assign(lp.data_vars),
        **data_groups(spec, labels),
    }
    return assemble(groups)

"""PyMC's module of JAX samplers: the same names and arguments, on our density.

Arguments may be given by position, as PyMC's first versions took them: draws, tune, chains, target_accept,
random_seed, model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pmjax.api.sample import sample
from pmjax.api.starts import InitialValues
from pmjax.errors import ModelError
from pmjax.model.declarations import Declarations
from pmjax.target.target import Target

POSTPROCESSING = ("postprocessing_backend", "postprocessing_vectorize", "postprocessing_chunks")
"""Arguments of PyMC that say how its deterministics are computed: ours come with the draws."""


def sample_numpyro_nuts(
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    random_seed: Any = None,
    model: Declarations | Target | None = None,
    *,
    chain_method: str = "parallel",
    **arguments: Any,
) -> Any:
    """Draw from the posterior with NumPyro's NUTS, on the density that pmjax compiles.

    Parameters
    ----------
    draws, tune, chains, target_accept, random_seed, model
        As in `pmjax.sample`.
    chain_method : {"parallel", "vectorized", "sequential"}
        NumPyro's; with fewer devices than chains "parallel" means one chain after the other.
    **arguments
        ``initvals``, ``var_names``, ``progressbar``, ``quiet``, ``idata_kwargs`` and
        ``compute_convergence_checks`` as in `pmjax.sample`; ``jitter=False`` starts without jitter;
        ``keep_untransformed=False`` leaves the transformed variables (``sigma_log__``), which plots may name,
        out of the posterior; ``nuts_kwargs`` are more arguments of ``numpyro.infer.NUTS``.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)
    """
    given = (draws, tune, chains, target_accept, random_seed, model)
    return _sample("numpyro", given, {"chain_method": chain_method}, **arguments)


def sample_blackjax_nuts(
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    random_seed: Any = None,
    model: Declarations | Target | None = None,
    *,
    chain_method: str = "parallel",
    **arguments: Any,
) -> Any:
    """Draw from the posterior with BlackJAX's NUTS, on the density that pmjax compiles.

    Parameters
    ----------
    draws, tune, chains, target_accept, random_seed, model
        As in `pmjax.sample`.
    chain_method : {"parallel", "vectorized", "sequential"}
        "parallel" means one chain after the other.
    **arguments
        As of `sample_numpyro_nuts`; ``nuts_kwargs`` are BlackJAX's.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)
    """
    given = (draws, tune, chains, target_accept, random_seed, model)
    return _sample("blackjax", given, {"chain_method": _in_order(chain_method)}, **arguments)


def sample_tfp_nuts(
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    random_seed: Any = None,
    model: Declarations | Target | None = None,
    *,
    chain_method: str = "parallel",
    **arguments: Any,
) -> Any:
    """Draw from the posterior with the NUTS of TensorFlow Probability, on the density that pmjax compiles.

    Parameters
    ----------
    draws, tune, chains, target_accept, random_seed, model
        As in `pmjax.sample`.
    chain_method : {"parallel", "vectorized", "sequential"}
        "parallel" means one chain after the other.
    **arguments
        As of `sample_numpyro_nuts`; ``nuts_kwargs`` are those of ``tfp.mcmc.NoUTurnSampler``.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)
    """
    given = (draws, tune, chains, target_accept, random_seed, model)
    return _sample("tfp", given, {"chain_method": _in_order(chain_method)}, **arguments)


def sample_pmjax_nuts(
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    random_seed: Any = None,
    model: Declarations | Target | None = None,
    **arguments: Any,
) -> Any:
    """Draw from the posterior with pmjax's own NUTS.

    Parameters
    ----------
    draws, tune, chains, target_accept, random_seed, model
        As in `pmjax.sample`.
    **arguments
        As of `sample_numpyro_nuts`; ``nuts_kwargs`` are those of `NUTS`.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)
    """
    nuts = arguments.pop("nuts_kwargs", None) or {}
    return _sample("pmjax", (draws, tune, chains, target_accept, random_seed, model), nuts, **arguments)


def _in_order(chain_method: str) -> str:
    return "sequential" if chain_method == "parallel" else chain_method


def _sample(
    sampler: str,
    given: tuple[Any, ...],
    options: Mapping[str, Any],
    *,
    initvals: InitialValues = None,
    jitter: bool = True,
    var_names: Sequence[str] | None = None,
    keep_untransformed: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    nuts_kwargs: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    names = ("draws", "tune", "chains", "target_accept", "random_seed", "model")
    if nuts_kwargs is not None:
        options = {**options, "nuts_kwargs": dict(nuts_kwargs)}
    elsewhere = {"nuts_sampler", "sampler", "nuts", "nuts_sampler_kwargs", "init"} & set(more)
    if elsewhere:
        raise ModelError(f"sample_{sampler}_nuts: {', '.join(sorted(elsewhere))} belongs to pmjax.sample")
    return sample(
        **dict(zip(names, given, strict=True)),
        initvals=initvals,
        init="auto" if jitter else "adapt_diag",
        var_names=var_names,
        nuts_sampler=sampler,
        idata_kwargs={"include_transformed": keep_untransformed, **(idata_kwargs or {})},
        nuts_sampler_kwargs=options,
        **{name: value for name, value in more.items() if name not in POSTPROCESSING},
    )

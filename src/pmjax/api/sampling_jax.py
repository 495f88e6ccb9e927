"""PyMC's module of JAX samplers: the same names and arguments, on our density.

The results hold the transformed variables too (``sigma_log__``), so that plots may name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pmjax.api.sample import sample
from pmjax.api.starts import InitialValues
from pmjax.model.declarations import Declarations


def sample_numpyro_nuts(
    draws: int = 1000,
    *,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    random_seed: Any = None,
    initvals: InitialValues = None,
    jitter: bool = True,
    model: Declarations | None = None,
    var_names: Sequence[str] | None = None,
    progressbar: bool = True,
    keep_untransformed: bool = True,
    chain_method: Literal["parallel", "vectorized", "sequential"] = "parallel",
    idata_kwargs: Mapping[str, Any] | None = None,
    compute_convergence_checks: bool = True,
    nuts_kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Draw from the posterior with NumPyro's NUTS, on the density that pmjax compiles.

    Parameters
    ----------
    draws, tune, chains, target_accept, random_seed, initvals, model, var_names, progressbar
        As in `pmjax.sample`.
    jitter : bool
        Whether starts are jittered.
    keep_untransformed : bool
        Whether the posterior also holds the unconstrained variables.
    chain_method : {"parallel", "vectorized", "sequential"}
        NumPyro's; with fewer devices than chains "parallel" means one chain after the other.
    idata_kwargs, compute_convergence_checks
        As in `pmjax.sample`.
    nuts_kwargs : mapping, optional
        More arguments of ``numpyro.infer.NUTS``.

    Returns
    -------
    arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x)
    """
    return _sample(
        "numpyro",
        draws,
        tune=tune,
        chains=chains,
        target_accept=target_accept,
        random_seed=random_seed,
        initvals=initvals,
        jitter=jitter,
        model=model,
        var_names=var_names,
        progressbar=progressbar,
        keep_untransformed=keep_untransformed,
        idata_kwargs=idata_kwargs,
        compute_convergence_checks=compute_convergence_checks,
        options={"chain_method": chain_method, "nuts_kwargs": dict(nuts_kwargs or {})},
    )


def sample_blackjax_nuts(draws: int = 1000, *, tune: int = 1000, **kwargs: Any) -> Any:
    """Draw from the posterior with BlackJAX's NUTS; arguments as in `sample_numpyro_nuts`."""
    return _sample("blackjax", draws, tune=tune, **kwargs)


def sample_pmjax_nuts(draws: int = 1000, *, tune: int = 1000, **kwargs: Any) -> Any:
    """Draw from the posterior with pmjax's own NUTS; arguments as in `sample_numpyro_nuts`."""
    return _sample("pmjax", draws, tune=tune, **kwargs)


def _sample(
    sampler: str,
    draws: int,
    *,
    jitter: bool = True,
    keep_untransformed: bool = True,
    idata_kwargs: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    return sample(
        draws,
        nuts_sampler=sampler,
        init="jitter+adapt_diag" if jitter else "adapt_diag",
        idata_kwargs={"include_transformed": keep_untransformed, **(idata_kwargs or {})},
        nuts_sampler_kwargs=options,
        **kwargs,
    )

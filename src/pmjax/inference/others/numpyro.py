"""NumPyro's NUTS on a density."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from pmjax.inference.others.recorded import record_phases
from pmjax.run.trace import Trace
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import chain_keys
from pmjax.target.density import Density

FIELDS = ("potential_energy", "energy", "num_steps", "accept_prob", "diverging", "adapt_state.step_size")


def sample_numpyro(
    density: Density,
    starts: np.ndarray,
    *,
    draws: int = 1000,
    tune: int = 1000,
    target_accept: float = 0.8,
    seed: int = 0,
    chain_method: str = "parallel",
    progressbar: bool = True,
    nuts_kwargs: Mapping[str, Any] | None = None,
    keep_theta: bool = True,
    keep_warmup: bool = False,
) -> Trace:
    """Draw from a density with ``numpyro.infer.NUTS``, in double precision.

    Parameters
    ----------
    density : Density
    starts : ndarray, shape (chains, D)
        A starting point for each chain.
    draws, tune : int
        Kept draws and warm-up draws of each chain.
    target_accept : float
        Acceptance probability that the step size is tuned to.
    seed : int
        The draws of a chain depend on ``seed`` and on the chain's index alone.
    chain_method : {"parallel", "vectorized", "sequential"}
        As in NumPyro: one chain on each device, all chains in one batch, or one after the other.
        With fewer devices than chains "parallel" means "sequential" on a CPU, where a batch waits
        for its longest tree, and "vectorized" elsewhere.
    progressbar : bool
    nuts_kwargs : mapping, optional
        Further arguments of ``numpyro.infer.NUTS``, such as ``max_tree_depth`` or ``dense_mass``.
    keep_theta, keep_warmup : bool
        Keep the unconstrained draws; keep the warm-up.

    Returns
    -------
    Trace
        With ``seconds["sample"]`` holding compilation too, which NumPyro does on its way.

    Examples
    --------
    >>> normal = Density(1, lambda t, data, knobs: -0.5 * (t @ t), lambda t, data, knobs, key: {"x": t[0]},
    ...                  {}, {}, ("normal",), ("x",))
    >>> trace = sample_numpyro(normal, np.zeros((2, 1)), draws=100, tune=100, progressbar=False)
    >>> trace.posterior.outputs["x"].shape
    (2, 100)
    """
    try:
        from numpyro.infer import MCMC
    except ImportError as error:
        raise ImportError("NumPyro's NUTS needs NumPyro: pip install 'pmjax[numpyro]'.") from error
    began = time.perf_counter()
    starts = np.asarray(starts, np.float64)
    chains = len(starts)
    kwargs: dict[str, Any] = {"max_tree_depth": 10, "target_accept_prob": target_accept}
    kwargs |= nuts_kwargs or {}
    with own_settings():
        data, knobs = jax.device_put(density.data), jax.device_put(density.knobs)
        mcmc = MCMC(
            _kernel(lambda theta: -density.log_density(theta, data, knobs), tune, kwargs),
            num_warmup=0,
            num_samples=tune + draws,
            num_chains=chains,
            chain_method=_available(chain_method, chains),
            progress_bar=progressbar,
        )
        keys = jax.random.wrap_key_data(jax.numpy.asarray(chain_keys(seed, "numpyro", chains)))
        one = chains == 1
        mcmc.run(keys[0] if one else keys, init_params=starts[0] if one else starts, extra_fields=FIELDS)
        theta = np.asarray(mcmc.get_samples(group_by_chain=True))
        fields = {k: np.asarray(v) for k, v in mcmc.get_extra_fields(group_by_chain=True).items()}
        sampled = time.perf_counter()
        stats = _statistics(fields, _depth_limit(kwargs["max_tree_depth"], tune, draws))
        posterior, warmup = record_phases(
            density, theta, stats, tune, seed, keep_theta=keep_theta, keep_warmup=keep_warmup
        )
    return Trace(
        posterior,
        warmup,
        seconds={"sample": sampled - began, "outputs": time.perf_counter() - sampled},
        gradients=int(stats["n_steps"].sum()),
        attributes={
            "sampler": "numpyro",
            "seed": seed,
            "tuning_steps": tune,
            "target_accept": target_accept,
        },
    )


def _kernel(potential: Callable[[jax.Array], jax.Array], tune: int, kwargs: Mapping[str, Any]) -> Any:
    from numpyro.infer import NUTS

    class RecordedWarmup(NUTS):
        """NUTS that adapts for ``tune`` steps which `MCMC` takes for draws.

        So warm-up and draws come out of one compiled loop, and the gradients of both are known.
        """

        def init(self, rng_key: Any, num_warmup: int, *args: Any, **kwargs: Any) -> Any:
            return super().init(rng_key, tune, *args, **kwargs)

    return RecordedWarmup(potential_fn=potential, **kwargs)


def _available(chain_method: str, chains: int) -> str:
    if chain_method == "parallel" and jax.local_device_count() < chains:
        return "sequential" if jax.default_backend() == "cpu" else "vectorized"
    return chain_method


def _depth_limit(max_tree_depth: int | tuple[int, int], tune: int, draws: int) -> np.ndarray:
    """Return the largest depth of a tree at each step; NumPyro takes one number or (tuning, drawing)."""
    return np.repeat(np.broadcast_to(max_tree_depth, 2), (tune, draws))


def _statistics(fields: Mapping[str, np.ndarray], depth_limit: np.ndarray) -> dict[str, np.ndarray]:
    """Return NumPyro's fields by PyMC's names; a tree of depth d has 2**(d - 1) to 2**d - 1 steps."""
    n_steps = fields["num_steps"]
    depth = np.frexp(n_steps)[1]
    return {
        "lp": -fields["potential_energy"],
        "acceptance_rate": fields["accept_prob"],
        "diverging": fields["diverging"],
        "energy": fields["energy"],
        "tree_depth": depth,
        "n_steps": n_steps,
        "step_size": fields["adapt_state.step_size"],
        "reached_max_treedepth": n_steps == 2**depth_limit - 1,
    }

"""NumPyro's NUTS on a density."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.inference.others.common import attributes, check_options, options_of
from pmjax.inference.others.recorded import record
from pmjax.run.plan import Plan, Run
from pmjax.run.trace import Trace
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import chain_keys
from pmjax.target.target import Target

CHAIN_METHODS = ("parallel", "vectorized", "sequential")
FIELDS = ("potential_energy", "energy", "num_steps", "accept_prob", "diverging", "adapt_state.step_size")


@dataclass(frozen=True)
class NumPyroNUTS:
    """NumPyro's NUTS, in double precision.

    Parameters
    ----------
    target_accept : float
        Acceptance probability that the step size is tuned to, in (0, 1).
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    chain_method : {"parallel", "vectorized", "sequential"}
        As in NumPyro: one chain on each device, all chains in one batch, or one after the other.
        With fewer devices than chains "parallel" means "sequential" on a CPU, where a batch waits
        for its longest tree, and "vectorized" elsewhere.
    nuts_kwargs : mapping, optional
        More arguments of ``numpyro.infer.NUTS``, such as ``dense_mass``.
    """

    target_accept: float = 0.8
    max_treedepth: int = 10
    chain_method: str = "parallel"
    nuts_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target; NumPyro compiles on its way, within ``seconds["sample"]``."""
        try:
            from numpyro.infer import MCMC, NUTS
        except ImportError as error:
            raise ImportError("NumPyro's NUTS needs NumPyro: pip install 'pmjax[numpyro]'.") from error
        if self.chain_method not in CHAIN_METHODS:
            known = ", ".join(map(repr, CHAIN_METHODS))
            raise ModelError(f"NumPyroNUTS: chain_method must be one of {known}, not {self.chain_method!r}")
        check_options("nuts_kwargs of NumPyro", self.nuts_kwargs, options_of(NUTS, "model", "potential_fn"))
        run.while_compiling()
        began, density = time.perf_counter(), target.density
        kwargs: dict[str, Any] = {
            "max_tree_depth": self.max_treedepth,
            "target_accept_prob": self.target_accept,
            **self.nuts_kwargs,
        }
        with own_settings():
            starts = np.asarray(plan.first_starts, np.float64)
            data, knobs = jax.device_put(density.data), jax.device_put(density.knobs)
            mcmc = MCMC(
                _kernel(lambda theta: -density.log_density(theta, data, knobs), plan.tune, kwargs),
                num_warmup=0,
                num_samples=plan.tune + plan.draws,
                num_chains=plan.chains,
                chain_method=_available(self.chain_method, plan.chains),
                progress_bar=run.progressbar,
            )
            keys = jax.random.wrap_key_data(jnp.asarray(chain_keys(plan.seed, "numpyro", plan.chains)))
            one = plan.chains == 1
            mcmc.run(keys[0] if one else keys, init_params=starts[0] if one else starts, extra_fields=FIELDS)
            theta = np.asarray(mcmc.get_samples(group_by_chain=True))
            fields = {k: np.asarray(v) for k, v in mcmc.get_extra_fields(group_by_chain=True).items()}
        sampled = time.perf_counter()
        stats = _statistics(fields, _depth_limit(kwargs["max_tree_depth"], plan.tune, plan.draws))
        posterior, warmup = record(density, theta, stats, plan)
        return Trace(
            posterior,
            warmup,
            seconds={"sample": sampled - began, "outputs": time.perf_counter() - sampled},
            gradients=int(stats["n_steps"].sum()),
            attributes=attributes("numpyro", plan, {"target_accept": self.target_accept}),
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

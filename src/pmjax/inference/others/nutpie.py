"""nutpie's NUTS, written in Rust, on our compiled density."""

from __future__ import annotations

import contextlib
import inspect
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from pmjax.errors import ModelError
from pmjax.inference.others.common import attributes, waited
from pmjax.inference.others.recorded import record
from pmjax.run.plan import Plan, Run
from pmjax.run.progress import Progress
from pmjax.run.trace import Trace
from pmjax.runtime.programs import program
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import stream
from pmjax.target.density import Density
from pmjax.target.target import Target

POLL_SECONDS = 0.05
ADAPTATIONS = ("diag", "draw_diag", "low_rank")
OLD_ADAPTATIONS = {
    "draw_diag": {"use_grad_based_mass_matrix": False},
    "low_rank": {"low_rank_modified_mass_matrix": True},
}
"""The adaptations in the words of nutpie's versions before 0.16.9."""
STATS = {
    "logp": "lp",
    "mean_tree_accept": "acceptance_rate",
    "diverging": "diverging",
    "energy": "energy",
    "energy_error": "energy_error",
    "n_steps": "n_steps",
    "step_size": "step_size",
    "maxdepth_reached": "reached_max_treedepth",
    "index_in_trajectory": "index_in_trajectory",
}
"""nutpie's names of the statistics that we have too, and ours."""

Chain = tuple[np.ndarray, dict[str, np.ndarray]]


@dataclass(frozen=True)
class NutpieNUTS:
    """nutpie's no-U-turn sampler, through its interface for functions, in double precision.

    Parameters
    ----------
    target_accept : float
        Acceptance rate that the step size is tuned to, in (0, 1).
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    adaptation : {"diag", "draw_diag", "low_rank"}
        How the metric is estimated.
    nuts_kwargs : mapping, optional
        More settings of ``nutpie.sample``, such as ``early_window_switch_freq``.
    """

    target_accept: float = 0.8
    max_treedepth: int = 10
    adaptation: str = "diag"
    nuts_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target; a chain's depend on the seed and the chain's index alone."""
        try:
            import nutpie
        except ImportError as error:
            raise ImportError("nutpie's NUTS needs nutpie: pip install 'pmjax[nutpie]'.") from error
        if self.adaptation not in ADAPTATIONS:
            known = ", ".join(map(repr, ADAPTATIONS))
            raise ModelError(f"NutpieNUTS: adaptation must be one of {known}, not {self.adaptation!r}")
        began, density = time.perf_counter(), target.density
        progress = Progress(run.progressbar)
        run.while_compiling()
        compiled = waited(lambda: _value_and_grad(density), progress, "Compiling the model")
        ready = time.perf_counter()
        chains = self._chains(nutpie, density, compiled, plan, run, progress)
        sampled = time.perf_counter()
        theta = np.stack([points for points, _ in chains])
        stats = {name: np.stack([own[name] for _, own in chains]) for name in chains[0][1]}
        posterior, warmup = record(density, theta, stats, plan)
        return Trace(
            posterior,
            warmup,
            seconds={
                "compile": ready - began,
                "sample": sampled - ready,
                "outputs": time.perf_counter() - sampled,
            },
            gradients=int(stats["n_steps"].sum()),
            attributes=attributes("nutpie", plan, {"target_accept": self.target_accept}),
        )

    def _chains(
        self,
        nutpie: Any,
        density: Density,
        compiled: Callable[..., Any],
        plan: Plan,
        run: Run,
        progress: Progress,
    ) -> list[Chain]:
        """Run the chains, so many at a time as there are cores."""
        together = min(plan.chains, run.cores or os.cpu_count() or 1)
        waiting = list(range(plan.chains))
        running: dict[int, Any] = {}
        done: dict[int, Chain] = {}
        try:
            while waiting or running:
                while waiting and len(running) < together:
                    chain = waiting.pop(0)
                    running[chain] = self._begin(nutpie, density, compiled, plan, chain)
                for chain, sampler in list(running.items()):
                    with contextlib.suppress(TimeoutError):
                        done[chain] = _arrays(sampler.wait(timeout=POLL_SECONDS))
                        del running[chain]
                progress.phase(f"nutpie samples: {len(done)} of {plan.chains} chains are ready")
        except BaseException:
            for sampler in running.values():
                sampler.cancel()
            raise
        return [done[chain] for chain in range(plan.chains)]

    def _begin(
        self, nutpie: Any, density: Density, compiled: Callable[..., Any], plan: Plan, chain: int
    ) -> Any:
        from nutpie.compiled_pyfunc import from_pyfunc

        def make_log_density() -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
            def log_density(theta: np.ndarray) -> tuple[float, np.ndarray]:
                with own_settings():
                    value, gradient = compiled(theta, density.data, density.knobs)
                return float(value), np.array(gradient)

            return log_density

        start = np.asarray(plan.starts(chain, 0), float)
        model = from_pyfunc(
            density.size,
            make_log_density,
            lambda *seeds: lambda theta: {"theta": theta},
            [np.dtype(float)],
            [(density.size,)],
            ["theta"],
            make_initial_point_fn=lambda seed: start,
        )
        options = {"target_accept": self.target_accept, "maxdepth": self.max_treedepth, **self.nuts_kwargs}
        if "adaptation" in inspect.signature(nutpie.sample).parameters:
            options["adaptation"] = self.adaptation
        elif self.adaptation != "diag":
            options |= OLD_ADAPTATIONS[self.adaptation]
        asked = {"draws": plan.draws, "tune": plan.tune, "chains": 1, "cores": 1}
        seed = int(stream(plan.seed, "nutpie", chain).generate_state(1)[0])
        try:
            return nutpie.sample(model, seed=seed, progress_bar=False, blocking=False, **asked, **options)
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelError(f"sample: nutpie {nutpie.__version__} refuses an option: {error}") from error


def _value_and_grad(density: Density) -> Callable[..., Any]:
    with own_settings():
        arguments = (jax.ShapeDtypeStruct((density.size,), np.float64), density.data, density.knobs)
        function = jax.value_and_grad(density.log_density)
        return program("value_and_grad", function, arguments, (0, 0), density.structure)


def _arrays(result: Any) -> Chain:
    """Return points and statistics of one chain, its warm-up first."""
    parts = [
        (result[f"{prefix}posterior"], result[f"{prefix}sample_stats"])
        for prefix in ("warmup_", "")
        if hasattr(result, f"{prefix}posterior")
    ]
    theta = np.concatenate([np.asarray(points["theta"])[0] for points, _ in parts])
    stats = {
        ours: np.concatenate([np.asarray(own[theirs])[0] for _, own in parts])
        for theirs, ours in STATS.items()
        if theirs in parts[-1][1]
    }
    # nutpie does not count a last doubling that turned: a tree of depth d has 2**(d - 1) to 2**d - 1 steps.
    stats["tree_depth"] = np.frexp(stats["n_steps"].astype(float))[1]
    return theta, stats

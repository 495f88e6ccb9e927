"""Our NUTS as a value: its options, and what it makes of a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pmjax.errors import ModelError
from pmjax.inference.nuts.many import run_all
from pmjax.inference.nuts.metric import METRICS
from pmjax.inference.nuts.sample import CHAIN_METHODS, PRECISIONS, prepare, sample_nuts
from pmjax.run.plan import Plan, Run
from pmjax.run.progress import Progress
from pmjax.run.trace import Trace
from pmjax.target.target import Target


@dataclass(frozen=True)
class NUTS:
    """The no-U-turn sampler, compiled with the density into one program.

    Parameters
    ----------
    target_accept : float
        Acceptance statistic that the step size is tuned to, in (0, 1).
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    metric : {"diag", "low_rank", "dense"}
        What the covariance of the posterior is approximated by.
    chain_method : {"parallel", "sequential", "vectorized"}, optional
        Chains in threads (the default on a CPU), one after the other, or in one batch (on an accelerator).
    precision : {"float64", "float32"}

    Examples
    --------
    >>> NUTS(target_accept=0.9).metric
    'diag'
    """

    target_accept: float = 0.8
    max_treedepth: int = 10
    metric: str = "diag"
    chain_method: str | None = None
    precision: str = "float64"

    def __post_init__(self) -> None:
        known = {"metric": METRICS, "chain_method": (None, *CHAIN_METHODS), "precision": tuple(PRECISIONS)}
        for option, values in known.items():
            if (value := getattr(self, option)) not in values:
                words = ", ".join(repr(word) for word in values if word is not None)
                raise ModelError(f"NUTS: {option} must be one of {words}, got {value!r}")

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target."""
        return sample_nuts(
            target.density,
            cores=run.cores,
            progressbar=run.progressbar,
            callback=run.callback,
            resume=run.resume,
            **self._arguments(target, plan, run),
        )

    def sample_many(
        self, targets: Sequence[Target], plans: Sequence[Plan], run: Run
    ) -> list[Trace | Exception]:
        """Return draws of many targets, or what has kept a target from having any, as `run_all` does."""
        progress = Progress(run.progressbar)
        prepared = [
            prepare(target.density, progress=progress, **self._arguments(target, plan, run))
            for target, plan in zip(targets, plans, strict=True)
        ]
        return run_all(prepared, run.cores, run.progressbar)

    def _arguments(self, target: Target, plan: Plan, run: Run) -> dict[str, Any]:
        return {
            "starts": plan.starts,
            "draws": plan.draws,
            "tune": plan.tune,
            "chains": plan.chains,
            "seed": plan.seed,
            "target_accept": self.target_accept,
            "max_treedepth": self.max_treedepth,
            "metric": self.metric,
            "chain_method": self.chain_method,
            "precision": self.precision,
            "keep_theta": plan.keep_theta,
            "keep_warmup": plan.keep_warmup,
            "output_names": plan.names,
            "window_hook": target.listener(),
            "while_compiling": run.while_compiling,
            "attempts": plan.attempts,
            "own_store": run.store,
            "warm": plan.warm,
        }

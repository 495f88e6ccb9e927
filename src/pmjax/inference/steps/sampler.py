"""Steps that take turns, as a sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmjax.inference.steps.sample import sample_steps
from pmjax.inference.steps.step import Step
from pmjax.run.plan import Plan, Run
from pmjax.run.trace import Trace
from pmjax.target.target import Target


@dataclass(frozen=True, eq=False)
class CompoundStep:
    """Several steps, one after the other in each draw.

    Attributes
    ----------
    steps : sequence of Step
    discrete : ndarray of bool, shape (D,)
        Which coordinates hold whole numbers.
    target_accept : float
        That of NUTS, if it is one of them.
    """

    steps: Sequence[Step]
    discrete: np.ndarray
    target_accept: float = 0.8

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target."""

        def starts(chain: int, attempt: int) -> np.ndarray:
            theta = plan.starts(chain, attempt)
            return np.where(self.discrete, np.round(theta), theta)

        run.while_compiling()
        return sample_steps(
            target.density,
            self.steps,
            starts,
            draws=plan.draws,
            tune=plan.tune,
            chains=plan.chains,
            seed=plan.seed,
            attempts=plan.attempts,
            cores=run.cores,
            progressbar=run.progressbar,
            callback=run.callback,
            keep_warmup=plan.keep_warmup,
            output_names=plan.names,
        )

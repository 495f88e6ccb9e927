"""What a run should make its user doubt; no failure of it loses a draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pmjax.results.convergence import convergence_warnings, metric_advice
from pmjax.run.trace import Trace
from pmjax.runtime.background import Background


@dataclass(frozen=True)
class Doubts:
    """What the checks of a run say.

    Attributes
    ----------
    sentences : list of str
        One for each sign that the draws do not represent the posterior.
    advice : str
        What would make it faster; empty if nothing is known.
    """

    sentences: list[str]
    advice: str = ""


def doubts(
    trace: Trace, target_accept: float, free: Sequence[str], loading: Background, checks: bool
) -> Doubts:
    """Return what the draws do not show; an interrupt or a failure ends the checks, and the draws are kept.

    Parameters
    ----------
    trace : Trace
    target_accept : float
    free : sequence of str
        Names of the variables that are sampled.
    loading : Background
        The imports that checks need.
    checks : bool
        Whether to look at the draws at all.
    """
    try:
        loading.wait()
        if not checks:
            return Doubts([])
        return Doubts(convergence_warnings(trace.posterior, target_accept), metric_advice(trace, free))
    except KeyboardInterrupt:
        return Doubts(["The convergence checks were interrupted; all draws are in the result."])
    except Exception as error:
        return Doubts(
            [
                f"The convergence checks failed ({type(error).__name__}: {error}); all draws are in the "
                "result, and compute_convergence_checks=False leaves the checks out."
            ]
        )

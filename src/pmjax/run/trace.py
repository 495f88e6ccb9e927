"""What every sampler returns: arrays by chain and draw, before they get names and dims."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pmjax.run.warm import WarmStart


@dataclass
class Phase:
    """The draws of one phase (warm-up or sampling) of all chains.

    Attributes
    ----------
    theta : ndarray, shape (chains, draws, D)
        Unconstrained draws; ``D = 0`` columns if they were not kept.
    outputs : dict of str to ndarray, shape (chains, draws, *event shape)
        Draws on the user's scale.
    stats : dict of str to ndarray, shape (chains, draws)
        Sampler statistics by PyMC's names: ``lp``, ``acceptance_rate``, ``diverging``,
        ``energy``, ``energy_error``, ``tree_depth``, ``n_steps``, ``step_size``,
        ``reached_max_treedepth``, ``index_in_trajectory``.
    """

    theta: np.ndarray
    outputs: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]


@dataclass
class Trace:
    """The result of a run.

    Attributes
    ----------
    posterior, warmup : Phase
        Kept draws; warm-up draws, or None if they were not asked for.
    seconds : dict of str to float
        Wall-clock time by part, e.g. ``{"compile": 1.2, "sample": 2.0}``.
    gradients : int
        Gradient evaluations of all chains, warm-up included.
    attributes : dict
        What else should be recorded with the result (sampler, settings, adapted step sizes).
    warnings : list of str
        One sentence for each thing the user should know (an interrupt, say).
    knobs : list of dict of str to ndarray
        The knobs of the density that each chain's warm-up has ended with, if the sampler fits them.
    ends : list of WarmStart
        Where each chain has ended, if another run can go on from there.
    metric : str
        The kind of the metric of ``ends``.
    """

    posterior: Phase
    warmup: Phase | None
    seconds: dict[str, float]
    gradients: int
    attributes: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    knobs: list[dict[str, np.ndarray]] = field(default_factory=list)
    ends: list[WarmStart] = field(default_factory=list)
    metric: str = ""

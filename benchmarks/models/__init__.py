"""The models of the benchmarks, each written once, in PyMC's language.

A model is a function of the module it is built with: ``radon(pm)`` gives pmjax's model for
``import pmjax as pm`` and PyMC's for ``import pymc as pm``. Nothing else differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

from models import hierarchical, regressions, synthetic

Build = Callable[[ModuleType], Any]


@dataclass(frozen=True)
class Benchmark:
    """A model and the settings that every sampler runs it with.

    Attributes
    ----------
    build : callable
        ``build(pm) -> model``.
    draws, tune : int
        Kept draws and warm-up draws of each chain.
    target_accept : float
    data : str, optional
        The file under ``shared/posteriordb`` that it needs.
    """

    build: Build
    draws: int = 1000
    tune: int = 1000
    target_accept: float = 0.8
    data: str | None = None


BENCHMARKS: dict[str, Benchmark] = {
    "radon": Benchmark(hierarchical.radon, draws=2000, tune=2000, target_accept=0.9),
    "eight_schools": Benchmark(hierarchical.eight_schools, target_accept=0.9, data="eight_schools"),
    "wells": Benchmark(regressions.wells, data="wells_data"),
    "kidscore_interaction": Benchmark(regressions.kidscore_interaction, data="kidiq"),
    "irt_2pl": Benchmark(hierarchical.irt_2pl, data="irt_2pl"),
    "election88": Benchmark(hierarchical.election88, data="election88"),
    "diamonds": Benchmark(regressions.diamonds, data="diamonds"),
    "gaussian_100": Benchmark(partial(synthetic.gaussian, size=100, correlation=0.95)),
    "gaussian_1000": Benchmark(partial(synthetic.gaussian, size=1000, correlation=0.8), draws=500, tune=500),
    "gp_regression": Benchmark(regressions.gp_regression, data="gp_pois_regr"),
    "funnel": Benchmark(synthetic.funnel, target_accept=0.9),
}

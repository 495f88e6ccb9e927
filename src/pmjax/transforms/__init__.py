"""Maps between supports and unconstrained vectors, with PyMC's names for those that users give.

>>> import pmjax as pm
>>> with pm.Model() as model:
...     cutpoints = pm.Normal("cutpoints", 0, 2, shape=3, transform=pm.distributions.transforms.ordered)
>>> list(model.initial_point())
['cutpoints_ordered__']
"""

import warnings
from typing import Any

from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import Circular, Log, LogExpM1, LogOdds, Simplex
from pmjax.transforms.chain import Chain
from pmjax.transforms.matrices import CholeskyCorrTransform, CholeskyCovPacked, CholeskyCovTransform
from pmjax.transforms.own import Interval, Transform
from pmjax.transforms.vectors import Ordered, SumTo1, ZeroSumTransform

log = Log()
logodds = LogOdds()
log_exp_m1 = LogExpM1()
ordered = Ordered()
simplex = Simplex()
circular = Circular()

ChainedTransform = Chain
CircularTransform = Circular
LogOddsTransform = LogOdds
LogTransform = Log
SimplexTransform = Simplex

_OLD: dict[str, tuple[Bijector, str]] = {
    "sum_to_1": (SumTo1(), "simplex"),
    "univariate_sum_to_1": (SumTo1(), "simplex"),
    "multivariate_sum_to_1": (SumTo1(), "simplex"),
    "univariate_ordered": (ordered, "ordered"),
    "multivariate_ordered": (ordered, "ordered"),
}


def __getattr__(name: str) -> Any:
    if name not in _OLD:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    bijector, successor = _OLD[name]
    warnings.warn(f"The transform {name} is deprecated; use {successor}", FutureWarning, stacklevel=2)
    return bijector


__all__ = [
    "Chain",
    "CholeskyCorrTransform",
    "CholeskyCovPacked",
    "CholeskyCovTransform",
    "Interval",
    "LogExpM1",
    "Ordered",
    "SumTo1",
    "Transform",
    "ZeroSumTransform",
    "circular",
    "log",
    "log_exp_m1",
    "logodds",
    "ordered",
    "simplex",
]

"""``pm.gp``: Gaussian processes."""

from __future__ import annotations

import sys

from pmjax.gp import cov, mean, util
from pmjax.gp import hsgp as hsgp_approx
from pmjax.gp.hsgp import HSGP, HSGPPeriodic
from pmjax.gp.kronecker import LatentKron, MarginalKron
from pmjax.gp.latent import TP, Latent
from pmjax.gp.marginal import Marginal, MarginalApprox

# PyMC's name of the module.
sys.modules[f"{__name__}.hsgp_approx"] = hsgp_approx

__all__ = [
    "HSGP",
    "TP",
    "HSGPPeriodic",
    "Latent",
    "LatentKron",
    "Marginal",
    "MarginalApprox",
    "MarginalKron",
    "cov",
    "hsgp_approx",
    "mean",
    "util",
]

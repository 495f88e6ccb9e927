"""PyMC's module of variational inference."""

from pmjax.api import callbacks
from pmjax.api.approximation import Approximation
from pmjax.api.fit import ADVI, FullRankADVI, fit

__all__ = ["ADVI", "Approximation", "FullRankADVI", "callbacks", "fit"]

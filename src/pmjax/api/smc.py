"""PyMC's module of sequential Monte Carlo."""

from pmjax.api.sample_smc import sample_smc
from pmjax.inference.smc import kernels
from pmjax.inference.smc.kernels import HMC, IMH, MH

__all__ = ["HMC", "IMH", "MH", "kernels", "sample_smc"]

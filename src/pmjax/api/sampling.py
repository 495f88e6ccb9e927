"""PyMC's module of samplers: ``pm.sampling.sample``, ``pm.sampling.jax``."""

from pmjax.api import sampling_jax as jax
from pmjax.api.draw import draw
from pmjax.api.sample import sample

__all__ = ["draw", "jax", "sample"]

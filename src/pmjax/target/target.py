"""What can be sampled: a density, where chains start, and what its variables are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmjax.model.spec import ModelSpec
from pmjax.target.density import Density
from pmjax.target.labels import Labels

Start = Callable[[Mapping[str, Any], int, int], np.ndarray]
"""``start(initvals, seed, chain) -> theta``, shape (D,): where a chain starts, before any jitter."""


def no_listener() -> None:
    """Return the listener of a target whose coordinates stay as they are: none."""


@dataclass(frozen=True, eq=False)
class Target:
    """A density that a sampler can sample, and all that samplers and results need to know of it.

    A model is one (`model_target`); so is any log density that JAX can trace.

    Attributes
    ----------
    density : Density
    start : callable
        ``start(initvals, seed, chain) -> theta``: where a chain starts, before any jitter. Starting values
        are given by the user's names.
    names : tuple of str
        The outputs of the density, in the order in which they are recorded.
    free : tuple of str
        Those of them that are sampled, and not computed from others.
    drawn_after : frozenset of str
        Those that are drawn, given all that is sampled, for each draw anew.
    labels : Labels
        Dims, coordinates and data, and the pieces of the unconstrained vector.
    explain : callable
        ``explain(theta) -> sentence``: which part of the density is not finite at a point, and why.
    listener : callable
        Returns what refits the coordinates at the end of each warm-up window (see `WindowHook`), or None.
    notes : str
        What was done to the model before it is sampled; recorded with the result.
    spec : ModelSpec or None
        The model as it was declared, whose terms (log likelihood, log prior) can be computed for each draw.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> normal = Density(1, lambda theta, data, knobs: -0.5 * jnp.sum(theta**2),
    ...                  lambda theta, data, knobs, key: {"x": theta[0]}, {}, {}, None, ("x",))
    >>> target = Target(normal, lambda initvals, seed, chain: np.zeros(1), names=("x",), free=("x",))
    >>> target.density.size
    1
    """

    density: Density
    start: Start
    names: tuple[str, ...]
    free: tuple[str, ...] = ()
    drawn_after: frozenset[str] = frozenset()
    labels: Labels = field(default_factory=Labels)
    explain: Callable[[np.ndarray], str] = lambda theta: "the log density or its gradient is not finite there"
    listener: Callable[[], Any] = no_listener
    notes: str = ""
    spec: ModelSpec | None = None

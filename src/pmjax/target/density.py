"""The contract between a model and a sampler: one function of a flat unconstrained vector."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from pmjax.runtime.types import Array, Data, Key, Knobs


@dataclass(frozen=True, eq=False)
class Density:
    """A log density over a flat unconstrained vector, with everything a sampler may ask about it.

    The functions are pure and traceable by JAX. Data and knobs are arguments, never captured
    constants: new values of the same shapes need no new program.

    Attributes
    ----------
    size : int
        Length D of the unconstrained vector ``theta``.
    log_density : callable
        ``log_density(theta, data, knobs) -> scalar``: the unnormalised log density of the
        unconstrained vector, change-of-variables terms included.
    outputs : callable
        ``outputs(theta, data, knobs, key) -> dict[str, Array]``: what is recorded of one draw, on the
        user's scale (free variables, deterministics). `key` (uint32, shape (2,)) belongs to the draw alone;
        variables that were summed out of the density are drawn with it.
    data : pytree of numpy arrays
        The data arguments (observed values, covariates, index arrays).
    knobs : pytree of numpy arrays
        Arguments that adaptation may change between draws without changing the posterior
        (the centring of each recentred variable); an empty dict if there are none.
    structure : hashable
        Two densities with equal ``structure`` and equal shapes and dtypes of ``data`` and ``knobs``
        trace to the same program; it is the key of the compilation cache. It holds only values
        whose ``repr`` is the same in every process, or ``None`` stands in its place and the
        program must be keyed by its traced text.
    coordinate_names : tuple of str
        One label for each coordinate of ``theta`` (``"a[3]"``, ``"sigma_a_log__"``), for messages.
    declared : callable, optional
        ``declared(theta, data, knobs) -> (point, rise)``: the point, shape (D,), in the coordinates that the
        user declared, and what the log density grows by there; None if they are those of ``theta``.
    output_bytes : int
        Bytes of the largest array on the way to the outputs of one draw, if that is larger than they are.
    """

    size: int
    log_density: Callable[[Array, Data, Knobs], Array]
    outputs: Callable[[Array, Data, Knobs, Key], dict[str, Array]]
    data: Data
    knobs: Knobs
    structure: Hashable | None
    coordinate_names: tuple[str, ...]
    declared: Callable[[Array, Data, Knobs], tuple[Array, Array]] | None = None
    output_bytes: int = 0

"""From the user's seed and starting values to a start for each chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError, SamplingError
from pmjax.run.starts import ATTEMPTS, StartError, Starts
from pmjax.runtime.streams import stream
from pmjax.target.target import Start, Target

JITTER, SHRINK = 1.0, 0.8
"""Half the width of a first start's jitter, and by what it shrinks from attempt to attempt."""

InitialValues = Mapping[str, Any] | Sequence[Mapping[str, Any] | None] | None

NONE: Mapping[str, Any] = {}


def as_seed(random_seed: Any) -> int:
    """Return a seed of 32 bits from None, an integer, a sequence of integers or a NumPy generator."""
    if random_seed is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_seed, np.random.Generator):
        return int(random_seed.integers(2**32))
    if isinstance(random_seed, np.random.RandomState):
        return int(random_seed.randint(2**32, dtype=np.uint64))
    try:
        if isinstance(random_seed, (int, np.integer)) and 0 <= random_seed < 2**31:
            return int(random_seed)
        return int(np.random.SeedSequence(random_seed).generate_state(1)[0])
    except (TypeError, ValueError):
        raise ModelError(
            f"random_seed must be None, a non-negative integer or a NumPy generator, got {random_seed!r}"
        ) from None


def chain_starts(
    start: Start,
    seed: int,
    initvals: InitialValues,
    *,
    jitter: bool,
    chains: int | None = None,
    attempts: int = ATTEMPTS,
) -> Starts:
    """Return ``starts(chain, attempt) -> theta``: where a chain starts plus a uniform jitter.

    The first attempt's lies in (-1, 1); later ones shrink, and the last attempt has none: what overflows
    anywhere but near the values that the user gave starts there.

    Parameters
    ----------
    start : callable
        Where chains start before any jitter, as of `Target`.
    seed : int
    initvals : mapping, or a sequence of one mapping for each chain, optional
        Starting values by the user's names, instead of those in the model.
    jitter : bool
    chains : int, optional
        How many there are, if that is known.
    attempts : int
        The last one has no jitter.

    Raises
    ------
    ModelError
        If `initvals` does not fit the chains or the model.
    """
    several = list(initvals) if isinstance(initvals, (list, tuple)) else None
    if several is not None and chains is not None and len(several) != chains:
        raise ModelError(
            f"sample: initvals must have one mapping for each of the {chains} chains, got "
            f"{len(several)}; give one mapping for all of them, or as many as there are chains"
        )

    def own(chain: int) -> Any:
        values = initvals if several is None else several[chain]
        return NONE if values is None else values

    for chain in range(1 if several is None else len(several)):
        if own(chain) is not NONE:
            start(own(chain), seed, chain)

    def starts(chain: int, attempt: int) -> np.ndarray:
        center = start(own(chain), seed, chain)
        if not jitter or attempt >= attempts - 1 > 0:
            return center
        rng = np.random.default_rng(stream(seed, "jitter", chain, attempt))
        width = JITTER * SHRINK**attempt
        return center + rng.uniform(-width, width, center.size)

    return starts


def explain_failed_start(target: Target, error: StartError) -> SamplingError:
    """Return the error that names the variable to blame for a start that is not finite."""
    return SamplingError(
        f"chain {error.chain} found no start with a finite log density, with less and less jitter around "
        f"the starting values: {target.explain(error.theta)}; mend the model, scale large predictors, or "
        "give other starting values with initval= (model.debug() shows every term)"
    )

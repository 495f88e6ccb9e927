"""From the user's seed and starting values to a start for each chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pmjax.errors import ModelError, SamplingError, suggest
from pmjax.model.spec import ModelSpec
from pmjax.run.starts import StartError
from pmjax.runtime.streams import stream
from pmjax.target import debug, start
from pmjax.target.layout import Layout

JITTER = 1.0

InitialValues = Mapping[str, Any] | Sequence[Mapping[str, Any] | None] | None


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
    spec: ModelSpec, seed: int, initvals: InitialValues, *, jitter: bool
) -> Callable[[int, int], np.ndarray]:
    """Return ``starts(chain, attempt) -> theta``: the initial point plus a uniform jitter in (-1, 1).

    Parameters
    ----------
    spec : ModelSpec
    seed : int
    initvals : mapping, or a sequence of one mapping for each chain, optional
        Starting values by the user's names, instead of those in the model.
    jitter : bool
    """
    layout = Layout.of(spec)
    shared = not isinstance(initvals, (list, tuple))
    points: dict[int, np.ndarray] = {}

    def center(chain: int) -> np.ndarray:
        number = 0 if shared else chain
        if number not in points:
            own = initvals if shared else initvals[chain]  # type: ignore[index]
            points[number] = layout.flatten(start.initial_point(_with_initvals(spec, own or {}), seed))
        return points[number]

    def starts(chain: int, attempt: int) -> np.ndarray:
        noise = np.random.default_rng(stream(seed, "jitter", chain, attempt)).uniform(
            -JITTER, JITTER, layout.size
        )
        return center(chain) + noise if jitter else center(chain)

    return starts


def _with_initvals(spec: ModelSpec, initvals: Any) -> ModelSpec:
    if not isinstance(initvals, Mapping):
        raise ModelError(
            f"initvals must be a mapping from variable names to values, got {type(initvals).__name__}"
        )
    names = [v.name for v in spec.declared]
    for name in initvals:
        if name not in names:
            raise ModelError(f"initvals has an unknown variable {name!r}{suggest(str(name), names)}")
    free = tuple(replace(v, initval=initvals.get(v.name, v.initval)) for v in spec.free)
    return replace(spec, free=free)


def explain_failed_start(spec: ModelSpec, error: StartError) -> SamplingError:
    """Return the error that names the variable to blame for a start that is not finite."""
    point = Layout.of(spec).split_draws(np.asarray(error.theta))
    blamed = [t for t in debug.term_reports(spec, point) if t.reason is not None]
    if blamed:
        reasons = "; ".join(f"{t.name!r}: {t.reason}" for t in blamed)
    else:
        reasons = "every term is finite, but the gradient is not"
    return SamplingError(
        f"chain {error.chain} found no start with a finite log density: {reasons}; "
        "mend the model, or give another initval= (model.debug() shows every term)"
    )

"""Callbacks as PyMC calls them: ``callback(trace=..., draw=...)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from pmjax.errors import ModelError
from pmjax.run.job import ChainStatus
from pmjax.run.statistics import STATS


@dataclass(frozen=True)
class Draw:
    """The draw that a chain has just made, as far as PyMC's callbacks look at it.

    Attributes
    ----------
    chain : int
        The chain's index.
    draw_idx : int
        The draw's number, warm-up counted in.
    tuning : bool
        Whether it belongs to the warm-up.
    is_last : bool
        Whether the chain has made all its draws.
    stats : list of dict
        Its statistics by name.
    """

    chain: int
    draw_idx: int
    tuning: bool
    is_last: bool
    stats: list[dict[str, float]]


def as_callback(callback: Callable[..., None] | None) -> Callable[[ChainStatus], None] | None:
    """Return a callback that takes a chain: one that takes PyMC's ``trace`` and ``draw`` is given both.

    Either is called after each chunk of a chain's draws, and ``draw`` is the last one of the chunk: draws
    are made by a compiled program, many at a time.
    """
    if callback is not None and not callable(callback):
        raise ModelError(f"sample: callback must be a function of (trace, draw), got {callback!r}")
    if callback is None or not _is_of_pymc(callback):
        return callback

    def with_draw(chain: ChainStatus) -> None:
        row = chain.last_stats
        stats = [] if row is None else [dict(zip(STATS, map(float, row), strict=True))]
        draw = Draw(chain.index, chain.done - 1, chain.done <= chain.tune, chain.finished, stats)
        callback(trace=chain, draw=draw)

    return with_draw


def _is_of_pymc(callback: Callable[..., None]) -> bool:
    try:
        parameters = inspect.signature(callback).parameters
    except (TypeError, ValueError):
        return False
    named = {"trace", "draw"} <= set(parameters)
    return named or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

"""Draws that an exception in the middle of a run must not lose."""

from __future__ import annotations

from collections.abc import Sequence

from pmjax.run.job import ChainStatus
from pmjax.run.store import Store


def kept_draws(chains: Sequence[ChainStatus]) -> dict[int, int]:
    """Return the number of draws after the warm-up of each chain that has any, by the chain's index."""
    return {chain.index: chain.done - chain.tune for chain in chains if chain.done > chain.tune}


def leave_draws(error: BaseException, store: Store, chains: Sequence[ChainStatus]) -> None:
    """Give an exception the draws made so far as its attribute ``draws``, and a note that says so.

    They are arrays by name, shape (chains, draws, *event shape); without draws nothing is done.
    """
    if not (kept := kept_draws(chains)):
        return
    posterior, _ = store.phases(list(kept), min(kept.values()))
    error.draws = posterior.outputs  # type: ignore[attr-defined]
    error.add_note(
        f"pm.sample: the draws made so far are in the attribute draws of this exception "
        f"({min(kept.values())} of each of {len(kept)} chains)."
    )

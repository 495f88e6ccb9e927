"""The progress display: one line per chain, in a terminal or a notebook, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.run.job import ChainStatus
from pmjax.run.statistics import STATS

REFRESH_SECONDS = 0.2
# More chains than this share one line.
MAX_LINES = 16
WIDTHS = (7, 13, 11, 9, 9, 8, 7)
HEADER = ("chain", "draws", "divergences", "step size", "grad/draw", "draws/s", "left")


class Progress:
    """A table that is redrawn in place; quiet unless ``show`` and somebody can see it.

    Parameters
    ----------
    show : bool
    """

    def __init__(self, show: bool) -> None:
        self._handle: Any = None
        self._lines = 0
        self._last = 0.0
        self._began = time.perf_counter()
        self._notebook = show and _in_notebook()
        self._active = self._notebook or (show and sys.stderr.isatty())

    def phase(self, text: str) -> None:
        """Show one line, and how long it has been true, in place of the table."""
        now = time.perf_counter()
        if self._due(now):
            self._show(f"{text} ({now - self._began:.0f} s)")

    def update(self, chains: Sequence[ChainStatus], force: bool = False) -> None:
        """Redraw the table unless that was done a moment ago."""
        now = time.perf_counter()
        if self._due(now, force):
            many = len(chains) > MAX_LINES
            lines = [_all_cells(chains, now)] if many else [_cells(chain, now) for chain in chains]
            self._show("\n".join(map(_row, [HEADER, *lines])))

    def _due(self, now: float, force: bool = False) -> bool:
        due = self._active and (force or now - self._last > REFRESH_SECONDS)
        if due:
            self._last = now
        return due

    def _show(self, text: str) -> None:
        if self._notebook:
            from IPython.display import display

            content = {"text/plain": text}
            if self._handle is None:
                self._handle = display(content, raw=True, display_id=True)
            else:
                self._handle.update(content, raw=True)
            return
        lines = text.split("\n")
        up = f"\x1b[{self._lines}F" if self._lines else ""
        sys.stderr.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        sys.stderr.flush()
        self._lines = len(lines)


def _cells(chain: ChainStatus, now: float) -> tuple[str, ...]:
    total = chain.tune + chain.draws
    if chain.last_stats is None:
        return str(chain.index), f"0/{total}", "", "", "", "", "waiting"
    rate = chain.done / max(now - chain.started, 1e-9)
    stats = dict(zip(STATS, chain.last_stats, strict=True))
    return (
        str(chain.index),
        f"{chain.done}/{total}",
        "warm-up" if chain.done < chain.tune else str(chain.divergences),
        f"{stats['step_size']:.3g}",
        f"{chain.gradients / max(chain.done, 1):.1f}",
        f"{rate:.0f}",
        "done" if chain.finished else f"{(total - chain.done) / rate:.0f} s",
    )


def _all_cells(chains: Sequence[ChainStatus], now: float) -> tuple[str, ...]:
    """Return one line for all chains: the fewest draws, and sums or means of the rest."""
    total, done = chains[0].tune + chains[0].draws, sum(chain.done for chain in chains)
    started = [chain for chain in chains if chain.last_stats is not None]
    if not started:
        return f"0-{len(chains) - 1}", f"0/{total}", "", "", "", "", "waiting"
    rate = done / max(now - started[0].started, 1e-9)
    steps = [c.last_stats[STATS.index("step_size")] for c in started if c.last_stats is not None]
    fewest = min(chain.done for chain in chains)
    return (
        f"0-{len(chains) - 1}",
        f"{fewest}/{total}",
        "warm-up" if fewest < chains[0].tune else str(sum(chain.divergences for chain in chains)),
        f"{np.mean(steps):.3g}",
        f"{sum(chain.gradients for chain in chains) / max(done, 1):.1f}",
        f"{rate:.0f}",
        "done" if fewest == total else f"{(total * len(chains) - done) / rate:.0f} s",
    )


def _row(cells: tuple[str, ...]) -> str:
    return " ".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))


def announce(text: str, show: bool) -> None:
    """Print a line that stays, where the table would be shown."""
    if show and text and (_in_notebook() or sys.stderr.isatty()):
        print(text, file=sys.stderr)


def _in_notebook() -> bool:
    # A notebook has imported IPython already; asking must not import it.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None

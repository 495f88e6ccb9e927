"""The progress display: one line per chain, in a terminal or a notebook, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from pmjax.sampling.chain import Chain
from pmjax.sampling.program import STATS

REFRESH_SECONDS = 0.2
HEADER = (
    f"{'chain':>5} {'draws':>13} {'divergences':>11} {'step size':>9} {'grad/draw':>9} {'draws/s':>8} {'left':>7}"
)


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
        self._notebook = show and _in_notebook()
        self._active = self._notebook or (show and sys.stderr.isatty())

    def phase(self, text: str) -> None:
        """Show one line in place of the table."""
        if self._active:
            self._show(text)

    def update(self, chains: list[Chain], force: bool = False) -> None:
        """Redraw the table unless that was done a moment ago."""
        now = time.perf_counter()
        if self._active and (force or now - self._last > REFRESH_SECONDS):
            self._last = now
            self._show("\n".join([HEADER, *(_line(chain, now) for chain in chains)]))

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


def _line(chain: Chain, now: float) -> str:
    total = chain.run.tune + chain.run.draws
    phase = "warm-up" if chain.done < chain.run.tune else "sample"
    if chain.last_stats is None:
        return f"{chain.index:>5} {0:>6}/{total:<6} {'waiting':>11}"
    rate = chain.done / max(now - chain.started, 1e-9)
    stats = dict(zip(STATS, chain.last_stats, strict=True))
    left = 0.0 if chain.finished else (total - chain.done) / rate
    return (
        f"{chain.index:>5} {chain.done:>6}/{total:<6} {chain.divergences:>11} {stats['step_size']:>9.3g} "
        f"{chain.gradients / max(chain.done, 1):>9.1f} {rate:>8.0f} {left:>6.0f}s {'' if chain.finished else phase}"
    )


def _in_notebook() -> bool:
    # A notebook has imported IPython already; asking must not import it.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None

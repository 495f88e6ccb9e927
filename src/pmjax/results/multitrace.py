"""A trace as PyMC's code knows it: ``trace["x"]``, of all chains one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pmjax.errors import suggest
from pmjax.results.to_arviz import split_points, to_arviz
from pmjax.run.trace import Phase, Trace
from pmjax.target.labels import Labels


class MultiTrace:
    """The draws of all chains, warm-up first where it was kept.

    Parameters
    ----------
    trace : Trace
    labels : Labels
        Dims and coordinates, for `to_inference_data`.

    Examples
    --------
    >>> phase = Phase(np.zeros((4, 100, 0)), {"a": np.zeros((4, 100, 3))}, {"lp": np.zeros((4, 100))})
    >>> trace = MultiTrace(Trace(phase, None, {}, gradients=700), Labels())
    >>> trace["a"].shape, len(trace), trace.nchains
    ((400, 3), 100, 4)
    """

    def __init__(self, trace: Trace, labels: Labels) -> None:
        self.trace, self.labels = trace, labels
        phases = [phase for phase in (trace.warmup, trace.posterior) if phase is not None]
        self._values = _joined([_variables(phase, labels) for phase in phases])
        self._stats = _joined([phase.stats for phase in phases])

    @property
    def varnames(self) -> list[str]:
        """Names of what is recorded, transformed variables (``sigma_log__``) among them."""
        return list(self._values)

    @property
    def stat_names(self) -> set[str]:
        """Names of the sampler's statistics."""
        return set(self._stats)

    @property
    def nchains(self) -> int:
        """Number of chains."""
        return self.trace.posterior.stats["lp"].shape[0]

    @property
    def chains(self) -> list[int]:
        """Numbers of the chains."""
        return list(range(self.nchains))

    def __len__(self) -> int:
        """Return the draws of a chain."""
        return int(self._stats["lp"].shape[1])

    def __getitem__(self, name: str) -> np.ndarray:
        """Return all draws of a variable or statistic, shape (chains * draws, *shape)."""
        values = self._values.get(name, self._stats.get(name))
        if values is None:
            raise KeyError(f"{name!r}{suggest(str(name), [*self._values, *self._stats])}")
        return values.reshape(-1, *values.shape[2:])

    def __contains__(self, name: object) -> bool:
        return name in self._values or name in self._stats

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("a MultiTrace is not iterated over; trace.points() yields its points")

    def get_values(
        self,
        varname: str,
        burn: int = 0,
        thin: int = 1,
        combine: bool = True,
        chains: int | Sequence[int] | None = None,
        squeeze: bool = True,
    ) -> Any:
        """Return draws of a variable.

        Parameters
        ----------
        varname : str
        burn, thin : int
            Leave out the first draws of each chain; keep each thin-th.
        combine : bool
            One array of all chains, or a list of one for each.
        chains : int or sequence of int, optional
            All by default.
        squeeze : bool
            Of a list of one return its array.
        """
        if varname not in self._values:
            raise KeyError(f"{varname!r}{suggest(str(varname), self._values)}")
        wanted = self.chains if chains is None else [chains] if isinstance(chains, int) else list(chains)
        parts = [self._values[varname][chain, burn::thin] for chain in wanted]
        if combine:
            return np.concatenate(parts)
        return parts[0] if squeeze and len(parts) == 1 else parts

    def get_sampler_stats(self, stat_name: str, burn: int = 0, thin: int = 1, combine: bool = True) -> Any:
        """Return a statistic of the sampler, as `get_values` does a variable."""
        if stat_name not in self._stats:
            raise KeyError(f"{stat_name!r}{suggest(str(stat_name), self._stats)}")
        values = self._stats[stat_name][:, burn::thin]
        return np.concatenate(list(values)) if combine else list(values)

    def point(self, idx: int, chain: int = -1) -> dict[str, np.ndarray]:
        """Return all variables at one draw of a chain."""
        return {name: values[chain, idx] for name, values in self._values.items()}

    def points(self, chains: Sequence[int] | None = None) -> Iterator[dict[str, np.ndarray]]:
        """Yield all variables at each draw of each chain."""
        for chain in self.chains if chains is None else chains:
            for idx in range(len(self)):
                yield self.point(idx, chain)

    def __repr__(self) -> str:
        return f"<MultiTrace: {self.nchains} chains, {len(self)} draws, {len(self.varnames)} variables>"

    def to_arviz(self, labels: Labels | None = None, *, transformed: bool = False) -> Any:
        """Return the draws as ``InferenceData`` or ``DataTree``."""
        return to_arviz(self.trace, labels or self.labels, transformed=transformed)


def _variables(phase: Phase, labels: Labels) -> dict[str, np.ndarray]:
    pieces = split_points(phase, labels) if phase.theta.shape[2] and labels.unconstrained else {}
    return {**{k: v for k, v in pieces.items() if k not in phase.outputs}, **phase.outputs}


def _joined(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    if len(parts) == 1:
        return dict(parts[0])
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}

"""Where chains begin if more is known than the model: an earlier run, or an approximation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pmjax.api.fit import maximiser_of, pathfinder
from pmjax.api.starts import InitialValues, chain_starts
from pmjax.errors import ModelError
from pmjax.inference.nuts.metric import LOW_RANK
from pmjax.inference.nuts.sampler import NUTS
from pmjax.inference.vi.laplace import laplace
from pmjax.results.groups import is_result
from pmjax.results.sampler_state import earlier_ends
from pmjax.run.warm import WarmStart
from pmjax.runtime.streams import stream
from pmjax.target.target import Target

APPROXIMATIONS = ("pathfinder", "laplace")
TUNE, WARM_TUNE = 1000, 100
"""Warm-up draws of a chain by default; the same where an earlier run gives metric and step size."""


@dataclass(frozen=True)
class Warmth:
    """What chains know before their first draw.

    Attributes
    ----------
    starts : sequence of WarmStart
        For the chains in turn; empty if nothing is known.
    sampler : Sampler
        With the metric of the starts.
    said : str
        One sentence for the user.
    """

    starts: Sequence[WarmStart]
    sampler: Any
    said: str = ""


def is_earlier(init: Any) -> bool:
    """Return whether ``init`` is an earlier result."""
    return is_result(init)


def default_tune(init: Any) -> int:
    """Return the length of a warm-up for which none is given."""
    return WARM_TUNE if is_earlier(init) else TUNE


def warmth(
    init: Any, target: Target, sampler: Any, seed: int, initvals: InitialValues, chains: int, tune: int
) -> Warmth:
    """Return what chains begin with.

    Parameters
    ----------
    init : str, InferenceData or DataTree
    target : Target
    sampler : Sampler
    seed : int
    initvals : mapping, optional
        Where an approximation begins.
    chains, tune : int

    Raises
    ------
    ModelError
        If the sampler takes no warm start, or the earlier result is of another model.
    """
    if not is_earlier(init) and init not in APPROXIMATIONS:
        return Warmth((), sampler)
    if not isinstance(sampler, NUTS):
        raise ModelError(
            f"sample: init={_shown(init)} is for pmjax's own NUTS on all variables, and "
            f"{type(sampler).__name__} is to sample; leave init out"
        )
    if is_earlier(init):
        if initvals is not None:
            raise ModelError(
                "sample: init is an earlier result, whose chains say where to begin, and initvals says so "
                "too; give one of them"
            )
        starts, kind = earlier_ends(init, target)
        if sampler.metric not in ("diag", kind):
            raise ModelError(
                f"sample: metric={sampler.metric!r} is asked for, and the run in init had {kind!r}; leave "
                "metric out, or init"
            )
        said = "Chains begin where those of an earlier run have ended, with its metric and step sizes"
        return Warmth(starts, replace(sampler, metric=kind), f"{said}; the warm-up has {tune} draws.")
    found = _approximated(init, target, seed, initvals, sampler.metric, chains)
    whose = "Pathfinder's approximations" if init == "pathfinder" else "Laplace's approximation"
    said = f"Chains begin at draws of {whose}, with the covariance as their first metric"
    return Warmth(found, sampler, f"{said}; the warm-up has {tune} draws.")


def _approximated(
    method: str, target: Target, seed: int, initvals: InitialValues, metric: str, chains: int
) -> list[WarmStart]:
    density = target.density
    maximiser = maximiser_of(density)
    center = chain_starts(target.start, seed, initvals, jitter=False)(0, 0)
    parts: Sequence[Any]
    if method == "laplace":
        parts = [laplace(maximiser, center, density.coordinate_names)]
    else:
        parts = pathfinder(density, maximiser, center, seed, num_paths=chains).parts
    found = []
    for chain in range(chains):
        part = parts[chain % len(parts)]
        random = np.random.default_rng(stream(seed, "warm start", chain))
        found.append(WarmStart(part.draw(random, 1)[0][0], *metric_of(part.cov, metric)))
    return found


def metric_of(cov: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sigma, directions and scales of the metric of a covariance matrix, shape (D, D).

    Examples
    --------
    >>> sigma, lower, _ = metric_of(np.array([[4.0, 3.0], [3.0, 9.0]]), "dense")
    >>> np.round(np.diag(sigma) @ lower @ lower.T @ np.diag(sigma), 6).tolist()
    [[4.0, 3.0], [3.0, 9.0]]
    """
    sigma = np.sqrt(np.diag(cov))
    if kind == "diag":
        return sigma, np.zeros((sigma.size, 0)), np.zeros(0)
    correlations = cov / np.outer(sigma, sigma)
    if kind == "dense":
        return sigma, np.linalg.cholesky(correlations), np.ones(sigma.size)
    values, vectors = np.linalg.eigh(correlations)
    order = np.argsort(-np.abs(np.log(values)))[:LOW_RANK]
    return sigma, vectors[:, order], np.sqrt(values[order])


def _shown(init: Any) -> str:
    return repr(init) if isinstance(init, str) else "an earlier result"

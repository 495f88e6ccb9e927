"""The group ``sampler_state`` of a result: where chains have ended, for another run to go on from there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.results.groups import group
from pmjax.run.trace import Trace
from pmjax.run.warm import WarmStart
from pmjax.target.labels import Labels
from pmjax.target.target import Target

if TYPE_CHECKING:
    import xarray

GROUP = "sampler_state"
FIXED = {
    "theta": ("coordinate",),
    "sigma": ("coordinate",),
    "directions": ("coordinate", "direction"),
    "scales": ("direction",),
    "step_size": (),
}
"""The variables of the group beside the knobs, and their dims after the chain."""


def state_arrays(trace: Trace) -> dict[str, np.ndarray]:
    """Return the arrays of the group, each with a leading axis of chains; what is empty is left out."""
    ends = trace.ends
    fixed = {name: np.stack([np.asarray(getattr(end, name)) for end in ends]) for name in FIXED}
    knobs = {name: np.stack([end.knobs[name] for end in ends]) for name in ends[0].knobs}
    return {name: array for name, array in {**fixed, **knobs}.items() if array.size}


def state_attributes(trace: Trace, labels: Labels) -> dict[str, Any]:
    """Return what tells whether another model has the same coordinates."""
    layout = [[name, list(shape)] for name, shape in labels.unconstrained.items()]
    return {"metric": trace.metric, "layout": json.dumps(layout)}


def earlier_ends(result: Any, target: Target) -> tuple[list[WarmStart], str]:
    """Return where the chains of an earlier run have ended, and the kind of their metric.

    Parameters
    ----------
    result : InferenceData or DataTree
    target : Target
        What is to be sampled now.

    Raises
    ------
    ModelError
        If the result does not say, or comes from a model of other variables or shapes.
    """
    state = group(result, GROUP)
    if state is None:
        raise ModelError(
            f"sample: init is a result without the group {GROUP!r}, so its metric and step size are not "
            "known; give the result of pm.sample with pmjax's own NUTS, or init='pathfinder'"
        )
    _check_same(state, target)
    chains = state.sizes["chain"]
    size = target.density.size
    empty = {"directions": np.zeros((chains, size, 0)), "scales": np.zeros((chains, 0))}
    arrays = {n: np.asarray(state[n]) if n in state else empty[n] for n in FIXED}
    knobs = {name: np.asarray(state[name]) for name in _knobs(target)}
    ends = [
        WarmStart(
            arrays["theta"][i],
            arrays["sigma"][i],
            arrays["directions"][i],
            arrays["scales"][i],
            float(arrays["step_size"][i]),
            {name: knob[i] for name, knob in knobs.items()},
        )
        for i in range(chains)
    ]
    return ends, str(state.attrs["metric"])


def _check_same(state: xarray.Dataset, target: Target) -> None:
    before = {name: tuple(shape) for name, shape in json.loads(state.attrs["layout"])}
    now = dict(target.labels.unconstrained)
    for name in [*now, *before]:
        if before.get(name) != now.get(name):
            was, is_now = (
                "no such variable" if s is None else f"shape {s}" for s in (before.get(name), now.get(name))
            )
            raise ModelError(
                f"sample: init is the result of another model: {name!r} has {is_now} here and had {was} "
                "there; give a result of this model, or init='pathfinder'"
            )
    wanted = {name: np.shape(knob) for name, knob in _knobs(target).items()}
    kept = {str(n): v.shape[1:] for n, v in state.data_vars.items() if n not in FIXED}
    if wanted != kept or len(now) != len(before):
        differ = ", ".join(sorted(n for n in {*wanted, *kept} if wanted.get(n) != kept.get(n)))
        raise ModelError(
            f"sample: init is the result of a model with other centrings ({differ}); sample with the same "
            "rewrites= as before, or give init='pathfinder'"
        )


def _knobs(target: Target) -> dict[str, Any]:
    return {name: knob for name, knob in dict(target.density.knobs).items() if np.size(knob)}

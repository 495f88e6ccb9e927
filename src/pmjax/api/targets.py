"""What `sample` samples, and by what: from a model or target and the arguments of the user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pmjax.api.densities import check_recorded
from pmjax.api.model import modelcontext
from pmjax.api.starts import explain_failed_start
from pmjax.api.step_methods import take_turns
from pmjax.errors import ModelError
from pmjax.inference.nuts.sampler import NUTS
from pmjax.model.minibatch import refuse_batches
from pmjax.rewrites.recentre import describe_centring
from pmjax.run.plan import Plan, Run, Sampler
from pmjax.run.starts import StartError
from pmjax.run.trace import Trace
from pmjax.runtime.collector import no_full_collections
from pmjax.target.of_model import model_target
from pmjax.target.target import Target


def as_target(model: Any, rewrites: Any = "auto", *, fits_coordinates: bool = True) -> Target:
    """Return what is sampled: the given target, or that of a model.

    Parameters
    ----------
    model : Model, Target or None
        None is the model around this line.
    rewrites : {"auto", False} or sequence of str
    fits_coordinates : bool
        Whether the sampler fits centrings; for others "auto" means the rewrite that discrete variables need.
    """
    if isinstance(model, Target):
        return model
    chosen = ["marginalise"] if rewrites == "auto" and not fits_coordinates else rewrites
    return model_target(modelcontext(model).freeze(), chosen)


def target_and_sampler(model: Any, rewrites: Any, step: Any, chosen: Any) -> tuple[Target, Any]:
    """Return what is sampled, and by what: where NUTS cannot sample alone, steps take turns."""
    if step is not None and (isinstance(model, Target) or not isinstance(chosen, NUTS)):
        raise ModelError("sample: step is for models and our own sampler; leave it out, or nuts_sampler")
    if not isinstance(model, Target):
        spec = modelcontext(model).freeze()
        refuse_batches(spec, "sample")
        found = take_turns(spec, rewrites, step, chosen)
        if found is not None:
            return found
    return as_target(model, rewrites, fits_coordinates=isinstance(chosen, NUTS)), chosen


def draws_of(target: Target, sampler: Sampler, plan: Plan, run: Run) -> Trace:
    """Return the draws of a sampler, which say how the target was made and with which centrings it ended.

    Raises
    ------
    SamplingError
        If no chain finds a start with a finite log density.
    """
    try:
        with no_full_collections():
            trace = sampler.sample(target, plan, run)
    except StartError as error:
        raise explain_failed_start(target, error) from None
    trace.attributes |= {"rewrites": target.notes, "centring": describe_centring(trace.knobs)}
    return trace


def spec_with_terms(target: Target, densities: Sequence[str], names: Sequence[str]) -> Any:
    """Return the model whose log densities are asked for, None if none are."""
    if not densities:
        return None
    if target.spec is None:
        raise ModelError(
            f"sample: idata_kwargs asks for log_{densities[0]}, but the target is a log density without terms"
        )
    check_recorded(target.spec, densities, names, "sample")
    return target.spec

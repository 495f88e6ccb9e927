"""What samplers of other libraries share: their options, and an answer to Ctrl-C while they run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pmjax.errors import ModelError, suggest
from pmjax.run.plan import Plan
from pmjax.run.progress import Progress
from pmjax.runtime.background import interruptible
from pmjax.runtime.settings import own_settings


def refuse_warmup(plan: Plan, sampler: str) -> None:
    """Raise ModelError if the plan keeps a warm-up that the library does not give."""
    if plan.keep_warmup:
        raise ModelError(
            f"sample: the sampler {sampler!r} does not record its warm-up; leave discard_tuned_samples=True"
        )


def options_of(function: Callable[..., Any], *reserved: str) -> list[str]:
    """Return the names of a function's options, without those that are ours to give."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            and p.name not in ("self", *reserved)]  # fmt: skip


def check_options(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise ModelError if an option is none that the library knows."""
    names = list(dict.fromkeys(known))
    for option in given:
        if option not in names:
            raise ModelError(
                f"sample: {where} has an unknown option {option!r}{suggest(option, names)}; "
                f"it takes {', '.join(names)}"
            )


def waited(work: Callable[[], Any], progress: Progress, what: str) -> Any:
    """Return what ``work`` returns; it runs in a thread, so that Ctrl-C is answered meanwhile."""

    def with_settings() -> Any:
        with own_settings():
            return work()

    return interruptible(with_settings, lambda: progress.phase(what))


def attributes(sampler: str, plan: Plan, options: Mapping[str, Any]) -> dict[str, object]:
    """Return what is recorded of a run beside its draws."""
    return {"sampler": sampler, "seed": plan.seed, "tuning_steps": plan.tune, **options}

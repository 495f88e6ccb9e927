"""The samplers by name, and the choice of one from the arguments of `sample`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from pmjax.errors import ModelError, suggest
from pmjax.inference.nuts.sampler import NUTS
from pmjax.inference.others.blackjax import BlackJAXNUTS
from pmjax.inference.others.numpyro import NumPyroNUTS
from pmjax.inference.others.nutpie import NutpieNUTS
from pmjax.inference.others.tfp import TFPNUTS
from pmjax.inference.reference import PythonNUTS
from pmjax.run.plan import Sampler

SAMPLERS: dict[str, Any] = {
    "pmjax": NUTS,
    "python": PythonNUTS,
    "numpyro": NumPyroNUTS,
    "blackjax": BlackJAXNUTS,
    "tfp": TFPNUTS,
    "nutpie": NutpieNUTS,
}
"""The samplers by the names that ``nuts_sampler=`` takes."""

INITS: dict[str, tuple[bool, str | None]] = {
    "auto": (True, None),
    "jitter+adapt_diag": (True, "diag"),
    "adapt_diag": (False, "diag"),
    "jitter+adapt_diag_grad": (True, "diag"),
    "adapt_diag_grad": (False, "diag"),
    "jitter+adapt_full": (True, "dense"),
    "adapt_full": (False, "dense"),
    "pathfinder": (True, None),
    "laplace": (True, None),
}
"""PyMC's words for how chains begin: whether starts are jittered, and the metric."""


def choose_sampler(
    nuts_sampler: str | None,
    given: Any,
    init: Any,
    arguments: Mapping[str, Any],
    options: Mapping[str, Any] | None,
    nuts: Mapping[str, Any] | None,
) -> Sampler:
    """Return the sampler that the arguments of `sample` ask for.

    Parameters
    ----------
    nuts_sampler : str or None
        A name of `SAMPLERS`, or PyMC's ``"pymc"``, which means ours.
    given : Sampler or None
        A sampler, which the user has made.
    init : str or Any
        A key of `INITS`, or an earlier result.
    arguments : mapping
        ``target_accept`` and ``max_treedepth``, as far as they were given to `sample` itself.
    options, nuts : mapping, optional
        ``nuts_sampler_kwargs`` and PyMC 6's ``nuts``.

    Raises
    ------
    ModelError
        If there is no such sampler, or it has no such option.
    """
    if not isinstance(init, str):
        init = "auto"
    if init not in INITS:
        raise ModelError(
            f"sample: init must be one of {', '.join(map(repr, INITS))}, got {init!r}; "
            'a dense metric is nuts_sampler_kwargs={"metric": "dense"}'
        )
    metric = INITS[init][1]
    wanted = {name: value for name, value in arguments.items() if value is not None}
    for where, more in (("nuts_sampler_kwargs", options), ("nuts", nuts)):
        if more is not None and not isinstance(more, Mapping):
            raise ModelError(f"sample: {where} must be a mapping from names to values, got {more!r}")
        for name in set(more or {}) & set(wanted):
            raise ModelError(f"sample: {name} is given twice, in {where} too; give it once")
        wanted |= more or {}
    if given is not None:
        return _given(given, nuts_sampler, wanted)
    name = "pmjax" if nuts_sampler in (None, "pymc") else nuts_sampler
    if name not in SAMPLERS:
        known = ", ".join(map(repr, SAMPLERS))
        raise ModelError(f"sample: nuts_sampler must be one of {known}, got {nuts_sampler!r}")
    made = _made(SAMPLERS[name], f"the sampler {name!r}", wanted)
    if isinstance(made, NUTS) and metric is not None and "metric" not in wanted:
        made = replace(made, metric=metric)
    elif metric == "dense" and not isinstance(made, NUTS):
        raise ModelError(f"sample: init={init!r} is for our own sampler; leave init for {name!r}")
    return checked(made)


def _given(sampler: Any, name: str | None, wanted: Mapping[str, Any]) -> Sampler:
    if not callable(getattr(sampler, "sample", None)):
        raise ModelError(f"sample: sampler must be a sampler, as pm.NUTS(target_accept=0.9), got {sampler!r}")
    if name is not None or wanted:
        also = ", ".join(["nuts_sampler"] * (name is not None) + list(wanted))
        raise ModelError(
            f"sample: sampler= holds all options of the sampler, so that {also} must be left out"
        )
    return checked(sampler)


def _made(kind: Any, who: str, options: Mapping[str, Any]) -> Any:
    known = [field.name for field in fields(kind)]
    for option in options:
        if option not in known:
            raise ModelError(
                f"sample: {who} does not take {option!r}{suggest(str(option), known)}; "
                f"it takes {', '.join(known)}"
            )
    return kind(**options)


def checked(sampler: Any) -> Any:
    """Return the sampler, or raise ModelError if its numbers make no sense."""
    accept, depth = sampler.target_accept, getattr(sampler, "max_treedepth", 1)
    if isinstance(accept, bool) or not isinstance(accept, (int, float)) or not 0 < accept < 1:
        raise ModelError(f"sample: target_accept must be a number between 0 and 1, got {accept!r}")
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
        raise ModelError(f"sample: max_treedepth must be an integer of at least 1, got {depth!r}")
    return sampler

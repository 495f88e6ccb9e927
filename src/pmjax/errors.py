"""Errors that a user of pmjax may meet; each message is one sentence with the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ModelError(ValueError):
    """The model, or an argument given to it, is not valid; the message says what and how to mend it."""


class NoModelError(TypeError):
    """A named variable was declared outside ``with pm.Model():``."""


class SamplingError(RuntimeError):
    """Sampling could not start or could not go on."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, or an empty string.

    Examples
    --------
    >>> suggest("sgima", ["mu", "sigma"])
    " (did you mean 'sigma'?)"
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


class ImputationWarning(UserWarning):
    """Some observed values are missing and are imputed."""


class SamplingWarning(UserWarning):
    """Something about a run that the user should know, in one sentence."""


class ImplicitFreezeWarning(SamplingWarning):
    """Recorded draws of a variable were used although something that it depends on has changed."""

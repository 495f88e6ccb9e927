"""The one context variable: the model that is being declared."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from pmjax.errors import NoModelError

current_model: ContextVar[Any] = ContextVar("pmjax_model", default=None)


def require_model(what: str) -> Any:
    """Return the model being declared.

    Raises
    ------
    NoModelError
        If there is none; `what` is the declaration that needs it.
    """
    model = current_model.get()
    if model is None:
        raise NoModelError(
            f"{what} was declared outside a model; put it inside `with pm.Model():`, "
            "or use .dist(...) for a variable without a model"
        )
    return model

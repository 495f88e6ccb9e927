"""The one context variable: the model that is being declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from pmjax.errors import NoModelError
from pmjax.graph.ops import Shape
from pmjax.graph.variable import Variable


class Declarations(Protocol):
    """What a model offers to the functions that declare variables in it."""

    def declare_random(
        self,
        name: str,
        make: Any,
        *,
        dims: str | Sequence[str | None] | None,
        observed: Any,
        initval: Any,
        transform: Any,
    ) -> Variable:
        """Add a random variable."""

    def shape_of_dims(self, name: str, dims: Sequence[str | None]) -> Shape:
        """Return the lengths of the named dimensions."""

    @property
    def coords(self) -> Mapping[str, Any]:
        """The coordinate values by dimension."""


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

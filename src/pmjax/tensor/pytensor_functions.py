"""``pm.pytensorf``: the helpers of PyMC that models use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pmjax.graph.variable import Variable, as_variable
from pmjax.tensor.elementwise import cast


def floatX(X: Any) -> Variable:
    """Return the values as 64-bit floating point numbers."""
    return cast(as_variable(X), "float64")


def intX(X: Any) -> Variable:
    """Return the values as 64-bit integers."""
    return cast(as_variable(X), "int64")


def collect_default_updates(outputs: Sequence[Variable] | Variable, **options: Any) -> dict[Any, Any]:
    """Return what PyTensor needs to draw anew at each step of a loop: nothing here."""
    return {}


__all__ = ["collect_default_updates", "floatX", "intX"]

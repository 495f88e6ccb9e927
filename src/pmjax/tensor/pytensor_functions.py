"""``pm.pytensorf``: the helpers of PyMC that models use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.graph.variable import Variable
from pmjax.tensor.elementwise import cast


def floatX(X: Any) -> Any:
    """Return variables, or numbers as NumPy's, as 64-bit floating point numbers."""
    return cast(X, "float64") if isinstance(X, Variable) else np.asarray(X, np.float64)[()]


def intX(X: Any) -> Any:
    """Return variables, or numbers as NumPy's, as 64-bit integers."""
    return cast(X, "int64") if isinstance(X, Variable) else np.asarray(X).astype(np.int64)[()]


def collect_default_updates(outputs: Sequence[Variable] | Variable, **options: Any) -> dict[Any, Any]:
    """Return what PyTensor needs to draw anew at each step of a loop: nothing here."""
    return {}


__all__ = ["collect_default_updates", "floatX", "intX"]

"""Alternative parameterisations, turned into the canonical one."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import Constant
from pmjax.graph.variable import as_variable


def scale_of(sigma: Any, tau: Any, tau_name: str = "tau") -> Any:
    """Return sigma, given sigma or the precision tau = 1 / sigma²; 1 if neither is given.

    Raises
    ------
    ModelError
        If both are given.
    """
    if sigma is not None and tau is not None:
        raise ModelError(f"give sigma or {tau_name}, not both")
    if tau is None:
        return 1.0 if sigma is None else sigma
    return 1.0 / np.sqrt(tau)


def one_of(**given: Any) -> str:
    """Return the name of the only argument that is not None.

    Raises
    ------
    ModelError
        If none or several are given.
    """
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise ModelError(f"give exactly one of {', '.join(given)}, got {', '.join(named) or 'none'}")
    return named[0]


def both_or_neither(first: tuple[str, Any], second: tuple[str, Any]) -> bool:
    """Return whether the pair of arguments is given.

    Raises
    ------
    ModelError
        If only one of them is.
    """
    if (first[1] is None) != (second[1] is None):
        raise ModelError(f"{first[0]} and {second[0]} go together; give both")
    return first[1] is not None


def check_order(lower: Any, upper: Any, *, strict: bool = True) -> None:
    """Raise ModelError unless lower < upper (or they are equal, if not strict), where both are constant."""
    low, high = as_variable(lower), as_variable(upper)
    known = isinstance(low.op, Constant) and isinstance(high.op, Constant)
    disorder = np.greater_equal if strict else np.greater
    if known and np.any(disorder(np.asarray(low.data_value), np.asarray(high.data_value))):
        limit = "lie below" if strict else "not lie above"
        raise ModelError(f"lower must {limit} upper, got {low.data_value} and {high.data_value}")

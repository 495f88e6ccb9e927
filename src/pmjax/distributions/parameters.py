"""Parameters that users may write, turned into those of the law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable, as_variable, elementwise
from pmjax.numerics.special import log_odds, log_probability


def scale_of(precision: Any) -> Any:
    """Return the scale that belongs to a precision, 1 / sqrt(precision)."""
    return 1.0 / np.sqrt(precision)


def log_odds_of(p: Any) -> Any:
    """Return the log-odds of a probability.

    A probability written as a sigmoid of x gives x back, so that nothing overflows.
    """
    if not isinstance(p, Variable):
        return np.log(p) - np.log1p(-p)
    if getattr(p.op, "function", None) is jax.nn.sigmoid:
        return p.inputs[0]
    return elementwise(log_odds, p)


def log_shares_of(p: Any) -> Any:
    """Return the logs of probabilities along the last axis, normalised to sum to one."""
    if not np.ndim(p):
        raise ModelError(f"p must hold the probability of each category, got {p}")
    share = p / p.sum(axis=-1, keepdims=True)
    return elementwise(log_probability, share) if isinstance(share, Variable) else np.log(share)


def only_one(offered: Mapping[str, Any], names: str) -> tuple[str, Any]:
    """Return the name and the value of the only argument that is given, of several ways to write one.

    Parameters
    ----------
    offered : mapping from name to value
        None where an argument is not given.
    names : str
        The arguments, as a message lists them.

    Raises
    ------
    ModelError
        If none is given, or more than one.
    """
    given = {name: value for name, value in offered.items() if value is not None}
    if len(given) != 1:
        raise ModelError(f"give one of {names}, got {', '.join(given) or 'none'}")
    return next(iter(given.items()))


def whole_number(name: str, value: Any, meaning: str, least: int) -> int:
    """Return an argument that fixes a shape as an integer; a variable counts as its value of now.

    Raises
    ------
    ModelError
        If it is no integer, or below the least that makes sense.
    """
    try:
        number = value.eval() if isinstance(value, Variable) else value
        whole = int(number)
        if whole != number:
            raise ValueError
    except (TypeError, ValueError, ModelError):
        raise ModelError(f"{name} is {meaning}, an integer, got {value!r}") from None
    if whole < least:
        raise ModelError(f"{name} is {meaning}, at least {least}, got {whole}")
    return whole


def with_steps(family: str, shape: Any, steps: Any, before: int = 1) -> Any:
    """Return the shape of a sequence of so many steps after its first values.

    Raises
    ------
    ModelError
        If both shape and steps are given.
    """
    if steps is None:
        return shape
    if shape is not None:
        raise ModelError(f"{family}: give shape or steps, not both")
    return (int(steps) + before,)


def check_order(lower: Any, upper: Any, *, strict: bool = True) -> None:
    """Raise ModelError unless lower < upper (or they are equal, if not strict), where both are constant."""
    low, high = as_variable(lower), as_variable(upper)
    known = isinstance(low.op, Constant) and isinstance(high.op, Constant)
    disorder = np.greater_equal if strict else np.greater
    if known and np.any(disorder(np.asarray(low.data_value), np.asarray(high.data_value))):
        limit = "lie below" if strict else "not lie above"
        raise ModelError(f"lower must {limit} upper, got {low.data_value} and {high.data_value}")

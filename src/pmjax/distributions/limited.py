"""Distributions that are cut off or pulled in at limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.distributions.mixture import component_of, inputs_of, law_of
from pmjax.distributions.parameters import check_order
from pmjax.errors import ModelError
from pmjax.graph.variable import Variable
from pmjax.laws import modifiers
from pmjax.laws.law import Law
from pmjax.model.family import Family, family


@family
class Truncated(Family):
    r"""A distribution given that the value lies between limits, both included.

    .. math:: p(x) = \frac{p_0(x)}{P_0(a \le x \le b)} \, [a \le x \le b]

    Parameters
    ----------
    dist : Variable
        A variable of numbers made by ``.dist``, with a distribution function.
    lower, upper : array, optional
        The limits; none by default.
    max_n_steps : int, default 10_000
        Not used: draws are made by the distribution function.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Truncated.dist(pm.Normal.dist(0, 1), lower=0.0)
    >>> pm.logp(x, 1.0).eval().round(4)
    np.float64(-0.7258)
    """

    raw = ("dist", "max_n_steps")

    def read(  # type: ignore[override]
        self, dist: Any, lower: Any = None, upper: Any = None, max_n_steps: int = 10_000
    ) -> tuple[Law, Sequence[Any]]:
        return _limited(modifiers.Truncated, dist, lower, upper)


@family
class Censored(Family):
    r"""A distribution whose values below or above a limit are recorded as the limit.

    .. math:: p(x) = p_0(x) [a < x < b] + P_0(x \le a) [x = a] + P_0(x \ge b) [x = b]

    Parameters
    ----------
    dist : Variable
        A variable of numbers made by ``.dist``, with a distribution function.
    lower, upper : array or None
        The limits; None for none.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Censored.dist(pm.Normal.dist(0, 1), lower=0.0, upper=None)
    >>> pm.logp(x, 0.0).eval().round(4)
    np.float64(-0.6931)
    """

    raw = ("dist",)

    def read(  # type: ignore[override]
        self, dist: Any, lower: Any = None, upper: Any = None
    ) -> tuple[Law, Sequence[Any]]:
        return _limited(modifiers.Censored, dist, lower, upper)


def _limited(kind: Any, dist: Any, lower: Any, upper: Any) -> tuple[Law, list[Any]]:
    component = component_of(dist, "dist")
    law = law_of(component)
    if law.event_ndim:
        raise ModelError(f"dist must be a variable of numbers, got {law.name}, whose values are vectors")
    lower, upper = _limit(lower), _limit(upper)
    if lower is not None and upper is not None:
        check_order(lower, upper)
    ends = [end for end in (lower, upper) if end is not None]
    return kind(law, lower is not None, upper is not None), [*inputs_of(component), *ends]


def _limit(end: Any) -> Any:
    """Return a limit, or None if it is nowhere."""
    return None if end is None or (not isinstance(end, Variable) and np.isinf(end).all()) else end

"""Which bijector frees the values of a law."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pmjax.graph.variable import Variable, as_variable
from pmjax.laws import support
from pmjax.laws.law import Law
from pmjax.laws.support import Support
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import Circular, Log, LogOdds, Simplex, interval

_BIJECTORS: dict[Support, Callable[[], Bijector]] = {
    support.POSITIVE: Log,
    support.NON_NEGATIVE: Log,
    support.UNIT_INTERVAL: LogOdds,
    support.SIMPLEX: Simplex,
    support.CIRCLE: Circular,
}


def bijector_of(law: Law, params: Sequence[Variable]) -> Bijector | None:
    """Return the default map of a law to unconstrained values, or None for real numbers and integers.

    Parameters
    ----------
    law : Law
    params : sequence of Variable
        Its parameters, of which the bounds of an interval may be some.
    """
    if law.discrete:
        return None
    if law.bounds is not None:
        ends = zip(law.bounds, (-np.inf, np.inf), strict=True)
        lower, upper = (
            as_variable(end) if name is None else params[law.param_names.index(name)] for name, end in ends
        )
        return interval(lower, upper)
    make = _BIJECTORS.get(law.support)
    return make() if make is not None else None

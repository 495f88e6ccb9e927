"""Which bijector frees the values of a law."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable, as_variable
from pmjax.laws import support
from pmjax.laws.law import Law
from pmjax.laws.modifiers import Mixture, Truncated
from pmjax.laws.support import Support
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.bijectors import Circular, Log, LogOdds, Simplex, interval
from pmjax.transforms.matrices import CholeskyCorrTransform, CholeskyCovPacked, CholeskyCovTransform
from pmjax.transforms.vectors import ZeroSumTransform

_BIJECTORS: dict[Support, Callable[[], Bijector]] = {
    support.POSITIVE: Log,
    support.NON_NEGATIVE: Log,
    support.UNIT_INTERVAL: LogOdds,
    support.SIMPLEX: Simplex,
    support.CIRCLE: Circular,
}
# Those that need the last length of an event; a packed factor has n (n + 1) / 2 elements.
_OF_LENGTHS: dict[Support, Callable[[int], Bijector]] = {
    support.POSITIVE_DEFINITE: CholeskyCovTransform,
    support.CORRELATION_FACTOR: CholeskyCorrTransform,
    support.PACKED_FACTOR: lambda length: CholeskyCovPacked((math.isqrt(8 * length + 1) - 1) // 2),
}

_ENDS: dict[Support, tuple[float | None, float | None]] = {
    support.POSITIVE: (0.0, None),
    support.NON_NEGATIVE: (0.0, None),
    support.UNIT_INTERVAL: (0.0, 1.0),
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
    if isinstance(law, Mixture):
        parts = zip(law.components, law.params_of_components(params[1:]), strict=True)
        return _shared([bijector_of(component, own) for component, own in parts], law.stacked)
    if isinstance(law, Truncated):
        own, lower, upper = law.split(params)
        known = _ENDS.get(law.law.support, (None, None))
        lower, upper = (end if end is not None else at for end, at in zip((lower, upper), known, strict=True))
        if lower is None and upper is None:
            return bijector_of(law.law, own)
        return interval(
            as_variable(-np.inf if lower is None else lower), as_variable(np.inf if upper is None else upper)
        )
    if law.bounds is not None:
        ends = zip(law.bounds, (-np.inf, np.inf), strict=True)
        lower, upper = (
            as_variable(end) if name is None else params[law.param_names.index(name)] for name, end in ends
        )
        return interval(lower, upper)
    if law.support is support.ZERO_SUM:
        return ZeroSumTransform(range(-law.event_ndim, 0))
    if law.support in _OF_LENGTHS:
        length = law.event_shape([tuple(p.shape) for p in params])[-1]
        assert length is not None
        return _OF_LENGTHS[law.support](length)
    make = _BIJECTORS.get(law.support)
    return make() if make is not None else None


def _shared(bijectors: Sequence[Bijector | None], stacked: bool) -> Bijector | None:
    """Return the map that all components of a mixture have, or None if they differ."""
    first, *others = bijectors
    if first is None or any(type(b) is not type(first) for b in others):
        return None
    if stacked and first.inputs:
        ends = [_constant(end) for end in first.inputs]
        known = [np.unique(end) for end in ends if end is not None]
        if len(known) < len(ends) or any(len(values) > 1 for values in known):
            return None
        return first.with_inputs([as_variable(values[0]) for values in known])
    same = all(
        _same(a, b) for other in others if other for a, b in zip(first.inputs, other.inputs, strict=True)
    )
    return first if same else None


def _constant(node: Variable) -> np.ndarray | None:
    return np.asarray(node.op.value) if isinstance(node.op, Constant) else None


def _same(a: Variable, b: Variable) -> bool:
    one, other = _constant(a), _constant(b)
    return a is b or (one is not None and other is not None and np.array_equal(one, other))

"""What a chain carries from draw to draw."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pmjax.inference.nuts import metric as metrics
from pmjax.inference.nuts import step_size
from pmjax.inference.nuts.kernel import Point


class ChainState(NamedTuple):
    """Everything a chain carries from draw to draw."""

    point: Point
    key: Any
    draw: Any
    step_size: Any
    search: step_size.Search
    dual_averaging: step_size.DualAveraging
    metric: metrics.Metric
    estimator: metrics.DiagEstimator


def initial_state(
    theta: np.ndarray, key: np.ndarray, kind: metrics.MetricKind, dtype: np.dtype
) -> ChainState:
    """Return the state of a chain at ``theta``, where nothing has been evaluated yet."""
    position = np.asarray(theta, dtype)
    none = np.zeros_like(position)
    return ChainState(
        point=Point(position, none, np.asarray(np.nan, dtype)),
        key=key,
        draw=np.int32(0),
        step_size=np.zeros((), dtype),
        search=step_size.no_search(),
        dual_averaging=step_size.begin(np.zeros((), dtype)),
        metric=kind.initial(none),
        estimator=metrics.begin_estimate(position.size, dtype),
    )

"""Observed values that stand for more data than they are: ``total_size=``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.model.spec import distribution_of
from pmjax.runtime.types import Shape


@dataclass(frozen=True)
class Weighted(Law):
    """A law whose log density counts several times: that of a batch stands for that of all data.

    Attributes
    ----------
    law : Law
    weight : float
    """

    law: Law
    weight: float

    def __post_init__(self) -> None:
        for fact in ("signature", "dimensions", "support", "discrete", "domains", "bounds", "differentiable"):
            self.__dict__[fact] = getattr(self.law, fact)

    @property
    def name(self) -> str:
        return self.law.name

    @property
    def param_names(self) -> tuple[str, ...]:
        return self.law.param_names

    def log_density(self, x: Any, *params: Any) -> Any:
        return self.weight * self.law.log_density(x, *params)

    def draw(self, key: Any, shape: Shape, *params: Any) -> Any:
        return self.law.draw(key, shape, *params)

    def center(self, *params: Any) -> Any:
        return self.law.center(*params)

    def start(self, shape: Shape, *params: Any) -> Any:
        return self.law.start(shape, *params)

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        return self.law.contains(x, *params)

    def limits(self, *params: Any) -> Any:
        return self.law.limits(*params)

    def event_shape(self, shapes: Sequence[Shape]) -> Any:
        return self.law.event_shape(shapes)


def weighted(variable: Variable, total_size: Any) -> Variable:
    """Return an observed variable whose term stands for data of another size.

    Parameters
    ----------
    variable : Variable
    total_size : int or sequence of (int, None or Ellipsis)
        The size of the first dimensions of all data; None for a dimension that is whole. Sizes after an
        ellipsis are those of the last dimensions.

    Raises
    ------
    ModelError
        If it is no size, or names more dimensions than there are.
    """
    sizes = list(total_size) if isinstance(total_size, (list, tuple)) else [total_size]
    if Ellipsis in sizes:
        at = sizes.index(Ellipsis)
        sizes[at : at + 1] = [None] * (variable.ndim - len(sizes) + 1)
    good = all(s is None or (isinstance(s, (int, np.integer)) and s > 0) for s in sizes)
    if not good or len(sizes) > variable.ndim:
        raise ModelError(
            f"{variable.label}: total_size is a positive integer, or one for each of its {variable.ndim} "
            f"dimension(s), got {total_size!r}"
        )
    parts = [s / n for s, n in zip(sizes, variable.shape, strict=False) if s is not None]
    weight = float(np.prod(parts))
    assert isinstance(variable.op, RandomVariable)
    if weight == 1.0:
        return variable
    op = RandomVariable(Weighted(distribution_of(variable), weight), variable.op.shape)
    return Variable(op, variable.inputs, variable.name)

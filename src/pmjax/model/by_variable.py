"""A mapping from the random variables of a model that can be written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pmjax.graph.variable import Variable


class ByVariable(dict[Variable, Any]):
    """A value for each random variable; to change one changes how the variable was declared.

    Parameters
    ----------
    values : mapping from Variable to value
    declare : callable
        ``declare(variable, value)`` changes the declaration.
    """

    def __init__(self, values: Mapping[Variable, Any], declare: Callable[[Variable, Any], None]) -> None:
        super().__init__(values)
        self._declare = declare

    def __setitem__(self, variable: Variable, value: Any) -> None:
        self._declare(variable, value)
        super().__setitem__(variable, value)

    def update(self, *others: Any, **_: Any) -> None:
        for variable, value in dict(*others).items():
            self[variable] = value

    def __reduce__(self) -> Any:
        return dict, (dict(self),)

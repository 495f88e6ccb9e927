"""Arguments that must be plain numbers while the model is built: shapes, axes, counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable


def plain(value: Any, what: str) -> Any:
    """Return an argument with each node that constants and data determine replaced by its value.

    Parameters
    ----------
    value : number, Variable, or sequence of them
    what : str
        The argument's name, for the message.

    Raises
    ------
    ModelError
        If a node is random: the shape of a program does not depend on its values.
    """
    if isinstance(value, Variable):
        try:
            return value.data_only()[()]
        except (ModelError, LookupError):
            raise ModelError(
                f"{what} depends on {value.label}, which has no value while the model is built; "
                "shapes, axes and counts must follow from constants and data"
            ) from None
    if isinstance(value, (list, tuple)):
        return type(value)(plain(v, what) for v in value)
    return value


def plain_shape(shape: Any, what: str = "shape") -> tuple[int, ...]:
    """Return a shape as a tuple of ints.

    Examples
    --------
    >>> plain_shape(3), plain_shape([2, 3])
    ((3,), (2, 3))
    """
    sizes = plain(shape, what)
    try:
        return tuple(int(n) for n in np.ravel(np.asarray(sizes)))
    except (TypeError, ValueError):
        raise ModelError(f"{what} is an integer or a sequence of integers, got {shape!r}") from None


def given(**options: Any) -> dict[str, Any]:
    """Return the options that differ from their usual values, None and False.

    A call then looks the same however the user spelled the defaults, and the rewrites know it.
    """
    return {name: value for name, value in options.items() if value is not None and value is not False}

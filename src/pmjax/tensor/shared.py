"""Arrays that may be replaced between runs, outside any model (``pytensor.shared``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.graph.arrays import as_array
from pmjax.graph.ops import DataCell
from pmjax.graph.variable import Variable


def shared(value: Any, name: str | None = None, strict: bool = False, **options: Any) -> Variable:
    """Return a variable whose value ``set_value`` replaces; its shape and dtype stay.

    Parameters
    ----------
    value : array_like
    name : str, optional

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.shared([1.0, 2.0])
    >>> y = 2 * x
    >>> x.set_value([3.0, 4.0])
    >>> y.eval()
    array([6., 8.])
    """
    return Variable(DataCell(name or "shared", np.asarray(as_array(value))), (), name)

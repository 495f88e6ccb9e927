"""`pm.Minibatch`: rows of data that `pm.fit` chooses anew at each step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.arrays import as_array
from pmjax.graph.evaluate import ancestors
from pmjax.graph.ops import DataCell
from pmjax.graph.variable import Variable
from pmjax.model.spec import ModelSpec


@dataclass(eq=False)
class BatchCell(DataCell):
    """Some rows of an array; its value are the first ones.

    Attributes
    ----------
    whole : ndarray
        The array.
    together : object
        Cells that share it have the same rows.
    """

    whole: np.ndarray = field(default_factory=lambda: np.zeros(0))
    together: object = None


def Minibatch(variable: Any, *variables: Any, batch_size: int) -> Any:
    """Return rows of arrays, the same rows of each, that `fit` chooses anew at each step of ADVI.

    Rows are chosen with replacement. The variable that is observed gets ``total_size=``, the number of all
    rows, so that the term of a batch stands for that of all data. Only `fit` takes batches.

    Parameters
    ----------
    variable, *variables : array
        Numbers in any container, with the same number of rows.
    batch_size : int

    Returns
    -------
    Variable, or a tuple of them
        One for each array.

    Raises
    ------
    ModelError
        If the arrays differ in length, or the batch has no size.

    Examples
    --------
    >>> import pmjax as pm
    >>> x, y = pm.Minibatch(np.arange(10.0), np.ones((10, 2)), batch_size=4)
    >>> x.shape, y.shape
    ((4,), (4, 2))
    """
    arrays = [as_array(v.data_only() if isinstance(v, Variable) else v) for v in (variable, *variables)]
    lengths = [a.shape[0] if a.ndim else 0 for a in arrays]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise ModelError(f"Minibatch: the arrays must have the same number of rows, got {lengths}")
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ModelError(f"Minibatch: batch_size must be an integer of at least 1, got {batch_size!r}")
    together, rows = object(), np.arange(batch_size) % lengths[0]
    cells = [BatchCell("minibatch", a[rows], live=False, whole=a, together=together) for a in arrays]
    batches = tuple(Variable(cell, ()) for cell in cells)
    return batches if variables else batches[0]


def batches_of(nodes: Iterable[Variable]) -> dict[Variable, BatchCell]:
    """Return the batches that expressions are made of."""
    return {v: v.op for v in ancestors(nodes) if isinstance(v.op, BatchCell)}


def refuse_batches(spec: ModelSpec, caller: str) -> None:
    """Raise ModelError if the likelihood of a model is that of a batch."""
    observed = [(v.name, [v.variable, v.value]) for v in spec.observed]
    for name, nodes in [*observed, *((str(p.name), [p]) for p in spec.potentials)]:
        if batches_of(nodes):
            raise ModelError(
                f"{caller}: {name!r} has a pm.Minibatch, and only pm.fit(method='advi') draws batches anew; "
                "give the model all rows, without Minibatch and total_size"
            )

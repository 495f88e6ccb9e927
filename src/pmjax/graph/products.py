"""Products of tall matrices of data with vectors: ``X @ b`` is computed as ``b @ X.T``.

Arrays lie in memory row by row. A product with rows of a few numbers, and in its gradient the sums over all
rows, leave a processor's vector units idle; the transpose, found once before sampling, has long rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp

from pmjax.graph.evaluate import ancestors, of_data
from pmjax.graph.ops import Call, Slot
from pmjax.graph.rewrite import substitute
from pmjax.graph.variable import Variable, call

_PRODUCTS = (jnp.matmul, jnp.dot)
_OF_TWO: tuple[tuple[Slot, Slot], dict[str, object]] = ((Slot(0), Slot(1)), {})


def transpose_tall(outputs: Sequence[Variable]) -> list[Variable]:
    """Return the same expressions, with tall matrices of data transposed in products with vectors.

    Parameters
    ----------
    outputs : sequence of Variable

    Returns
    -------
    list of Variable
        With the same values (to rounding), shapes and dtypes.
    """
    new: dict[Variable, Variable] = {}
    for node in ancestors(outputs):
        if _has_tall_matrix(node):
            matrix, vector = node.inputs
            new[node] = call(jnp.matmul, *substitute([vector], new), matrix.transpose())
    return substitute(outputs, new)


def _has_tall_matrix(node: Variable) -> bool:
    if not isinstance(node.op, Call) or node.op.function not in _PRODUCTS or node.op.template != _OF_TWO:
        return False
    matrix, vector = node.inputs
    shaped = matrix.ndim == 2 and vector.ndim == 1 and matrix.shape[0] > matrix.shape[1]
    return shaped and of_data(matrix) and not of_data(vector)

"""Products of tall matrices of data with vectors: ``X @ b`` is computed as ``b @ X.T``.

Arrays lie in memory row by row. A product with rows of a few numbers, and in its gradient the sums over all
rows, leave a processor's vector units idle; the transpose, found once before sampling, has long rows.
``(X * b).sum(axis=1)`` is the same product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from pmjax.graph.evaluate import of_data, own_nodes
from pmjax.graph.ops import Call, Elementwise
from pmjax.graph.rewrite import rewrite_expressions
from pmjax.graph.slots import Slot
from pmjax.graph.variable import Variable, call

_PRODUCTS = (jnp.matmul, jnp.dot)
# Arguments of a call.
_Arguments = tuple[tuple[Any, ...], dict[str, Any]]
_OF_TWO: _Arguments = ((Slot(0), Slot(1)), {})
_OVER_COLUMNS: list[_Arguments] = [
    *(((Slot(0),), {"axis": axis}) for axis in (1, -1)),
    *(((Slot(0), axis), {}) for axis in (1, -1)),
]


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
    for node in own_nodes(outputs):
        factors = _factors(node)
        if len(factors) == 2 and _is_tall(*factors):
            matrix, vector = factors
            new[node] = call(jnp.matmul, *rewrite_expressions([vector], new), matrix.transpose())
    return rewrite_expressions(outputs, new)


def _factors(node: Variable) -> Sequence[Variable]:
    """Return the matrix and the vector that a node is the product of; nothing if it is no such product."""
    if not isinstance(node.op, Call):
        return ()
    if node.op.function in _PRODUCTS and node.op.template == _OF_TWO:
        return node.inputs
    if node.op.function is jnp.sum and node.op.template in _OVER_COLUMNS:
        terms = node.inputs[0]
        if isinstance(terms.op, Elementwise) and terms.op.function is jnp.multiply:
            return sorted(terms.inputs, key=lambda factor: factor.ndim, reverse=True)
    return ()


def _is_tall(matrix: Variable, vector: Variable) -> bool:
    shaped = matrix.ndim == 2 and vector.ndim == 1 and matrix.shape[0] > matrix.shape[1] == vector.shape[0]
    return shaped and of_data(matrix) and not of_data(vector)

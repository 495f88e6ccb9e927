"""Products of tall matrices of data with vectors: ``X @ b`` is computed as ``b @ X.T``.

Arrays lie in memory row by row. A product with rows of a few numbers, and in its gradient the sums over all
rows, leave a processor's vector units idle; the transpose, found once before sampling, has long rows.
``(X * b).sum(axis=1)`` is the same product.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp

from pmjax.graph.evaluate import of_data, own_nodes
from pmjax.graph.meaning import Contract, Pointwise, Reduce, meaning
from pmjax.graph.rewrite import rewrite_expressions
from pmjax.graph.variable import Variable, call


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
    match meaning(node):
        case Contract():
            return node.inputs
        case Reduce((1,), False, "sum") if node.inputs[0].ndim == 2:
            terms = node.inputs[0]
            if meaning(terms) == Pointwise("product"):
                return sorted(terms.inputs, key=lambda factor: factor.ndim, reverse=True)
    return ()


def _is_tall(matrix: Variable, vector: Variable) -> bool:
    shaped = matrix.ndim == 2 and vector.ndim == 1 and matrix.shape[0] > matrix.shape[1] == vector.shape[0]
    return shaped and of_data(matrix) and not of_data(vector)

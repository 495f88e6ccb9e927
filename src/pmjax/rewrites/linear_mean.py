"""Means that are linear in parameters: mu = offset + X coefficients, read off the graph of mu.

Each node between mu and its parameters is a linear function of some *coefficients*, nodes that are taken
as they come, whatever they are made of. An operation that is linear turns the matrices of its inputs into
its own; the result of any other is a coefficient itself, if it has few elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import ancestors, evaluate_host, is_random
from pmjax.graph.meaning import Contract, Gather, Pointwise, Reduce, meaning
from pmjax.graph.ops import Index
from pmjax.graph.slots import fill_slots
from pmjax.graph.variable import Variable, call
from pmjax.rewrites.row_analysis import not_data

MAX_ENTRIES = 10_000_000
MAX_COEFFICIENTS = 1000


@dataclass(frozen=True)
class LinearMean:
    """mu = offset + matrix @ coefficients.

    Attributes
    ----------
    offset : ndarray, shape (rows,)
    matrix : ndarray, shape (rows, p)
    coefficients : Variable, shape (p,)
    """

    offset: np.ndarray
    matrix: np.ndarray
    coefficients: Variable


@dataclass(frozen=True)
class _Form:
    """A node as offset + sum of matrix @ coefficient.ravel(); matrices have the node's axes and one more."""

    offset: np.ndarray
    matrices: dict[Variable, np.ndarray]

    @property
    def is_data(self) -> bool:
        return not self.matrices

    @property
    def width(self) -> int:
        return sum(v.size for v in self.matrices)

    def each(self, function: Callable[[np.ndarray], np.ndarray], offset: np.ndarray) -> _Form:
        return _Form(offset, {v: function(m) for v, m in self.matrices.items()})

    def used(self) -> int:
        """The number of elements of the coefficients that matter."""
        return sum(int(np.count_nonzero(_used(m))) for m in self.matrices.values())


def linear_mean(mu: Variable, rows: int, terms: int) -> LinearMean | None:
    """Return the mean of `rows` observations as a linear function of few coefficients.

    Parameters
    ----------
    mu : Variable
        Broadcasts to (rows,).
    rows : int
    terms : int
        How many terms the density has otherwise; forms with many more coefficients than pay are not built.

    Returns
    -------
    LinearMean or None
        None if mu is not linear in few coefficients.
    """
    random = not_data([mu])
    forms: dict[int, _Form | None] = {}

    def ends(node: Variable) -> bool:
        return id(node) not in random or is_random(node)

    with np.errstate(all="ignore"):
        for node in ancestors([mu], stop=ends):
            if id(node) not in random:
                forms[id(node)] = _Form(np.asarray(evaluate_host([node], {})[0]), {})
            else:
                inputs = [] if ends(node) else [forms[id(v)] for v in node.inputs]
                forms[id(node)] = _form(node, inputs, terms)
    form = forms[id(mu)]
    return None if form is None or form.is_data else _assembled(form, rows)


def _form(node: Variable, inputs: Sequence[_Form | None], terms: int) -> _Form | None:
    form = None
    if inputs and node.size * max(1, sum(f.width for f in inputs if f is not None)) <= MAX_ENTRIES:
        form = _linear(node, inputs, terms)
    # The node itself as a coefficient, unless it stands for more numbers than it is made of. One element
    # of a vector is read as such: together the elements are the vector.
    if form is not None and form.used() < node.size + isinstance(node.op, Index):
        return form
    if node.size > min(terms, MAX_COEFFICIENTS):
        return None
    return _Form(np.zeros(node.shape), {node: np.eye(node.size).reshape(*node.shape, node.size)})


def _linear(node: Variable, inputs: Sequence[_Form | None], terms: int) -> _Form | None:
    """Return the form of a node from those of its inputs; None if its operation is not linear in them."""
    means = meaning(node)
    if isinstance(means, Reduce):
        products = _sum_of_products(node, means)
        if products is not None:
            data, coefficient = products
            return _Form(np.zeros(node.shape), {coefficient: data})
    known = [f for f in inputs if f is not None]
    if len(known) < len(inputs):
        return None
    match means:
        case Pointwise(kind):
            return _elementwise(node, kind, known)
        case Gather():
            assert isinstance(node.op, Index)
            return _indexed(node, node.op, known, terms)
        case Contract():
            return _product(*known)
        case Reduce((axis,), False, "sum" | "mean" as kind):
            function = np.sum if kind == "sum" else np.mean
            return known[0].each(lambda m: function(m, axis=axis), function(known[0].offset, axis=axis))
    return None


def _sum_of_products(node: Variable, total: Reduce) -> tuple[np.ndarray, Variable] | None:
    """Return (X, beta) of ``(X * beta).sum(axis=-1)``, which would be a form of p times the size."""
    product = node.inputs[0]
    if total != Reduce((1,), False, "sum") or meaning(product) != Pointwise("product") or product.ndim != 2:
        return None
    for data, coefficient in (product.inputs, product.inputs[::-1]):
        if not not_data([data]) and coefficient.shape == product.shape[1:]:
            return np.broadcast_to(evaluate_host([data], {})[0], product.shape) * 1.0, coefficient
    return None


def _elementwise(node: Variable, kind: str | None, inputs: Sequence[_Form]) -> _Form | None:
    match kind:
        case "same":
            return inputs[0]
        case "negative":
            return inputs[0].each(np.negative, -inputs[0].offset)
        case "sum":
            return _sum(node, inputs[0], inputs[1], 1.0)
        case "difference":
            return _sum(node, inputs[0], inputs[1], -1.0)
        case "product":
            return _multiplied(node, inputs)
        case "quotient" if inputs[1].is_data:
            return _scaled(node, inputs[0], 1.0 / inputs[1].offset)
        case "quotient" if node.inputs[1].size == 1:
            return _times(node, inputs[0], 1.0 / node.inputs[1])
    return None


def _multiplied(node: Variable, inputs: Sequence[_Form]) -> _Form | None:
    others = zip(inputs[::-1], node.inputs[::-1], strict=True)
    for form, (factor, variable) in zip(inputs, others, strict=True):
        if factor.is_data:
            return _scaled(node, form, factor.offset)
        if variable.size == 1 and not form.is_data:
            return _times(node, form, variable)
    return None


def _spread(node: Variable, matrix: np.ndarray) -> np.ndarray:
    return np.broadcast_to(matrix, (*node.shape, matrix.shape[-1]))


def _sum(node: Variable, a: _Form, b: _Form, sign: float) -> _Form:
    matrices = {v: _spread(node, m) for v, m in a.matrices.items()}
    for v, m in b.matrices.items():
        matrices[v] = matrices[v] + sign * m if v in matrices else _spread(node, sign * m)
    return _Form(a.offset + sign * b.offset, matrices)


def _scaled(node: Variable, form: _Form, factor: np.ndarray) -> _Form:
    return form.each(lambda m: _spread(node, m * factor[..., None]), form.offset * factor)


def _times(node: Variable, form: _Form, factor: Variable) -> _Form:
    """The form times a random number, which multiplies its coefficients and is that of its offset."""
    one = factor if not factor.ndim else factor[(0,) * factor.ndim]
    matrices = {v * one: _spread(node, m) for v, m in form.matrices.items()}
    if np.any(form.offset):
        matrices[one] = np.broadcast_to(form.offset, node.shape)[..., None] * 1.0
    return _Form(np.zeros(node.shape), matrices)


def _indexed(node: Variable, op: Index, inputs: Sequence[_Form], terms: int) -> _Form | None:
    x, *indices = inputs
    if not all(f.is_data for f in indices):
        return None
    if node.size > x.width and x.width**2 > 8 * terms:  # rows by group: more groups than can pay
        return None
    key = fill_slots(op.template, [f.offset for f in indices])
    of_matrix = (*key, slice(None)) if Ellipsis in [k for k in key if k is Ellipsis] else key
    return x.each(lambda m: m[of_matrix], np.broadcast_to(x.offset, node.inputs[0].shape)[key])


def _product(a: _Form, b: _Form) -> _Form | None:
    if b.is_data and a.offset.ndim == 1 and 1 <= b.offset.ndim <= 2:
        a, b = _Form(b.offset.T, {}), a  # b'X = X'b
    if not a.is_data or b.offset.ndim != 1 or not 1 <= a.offset.ndim <= 2:
        return None
    X = a.offset * 1.0

    def times(matrix: np.ndarray) -> np.ndarray:
        # X @ I, of a vector that is itself the coefficient, would be most of the work for many rows.
        return X if np.array_equal(matrix, np.eye(len(matrix))) else X @ matrix

    return b.each(times, X @ b.offset if b.offset.any() else np.zeros(X.shape[:-1]))


def _used(matrix: np.ndarray) -> np.ndarray:
    return np.any(matrix != 0, axis=tuple(range(matrix.ndim - 1)))


def _assembled(form: _Form, rows: int) -> LinearMean | None:
    parts, matrices = [], []
    for v, m in form.matrices.items():
        matrix, used = np.broadcast_to(m, (rows, m.shape[-1])), _used(m)
        if not used.any():
            continue
        if not used.all():
            kept = np.flatnonzero(used)
            v, matrix = (v if v.ndim == 1 else call(joined, [v]))[kept], matrix[:, kept]
        parts.append(v)
        matrices.append(matrix)
    if not parts:
        return None
    matrix = np.concatenate(matrices, axis=1)
    offset = np.broadcast_to(form.offset, (rows,)) * 1.0
    if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
        return None
    only = parts[0] if len(parts) == 1 and parts[0].ndim == 1 else call(joined, parts)
    return LinearMean(offset, matrix, only)


def joined(parts: Sequence[Any]) -> Any:
    """Return all elements of some arrays as one vector (JAX)."""
    return jnp.concatenate([jnp.ravel(part) for part in parts])

"""PyTensor's operations as nodes of our graph: one function for each class of operation.

A function takes the context of the translation, the node of PyTensor and its translated inputs, and returns
the translated output, or a tuple of them. What depends on shapes alone is a number by then: shapes are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import jax.scipy.special as jsp
import numpy as np

from pmjax.errors import ModelError
from pmjax.frontends import pytensor_functions as functions
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable, apply, as_variable, call, index

Inputs = list[Any]


class Context(Protocol):
    """What the operations ask of the translation that they are part of."""

    def static(self, value: Any) -> np.ndarray:
        """Return a value that must be known before the model runs (a shape, an axis, a bound of a slice)."""

    def inline(self, inputs: Sequence[Any], outputs: Sequence[Any], values: Inputs) -> list[Any]:
        """Return the outputs of an inner graph of PyTensor, given values of its inputs."""

    def wrap(self, node: Any, values: Inputs) -> Any:
        """Return the outputs of an operation as PyTensor's own JAX dispatch computes it."""

    @property
    def check_bounds(self) -> bool:
        """Whether parameters outside their domain make the log density -inf."""


Handler = Callable[[Context, Any, Inputs], Any]
HANDLERS: dict[str, Handler] = {}
"""By the name of the operation's class."""


def _handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def _ints(context: Context, value: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.ravel(context.static(value)))


def _int(context: Context, value: Any) -> int:
    return int(np.ravel(context.static(value))[0])


@_handles("Elemwise", "ScalarOp")
def _elemwise(context: Context, node: Any, inputs: Inputs) -> Any:
    scalar = getattr(node.op, "scalar_op", node.op)
    kind = type(scalar).__name__
    if kind == "Cast":
        return _cast(inputs[0], node.outputs[0].dtype)
    if kind == "Second":
        return apply(jnp.broadcast_to, inputs[1], np.broadcast_shapes(inputs[0].shape, inputs[1].shape))
    if kind == "Composite":
        inner = scalar.fgraph
        return tuple(context.inline(inner.inputs, inner.outputs, inputs))
    function = functions.SCALARS.get(kind)
    if function is None:
        dtype = node.outputs[0].dtype  # integers and reals together are not what every conversion takes
        return context.wrap(node, [_cast(v, dtype) for v in inputs] if dtype.startswith("float") else inputs)
    return _applied(function, node, inputs, getattr(node.outputs[0], "ndim", 0))


def _applied(function: Callable[..., Any], node: Any, inputs: Inputs, ndim: int) -> Variable:
    """Apply a function of scalars; what PyTensor broadcasts with leading axes, ours broadcasts without."""
    bare = [_without_leading_axes(v, given) for v, given in zip(node.inputs, inputs, strict=True)]
    if max((v.ndim for v in bare), default=0) == ndim:
        inputs = bare
    if len(inputs) != 2 and function in (jnp.add, jnp.multiply):
        result = inputs[0]
        for term in inputs[1:]:
            result = apply(function, result, term)
        return result
    return apply(function, *inputs)


def _without_leading_axes(variable: Any, given: Variable) -> Variable:
    owner = variable.owner
    if owner is None or type(owner.op).__name__ != "DimShuffle":
        return given
    order = list(owner.op.new_order)
    added = order.count("x")
    if not added or order != ["x"] * added + list(range(len(order) - added)) or given.ndim != len(order):
        return given
    if isinstance(given.op, Constant):
        return as_variable(np.asarray(given.op.value)[(0,) * added])
    return given.inputs[0] if given.inputs and given.inputs[0].shape == given.shape[added:] else given


def _cast(x: Variable, dtype: str) -> Variable:
    if isinstance(x.op, Constant):
        return as_variable(np.asarray(x.op.value).astype(dtype))
    # Our reals have one precision, which is the run's to choose.
    wanted = np.dtype("float64" if np.dtype(dtype).kind == "f" else dtype)
    return x if x.dtype == wanted else x.astype(wanted)


@_handles(
    "TensorFromScalar", "ScalarFromTensor", "SpecifyShape", "TypeCastingOp", "DeepCopyOp", "ViewOp", "CopyOp",
    "TensorFromXTensor", "XTensorFromTensor", "Rename", "DenseFromSparse", "Assert", "CheckAndRaise",
    "OutputGuard", "RandomVariableFromGenerator",
)  # fmt: skip
def _same(context: Context, node: Any, inputs: Inputs) -> Any:
    return inputs[0]


@_handles("CheckParameterValue")
def _check(context: Context, node: Any, inputs: Inputs) -> Any:
    if not context.check_bounds or not getattr(node.op, "can_be_replaced_by_ninf", True):
        return inputs[0]
    conditions = [c for c in inputs[1:] if not (isinstance(c.op, Constant) and np.all(c.op.value))]
    return call(functions.finite_or_impossible, inputs[0], *conditions) if conditions else inputs[0]


@_handles("Eigvalsh")
def _eigenvalues(context: Context, node: Any, inputs: Inputs) -> Any:
    op = getattr(node.op, "core_op", node.op)
    given = [v for v in inputs if v is not None]
    if len(given) > 1:
        return call(functions.generalised_eigenvalues, *given)
    return call(jnp.linalg.eigvalsh, given[0], UPLO="L" if op.lower else "U")


@_handles("PosDefMatrix")
def _positive_definite(context: Context, node: Any, inputs: Inputs) -> Any:
    return call(functions.is_positive_definite, inputs[0])


@_handles("Shape")
def _shape(context: Context, node: Any, inputs: Inputs) -> Any:
    return as_variable(np.array(inputs[0].shape, int))


@_handles("Shape_i")
def _shape_i(context: Context, node: Any, inputs: Inputs) -> Any:
    return as_variable(inputs[0].shape[node.op.i])


@_handles("CAReduce")
def _reduce(context: Context, node: Any, inputs: Inputs) -> Any:
    function = functions.REDUCTIONS.get(type(node.op.scalar_op).__name__)
    if function is None:
        return context.wrap(node, inputs)
    x, axis = inputs[0], node.op.axis
    if axis is None or len(axis) >= x.ndim:  # NumPy reduces one number along the axis 0 too
        return call(function, x)
    return call(function, x, axis=axis[0] if len(axis) == 1 else tuple(axis))


@_handles("Argmax")
def _argmax(context: Context, node: Any, inputs: Inputs) -> Any:
    axis = node.op.axis
    if axis is None or len(axis) == inputs[0].ndim == 1:
        return call(jnp.argmax, inputs[0])
    return call(jnp.argmax, inputs[0], axis=axis[0]) if len(axis) == 1 else context.wrap(node, inputs)


@_handles("CumOp")
def _cumulative(context: Context, node: Any, inputs: Inputs) -> Any:
    axis = node.op.axis if node.op.axis is None or node.op.axis < inputs[0].ndim else None
    return call(jnp.cumsum if node.op.mode == "add" else jnp.cumprod, inputs[0], axis=axis)


@_handles("Softmax")
def _softmax(context: Context, node: Any, inputs: Inputs) -> Any:
    return call(jax.nn.softmax, inputs[0], axis=node.op.axis)


@_handles("LogSoftmax")
def _log_softmax(context: Context, node: Any, inputs: Inputs) -> Any:
    return call(jax.nn.log_softmax, inputs[0], axis=node.op.axis)


@_handles("LogSumExp")
def _log_sum_exp(context: Context, node: Any, inputs: Inputs) -> Any:
    return call(jsp.logsumexp, inputs[0], axis=node.op.axis)


@_handles("DimShuffle")
def _dimshuffle(context: Context, node: Any, inputs: Inputs) -> Any:
    x, order = inputs[0], list(node.op.new_order)
    product = _product_with_vector(node, x, order)
    if product is not None:
        return product
    kept = [axis for axis in order if axis != "x"]
    dropped = [axis for axis in range(x.ndim) if axis not in kept]
    if dropped:
        x = index(x, tuple(0 if axis in dropped else slice(None) for axis in range(x.ndim)))
    places = sorted(kept)
    order = [places.index(axis) if axis != "x" else "x" for axis in order]
    kept = [axis for axis in order if axis != "x"]
    if kept != sorted(kept):
        x = call(jnp.transpose, x) if kept == sorted(kept)[::-1] else call(jnp.transpose, x, tuple(kept))
    if "x" in order:
        x = index(x, tuple(None if axis == "x" else slice(None) for axis in order))
    return x


def _product_with_vector(node: Any, x: Variable, order: list[Any]) -> Variable | None:
    """Return ``A @ v`` for what PyTensor writes as a product of matrices that loses an axis again."""
    owner = node.inputs[0].owner
    if owner is None or type(owner.op).__name__ != "Dot" or x.ndim != 2 or len(x.inputs) != 2:
        return None
    a, b = x.inputs
    if order == [0] and b.shape[1:] == (1,):
        return apply(jnp.matmul, a, index(b, (slice(None), 0)) if not _is_column(b) else b.inputs[0])
    if order == [1] and a.shape[:1] == (1,):
        return apply(jnp.matmul, index(a, 0) if not _is_row(a) else a.inputs[0], b)
    return None


def _is_column(b: Variable) -> bool:
    return bool(b.inputs) and b.inputs[0].ndim == 1 and _key(b) == (slice(None), None)


def _is_row(a: Variable) -> bool:
    return bool(a.inputs) and a.inputs[0].ndim == 1 and _key(a) == (None, slice(None))


def _key(node: Variable) -> Any:
    return getattr(node.op, "template", None)


@_handles("Dot", "BatchedDot")
def _dot(context: Context, node: Any, inputs: Inputs) -> Any:
    return apply(jnp.matmul, *inputs)


@_handles("Blockwise")
def _blockwise(context: Context, node: Any, inputs: Inputs) -> Any:
    core = node.op.core_op
    kind = type(core).__name__
    if kind == "Dot":
        return apply(jnp.matmul, *inputs)
    if kind == "Cholesky" and core.lower:
        return call(jnp.linalg.cholesky, inputs[0])
    if kind == "MatrixInverse":
        return call(jnp.linalg.inv, inputs[0])
    if kind == "Det":
        return call(jnp.linalg.det, inputs[0])
    if kind == "Eigvalsh":
        return _eigenvalues(context, node, inputs)
    if kind == "SolveTriangular" and core.b_ndim == 2 and inputs[0].ndim == inputs[1].ndim == 2:
        return call(jsl.solve_triangular, *inputs, lower=core.lower, unit_diagonal=core.unit_diagonal)
    return context.wrap(node, inputs)


@_handles("Subtensor", "AdvancedSubtensor", "AdvancedSubtensor1")
def _subtensor(context: Context, node: Any, inputs: Inputs) -> Any:
    return index(inputs[0], _index_key(context, node, inputs[1:]))


@_handles("IncSubtensor", "AdvancedIncSubtensor", "AdvancedIncSubtensor1")
def _write_at(context: Context, node: Any, inputs: Inputs) -> Any:
    x, y, *positions = inputs
    function = functions.set_at if node.op.set_instead_of_inc else functions.add_at
    return call(function, x, y, _index_key(context, node, positions))


def _index_key(context: Context, node: Any, positions: Inputs) -> tuple[Any, ...]:
    """Return the key of ``x[key]``: slices with numbers, numbers, None and arrays of positions."""
    from pytensor.tensor.subtensor import indices_from_subtensor

    entries = getattr(node.op, "idx_list", None)
    key = tuple(positions) if entries is None else indices_from_subtensor(positions, entries)
    return tuple(part for entry in key for part in _index_part(context, entry))


def _index_part(context: Context, entry: Any) -> list[Any]:
    if isinstance(entry, slice):
        bounds = (entry.start, entry.stop, entry.step)
        return [slice(*(None if bound is None else _int(context, bound) for bound in bounds))]
    if isinstance(entry, Variable):
        if entry.dtype == bool:
            return list(np.nonzero(context.static(entry)))
        if not entry.ndim and isinstance(entry.op, Constant):
            return [int(entry.op.value)]
    return [entry]


@_handles("MakeSlice")
def _make_slice(context: Context, node: Any, inputs: Inputs) -> Any:
    bounds = [None if v is None else _int(context, v) for v in inputs]
    return slice(*bounds)


@_handles("Nonzero")
def _nonzero(context: Context, node: Any, inputs: Inputs) -> Any:
    return tuple(as_variable(i) for i in np.nonzero(context.static(inputs[0])))


@_handles("Join")
def _join(context: Context, node: Any, inputs: Inputs) -> Any:
    own_axis = getattr(node.op, "axis", None)
    axis = _int(context, inputs[0]) if own_axis is None else own_axis
    parts = inputs[1:] if own_axis is None else inputs
    return parts[0] if len(parts) == 1 else call(jnp.concatenate, parts, axis=axis)


@_handles("Split")
def _split(context: Context, node: Any, inputs: Inputs) -> Any:
    own_axis = getattr(node.op, "axis", None)
    axis = _int(context, inputs[1]) if own_axis is None else own_axis
    axis %= inputs[0].ndim
    edges = np.cumsum((0, *_ints(context, inputs[-1])))
    lead = (slice(None),) * axis
    return tuple(
        index(inputs[0], (*lead, slice(int(edges[i]), int(edges[i + 1])))) for i in range(len(edges) - 1)
    )


@_handles("MakeVector")
def _make_vector(context: Context, node: Any, inputs: Inputs) -> Any:
    if not inputs:
        return as_variable(np.zeros(0, node.outputs[0].dtype))
    if all(isinstance(v.op, Constant) for v in inputs):
        return as_variable(np.array([np.asarray(v.op.value) for v in inputs]))
    return call(jnp.stack, inputs)


@_handles("Reshape")
def _reshape(context: Context, node: Any, inputs: Inputs) -> Any:
    shape = _ints(context, inputs[1])
    return inputs[0] if inputs[0].shape == shape else call(jnp.reshape, inputs[0], shape)


@_handles("Alloc", "BroadcastTo")
def _alloc(context: Context, node: Any, inputs: Inputs) -> Any:
    shape = tuple(_int(context, n) for n in inputs[1:])
    return inputs[0] if inputs[0].shape == shape else call(jnp.broadcast_to, inputs[0], shape)


@_handles("AllocEmpty")
def _empty(context: Context, node: Any, inputs: Inputs) -> Any:
    return as_variable(np.zeros(tuple(_int(context, n) for n in inputs), node.outputs[0].dtype))


@_handles("ARange")
def _arange(context: Context, node: Any, inputs: Inputs) -> Any:
    start, stop, step = (context.static(v).item() for v in inputs)
    return as_variable(np.arange(start, stop, step, dtype=node.op.dtype))


@_handles("Eye")
def _eye(context: Context, node: Any, inputs: Inputs) -> Any:
    rows, columns, offset = (_int(context, v) for v in inputs)
    return as_variable(np.eye(rows, columns, offset, dtype=node.op.dtype))


@_handles("ExtractDiag")
def _extract_diagonal(context: Context, node: Any, inputs: Inputs) -> Any:
    op = node.op
    return call(jnp.diagonal, inputs[0], offset=op.offset, axis1=op.axis1, axis2=op.axis2)


@_handles("IfElse")
def _if_else(context: Context, node: Any, inputs: Inputs) -> Any:
    condition, *branches = inputs
    half = len(branches) // 2
    pairs = zip(branches[:half], branches[half:], strict=True)
    return tuple(apply(jnp.where, apply(jnp.not_equal, condition, 0), yes, no) for yes, no in pairs)


@_handles("OpFromGraph")
def _inner_graph(context: Context, node: Any, inputs: Inputs) -> Any:
    return tuple(context.inline(node.op.fgraph.inputs, node.op.fgraph.outputs, inputs))


@_handles("Scan")
def _scan(context: Context, node: Any, inputs: Inputs) -> Any:
    # How often a scan runs is part of the program.
    return context.wrap(node, [as_variable(_int(context, inputs[0])), *inputs[1:]])


@_handles("MinibatchIndexRV")
def _minibatch(context: Context, node: Any, inputs: Inputs) -> Any:
    raise ModelError(
        "its rows are a pm.Minibatch, drawn anew at each call, and a chain needs one log density; give the "
        "model all rows, without Minibatch and total_size"
    )


@_handles("RandomVariable", "SymbolicRandomVariable", "RNGConsumerOp")
def _unregistered(context: Context, node: Any, inputs: Inputs) -> Any:
    raise ModelError(
        f"a random variable of {type(node.op).__name__} has no name in the model; declare it with a name"
    )

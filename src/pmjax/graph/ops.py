"""Operations: what a node of the graph does with its inputs.

Every operation answers the same questions: the shape and dtype of its result (`infer`), its value
(`evaluate`, traceable by JAX; `evaluate_host`, NumPy where NumPy knows the function) and its identity
across processes (`fingerprint`, the ingredient of the compilation cache's key).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph import elementwise_table
from pmjax.graph.arrays import as_array, rows
from pmjax.graph.identity import function_fingerprint, value_fingerprint
from pmjax.graph.length import begin_epoch, follows, settled
from pmjax.graph.node import Node, Op, Shape, known_value
from pmjax.graph.slots import Slot, fill_slots
from pmjax.graph.stored import StoresFunction
from pmjax.laws.law import Law
from pmjax.numerics.rows import take_rows
from pmjax.runtime.precision import double_precision


@dataclass(frozen=True, eq=False)
class Constant(Op):
    """A value written in the model: a Python scalar (part of the program) or an array (an argument of it)."""

    value: Any

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        return np.shape(self.value), np.asarray(self.value).dtype

    def evaluate(self) -> Any:
        return self.value

    def evaluate_host(self) -> Any:
        return self.value

    def fingerprint(self) -> Hashable:
        return ("constant", "array" if self.is_argument else value_fingerprint(self.value))

    @property
    def data_value(self) -> Any:
        return self.value

    @property
    def is_argument(self) -> bool:
        """Whether the value is passed to the compiled program rather than written into it."""
        return isinstance(self.value, np.ndarray)


@dataclass(eq=False)
class DataCell(Op):
    """A named array that the user may replace (``pm.Data``); always an argument of the program.

    A cell that is not `live` belongs to a frozen model and keeps its value.
    """

    name: str
    value: np.ndarray
    live: bool = True

    def __post_init__(self) -> None:
        # Where data have one row when they are declared, that row is repeated on purpose.
        self.repeated = tuple(n == 1 for n in self.value.shape)

    @property
    def data_value(self) -> np.ndarray:
        return self.value

    def accept(self, values: Any) -> np.ndarray:
        """Return other values for the cell.

        Raises
        ------
        ModelError
            If they are no numbers, of another kind, or have another number of dimensions.
        """
        try:
            array = as_array(values)
        except ModelError as error:
            raise ModelError(f"{self.name!r} holds {self.value.dtype} values: {error}") from None
        own = self.value
        if array.ndim != own.ndim or not np.can_cast(array.dtype, own.dtype, "same_kind"):
            raise ModelError(
                f"{self.name!r} holds {own.dtype} values with {own.ndim} dimension(s), "
                f"got {array.dtype} with shape {array.shape}"
            )
        array = array.astype(own.dtype)
        array.setflags(write=False)
        return array

    def set(self, array: np.ndarray) -> None:
        """Take other values; what was inferred from the old ones is stale."""
        self.value = array
        begin_epoch()

    @property
    def follows_data(self) -> bool:
        return self.live

    def settled(self) -> DataCell:
        return replace(self, live=False)

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        return self.value.shape, self.value.dtype

    def evaluate(self) -> Any:
        return self.value

    def evaluate_host(self) -> Any:
        return self.value

    def fingerprint(self) -> Hashable:
        return ("constant", "array")


@dataclass(frozen=True, eq=False)
class Input(Op):
    """A value that is given when the graph is evaluated (an argument of a function of the graph)."""

    shape: Shape
    dtype: np.dtype

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        return self.shape, self.dtype

    def evaluate(self) -> Any:
        raise LookupError("an input has no value of its own")

    def fingerprint(self) -> Hashable:
        return ("input", self.shape, str(self.dtype))


@dataclass(frozen=True, eq=False)
class Elementwise(StoresFunction, Op):
    """A function of scalars, applied element by element with broadcasting."""

    function: Callable[..., Any]

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        shapes = [x.shape for x in inputs]
        try:
            shape = np.broadcast_shapes(*shapes)
        except ValueError:
            listed = " and ".join(f"{x.label} {x.shape}" for x in inputs)
            raise ValueError(
                f"{elementwise_table.name_of(self.function)}: the shapes of {listed} do not broadcast; "
                "each dimension, counted from the last, must agree or be 1"
            ) from None
        return shape, elementwise_table.result_dtype(self.function, tuple(x.promotion_dtype for x in inputs))

    def evaluate(self, *values: Any) -> Any:
        return self.function(*elementwise_table.with_floats(self.function, values))

    def evaluate_host(self, *values: Any) -> Any:
        host = elementwise_table.host_function(self.function)
        if host is None:
            return super().evaluate_host(*values)
        with np.errstate(all="ignore"):
            return host(*values)

    def fingerprint(self) -> Hashable | None:
        name = function_fingerprint(self.function)
        return None if name is None else ("elementwise", name)


@dataclass(frozen=True, eq=False)
class Call(StoresFunction, Op):
    """Any function that JAX can trace, called with inputs and static arguments.

    `template` holds ``(args, kwargs)``, any pytree, with a `Slot` wherever an input belongs.
    """

    function: Callable[..., Any]
    template: tuple[tuple[Any, ...], dict[str, Any]]

    @property
    def follows_data(self) -> bool:
        return follows(self.template)

    def settled(self) -> Call:
        return replace(self, template=settled(self.template))

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        result = self.result(inputs)
        if not _is_array(result):
            raise ValueError(
                f"{self.name} returns {type(result).__name__}, not one array; "
                "lift a function that returns one array"
            )
        return tuple(result.shape), np.dtype(result.dtype)

    def result(self, inputs: Sequence[Node]) -> Any:
        """Return the pytree that the function returns, with the shape and dtype of each array."""
        avals = tuple(
            x.op.value if isinstance(x.op, Constant) and not x.op.is_argument
            else jax.ShapeDtypeStruct(x.shape, x.dtype)
            for x in inputs
        )  # fmt: skip
        try:
            return _abstract_call(self, avals)
        except (TypeError, ValueError, IndexError) as error:
            listed = ", ".join(f"{x.label} {x.shape}" for x in inputs)
            reason = str(error).split("\n")[0].rstrip(".")
            raise ValueError(f"{self.name} does not accept {listed}: {reason}") from None

    @property
    def name(self) -> str:
        """The name of the function, for messages and printed models."""
        return elementwise_table.name_of(self.function)

    def evaluate(self, *values: Any) -> Any:
        args, kwargs = fill_slots(self.template, values)
        return self.function(*args, **kwargs)

    def evaluate_host(self, *values: Any) -> Any:
        host = elementwise_table.host_function(self.function)
        if host is None:
            return super().evaluate_host(*values)
        args, kwargs = fill_slots(self.template, values)
        try:
            with np.errstate(all="ignore"):
                return host(*args, **kwargs)
        except (TypeError, ValueError, np.linalg.LinAlgError):
            # NumPy knows fewer arguments, and refuses some that JAX answers with NaN.
            return super().evaluate_host(*values)

    def fingerprint(self) -> Hashable | None:
        name, static = function_fingerprint(self.function), value_fingerprint(self.template)
        return None if name is None or static is None else ("call", name, static)


def _abstract_call(op: Call, avals: tuple[Any, ...]) -> Any:
    abstract = [a for a in avals if isinstance(a, jax.ShapeDtypeStruct)]

    def run(*arrays: Any) -> Any:
        given = iter(arrays)
        return op.evaluate(*(next(given) if isinstance(a, jax.ShapeDtypeStruct) else a for a in avals))

    with double_precision():
        return jax.eval_shape(run, *abstract)


def _is_array(result: Any) -> bool:
    return hasattr(result, "shape") and hasattr(result, "dtype")


@dataclass(frozen=True, eq=False)
class Leaves(Op):
    """A call whose result is a pytree: its value is the tuple of the arrays in it, which `Leaf` nodes take.

    No user meets such a node. It has no shape of its own.
    """

    call: Call

    @property
    def follows_data(self) -> bool:
        return self.call.follows_data

    def settled(self) -> Leaves:
        return Leaves(self.call.settled())

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        return (), np.dtype(object)

    def evaluate(self, *values: Any) -> tuple[Any, ...]:
        return tuple(jax.tree.leaves(self.call.evaluate(*values)))

    def evaluate_host(self, *values: Any) -> tuple[np.ndarray, ...]:
        with double_precision():
            return tuple(np.asarray(leaf) for leaf in self.evaluate(*values))

    def fingerprint(self) -> Hashable | None:
        own = self.call.fingerprint()
        return None if own is None else ("leaves", own)


@dataclass(frozen=True, eq=False)
class Leaf(Op):
    """One array of the pytree that a call returns; the one input is the call's `Leaves`."""

    number: int

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        (leaves,) = inputs
        assert isinstance(leaves.op, Leaves)
        one = jax.tree.leaves(leaves.op.call.result(leaves.inputs))[self.number]
        return tuple(one.shape), np.dtype(one.dtype)

    def evaluate(self, leaves: tuple[Any, ...]) -> Any:
        return leaves[self.number]

    def evaluate_host(self, leaves: tuple[Any, ...]) -> Any:
        return leaves[self.number]

    def fingerprint(self) -> Hashable:
        return ("leaf", self.number)


@dataclass(frozen=True, eq=False)
class Positions(Op):
    """Where a mask that constants and data determine is true, along one of its axes.

    Its length changes with the data, so it is computed on the host, before a program that uses it.
    """

    axis: int

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        (mask,) = inputs
        return (int(np.count_nonzero(known_value(mask))),), np.dtype("int64")

    def evaluate(self, mask: Any) -> Any:
        if isinstance(mask, jax.core.Tracer):
            raise ModelError(
                "a mask of data cannot be an argument of a compiled function; give the positions"
            )
        return np.nonzero(np.asarray(mask))[self.axis]

    def fingerprint(self) -> Hashable:
        return ("positions", self.axis)


@dataclass(frozen=True, eq=False)
class Index(Op):
    """``x[key]``: the first input is x, the others are the index arrays of `template`.

    Constant index arrays are checked against the bounds when the node is built (`in_bounds`), so the
    program need not clip or wrap them.
    """

    template: tuple[Any, ...]
    in_bounds: bool

    @property
    def follows_data(self) -> bool:
        return follows(self.template)

    def settled(self) -> Index:
        return replace(self, template=settled(self.template))

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        x, *indices = inputs
        # A zero-stride dummy: NumPy applies its own indexing rules, and checks bounds, at no cost.
        dummy = np.broadcast_to(np.zeros((), x.dtype), x.shape)
        values = [_positions(i) for i in indices]
        try:
            result = dummy[fill_slots(self.template, values)]
        except IndexError as error:
            raise ValueError(f"cannot index {x.label} of shape {x.shape}: {error}") from None
        for value in values:
            if np.any(value < 0):
                raise ValueError(negative_index(x, value))
        return result.shape, x.dtype

    def evaluate(self, x: Any, *indices: Any) -> Any:
        key = fill_slots(self.template, indices)
        if not self.in_bounds or not indices:
            return jnp.asarray(x)[key]
        if self.template == (Slot(0),) and jnp.ndim(indices[0]) == 1:
            return take_rows(jnp.asarray(x), jnp.asarray(indices[0]))
        return jnp.asarray(x).at[key].get(mode="promise_in_bounds", wrap_negative_indices=False)

    def evaluate_host(self, x: Any, *indices: Any) -> Any:
        return np.asarray(x)[fill_slots(self.template, [np.asarray(i) for i in indices])]

    def fingerprint(self) -> Hashable:
        return ("index", value_fingerprint(self.template), self.in_bounds)


def negative_index(x: Node, position: np.ndarray) -> str:
    """Return the sentence for positions below zero, which data may hold by mistake only."""
    negative = position < 0
    example = position[np.unravel_index(np.argmax(negative), negative.shape)]
    return (
        f"the index of {x.label}: {rows(negative)} negative, for example {example} (pandas codes a missing "
        "category as -1); drop these rows, or count from the start"
    )


def _positions(index: Node) -> np.ndarray:
    """Return an index array if constants and data determine it; zeros, which are in bounds, if not."""
    try:
        return np.asarray(known_value(index))
    except (ModelError, LookupError):
        return np.zeros(index.shape, index.dtype)


@dataclass(frozen=True, eq=False)
class RandomVariable(Op):
    """One random variable: a law whose parameters are the inputs.

    `shape` is what the user asked for, or None for what the parameters broadcast to. It has no value
    of its own: a reading of the graph (a draw, a density) says what stands for it.
    """

    law: Law
    shape: Shape | None

    @property
    def follows_data(self) -> bool:
        return follows(self.shape)

    def settled(self) -> RandomVariable:
        return replace(self, shape=settled(self.shape))

    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        return self.law.infer(inputs, settled(self.shape))

    def evaluate(self, *values: Any) -> Any:
        raise LookupError("a random variable has no value of its own")

    def fingerprint(self) -> Hashable | None:
        law = self.law.fingerprint()
        return None if law is None else ("random", law)

"""The record that graphs are made of: a node is an operation and its inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.length import Length, epoch, settled
from pmjax.runtime.precision import double_precision
from pmjax.runtime.types import Array, Shape

N = TypeVar("N", bound="Node")


class Op(ABC):
    """What a node does with its inputs."""

    @abstractmethod
    def infer(self, inputs: Sequence[Node]) -> tuple[Shape, np.dtype]:
        """Return the shape and dtype of the result; raise ValueError if the inputs do not fit."""

    @abstractmethod
    def evaluate(self, *values: Array) -> Array:
        """Return the value, from values of the inputs; traceable by JAX."""

    def evaluate_host(self, *values: Array) -> Array:
        """Return the value as NumPy knows it, without compiling anything where that is possible."""
        with double_precision():
            return np.asarray(self.evaluate(*values))

    @abstractmethod
    def fingerprint(self) -> Hashable | None:
        """Return what identifies this operation in any process, or None if nothing does."""

    @property
    def data_value(self) -> Any:
        """The value now, of a constant or data; else None."""
        return None

    @property
    def follows_data(self) -> bool:
        """Whether the result may change its shape or value when data are set anew."""
        return False

    def settled(self) -> Op:
        """Return the operation with data and lengths as they are now, which nothing changes any more."""
        return self


class Node:
    """An operation and its inputs, with the shape and dtype of the result. Immutable."""

    __slots__ = ("__weakref__", "_epoch", "_shape", "dtype", "inputs", "name", "op")

    op: Op
    inputs: tuple[Self, ...]
    name: str | None
    dtype: np.dtype

    def __init__(self, op: Op, inputs: Sequence[Self] = (), name: str | None = None) -> None:
        self.op = op
        self.inputs = tuple(inputs)
        self.name = name
        follows = op.follows_data or any(v.follows_data for v in self.inputs)
        self._epoch = epoch() if follows else None
        self._infer()

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        # Another process counts its own epochs, so what follows data is inferred anew there.
        kept = {name: getattr(self, name) for name in ("op", "inputs", "name", "dtype", "_shape")}
        return None, {**kept, "_epoch": None if self._epoch is None else -1}

    def _infer(self) -> None:
        try:
            shape, self.dtype = self.op.infer(self.inputs)
        except ValueError as error:
            # One sentence on the user's line instead of the chain of our own frames.
            raise ModelError(str(error)) from None
        self._shape = settled(shape)

    @property
    def follows_data(self) -> bool:
        """Whether the shape or the value may change when data or dimensions are set anew."""
        return self._epoch is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape now; its numbers are lengths that follow the data (``shape=X.shape[0]``)."""
        if self._epoch is None:
            return self._shape
        self._follow()
        return tuple(Length(n, _length, self, axis) for axis, n in enumerate(self._shape))

    def _follow(self) -> None:
        """Infer anew what was inferred before data were set."""

        def fresh(node: Node) -> bool:
            return node._epoch in (None, epoch())

        if not fresh(self):
            for node in ancestors([self], stop=fresh):
                if not fresh(node):
                    node._infer()
                    node._epoch = epoch()

    def rebuilt(self, op: Op, inputs: Sequence[Self]) -> Self:
        """Return the same node with another operation and inputs of the same shapes and dtypes."""
        node = type(self).__new__(type(self))
        node.op, node.inputs, node.name, node.dtype = op, tuple(inputs), self.name, self.dtype
        node._shape = settled(self.shape)
        node._epoch = None
        return node

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def data_value(self) -> Any:
        """The value now, if the node is a constant or data; else None."""
        return self.op.data_value

    @property
    def label(self) -> str:
        """The name, or a short description of an unnamed node, for messages."""
        if self.name is not None:
            return repr(self.name)
        value = self.data_value
        if value is None:
            return "an expression"
        return "a constant" if isinstance(value, np.ndarray) else repr(value)

    @property
    def promotion_dtype(self) -> np.dtype | type:
        """The dtype for promotion; a Python scalar does not widen arrays."""
        value = self.data_value
        return type(value) if isinstance(value, (bool, int, float)) else self.dtype

    def __repr__(self) -> str:
        what = self.name or type(self.op).__name__.lower()
        return f"<{what}: {self.dtype}{list(self.shape)}>"


def _length(node: Node, axis: int) -> int:
    return int(node.shape[axis])


def ancestors(outputs: Iterable[N], stop: Callable[[N], bool] | None = None) -> list[N]:
    """Return every node that the outputs need, inputs before the nodes that use them.

    Nodes for which `stop` is true are returned, but not what is behind them.
    """
    order: list[N] = []
    seen: set[int] = set()
    stack: list[tuple[N, bool]] = [(v, False) for v in reversed(list(outputs))]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            if stop is None or not stop(node):
                stack.extend((v, False) for v in reversed(node.inputs))
    return order


def known_value(node: Node) -> Array:
    """Return the value of a node that constants and data determine, computed with NumPy.

    Raises
    ------
    LookupError
        If something else is behind it.
    """
    values: dict[int, Array] = {}
    for inner in ancestors([node]):
        values[id(inner)] = computed(inner.op, [values[id(v)] for v in inner.inputs])
    return values[id(node)]


def computed(op: Op, values: Sequence[Array]) -> Array:
    """Return the value of an operation on the host, as an array of NumPy (or a tuple of them)."""
    value = op.evaluate_host(*values)
    return value if isinstance(value, tuple) else np.asarray(value)

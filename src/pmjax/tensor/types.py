"""Variables that stand for values given later, and PyTensor's names for their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable

_DTYPES = {
    "": "float64",
    "d": "float64",
    "f": "float32",
    "l": "int64",
    "i": "int32",
    "w": "int16",
    "b": "int8",
}
_NDIMS = {
    "scalar": 0, "vector": 1, "row": 2, "col": 2, "matrix": 2, "tensor3": 3, "tensor4": 4, "tensor5": 5,
    "tensor6": 6, "tensor7": 7,
}  # fmt: skip


class TensorType:
    """A dtype and a shape; calling it makes a variable of that type.

    Parameters
    ----------
    dtype : str
    shape : tuple of int
        All lengths must be known before a variable is made.
    """

    def __init__(self, dtype: Any, shape: Any = (), name: str | None = None) -> None:
        self.dtype = str(np.dtype(dtype))
        self.shape = tuple(shape)
        self.ndim = len(self.shape)

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Which axes have length 1."""
        return tuple(n == 1 for n in self.shape)

    def __call__(self, name: str | None = None, *, shape: Any = None) -> Variable:
        """Return a variable of this type, whose value is given later."""
        return tensor(name, dtype=self.dtype, shape=self.shape if shape is None else shape)

    def __repr__(self) -> str:
        return f"TensorType({self.dtype}, shape={self.shape})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorType) and (self.dtype, self.shape) == (other.dtype, other.shape)

    def __hash__(self) -> int:
        return hash((self.dtype, self.shape))


def tensor(name: str | None = None, *, dtype: Any = "float64", shape: Any = None) -> Variable:
    """Return a variable whose value is given later (to ``.eval``, or a function made of it).

    Parameters
    ----------
    name : str, optional
    dtype : str
    shape : tuple of int
        All lengths: the shapes of this graph are known when it is built.
    """
    if shape is None or any(n is None for n in shape):
        raise ModelError(
            f"the variable {name!r} needs shape= with all lengths, such as pt.vector('x', shape=(3,)): "
            "shapes are known while a model is built"
        )
    return Variable(
        Input(tuple(int(n) for n in shape), np.dtype("float64" if dtype == "floatX" else dtype)), (), name
    )


def _type(letter: str, kind: str) -> TensorType:
    lengths: dict[str, tuple[int | None, ...]] = {"row": (1, None), "col": (None, 1)}
    return TensorType(_DTYPES[letter], lengths.get(kind, (None,) * _NDIMS[kind]))


def _maker(kind: str) -> Callable[..., Variable]:
    def build(name: str | None = None, *, dtype: Any = "float64", shape: Any = None) -> Variable:
        return tensor(name, dtype=dtype, shape=() if kind == "scalar" else shape)

    build.__name__ = build.__qualname__ = kind
    build.__doc__ = f"Return a {kind} whose value is given later; `shape` has all of its lengths."
    return build


def _several(maker: Callable[..., Variable]) -> Callable[..., list[Variable]]:
    return lambda *names, **options: [maker(name, **options) for name in names]


TYPES: dict[str, Any] = {kind: _maker(kind) for kind in _NDIMS}
TYPES |= {letter + kind: _type(letter, kind) for letter in _DTYPES if letter for kind in _NDIMS}
TYPES |= {f"{n}s".replace("matrixs", "matrices"): _several(m) for n, m in TYPES.items()}
globals().update(TYPES)

__all__ = ["TensorType", "tensor", *TYPES]

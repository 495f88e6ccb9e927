"""The words of annotations: what an array, a key or a shape is, wherever one is passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

# An array of JAX or NumPy, a tracer, or a number that broadcasts like one. No static type covers the four.
Array: TypeAlias = Any
# A key of JAX's random numbers.
Key: TypeAlias = Any
# Nested tuples, lists and dictionaries of arrays.
PyTree: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]
# The data arguments of a program.
Data: TypeAlias = PyTree
# Arguments that adaptation may change without changing the posterior, by name.
Knobs: TypeAlias = Mapping[str, Any]

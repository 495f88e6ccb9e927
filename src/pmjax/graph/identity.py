"""What names itself in any process: functions of JAX and of this package, and values of plain types.

A program is known by a key. What is named in the key stands for what it does: that holds for functions
whose versions are part of the key anyway, and for values that are written there whole. A function of the user
may have been edited since, or call one that was, and an object may hold anything: these have no name, and the
program that is traced from them is its own key.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from types import MethodType
from typing import Any

import numpy as np

from pmjax.graph.length import Length, settled
from pmjax.graph.slots import Slot
from pmjax.laws.law import Law

_PACKAGES = ("jax", "pmjax")
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented))


def function_fingerprint(function: Callable[..., Any]) -> str | None:
    """Return ``module:name`` of a function that JAX or this package holds under that name, else None.

    A method of a law is named by the law.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> function_fingerprint(jnp.add), function_fingerprint(lambda x: x)
    ('jax.numpy:add', None)
    """
    if isinstance(function, MethodType) and isinstance(function.__self__, Law):
        law = function.__self__.fingerprint()
        return None if law is None else f"{law!r}.{function.__name__}"
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if not isinstance(name, str):
        return None
    for home in (module, "jax.numpy"):
        if not isinstance(home, str) or home.split(".")[0] not in _PACKAGES:
            continue
        found: Any = sys.modules.get(home)
        for part in name.split("."):
            found = getattr(found, part, None)
        if _same(found, function):
            return f"{home}:{name}"
    return None


def _same(one: Any, other: Any) -> bool:
    # Each look-up of a method makes a new object; `==` would ask the user's own callables.
    if isinstance(one, MethodType) and isinstance(other, MethodType):
        return one.__self__ is other.__self__ and one.__func__ is other.__func__
    return one is other


def value_fingerprint(value: Any) -> Hashable | None:
    """Return a value of plain types as nested tuples of strings, or None if something in it is not plain.

    Plain are numbers, strings, None, dtypes, NumPy scalars, slots of inputs, functions that name themselves,
    and slices, tuples, lists and dictionaries of such. Equal fingerprints mean equal values of equal types.

    Examples
    --------
    >>> value_fingerprint((1, True)), value_fingerprint([1.0])
    (('tuple', 'int 1', 'bool True'), ('list', 'float 1.0'))
    >>> value_fingerprint({"a": object()}) is None
    True
    """
    value = settled(value) if isinstance(value, (Length, slice)) else value
    kind = type(value)
    if kind in _PLAIN:
        return f"{kind.__name__} {value!r}"
    if kind is Slot:
        return f"slot {value.number}"
    if isinstance(value, np.generic) and value.dtype != object:
        return f"scalar {value.dtype.str} {value.tobytes().hex()}"
    if isinstance(value, np.dtype):
        return f"dtype {value.str}" if value.names is None and not value.hasobject else None
    if kind is slice:
        return _all("slice", (value.start, value.stop, value.step))
    if kind in (tuple, list):
        return _all(kind.__name__, value)
    if kind is dict:
        return _all("dict", [part for item in value.items() for part in item])
    if isinstance(value, type):
        return _type_fingerprint(value)
    return function_fingerprint(value) if callable(value) else None


def object_fingerprint(value: Any, *, aside: Sequence[str] = ()) -> Hashable | None:
    """Return an object of a class of this package with all that it holds, or None if something has no name.

    Parameters
    ----------
    value : object
        A bijector, say.
    aside : sequence of str
        Attributes that are identified elsewhere (the nodes that it takes values from).

    Examples
    --------
    >>> from pmjax.transforms.bijectors import Log
    >>> object_fingerprint(Log())
    ('object', 'pmjax.transforms.bijectors:Log')
    """
    kind = type(value)
    if kind.__module__.split(".")[0] != "pmjax" or "<locals>" in kind.__qualname__:
        return None
    held: list[Hashable | None] = []
    for name, own in sorted(vars(value).items()):
        kept = isinstance(getattr(kind, name, None), cached_property)  # follows from the rest
        if not kept and name not in aside and not name.startswith("__"):
            known = own.fingerprint() if hasattr(own, "fingerprint") else value_fingerprint(own)
            held += [name, known]
    return None if None in held else ("object", f"{kind.__module__}:{kind.__qualname__}", *held)


def _all(kind: str, values: Any) -> Hashable | None:
    parts = tuple(value_fingerprint(value) for value in values)
    return None if None in parts else (kind, *parts)


def _type_fingerprint(value: type) -> str | None:
    """Return a type that stands for a dtype: Python's and NumPy's types of numbers."""
    if value in (bool, int, float, complex) or issubclass(value, np.generic):
        return f"type {value.__module__}.{value.__qualname__}"
    return None

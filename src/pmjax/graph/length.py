"""Lengths that follow data and dimensions: integers that remember what they are the length of."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any, Self

import jax
import numpy as np

_epoch = itertools.count()
_current = next(_epoch)


def epoch() -> int:
    """Return how often data or dimensions were set anew: shapes inferred in an earlier epoch are stale."""
    return _current


def begin_epoch() -> None:
    """Say that data or dimensions have changed."""
    global _current
    _current = next(_epoch)


class Length(int):
    """The length of a dimension that may change: an int now, and the rule that gives it later.

    ``shape=X.shape[0]`` keeps the rule, so that the variable follows `set_data`; sums, differences, products
    and whole quotients with integers are lengths too.

    Parameters
    ----------
    value : int
        The length as it is.
    rule : callable
        Returns the length at any later time, from `parts`.
    *parts
        What the rule is given; lengths among them are given as they are then.

    Examples
    --------
    >>> rows = [1, 2, 3]
    >>> one_less = Length(3, len, rows) - 1
    >>> rows.append(4)
    >>> int(one_less), now(one_less)
    (2, 3)
    """

    rule: Callable[..., int]
    parts: tuple[Any, ...]

    def __new__(cls, value: int, rule: Callable[..., int], *parts: Any) -> Self:
        self = super().__new__(cls, value)
        self.rule, self.parts = rule, parts
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Length, (int(self), self.rule, *self.parts))

    def eval(self, *_: Any, **__: Any) -> np.ndarray:
        """Return the length now, as an array without dimensions (PyMC's lengths are symbolic)."""
        return np.asarray(now(self))

    def get_value(self) -> np.ndarray:
        """Return the length now."""
        return self.eval()


def now(value: Any) -> Any:
    """Return what a length is now; any other value as it is."""
    return int(value.rule(*map(now, value.parts))) if isinstance(value, Length) else value


def settled(template: Any) -> Any:
    """Return any pytree, slices among its leaves, with every `Length` replaced by what it is now."""

    def leaf(value: Any) -> Any:
        if isinstance(value, slice):
            return slice(now(value.start), now(value.stop), now(value.step))
        return now(value)

    return leaf(template) if isinstance(template, (Length, slice)) else jax.tree.map(leaf, template)


def follows(template: Any) -> bool:
    """Return whether there is a `Length` in a pytree, slices among its leaves."""
    leaves = jax.tree.leaves(template)
    parts = [part for v in leaves if isinstance(v, slice) for part in (v.start, v.stop, v.step)]
    return any(isinstance(v, Length) for v in (*leaves, *parts))


def _arithmetic(rule: Callable[[Any, Any], Any], reflected: bool = False) -> Callable[[Length, Any], Any]:
    def method(self: Length, other: Any) -> Any:
        if not isinstance(other, (int, np.integer)) or isinstance(other, bool):
            return NotImplemented
        other = other if isinstance(other, Length) else int(other)
        pair = (other, self) if reflected else (self, other)
        return Length(rule(*map(int, pair)), rule, *pair)

    return method


for _name in ("add", "sub", "mul", "floordiv", "mod"):
    _rule = getattr(operator, _name)
    setattr(Length, f"__{_name}__", _arithmetic(_rule))
    setattr(Length, f"__r{_name}__", _arithmetic(_rule, reflected=True))

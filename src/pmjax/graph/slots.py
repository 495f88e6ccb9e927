"""Arguments of a call with its inputs taken out: what is an input, what is static, and where each belongs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from pmjax.graph.length import settled


@dataclass(frozen=True)
class Slot:
    """Stands in a call's arguments for the input of that number.

    No integer equals it or prints like it: ``x[0, rows]`` and ``x[rows, 0]`` are different programs.
    """

    number: int


def fill_slots(template: Any, values: Sequence[Any]) -> Any:
    """Return a template, any pytree, with each `Slot` replaced by its value.

    Examples
    --------
    >>> fill_slots({"a": Slot(1), "b": (Slot(0), None)}, ["first", "second"])
    {'a': 'second', 'b': ('first', None)}
    """
    return jax.tree.map(
        lambda leaf: values[leaf.number] if isinstance(leaf, Slot) else settled(leaf), template
    )


def cut_slots(
    arguments: Any, as_input: Callable[[Any], Any | None], is_leaf: Callable[[Any], bool]
) -> tuple[Any, list[Any]]:
    """Return a template of the arguments, any pytree, and the inputs that its slots stand for.

    Parameters
    ----------
    arguments : pytree
    as_input : callable
        Returns a leaf as an input, or None if it is a static argument.
    is_leaf : callable
        Whether something is a leaf although it could be taken apart.

    Examples
    --------
    >>> cut_slots((1, ["x"]), lambda leaf: leaf if isinstance(leaf, str) else None, lambda leaf: False)
    ((1, [Slot(number=0)]), ['x'])
    """
    inputs: list[Any] = []

    def slot(leaf: Any) -> Any:
        own = as_input(leaf)
        if own is None:
            return leaf
        inputs.append(own)
        return Slot(len(inputs) - 1)

    return jax.tree.map(slot, arguments, is_leaf=is_leaf), inputs

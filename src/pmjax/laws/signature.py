"""Signatures of laws: which dimensions of the parameters and of a draw belong to one event.

The notation is that of NumPy's generalised functions: ``(k),(k,k)->(k)`` takes a vector and a square matrix
of the same size and gives a vector; dimensions before those broadcast.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from pmjax.runtime.types import Shape


@dataclass(frozen=True)
class Signature:
    """Names of the dimensions of one event.

    Attributes
    ----------
    params : tuple of tuple of str
        Of each parameter.
    event : tuple of str
        Of a draw.
    """

    params: tuple[tuple[str, ...], ...]
    event: tuple[str, ...]

    @classmethod
    @functools.cache
    def parse(cls, text: str) -> Signature:
        """Return the signature that a text stands for.

        Examples
        --------
        >>> Signature.parse("(),(k,k)->(k)")
        Signature(params=((), ('k', 'k')), event=('k',))
        """
        left, _, right = text.replace(" ", "").partition("->")
        return cls(_groups(left), _groups(right)[0])

    @classmethod
    def numbered(cls, param_ndims: Sequence[int], event_ndim: int) -> Signature:
        """Return the signature of so many dimensions, no two of which must have the same length.

        Examples
        --------
        >>> Signature.numbered([0, 2], 1)
        Signature(params=((), ('p1_0', 'p1_1')), event=('e0',))
        """
        params = tuple(tuple(f"p{i}_{j}" for j in range(n)) for i, n in enumerate(param_ndims))
        return cls(params, tuple(f"e{j}" for j in range(event_ndim)))

    def sizes(self, shapes: Sequence[Shape]) -> dict[str, int]:
        """Return the length of each dimension, from the shapes of the parameters.

        Raises
        ------
        ValueError
            If a parameter has too few dimensions, or one dimension has two lengths; the message names the
            parameter by its position.
        """
        found: dict[str, int] = {}
        for names, shape in zip(self.params, shapes, strict=True):
            for name, length in zip(names, shape[len(shape) - len(names) :], strict=True):
                if found.setdefault(name, length) != length:
                    raise ValueError(f"{found[name]} and {length}")
        return found


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    parts = text[1:-1].split("),(") if text else []
    return tuple(tuple(name for name in part.split(",") if name) for part in parts)

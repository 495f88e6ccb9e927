"""Functions of JAX and of this package in a pickle: by the name under which they are found again."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from pmjax.graph.identity import function_fingerprint
from pmjax.laws.law import Law


class Named:
    """A function in a pickle, by its public name.

    JAX wraps its functions so that pickle, which looks where they were defined, does not find them.

    Parameters
    ----------
    name : str
        ``module:name``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def found(self) -> Callable[..., Any]:
        """Return the function."""
        module, _, name = self.name.partition(":")
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found  # type: ignore[no-any-return]


def stored_function(function: Callable[..., Any]) -> Any:
    """Return what stands for a function in a pickle: a `Named`, or the function of a user itself.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> stored_function(jnp.exp).name
    'jax.numpy:exp'
    """
    if isinstance(getattr(function, "__self__", None), Law):
        return function  # pickled as the law and the name of its method
    name = function_fingerprint(function)
    return function if name is None else Named(name)


class StoresFunction:
    """An operation with a `function`, which its pickle holds by name."""

    function: Callable[..., Any]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "function": stored_function(self.function)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        function = state["function"]
        self.__dict__.update(state, function=function.found() if isinstance(function, Named) else function)

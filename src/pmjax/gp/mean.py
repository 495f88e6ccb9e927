"""``pm.gp.mean``: mean functions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from pmjax.graph.variable import Variable, as_variable, call
from pmjax.numerics.functions import fill


class Mean:
    """A function m(x) of the inputs. Your own defines ``__call__``, which takes the inputs."""

    # NumPy's arrays and the graph's variables leave arithmetic with a mean function to it.
    __array_ufunc__ = None

    def __call__(self, X: Any) -> Variable:
        """Return the mean at each row of X."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(X)")

    def __add__(self, other: Any) -> Mean:
        return Combined(operator.add, self, other)

    def __mul__(self, other: Any) -> Mean:
        return Combined(operator.mul, self, other)

    __radd__, __rmul__ = __add__, __mul__


class Zero(Mean):
    """The mean 0."""

    def __call__(self, X: Any) -> Variable:
        """Return zeros."""
        return call(fill, as_variable(X)[:, 0], 0.0)


class Constant(Mean):
    """The same mean everywhere.

    Parameters
    ----------
    c : number or Variable
    """

    def __init__(self, c: Any = 0) -> None:
        self.c = as_variable(c)

    def __call__(self, X: Any) -> Variable:
        """Return the constant for each row."""
        return call(fill, as_variable(X)[:, 0], self.c * 1.0)


class Linear(Mean):
    """A linear function of the inputs.

    Parameters
    ----------
    coeffs : number, array or Variable
        One for each column.
    intercept : number or Variable
    """

    def __init__(self, coeffs: Any, intercept: Any = 0) -> None:
        self.A, self.b = as_variable(coeffs), as_variable(intercept)

    def __call__(self, X: Any) -> Variable:
        """Return the linear function of each row."""
        return call(_linear, as_variable(X), self.A, self.b)


def _linear(X: Any, coeffs: Any, intercept: Any) -> Any:
    return jnp.squeeze(jnp.dot(X, coeffs) + intercept)


class Combined(Mean):
    """The sum or product of two mean functions (or of one and a number).

    Parameters
    ----------
    operation : callable
    first, second : Mean or number
    """

    def __init__(self, operation: Callable[[Any, Any], Any], first: Any, second: Any) -> None:
        self.operation, self.first, self.second = operation, first, second

    def __call__(self, X: Any) -> Variable:
        """Return the combination at each row."""
        values = [m(X) if isinstance(m, Mean) else as_variable(m) for m in (self.first, self.second)]
        return as_variable(self.operation(*values))


__all__ = ["Constant", "Linear", "Mean", "Zero"]

"""Monotone functions of one number: their inverses, and what a density gains where they are undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.graph.variable import Variable, as_variable, elementwise
from pmjax.numerics.functions import softplus
from pmjax.tensor import math

Expression = Callable[[Variable], Any]

LOG_2, LOG_10 = np.log(2), np.log(10)
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
LOG_HALF_ROOT_PI = np.log(np.sqrt(np.pi) / 2)


@dataclass(frozen=True)
class Monotone:
    r"""What is known of a monotone function f at a value v = f(x), as expressions of v.

    The density of f(x) at v is that of x at :math:`f^{-1}(v)` times :math:`|(f^{-1})'(v)|`.

    Attributes
    ----------
    inverse : callable
        The inverse function.
    log_slope : callable, optional
        log |(f⁻¹)'(v)|; without it that is 0.
    image : callable, optional
        Which v are values of f; all of them without it.
    inside : float
        One of them.
    rising : bool, Variable or None
        Whether f grows with x; None if it does neither everywhere.
    """

    inverse: Expression
    log_slope: Expression | None = None
    image: Expression | None = None
    inside: float = 0.0
    rising: Any = True


def _positive(v: Variable) -> Variable:
    return v > 0


def _unit(v: Variable) -> Variable:
    return (v > 0) & (v < 1)


def _between_ones(v: Variable) -> Variable:
    return abs(v) < 1


def _normal_log_density(z: Variable) -> Variable:
    return -0.5 * z * z - HALF_LOG_2PI


def _log_cosh(v: Variable) -> Variable:
    return abs(v) + math.log1p(math.exp(-2 * abs(v))) - LOG_2


MONOTONE: dict[Callable[..., Any], Monotone] = {
    jnp.negative: Monotone(lambda v: -v, rising=False),
    jnp.positive: Monotone(lambda v: v),
    jnp.exp: Monotone(math.log, lambda v: -math.log(v), _positive, 1.0),
    jnp.log: Monotone(math.exp, lambda v: v),
    jnp.exp2: Monotone(math.log2, lambda v: -math.log(v) - np.log(LOG_2), _positive, 1.0),
    jnp.log2: Monotone(math.exp2, lambda v: v * LOG_2 + np.log(LOG_2)),
    jnp.log10: Monotone(lambda v: math.exp(v * LOG_10), lambda v: v * LOG_10 + np.log(LOG_10)),
    jnp.expm1: Monotone(math.log1p, lambda v: -math.log1p(v), lambda v: v > -1),
    jnp.log1p: Monotone(math.expm1, lambda v: v),
    jnp.sqrt: Monotone(lambda v: v * v, lambda v: math.log(2 * v), _positive, 1.0),
    jnp.cbrt: Monotone(
        lambda v: v * v * v, lambda v: np.log(3) + 2 * math.log(abs(v)), lambda v: v != 0, 1.0
    ),
    jax.nn.sigmoid: Monotone(math.logit, lambda v: -math.log(v) - math.log1p(-v), _unit, 0.5),
    jsp.logit: Monotone(math.sigmoid, lambda v: -math.softplus(v) - math.softplus(-v)),
    jnp.tanh: Monotone(math.arctanh, lambda v: -math.log1p(-v * v), _between_ones),
    jnp.arctanh: Monotone(math.tanh, lambda v: -2 * _log_cosh(v)),
    jnp.sinh: Monotone(math.arcsinh, lambda v: -0.5 * math.log1p(v * v)),
    jnp.arcsinh: Monotone(math.sinh, _log_cosh),
    jnp.arctan: Monotone(math.tan, lambda v: -2 * math.log(math.cos(v)), lambda v: abs(v) < np.pi / 2),
    softplus: Monotone(lambda v: v + math.log1mexp(v), lambda v: -math.log1mexp(v), _positive, 1.0),
    jsp.erf: Monotone(math.erfinv, lambda v: LOG_HALF_ROOT_PI + math.erfinv(v) ** 2, _between_ones),
    jsp.erfc: Monotone(
        lambda v: math.erfinv(1 - v),
        lambda v: LOG_HALF_ROOT_PI + math.erfinv(1 - v) ** 2,
        lambda v: (v > 0) & (v < 2),
        1.0,
        rising=False,
    ),
    jsp.erfinv: Monotone(math.erf, lambda v: -LOG_HALF_ROOT_PI - v * v),
    jsp.ndtr: Monotone(math.probit, lambda v: -_normal_log_density(math.probit(v)), _unit, 0.5),
    jsp.ndtri: Monotone(math.invprobit, _normal_log_density),
}
"""Functions of one number that rise or fall everywhere."""

FOLDS: dict[Callable[..., Any], tuple[Expression, Expression | None, float]] = {
    jnp.abs: (lambda v: v, None, 0.0),
    jnp.square: (math.sqrt, lambda v: -LOG_2 - 0.5 * math.log(v), 0.0),
    jnp.cosh: (math.arccosh, lambda v: -0.5 * math.log(v * v - 1), 1.0),
}
"""Even functions: the inverse for positive numbers, its log slope, and their smallest value."""


def affine(function: Callable[..., Any], c: Any, first: bool) -> Monotone | None:
    """Return what is known of x + c, x - c, c - x, x c, x / c or c / x; None for other functions.

    Parameters
    ----------
    function : callable
    c : Variable
    first : bool
        Whether x is the first argument.
    """
    c = as_variable(c)
    if function is jnp.add:
        return Monotone(lambda v: v - c)
    if function is jnp.subtract:
        return Monotone(lambda v: v + c) if first else Monotone(lambda v: c - v, rising=False)
    if function is jnp.multiply:
        return Monotone(lambda v: v / c, lambda v: -math.log(abs(c)), rising=c > 0)
    if function in (jnp.true_divide, jnp.divide) and first:
        return Monotone(lambda v: v * c, lambda v: math.log(abs(c)), rising=c > 0)
    if function in (jnp.true_divide, jnp.divide):
        slope = lambda v: math.log(abs(c)) - 2 * math.log(abs(v))  # noqa: E731
        return Monotone(lambda v: c / v, slope, lambda v: v != 0, 1.0, rising=None)
    return None


def odd_power(n: float) -> Monotone:
    """Return what is known of x to the power n, an odd integer, or any number if x is positive."""
    return Monotone(
        lambda v: math.sign(v) * abs(v) ** (1 / n),
        lambda v: (1 / n - 1) * math.log(abs(v)) - np.log(abs(n)),
        (lambda v: v != 0) if n % 2 == 1 else _positive,
        1.0,
        rising=None if n < 0 else True,
    )


def chosen(condition: Any, yes: Any, no: Any) -> Variable:
    """Return where(condition, yes, no)."""
    return elementwise(jnp.where, condition, yes, no)

"""Functions of scalars, applied element by element."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, apply, as_variable, call
from pmjax.numerics import bessel, functions
from pmjax.tensor.plain import plain

_SAME_NAME = (
    "exp exp2 expm1 log log1p log2 log10 sqrt cbrt square sin cos tan arcsin arccos arctan arctan2 "
    "sinh cosh tanh arcsinh arccosh arctanh sign floor ceil trunc reciprocal deg2rad rad2deg "
    "maximum minimum power mod floor_divide true_divide subtract multiply hypot "
    "equal not_equal less less_equal greater greater_equal isnan isinf isfinite isneginf isposinf "
    "bitwise_and bitwise_or bitwise_xor bitwise_not real imag conj conjugate angle nan_to_num"
)
_RENAMED: dict[str, Callable[..., Any]] = {
    "abs": jnp.abs,
    "sgn": jnp.sign,
    "sqr": jnp.square,
    "neg": jnp.negative,
    "sub": jnp.subtract,
    "true_div": jnp.true_divide,
    "int_div": jnp.floor_divide,
    "floor_div": jnp.floor_divide,
    "pow": jnp.power,
    "eq": jnp.equal,
    "neq": jnp.not_equal,
    "lt": jnp.less,
    "le": jnp.less_equal,
    "gt": jnp.greater,
    "ge": jnp.greater_equal,
    "and_": jnp.bitwise_and,
    "or_": jnp.bitwise_or,
    "xor": jnp.bitwise_xor,
    "invert": jnp.invert,
    "round_half_to_even": jnp.round,
    "round_half_away_from_zero": functions.round_half_away_from_zero,
    "sigmoid": jax.nn.sigmoid,
    "expit": jax.nn.sigmoid,
    "invlogit": jax.nn.sigmoid,
    "probit": jsp.ndtri,
    "invprobit": jsp.ndtr,
    "logit": jsp.logit,
    "log1pexp": functions.softplus,
    "softplus": functions.softplus,
    "erf": jsp.erf,
    "erfc": jsp.erfc,
    "erfinv": jsp.erfinv,
    "erfcinv": functions.erfcinv,
    "erfcx": functions.erfcx,
    "gamma": jsp.gamma,
    "gammaln": jsp.gammaln,
    "digamma": jsp.digamma,
    "psi": jsp.digamma,
    "tri_gamma": functions.trigamma,
    "polygamma": functions.polygamma,
    "gammainc": jsp.gammainc,
    "gammaincc": jsp.gammaincc,
    "gammau": functions.upper_gamma,
    "gammal": functions.lower_gamma,
    "betainc": jsp.betainc,
    "chi2sf": functions.chi2sf,
    "hyp2f1": jsp.hyp2f1,
    "i0": jsp.i0,
    "i1": jsp.i1,
    "iv": bessel.iv,
    "ive": bessel.ive,
    "kv": bessel.kv,
    "kve": bessel.kve,
    "kn": bessel.kv,
    "xlogx": functions.xlogx,
    "xlogy": jsp.xlogy,
    "xlog1py": jsp.xlog1py,
    "beta": jsp.beta,
    "betaln": jsp.betaln,
    "factorial": jsp.factorial,
    "poch": jsp.poch,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(jnp, name) for name in _SAME_NAME.split()},
    **_RENAMED,
}


def _on_graph(name: str, function: Callable[..., Any]) -> Callable[..., Variable]:
    def build(*args: Any, **kwargs: Any) -> Variable:
        return apply(function, *map(as_variable, args), **kwargs)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = (function.__doc__ or "").strip().split("\n")[0]
    return build


globals().update({name: _on_graph(name, function) for name, function in FUNCTIONS.items()})


def add(*terms: Any) -> Variable:
    """Return the sum of the arguments, element by element."""
    return as_variable(functools.reduce(_pairs(jnp.add), terms))


def mul(*factors: Any) -> Variable:
    """Return the product of the arguments, element by element."""
    return as_variable(functools.reduce(_pairs(jnp.multiply), factors))


def _pairs(function: Callable[..., Any]) -> Callable[[Any, Any], Variable]:
    """Return a function of two arguments as a function of two nodes."""
    return lambda a, b: apply(function, as_variable(a), as_variable(b))


def logaddexp(*terms: Any) -> Variable:
    """Return log(exp(a) + exp(b) + ...), element by element."""
    return as_variable(functools.reduce(_pairs(jnp.logaddexp), terms))


def largest(*args: Any) -> Variable:
    """Return the largest of the arguments, element by element."""
    return as_variable(functools.reduce(_pairs(jnp.maximum), args))


def smallest(*args: Any) -> Variable:
    """Return the smallest of the arguments, element by element."""
    return as_variable(functools.reduce(_pairs(jnp.minimum), args))


def switch(cond: Any, ift: Any, iff: Any) -> Variable:
    """Return `ift` where the condition holds and `iff` elsewhere."""
    return apply(jnp.where, as_variable(cond), as_variable(ift), as_variable(iff))


def where(cond: Any, ift: Any = None, iff: Any = None) -> Any:
    """Return `ift` where the condition holds and `iff` elsewhere; with a condition alone, where it holds."""
    if ift is None and iff is None:
        return tuple(as_variable(i) for i in np.nonzero(plain(cond, "the condition of where")))
    if ift is None or iff is None:
        raise ModelError("where takes a condition alone, or a condition and two values")
    return switch(cond, ift, iff)


def cond(condition: Any, ift: Any, iff: Any) -> Variable:
    """Return `ift` if a scalar condition holds, else `iff` (``pytensor.ifelse``)."""
    return switch(condition, ift, iff)


def clip(x: Any, min: Any, max: Any) -> Variable:
    """Return the values limited to an interval."""
    return apply(jnp.clip, as_variable(x), as_variable(min), as_variable(max))


def cast(x: Any, dtype: Any) -> Variable:
    """Return the values converted to another dtype."""
    node = as_variable(x)
    return node if node.dtype == np.dtype(_dtype(dtype)) else call(jnp.astype, node, np.dtype(_dtype(dtype)))


def _dtype(dtype: Any) -> Any:
    return "float64" if dtype == "floatX" else dtype


def round(a: Any, mode: str | None = None) -> Variable:
    """Return the nearest integers; halves go to the even one, or away from zero if `mode` says so."""
    if mode in (None, "half_to_even"):
        return apply(jnp.round, as_variable(a))
    if mode == "half_away_from_zero":
        return apply(functions.round_half_away_from_zero, as_variable(a))
    raise ModelError(f"round: mode is 'half_to_even' or 'half_away_from_zero', got {mode!r}")


def iround(a: Any, mode: str | None = None) -> Variable:
    """Return the nearest integers, as integers."""
    return cast(round(a, mode), "int64")


def divmod(x: Any, y: Any) -> tuple[Variable, Variable]:
    """Return the floor of x / y, and the remainder."""
    pairs = _pairs(jnp.floor_divide), _pairs(jnp.mod)
    return pairs[0](x, y), pairs[1](x, y)


def ceil_intdiv(a: Any, b: Any) -> Variable:
    """Return the ceiling of a / b for integers."""
    return -(-as_variable(a) // as_variable(b))


def fill(a: Any, value: Any) -> Variable:
    """Return an array of the shape of `a` with one value everywhere."""
    return call(functions.fill, as_variable(a), as_variable(value))


def second(a: Any, b: Any) -> Variable:
    """Return `b` broadcast to the shape of `a`."""
    return fill(a, b)


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Variable:
    """Return where two arrays agree to a tolerance."""
    return call(jnp.isclose, as_variable(a), as_variable(b), rtol=rtol, atol=atol, equal_nan=equal_nan)


def log1mexp(x: Any, *, negative_input: bool = True) -> Variable:
    """Return log(1 - exp(x)) for x < 0, accurate at both ends.

    Raises
    ------
    ModelError
        If `negative_input` is False: as in PyMC since version 6, the argument is negative.
    """
    if not negative_input:
        raise ModelError("log1mexp takes negative values; write log1mexp(-x)")
    return apply(functions.log1mexp_negative, as_variable(x))


def logdiffexp(a: Any, b: Any) -> Variable:
    """Return log(exp(a) - exp(b)) for a > b; a where b is minus infinity."""
    return apply(functions.logdiffexp, as_variable(a), as_variable(b))


__all__ = [
    *FUNCTIONS,
    *("add", "cast", "ceil_intdiv", "clip", "cond", "divmod", "fill", "iround", "isclose", "largest"),
    *("log1mexp", "logaddexp", "logdiffexp", "mul", "round", "second", "smallest", "switch", "where"),
]


if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., Variable]: ...

"""PyTensor's scalar functions and reductions as functions of JAX, by the name of their class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import jax.scipy.special as jsp

from pmjax.graph.elementwise_table import identity
from pmjax.numerics import bessel
from pmjax.numerics import functions as special
from pmjax.numerics.functions import softplus


def log1mexp(x: Any) -> Any:
    """Return log(1 - exp(x)) for x < 0, exact near 0 and far from it."""
    near = x > -0.6931471805599453
    return jnp.where(
        near, jnp.log(-jnp.expm1(jnp.where(near, x, -1.0))), jnp.log1p(-jnp.exp(jnp.where(near, -1.0, x)))
    )


def reciprocal(x: Any) -> Any:
    """Return 1 / x."""
    return 1.0 / x


def trigamma(x: Any) -> Any:
    """Return the second derivative of log Gamma."""
    return jsp.polygamma(1, x)


def round_away_from_zero(x: Any) -> Any:
    """Return the nearest integer, and of two the one that is farther from zero."""
    return jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5)


def set_at(x: Any, y: Any, key: tuple[Any, ...]) -> Any:
    """Return x with y at ``x[key]``."""
    return jnp.asarray(x).at[key].set(y)


def add_at(x: Any, y: Any, key: tuple[Any, ...]) -> Any:
    """Return x with y added at ``x[key]``, as often as an element is named."""
    return jnp.asarray(x).at[key].add(y)


def generalised_eigenvalues(a: Any, b: Any) -> Any:
    """Return the numbers w with a x = w b x, for symmetric a and positive definite b."""
    factor = jnp.linalg.cholesky(b)
    half = jsl.solve_triangular(factor, a, lower=True)
    return jnp.linalg.eigvalsh(jsl.solve_triangular(factor, half.T, lower=True))


def is_positive_definite(x: Any) -> Any:
    """Return whether a symmetric matrix is positive definite."""
    return jnp.all(jnp.isfinite(jnp.linalg.cholesky(x)))


def finite_or_impossible(x: Any, *conditions: Any) -> Any:
    """Return the log density x, or -inf where a condition on its parameters fails."""
    holds = jnp.array(True)
    for condition in conditions:
        holds = holds & jnp.all(condition)
    return jnp.where(holds, x, -jnp.inf)


SCALARS: dict[str, Callable[..., Any]] = {
    "Abs": jnp.abs, "Add": jnp.add, "AND": jnp.bitwise_and, "ArcCos": jnp.arccos, "ArcCosh": jnp.arccosh,
    "ArcSin": jnp.arcsin, "ArcSinh": jnp.arcsinh, "ArcTan": jnp.arctan, "ArcTan2": jnp.arctan2,
    "ArcTanh": jnp.arctanh, "BetaInc": jsp.betainc, "Ceil": jnp.ceil, "Clip": jnp.clip, "Cos": jnp.cos,
    "Cosh": jnp.cosh, "Deg2Rad": jnp.deg2rad, "EQ": jnp.equal, "Erf": jsp.erf, "Erfc": jsp.erfc,
    "Erfcinv": special.erfcinv, "Erfcx": special.erfcx, "Gamma": jsp.gamma, "Ive": bessel.ive,
    "Kve": bessel.kve, "PolyGamma": special.polygamma,
    "Erfinv": jsp.erfinv, "Exp": jnp.exp, "Exp2": jnp.exp2, "Expm1": jnp.expm1, "Floor": jnp.floor,
    "GE": jnp.greater_equal, "GT": jnp.greater, "GammaInc": jsp.gammainc, "GammaIncC": jsp.gammaincc,
    "GammaLn": jsp.gammaln, "I0": jsp.i0, "I1": jsp.i1, "Identity": identity, "IntDiv": jnp.floor_divide,
    "Invert": jnp.invert, "IsInf": jnp.isinf, "IsNan": jnp.isnan, "LE": jnp.less_equal, "LT": jnp.less,
    "Log": jnp.log, "Log10": jnp.log10, "Log1mexp": log1mexp, "Log1p": jnp.log1p, "Log2": jnp.log2,
    "Maximum": jnp.maximum, "Minimum": jnp.minimum, "Mod": jnp.mod, "Mul": jnp.multiply,
    "NEQ": jnp.not_equal, "Neg": jnp.negative, "OR": jnp.bitwise_or, "Pow": jnp.power, "Psi": jsp.digamma,
    "Rad2Deg": jnp.rad2deg, "Reciprocal": reciprocal, "RoundHalfAwayFromZero": round_away_from_zero,
    "RoundHalfToEven": jnp.round, "ScalarMaximum": jnp.maximum, "ScalarMinimum": jnp.minimum,
    "Sigmoid": jax.nn.sigmoid, "Sign": jnp.sign, "Sin": jnp.sin, "Sinh": jnp.sinh, "Softplus": softplus,
    "Sqr": jnp.square, "Sqrt": jnp.sqrt, "Sub": jnp.subtract, "Switch": jnp.where, "Tan": jnp.tan,
    "Tanh": jnp.tanh, "TriGamma": trigamma, "TrueDiv": jnp.true_divide, "Trunc": jnp.trunc,
    "XOR": jnp.bitwise_xor,
}  # fmt: skip
"""The functions of scalars that `Elemwise` applies, by the class of its scalar op."""

REDUCTIONS: dict[str, Callable[..., Any]] = {
    "Add": jnp.sum, "AND": jnp.all, "Maximum": jnp.max, "Minimum": jnp.min, "Mul": jnp.prod, "OR": jnp.any,
    "ScalarMaximum": jnp.max, "ScalarMinimum": jnp.min,
}  # fmt: skip
"""The reductions, by the class of the scalar op that they repeat."""

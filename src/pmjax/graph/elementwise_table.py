"""Which functions act element by element, and what dtype they return.

`jax.eval_shape` costs milliseconds for each node, so the common functions have rules of their own;
the tests compare each rule with `jax.eval_shape`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.numerics import bessel, functions
from pmjax.numerics.functions import softplus
from pmjax.runtime.precision import double_precision

# Result dtype: that of the promoted arguments, its floating counterpart, or bool.
_PROMOTED = (
    "add subtract multiply negative positive abs sign maximum minimum conjugate "
    "bitwise_and bitwise_or bitwise_xor invert"
)
_FLOATING = (
    "true_divide divide exp expm1 exp2 log log1p log2 log10 sqrt cbrt sin cos tan arcsin arccos arctan "
    "arctan2 sinh cosh tanh arcsinh arccosh arctanh logaddexp logaddexp2 hypot deg2rad rad2deg"
)
_TRACED = (
    "reciprocal power float_power where clip floor ceil round trunc square mod floor_divide remainder fmod"
)
_BOOLEAN = (
    "equal not_equal less less_equal greater greater_equal isnan isinf isfinite "
    "isneginf isposinf logical_and logical_or logical_xor logical_not"
)


def _named(names: str, rule: str) -> dict[Callable[..., Any], str]:
    return {getattr(jnp, name): rule for name in names.split()}


def identity(x: Any) -> Any:
    """Return the argument (a second name for an expression)."""
    return x


_RULES: dict[Callable[..., Any], str] = {
    **_named(_PROMOTED, "promoted"),
    **_named(_FLOATING, "floating"),
    **_named(_BOOLEAN, "boolean"),
    identity: "promoted",
    jax.nn.sigmoid: "floating",
    jax.nn.softplus: "floating",
    softplus: "floating",
    jsp.logit: "floating",
    jsp.erf: "floating",
    jsp.erfc: "floating",
    jsp.erfinv: "floating",
    jsp.gammaln: "floating",
    jsp.digamma: "floating",
    jsp.ndtr: "floating",
    jsp.ndtri: "floating",
    jsp.log_ndtr: "floating",
    jsp.xlogy: "floating",
    **dict.fromkeys(
        [
            *(jsp.xlog1py, jsp.gamma, jsp.gammainc, jsp.gammaincc, jsp.betainc, jsp.beta, jsp.betaln),
            *(jsp.i0, jsp.i1, functions.trigamma, functions.chi2sf),
            *(functions.upper_gamma, functions.lower_gamma, functions.xlogx, functions.logdiffexp),
            functions.log1mexp_negative,
        ],
        "floating",
    ),
    # Their series are summed in double precision, whatever the arguments are.
    **dict.fromkeys(
        [
            *(bessel.iv, bessel.ive, bessel.kv, bessel.kve),
            *(functions.erfcinv, functions.erfcx, functions.polygamma),
        ],
        "traced",
    ),
    **_named(_TRACED, "traced"),
}

Promotion = np.dtype | type


def is_elementwise(function: Callable[..., Any]) -> bool:
    """Return whether the function is known to act element by element on all its arguments."""
    try:
        return function in _RULES
    except TypeError:
        return False


def elementwise_functions() -> list[Callable[..., Any]]:
    """Return every function with an elementwise rule (the tests go through them)."""
    return list(_RULES)


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function for messages and printed models."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    return str(getattr(function, "__name__", None) or type(function).__name__)


@functools.lru_cache(maxsize=4096)
def result_dtype(function: Callable[..., Any], dtypes: tuple[Promotion, ...]) -> np.dtype:
    """Return the dtype of the result; a Python type stands for a Python scalar (weakly typed).

    Examples
    --------
    >>> result_dtype(jnp.add, (np.dtype("float32"), float))
    dtype('float32')
    """
    rule = _RULES.get(function, "traced")
    if rule == "boolean":
        return np.dtype(bool)
    with double_precision():
        if rule == "traced":
            scalars = [d(1) if isinstance(d, type) else jax.ShapeDtypeStruct((), d) for d in dtypes]
            return np.dtype(_traced(function, scalars).dtype)
        promoted = np.dtype(jnp.result_type(*dtypes))
        if rule == "floating" and not np.issubdtype(promoted, np.inexact):
            return np.dtype("float64")
        return promoted


def _traced(function: Callable[..., Any], scalars: list[Any]) -> Any:
    arrays = [s for s in scalars if isinstance(s, jax.ShapeDtypeStruct)]

    def run(*given: Any) -> Any:
        values = iter(given)
        return function(*(next(values) if isinstance(s, jax.ShapeDtypeStruct) else s for s in scalars))

    return jax.eval_shape(run, *arrays)


def with_floats(function: Callable[..., Any], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values, made floating if the function is and all of them are integers.

    JAX takes the logarithm of 32-bit integers (and of booleans) in 32 bits, whatever the precision asked for.
    """
    if _RULES.get(function) != "floating" or jnp.issubdtype(jnp.result_type(*values), jnp.inexact):
        return values
    return tuple(jnp.asarray(v, float) for v in values)


def host_function(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return NumPy's function of the same name, or None."""
    if function is identity:
        return identity
    name = name_of(function)
    for ours, numpys in ((jnp, np), (jnp.linalg, np.linalg)):
        if getattr(ours, name, None) is function:
            return getattr(numpys, name, None)
    return None

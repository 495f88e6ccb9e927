"""``pm.math``: PyMC's names for functions of variables, arrays and numbers.

Each name is a function of JAX applied to the graph, so it takes what that function takes. What is not here
is in NumPy, whose functions work on variables too, or one `pm.lift` away.

Examples
--------
>>> import pmjax as pm
>>> from pmjax.graph import math
>>> with pm.Model():
...     x = pm.Normal("x", shape=3)
>>> math.logsumexp(math.stack([x, 2 * x]), axis=0).shape
(3,)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import jax.scipy.special as jsp

from pmjax.graph.variable import Variable, apply
from pmjax.numerics import functions

_SAME_NAME = (
    "abs sign exp exp2 expm1 log log1p log2 log10 sqrt cbrt sin cos tan arcsin arccos arctan arctan2 "
    "sinh cosh tanh arcsinh arccosh arctanh maximum minimum clip where power floor ceil round isnan isinf "
    "logaddexp dot matmul outer tensordot einsum stack concatenate sum prod mean std var max min any all "
    "cumsum cumprod diff sort argmax argmin expand_dims broadcast_to squeeze ravel reshape transpose flip "
    "tile repeat ones_like zeros_like full_like tril triu trace diag"
)
_OWN = (
    "log1mexp logdiffexp logdet extract_diag batched_diag block_diagonal kronecker flat_outer "
    "expand_packed_triangular"
)
_RENAMED: dict[str, Callable[..., Any]] = {
    "sgn": jnp.sign,
    "sqr": jnp.square,
    "tround": jnp.round,
    "flatten": jnp.ravel,
    "switch": jnp.where,
    "eq": jnp.equal,
    "neq": jnp.not_equal,
    "lt": jnp.less,
    "le": jnp.less_equal,
    "gt": jnp.greater,
    "ge": jnp.greater_equal,
    "and_": jnp.logical_and,
    "or_": jnp.logical_or,
    "xor": jnp.logical_xor,
    "invert": jnp.logical_not,
    "sigmoid": jax.nn.sigmoid,
    "invlogit": jax.nn.sigmoid,
    "logit": jsp.logit,
    "probit": jsp.ndtri,
    "invprobit": jsp.ndtr,
    "log1pexp": functions.softplus,
    "softplus": functions.softplus,
    "erf": jsp.erf,
    "erfc": jsp.erfc,
    "erfinv": jsp.erfinv,
    "gammaln": jsp.gammaln,
    "digamma": jsp.digamma,
    "xlogy": jsp.xlogy,
    "logsumexp": jsp.logsumexp,
    "det": jnp.linalg.det,
    "matrix_inverse": jnp.linalg.inv,
    "cholesky": jnp.linalg.cholesky,
    "solve": jnp.linalg.solve,
    "solve_triangular": jsl.solve_triangular,
    "norm": jnp.linalg.norm,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(jnp, name) for name in _SAME_NAME.split()},
    **{name: getattr(functions, name) for name in _OWN.split()},
    **_RENAMED,
}


def softmax(x: Any, axis: int | None = None) -> Variable:
    """Return exp(x) / sum(exp(x)), over all elements or along an axis."""
    return apply(jax.nn.softmax, x, axis=axis)


def log_softmax(x: Any, axis: int | None = None) -> Variable:
    """Return x - log(sum(exp(x))), over all elements or along an axis."""
    return apply(jax.nn.log_softmax, x, axis=axis)


def _on_graph(name: str, function: Callable[..., Any]) -> Callable[..., Variable]:
    def build(*args: Any, **kwargs: Any) -> Variable:
        return apply(function, *args, **kwargs)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = (function.__doc__ or "").strip().split("\n")[0]
    return build


globals().update({name: _on_graph(name, function) for name, function in FUNCTIONS.items()})
__all__ = ["log_softmax", "softmax", *FUNCTIONS]

if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., Variable]: ...

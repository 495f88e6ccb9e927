"""`pm.math` against NumPy and SciPy: every name once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg, special, stats

from pmjax.graph import math
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.variable import Variable
from pmjax.numerics import functions
from pmjax.runtime.precision import double_precision

P, Q = np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.9])
BIG = np.array([1.5, 2.0, 40.0])
M, L = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[2.0, 0.0], [0.3, 1.0]])
YES, NO = np.array([True, True, False]), np.array([True, False, False])

# name -> (arguments, static arguments, the same in NumPy or SciPy: None if NumPy has the name)
CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], Callable[..., Any] | None]] = {
    **{
        name: ((P,), {}, None)
        for name in [
            "abs",
            "sign",
            "exp",
            "exp2",
            "expm1",
            "log",
            "log1p",
            "log2",
            "log10",
            "sqrt",
            "cbrt",
            "sin",
            "cos",
            "tan",
            "arcsin",
            "arccos",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "arcsinh",
            "arctanh",
            "floor",
            "ceil",
            "round",
            "isnan",
            "isinf",
            "sum",
            "prod",
            "mean",
            "std",
            "var",
            "max",
            "min",
            "cumsum",
            "cumprod",
            "diff",
            "sort",
            "argmax",
            "argmin",
            "ones_like",
            "zeros_like",
            "squeeze",
            "ravel",
            "transpose",
            "flip",
            "diag",
        ]
    },
    **{
        name: ((P, Q), {}, None)
        for name in ["arctan2", "maximum", "minimum", "power", "logaddexp", "dot", "outer"]
    },
    "arccosh": ((BIG,), {}, None),
    "matmul": ((M, L), {}, None),
    "trace": ((M,), {}, None),
    "tril": ((M,), {}, None),
    "triu": ((M,), {}, None),
    "clip": ((P, 0.3, 0.6), {}, None),
    "where": ((YES, P, Q), {}, None),
    "any": ((YES,), {}, None),
    "all": ((YES,), {}, None),
    "stack": (([P, Q],), {"axis": 1}, None),
    "concatenate": (([P, Q],), {}, None),
    "tensordot": ((M, L), {"axes": 1}, None),
    "expand_dims": ((P,), {"axis": 0}, None),
    "broadcast_to": ((P,), {"shape": (2, 3)}, None),
    "reshape": ((P,), {"shape": (3, 1)}, None),
    "tile": ((P,), {"reps": 2}, None),
    "repeat": ((P,), {"repeats": 2}, None),
    "full_like": ((P, 2.5), {}, None),
    "einsum": ((), {}, None),
    "sgn": ((-P,), {}, np.sign),
    "sqr": ((P,), {}, np.square),
    "tround": ((BIG,), {}, np.round),
    "flatten": ((M,), {}, np.ravel),
    "switch": ((YES, P, Q), {}, np.where),
    "eq": ((P, Q), {}, np.equal),
    "neq": ((P, Q), {}, np.not_equal),
    "lt": ((P, Q), {}, np.less),
    "le": ((P, Q), {}, np.less_equal),
    "gt": ((P, Q), {}, np.greater),
    "ge": ((P, Q), {}, np.greater_equal),
    "and_": ((YES, NO), {}, np.logical_and),
    "or_": ((YES, NO), {}, np.logical_or),
    "xor": ((YES, NO), {}, np.logical_xor),
    "invert": ((YES,), {}, np.logical_not),
    "sigmoid": ((BIG,), {}, special.expit),
    "invlogit": ((-BIG,), {}, special.expit),
    "logit": ((P,), {}, special.logit),
    "probit": ((P,), {}, stats.norm.ppf),
    "invprobit": ((-BIG[:2],), {}, stats.norm.cdf),
    "log1pexp": ((BIG,), {}, lambda x: np.logaddexp(0, x)),
    "softplus": ((-BIG,), {}, lambda x: np.logaddexp(0, x)),
    "erf": ((P,), {}, special.erf),
    "erfc": ((P,), {}, special.erfc),
    "erfinv": ((P,), {}, special.erfinv),
    "gammaln": ((P,), {}, special.gammaln),
    "digamma": ((P,), {}, special.digamma),
    "xlogy": ((P, Q), {}, special.xlogy),
    "logsumexp": ((M,), {"axis": 0}, special.logsumexp),
    "softmax": ((P,), {}, special.softmax),
    "log_softmax": ((M,), {"axis": 1}, special.log_softmax),
    "log1mexp": ((np.array([1e-10, 0.5, 30.0]),), {}, lambda x: np.log(-np.expm1(-x))),
    "logdiffexp": ((BIG, P), {}, lambda a, b: a + np.log1p(-np.exp(b - a))),
    "det": ((M,), {}, np.linalg.det),
    "logdet": ((M,), {}, lambda x: np.linalg.slogdet(x)[1]),
    "matrix_inverse": ((M,), {}, np.linalg.inv),
    "cholesky": ((M,), {}, np.linalg.cholesky),
    "solve": ((M, L), {}, np.linalg.solve),
    "solve_triangular": ((L, M), {"lower": True}, linalg.solve_triangular),
    "norm": ((P,), {}, np.linalg.norm),
    "extract_diag": ((np.stack([M, L]),), {}, lambda x: np.diagonal(x, axis1=-2, axis2=-1)),
    "batched_diag": ((M,), {}, lambda x: np.stack([np.diag(row) for row in x])),
    "block_diagonal": (([M, L],), {}, lambda matrices: linalg.block_diag(*matrices)),
    "kronecker": ((M, L, M), {}, lambda a, b, c: np.kron(np.kron(a, b), c)),
    "flat_outer": ((P, Q), {}, lambda a, b: np.outer(a, b).ravel()),
    "expand_packed_triangular": ((2, P), {}, lambda n, p: np.array([[p[0], 0], [p[1], p[2]]])),
}
del CASES["einsum"]  # a string comes first: tested beside NumPy's functions


def symbolic(value: Any) -> Any:
    if isinstance(value, list):
        return [symbolic(v) for v in value]
    return Variable(Input(value.shape, value.dtype)) if isinstance(value, np.ndarray) else value


def leaves(value: Any) -> list[Any]:
    return [leaf for v in value for leaf in leaves(v)] if isinstance(value, (list, tuple)) else [value]


def test_every_name_is_tested() -> None:
    assert set(CASES) == set(math.__all__) - {"einsum"}


def test_values_are_numpys() -> None:
    built = {}
    for name, (args, static, _) in CASES.items():
        symbols = [symbolic(a) for a in args]
        built[name] = (symbols, getattr(math, name)(*symbols, **static))
    given = {
        s: a
        for name, (symbols, _) in built.items()
        for s, a in zip(leaves(symbols), leaves(CASES[name][0]), strict=True)
        if isinstance(s, Variable)
    }
    results = [result for _, result in built.values()]
    with double_precision():
        program = jax.jit(lambda *v: Reading(dict(zip(given, v, strict=True))).read(results))
        values = program(*given.values())
    for (name, (args, static, reference)), result, value in zip(CASES.items(), results, values, strict=True):
        expected = (reference or getattr(np, name))(*args, **static)
        assert result.shape == np.shape(expected), name
        np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", math.__all__)
def test_names_document_themselves(name: str) -> None:
    function = getattr(math, name)
    assert function.__name__ == name
    assert function.__doc__


def test_arrays_and_numbers_are_taken_too() -> None:
    assert math.exp(0.0).eval() == 1
    np.testing.assert_allclose(math.sum(math.stack([P, Q]), axis=0).eval(), P + Q)
    np.testing.assert_allclose(math.switch(P > 0.4, 1.0, 0.0).eval(), [0, 1, 1])


def test_own_functions_have_an_address() -> None:
    assert fingerprint([math.logdet(M), math.log1mexp(P), math.softmax(P)]) is not None


def test_log1mexp_of_negative_input() -> None:
    np.testing.assert_allclose(math.log1mexp(-P, negative_input=True).eval(), np.log1p(-np.exp(-P)))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-15), (np.float32, 3e-7)], ids=str)
def test_softplus_and_its_derivatives(dtype: Any, tolerance: float) -> None:
    exact = np.concatenate([np.linspace(-80, 80, 9001), [0.0, 1e-30, -1e-8, 1e4, -1e4]])
    with jax.enable_x64(True):
        x = jnp.asarray(exact, dtype)
        given = np.asarray(x, float)
        first, second = jax.grad(functions.softplus), jax.grad(jax.grad(functions.softplus))
        for ours, known in (
            (functions.softplus(x), np.logaddexp(0, given)),
            (jax.vmap(first)(x), special.expit(given)),
            (jax.vmap(second)(x), special.expit(given) * special.expit(-given)),
        ):
            assert ours.dtype == dtype
            np.testing.assert_allclose(ours, known, rtol=tolerance, atol=tolerance * 1e-3)
        np.testing.assert_array_equal(
            functions.softplus(jnp.array([-jnp.inf, jnp.inf, jnp.nan])), [0, np.inf, np.nan]
        )
        np.testing.assert_array_equal(jax.vmap(first)(jnp.array([-jnp.inf, jnp.inf])), [0, 1])

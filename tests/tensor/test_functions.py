"""`pmjax.tensor` against NumPy and SciPy, and against PyTensor where it is installed: every name once."""

from __future__ import annotations

import importlib.util
from typing import Any

import jax
import numpy as np
import pytest

import pmjax.tensor as pt
from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable
from pmjax.runtime.precision import double_precision
from pmjax.tensor import creation, elementwise, extra_ops, linalg, nnet, reduction, shaping, special
from tests.tensor.catalogue import APART, CASES, CONSTANT, ELEMENTWISE, M, P

HOMES = (elementwise, reduction, creation, shaping, linalg, extra_ops, special)


def symbolic(value: Any) -> Any:
    if isinstance(value, list) and any(isinstance(v, (np.ndarray, list)) for v in value):
        return [symbolic(v) for v in value]
    return Variable(Input(value.shape, value.dtype)) if isinstance(value, np.ndarray) else value


def leaves(value: Any) -> list[Any]:
    return [leaf for v in value for leaf in leaves(v)] if isinstance(value, (list, tuple)) else [value]


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def test_every_name_is_tested() -> None:
    names = {name for home in HOMES for name in home.__all__}
    assert names == set(CASES) | set(CONSTANT) | APART
    assert all(callable(getattr(pt, name)) for name in names - {"mgrid", "ogrid"})
    assert set(nnet.__all__) == {"elu", "relu", "log_softmax", "logsoftmax", "sigmoid", "softmax", "softplus"}


def test_values_are_numpys() -> None:
    built = {}
    for name, (args, static, _) in CASES.items():
        symbols = [symbolic(a) for a in args]
        built[name] = (symbols, listed(getattr(pt, name)(*symbols, **static)))
    given = {
        s: a
        for name, (symbols, _) in built.items()
        for s, a in zip(leaves(symbols), leaves(list(CASES[name][0])), strict=True)
        if isinstance(s, Variable)
    }
    results = [r for _, parts in built.values() for r in parts]
    with double_precision():
        program = jax.jit(lambda *v: Reading(dict(zip(given, v, strict=True))).read(results))
        quick = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
        values = iter(program.lower(*given.values()).compile(compiler_options=quick)(*given.values()))
    for name, (args, static, reference) in CASES.items():
        with np.errstate(all="ignore"):
            expected = (reference or getattr(np, name))(*args, **static)
        parts = built[name][1]
        for result, known in zip(parts, listed(expected) if len(parts) > 1 else [expected], strict=True):
            value = next(values)
            assert result.shape == np.shape(known), name
            assert result.dtype.kind == np.asarray(known).dtype.kind or name in ("angle", "shape"), name
            np.testing.assert_allclose(value, known, rtol=2e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", CONSTANT)
def test_constants(name: str) -> None:
    args, options, reference = CONSTANT[name]
    ours, known = getattr(pt, name)(*args, **options), reference(*args, **options)
    for a, b in zip(listed(ours), listed(known), strict=True):
        np.testing.assert_array_equal(a.eval(), b)


# PyTensor 3.3 gives geomspace to eight digits.
DIFFERENT = {"geomspace"}


def test_values_are_pytensors() -> None:
    if importlib.util.find_spec("pytensor") is None:
        pytest.skip(
            "pytensor is not installed here: its values are compared in the environment that has PyMC"
        )
    import pytensor

    if int(pytensor.__version__.split(".")[0]) < 3:
        pytest.skip("values are compared with the PyTensor of PyMC 6; the one here is older")
    import pytensor.tensor as theirs

    def given(value: Any) -> Any:
        if isinstance(value, list) and isinstance(value[0], np.ndarray):
            return [given(v) for v in value]
        return theirs.as_tensor_variable(value) if isinstance(value, np.ndarray) else value

    outputs, compared = [], []
    for name, (args, options, _) in {**CASES, **CONSTANT}.items():
        home = next(
            (
                h
                for h in (theirs, theirs.linalg, theirs.extra_ops, theirs.special)
                if callable(getattr(h, name, 0))
            ),
            None,
        )
        if home is None or "empty" in name:  # the values of an empty array are not defined
            continue
        compared.append(name)
        outputs.append(listed(getattr(home, name)(*map(given, args), **options)))
    assert len(compared) > 150
    plain = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    compute = pytensor.function(
        [], [theirs.as_tensor_variable(o) for parts in outputs for o in parts], mode=plain
    )
    values = iter(compute())
    different = set()
    for name, parts in zip(compared, outputs, strict=True):
        args, options, _ = {**CASES, **CONSTANT}[name]
        for ours, _ in zip(listed(getattr(pt, name)(*args, **options)), parts, strict=True):
            value, known = ours.eval(), next(values)
            if value.shape != known.shape or not np.allclose(value, known, rtol=2e-11, atol=1e-13):
                different.add(name)
    assert different == DIFFERENT


SMOOTH = [
    *(
        "arctan2",
        "betaln",
        "erfcx",
        "gammaln",
        "digamma",
        "i0",
        "i1",
        "log1mexp",
        "log1pexp",
        "logaddexp",
        "logit",
    ),
    *(
        "probit",
        "invprobit",
        "sigmoid",
        "xlogy",
        "xlog1py",
        "softplus",
        "erf",
        "erfc",
        "erfinv",
        "erfcinv",
        "gamma",
    ),
    *("expm1", "tanh", "power", "hypot", "tri_gamma", "chi2sf"),
]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_differences(name: str) -> None:
    args = [np.abs(a) % 0.9 + 0.05 if name != "log1mexp" else a - 0.01 for a in ELEMENTWISE[name][0]]
    symbols = [symbolic(a) for a in args]
    total = getattr(pt, name)(*symbols).sum()
    given = dict(zip(symbols, args, strict=True))
    for i, (x, value) in enumerate(zip(symbols, args, strict=True)):
        slope = pt.grad(total, x).eval(given)
        for k in range(value.size):
            h = 1e-5 * max(1.0, abs(value[k]))
            ends = [dict(given), dict(given)]
            for sign, end in zip((1, -1), ends, strict=True):
                end[x] = value + sign * h * np.eye(value.size)[k]
            difference = (total.eval(ends[0]) - total.eval(ends[1])) / (2 * h)
            assert slope[k] == pytest.approx(difference, rel=1e-5, abs=1e-8), (name, i, k)


@pytest.mark.parametrize("name", ["ive", "kve"])
def test_gradients_of_bessel_functions(name: str) -> None:
    order, at = np.array([0.0, 0.5, 7.3, 2.0]), np.array([0.5, 3.0, 49.0, 60.0])
    x = symbolic(at)
    value = getattr(pt, name)(order, x)
    slope = pt.grad(value.sum(), x).eval({x: at})
    h = 1e-5
    difference = (value.eval({x: at + h}) - value.eval({x: at - h})) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-6)


def test_decompositions_give_the_matrix_back() -> None:
    values, vectors = pt.linalg.eigh(M)
    np.testing.assert_allclose((vectors @ pt.diag(values) @ vectors.T).eval(), M)
    left, singular, right = pt.linalg.svd(M)
    np.testing.assert_allclose((left @ pt.diag(singular) @ right).eval(), M)
    orthogonal, upper = pt.linalg.qr(M)
    np.testing.assert_allclose((orthogonal @ upper).eval(), M)
    for lower in (True, False):
        factor = pt.linalg.cholesky(M, lower=lower)
        np.testing.assert_allclose(
            pt.linalg.cho_solve((factor, lower), P[:2]).eval(), np.linalg.solve(M, P[:2])
        )
    np.testing.assert_allclose(
        pt.linalg.lu_solve(pt.linalg.lu_factor(M), P[:2]).eval(), np.linalg.solve(M, P[:2])
    )
    np.testing.assert_allclose(pt.linalg.solve(M, P[:2], assume_a="pos").eval(), np.linalg.solve(M, P[:2]))
    np.testing.assert_allclose(pt.linalg.lstsq(M, P[:2])[0].eval(), np.linalg.solve(M, P[:2]))
    np.testing.assert_allclose(pt.einsum("ij,j->i", M, P[:2]).eval(), M @ P[:2])


def test_solvers_take_vectors_matrices_and_stacks() -> None:
    stack, rows = np.stack([M, 2 * M]), np.arange(4.0).reshape(2, 2)
    each = pt.linalg.solve(stack, rows, b_ndim=1).eval()
    np.testing.assert_allclose(
        each, np.stack([np.linalg.solve(a, b) for a, b in zip(stack, rows, strict=True)])
    )
    lower = np.linalg.cholesky(M)
    for trans in (0, 1, "T"):
        system = lower.T if trans else lower
        value = pt.linalg.solve_triangular(lower, P[:2], trans=trans, lower=True).eval()
        np.testing.assert_allclose(value, np.linalg.solve(system, P[:2]))


def test_grids_and_positions() -> None:
    np.testing.assert_array_equal(pt.mgrid[0:2, 0:3][1].eval(), np.mgrid[0:2, 0:3][1])
    np.testing.assert_array_equal(pt.ogrid[0:2, 0:3][1].eval(), np.ogrid[0:2, 0:3][1])
    np.testing.assert_array_equal(pt.ravel_multi_index(([1, 0], [2, 1]), (2, 3)).eval(), [5, 1])
    assert pt.broadcast_shape(np.ones((2, 1)), P) == (2, 3)
    assert pt.get_vector_length(P) == 3
    assert pt.is_flat(P)
    np.testing.assert_array_equal(pt.as_tensor(M)[pt.slice_at_axis(slice(1), 1)].eval(), M[:, :1])


@pytest.mark.parametrize(
    "key",
    [0, slice(1, None), (slice(None), 1), (0, 2), ([0, 1, 0], [1, 1, 1]), (..., -1), np.array([1])],
    ids=str,
)
def test_parts_are_set_and_increased(key: Any) -> None:
    whole = np.arange(6.0).reshape(2, 3)
    assigned, added = whole.copy(), whole.copy()
    assigned[key] = 7.0
    np.add.at(added, key, 7.0)
    x = pt.as_tensor(whole)
    np.testing.assert_array_equal(x[key].set(7.0).eval(), assigned)
    np.testing.assert_array_equal(x[key].inc(7.0).eval(), added)
    np.testing.assert_array_equal(pt.set_subtensor(x[key], 7.0).eval(), assigned)
    np.testing.assert_array_equal(pt.inc_subtensor(x[key], 7.0).eval(), added)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda x: pt.zeros(x), "no value while the model is built"),
        (lambda x: x.set(1.0), "parts of a variable"),
        (lambda x: x[:2].set([1.0, 2.0, 3.0]), "does not fit"),
        (lambda x: pt.arange(3)[0].set(0.5), "does not fit in"),
        (lambda x: pt.vector("v"), "shape="),
        (lambda x: pt.specify_shape(x, (4,)), "has shape"),
        (lambda x: pt.bincount(x.astype(int)), "minlength"),
        (lambda x: pt.grad(x, x), "only a scalar"),
        (lambda x: pt.log1mexp(x, negative_input=False), "negative values"),
        (lambda x: pt.split(x, [1, 1]), "do not add up"),
    ],
    ids=range(10),
)
def test_wrong_arguments_are_named(build: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        build(symbolic(P))


def test_absent_names_give_a_reason() -> None:
    with pytest.raises(AttributeError, match=r"pm\.draw"):
        pt.random
    with pytest.raises(AttributeError, match="has no 'nonsense'"):
        pt.nonsense


def test_types_make_variables() -> None:
    x, v, m = pt.dscalar("x"), pt.vector("v", shape=(3,)), pt.lmatrix("m", shape=(2, 2))
    assert (x.shape, v.shape, str(m.dtype)) == ((), (3,), "int64")
    assert [s.name for s in pt.scalars("a", "b")] == ["a", "b"]
    assert isinstance(v, pt.TensorVariable)
    assert pt.TensorType("float64", (2,))("t").shape == (2,)
    np.testing.assert_array_equal((x * v).eval({x: 2.0, v: P}), 2 * P)


def test_derivatives() -> None:
    x = pt.vector("x", shape=(3,))
    np.testing.assert_allclose(pt.jacobian(x**2, x).eval({x: P}), np.diag(2 * P))
    np.testing.assert_allclose(pt.hessian((x**3).sum(), x).eval({x: P}), np.diag(6 * P))
    y = pt.exp(x)
    np.testing.assert_allclose(pt.grad((y**2).sum(), y).eval({x: P}), 2 * np.exp(P))

"""Every function of `pmjax.tensor`: (arguments, options, the same in NumPy or SciPy; None: NumPy's own)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg, special, stats

P, Q = np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.9])
R = np.array([-1.7, 0.4, 2.5])
BIG = np.array([1.5, 2.0, 40.0])
COUNTS = np.array([3, 0, 1, 1])
M, L = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[2.0, 0.0], [0.3, 1.0]])
WIDE = np.arange(6.0).reshape(2, 3)
CUBE = np.arange(24.0).reshape(2, 3, 4)
YES, NO = np.array([True, True, False]), np.array([True, False, False])
ORDER = np.array([2, 0, 1])
ORDERS = np.array([0.0, 0.5, 7.3, -1.3, 2.0, 30.0])

Case = tuple[tuple[Any, ...], dict[str, Any], Callable[..., Any] | None]


def _each(names: str, *args: Any) -> dict[str, Case]:
    return {name: (args, {}, None) for name in names.split()}


def _as(reference: Callable[..., Any], *args: Any, **options: Any) -> Case:
    return (args, options, reference)


ELEMENTWISE: dict[str, Case] = {
    **_each("abs exp exp2 expm1 log log1p log2 log10 sqrt cbrt square sin cos tan arcsin arccos arctan", P),
    **_each("sinh cosh tanh arcsinh arctanh reciprocal isnan isinf isfinite isneginf isposinf", P),
    **_each("sign floor ceil trunc deg2rad rad2deg round", R),
    **_each("real imag conj conjugate angle nan_to_num", R),
    **_each("arctan2 maximum minimum power mod floor_divide true_divide subtract multiply hypot", P, Q),
    **_each("equal not_equal less less_equal greater greater_equal isclose logaddexp", P, Q),
    **_each("bitwise_and bitwise_or bitwise_xor", YES, NO),
    "arccosh": _as(np.arccosh, BIG),
    "bitwise_not": _as(np.bitwise_not, COUNTS),
    "sgn": _as(np.sign, R),
    "sqr": _as(np.square, P),
    "neg": _as(np.negative, P),
    "add": _as(lambda a, b, c: a + b + c, P, Q, BIG),
    "mul": _as(lambda a, b, c: a * b * c, P, Q, BIG),
    "sub": _as(np.subtract, P, Q),
    "true_div": _as(np.true_divide, COUNTS, 2),
    "int_div": _as(np.floor_divide, R, 2),
    "floor_div": _as(np.floor_divide, COUNTS, 2),
    "ceil_intdiv": _as(lambda a, b: -(-a // b), COUNTS, 2),
    "pow": _as(np.power, P, Q),
    "eq": _as(np.equal, P, Q),
    "neq": _as(np.not_equal, P, Q),
    "lt": _as(np.less, P, Q),
    "le": _as(np.less_equal, P, Q),
    "gt": _as(np.greater, P, Q),
    "ge": _as(np.greater_equal, P, Q),
    "and_": _as(np.logical_and, YES, NO),
    "or_": _as(np.logical_or, YES, NO),
    "xor": _as(np.logical_xor, YES, NO),
    "invert": _as(np.logical_not, YES),
    "round_half_to_even": _as(np.round, R),
    "round_half_away_from_zero": _as(
        lambda x: np.sign(x) * np.floor(abs(x) + 0.5), np.array([-2.5, 0.4, 2.5])
    ),
    "iround": _as(lambda x: np.round(x).astype(int), R),
    "cast": _as(lambda x, dtype: x.astype(dtype), R, "int64"),
    "clip": _as(np.clip, P, 0.3, 0.6),
    "switch": _as(np.where, YES, P, Q),
    "where": _as(np.where, YES, P, Q),
    "cond": _as(lambda c, a, b: a if c else b, np.array(True), P, Q),
    "fill": _as(lambda a, v: np.full(a.shape, v), P, 2.5),
    "second": _as(lambda a, v: np.full(a.shape, v), P, 2.5),
    "largest": _as(np.maximum, P, Q),
    "smallest": _as(np.minimum, P, Q),
    **{name: _as(special.expit, R) for name in ("sigmoid", "expit", "invlogit")},
    "logit": _as(special.logit, P),
    "probit": _as(stats.norm.ppf, P),
    "invprobit": _as(stats.norm.cdf, R),
    "log1pexp": _as(lambda x: np.logaddexp(0, x), R),
    "softplus": _as(lambda x: np.logaddexp(0, x), R),
    "log1mexp": _as(lambda x: np.log(-np.expm1(x)), np.array([-1e-10, -0.5, -30.0])),
    "logdiffexp": _as(lambda a, b: a + np.log1p(-np.exp(b - a)), BIG, np.array([0.2, 1.9, -np.inf])),
    **{name: _as(getattr(special, name), R) for name in ("erf", "erfc")},
    "erfinv": _as(special.erfinv, P),
    "erfcinv": _as(special.erfcinv, np.array([1e-30, 0.5, 1.9])),
    "erfcx": _as(special.erfcx, np.array([-3.0, 0.1, 24.0, 26.0, 1e8])),
    "gamma": _as(special.gamma, R),
    "gammaln": _as(special.gammaln, P),
    "digamma": _as(special.digamma, P),
    "psi": _as(special.digamma, P),
    "tri_gamma": _as(lambda x: special.polygamma(1, x), P),
    "polygamma": _as(special.polygamma, np.array([1, 2, 3]), P),
    "gammainc": _as(special.gammainc, P, Q),
    "gammaincc": _as(special.gammaincc, P, Q),
    "gammau": _as(lambda k, x: special.gammaincc(k, x) * special.gamma(k), P, Q),
    "gammal": _as(lambda k, x: special.gammainc(k, x) * special.gamma(k), P, Q),
    "betainc": _as(special.betainc, BIG, P, Q),
    "chi2sf": _as(lambda x, k: stats.chi2.sf(x, k), BIG, P),
    "hyp2f1": _as(special.hyp2f1, P, Q, BIG, P),
    "i0": _as(special.i0, BIG),
    "i1": _as(special.i1, BIG),
    "iv": _as(special.iv, ORDERS, np.array([0.0, 1e-5, 49.0, 3.0, 200.0, 51.0])),
    "ive": _as(special.ive, ORDERS, np.array([0.0, 1e-5, 49.0, 3.0, 1e6, 51.0])),
    "kv": _as(special.kv, ORDERS, np.array([0.1, 1e-5, 49.0, 3.0, 200.0, 51.0])),
    "kve": _as(special.kve, ORDERS, np.array([1e-8, 1e-5, 49.0, 3.0, 1e6, 51.0])),
    "kn": _as(special.kv, np.array([0, 1, 2]), P),
    "xlogx": _as(lambda x: special.xlogy(x, x), np.array([0.0, 0.5, 2.0])),
    "xlogy": _as(special.xlogy, np.array([0.0, 0.5, 2.0]), np.array([0.0, 0.5, 2.0])),
    "xlog1py": _as(special.xlog1py, P, Q),
    "beta": _as(special.beta, P, Q),
    "betaln": _as(special.betaln, P, Q),
    "factorial": _as(special.factorial, np.array([0.0, 3.0, 2.5])),
    "poch": _as(special.poch, BIG, Q),
    "divmod": _as(lambda a, b: np.divmod(a, b), R, 2),
}

REDUCTIONS: dict[str, Case] = {
    **_each("sum prod mean std var max min argmax argmin ptp median cumsum cumprod", WIDE),
    **_each("any all", YES),
    "cov": _as(np.cov, WIDE),
    "max_and_argmax": _as(lambda x, axis: (x.max(axis), x.argmax(axis)), WIDE, axis=1),
    "logsumexp": _as(special.logsumexp, M, axis=0),
    "softmax": _as(special.softmax, P),
    "log_softmax": _as(special.log_softmax, M, axis=1),
    "norm": _as(np.linalg.norm, P),
    "batched_diag": _as(lambda x: np.stack([np.diag(row) for row in x]), M),
}

CREATION: dict[str, Case] = {
    "as_tensor_variable": _as(lambda x, ndim: x[None], P, ndim=2),
    "as_tensor": _as(np.asarray, P),
    "constant": _as(np.asarray, [1.0, 2.0]),
    "full": _as(np.full, (2, 3), 1.5),
    **{name: _as(lambda s, name=name: getattr(np, name)(s), (2, 3)) for name in ("zeros", "ones")},
    "empty": _as(np.zeros, 3),
    "alloc": _as(lambda v, *shape: np.full(shape, v), 2.5, 2, 3),
    "full_like": _as(np.full_like, P, 2.5),
    **_each("zeros_like ones_like", P),
    "empty_like": _as(np.zeros_like, P),
    "eye": _as(np.eye, 2, 3, 1),
    "identity_like": _as(lambda x: np.eye(len(x)), M),
    "tri": _as(np.tri, 3, 4),
    "arange": _as(np.arange, 2, 9, 3),
    "linspace": _as(np.linspace, 0.0, 1.0, 5),
    "geomspace": _as(np.geomspace, 1.0, 8.0, 4),
    "logspace": _as(np.logspace, 0.0, 2.0, 5),
    **{name: _as(getattr(np, name), 3, 0, 4) for name in ("tril_indices", "triu_indices")},
    **{name: _as(getattr(np, name), WIDE) for name in ("tril_indices_from", "triu_indices_from")},
    "bartlett": _as(np.bartlett, 5),
    "tensor_copy": _as(np.copy, P),
    "identity": _as(np.copy, P),
}

SHAPING: dict[str, Case] = {
    **_each("squeeze ravel transpose flip sort argsort", M),
    **_each("diag", P),
    **_each("tril triu trace diagonal", M),
    "reshape": _as(np.reshape, WIDE, (3, -1)),
    "flatten": _as(lambda x, ndim: x.reshape(2, -1), CUBE, ndim=2),
    "join_dims": _as(lambda x, a, n: x.reshape(2, 12), CUBE, 1, 2),
    "split_dims": _as(lambda x, s, axis: x.reshape(2, 3, 2, 2), CUBE, (2, 2), axis=2),
    "stack": _as(np.stack, [P, Q], axis=1),
    "concatenate": _as(np.concatenate, [P, Q]),
    "join": _as(lambda axis, *parts: np.concatenate(parts, axis), 1, M, L),
    "concat_with_broadcast": _as(
        lambda parts, axis: np.array([[1.0, 2.0, 5.0], [3.0, 4.0, 5.0]]),
        [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0]])],
        axis=1,
    ),
    "horizontal_stack": _as(lambda *m: np.hstack(m), M, L),
    "vertical_stack": _as(lambda *m: np.vstack(m), M, L),
    "stacklists": _as(np.array, [[P, Q], [Q, P]]),
    "flatten_list": _as(lambda parts: np.concatenate([p.ravel() for p in parts]), [P, M]),
    "split": _as(lambda x, s, n_splits, axis: np.split(x, [1], axis), WIDE, [1, 2], n_splits=2, axis=1),
    "expand_dims": _as(np.expand_dims, P, axis=0),
    "shape_padleft": _as(lambda x, n: x.reshape(1, 1, -1), P, 2),
    "shape_padright": _as(lambda x: x[:, None], P),
    "shape_padaxis": _as(lambda x, axis: x[:, None], P, axis=1),
    **{f"atleast_{n}d": _as(lambda x, n=n: x.reshape((1,) * (n - 1) + (3,)), P) for n in (1, 2, 3)},
    "atleast_Nd": _as(lambda x, n, left: x[:, None], P, n=2, left=False),
    "broadcast_to": _as(np.broadcast_to, P, (2, 3)),
    "broadcast_arrays": _as(np.broadcast_arrays, P, WIDE),
    "matrix_transpose": _as(lambda x: x.swapaxes(-1, -2), CUBE),
    "swapaxes": _as(np.swapaxes, CUBE, 0, 2),
    "moveaxis": _as(np.moveaxis, CUBE, 0, 2),
    "tile": _as(np.tile, P, 2),
    "repeat": _as(np.repeat, P, [2, 0, 1]),
    "roll": _as(np.roll, P, 1),
    "pad": _as(np.pad, P, 1),
    "extract_diag": _as(np.diagonal, M),
    "take": _as(np.take, WIDE, ORDER, axis=1),
    "take_along_axis": _as(np.take_along_axis, WIDE, np.array([[2, 0, 1], [0, 0, 1]]), axis=1),
    "choose": _as(np.choose, np.array([1, 0, 1]), [P, Q]),
    "compress": _as(lambda c, x, axis: np.compress(c, x, axis), [True, False, True], WIDE, axis=1),
    "shape": _as(np.shape, WIDE),
    "specify_shape": _as(lambda x, s: x, WIDE, (2, None)),
    "specify_broadcastable": _as(lambda x, a: x, P[None], 0),
}

LINALG: dict[str, Case] = {
    **_each("dot matmul", M, L),
    "matvec": _as(lambda a, b: np.einsum("...ij,...j", a, b), np.stack([M, L]), P[:2]),
    "vecmat": _as(lambda a, b: np.einsum("...i,...ij", a, b), P[:2], np.stack([M, L])),
    "vecdot": _as(lambda a, b: (a * b).sum(-1), M, L),
    "outer": _as(np.outer, P, Q),
    "tensordot": _as(np.tensordot, M, L, axes=1),
    "batched_dot": _as(np.matmul, np.stack([M, L]), np.stack([L, M])),
    "cholesky": _as(np.linalg.cholesky, M),
    "solve": _as(np.linalg.solve, M, P[:2]),
    "solve_triangular": _as(linalg.solve_triangular, L, M, lower=True),
    "slogdet": _as(np.linalg.slogdet, M),
    "logdet": _as(lambda x: np.linalg.slogdet(x)[1], M),
    "det": _as(np.linalg.det, M),
    "inv": _as(np.linalg.inv, M),
    "pinv": _as(np.linalg.pinv, WIDE),
    "eigvalsh": _as(np.linalg.eigvalsh, M),
    "lu_factor": _as(linalg.lu_factor, M),
    "lu": _as(linalg.lu, M),
    "expm": _as(linalg.expm, M),
    "matrix_power": _as(np.linalg.matrix_power, M, 3),
    "matrix_dot": _as(lambda *m: np.linalg.multi_dot(m), M, L, M),
    "kron": _as(np.kron, M, L),
    "block_diag": _as(linalg.block_diag, M, L),
    "tensorsolve": _as(np.linalg.tensorsolve, M, P[:2]),
    "tensorinv": _as(np.linalg.tensorinv, M, ind=1),
    "solve_sylvester": _as(linalg.solve_sylvester, M, L, WIDE[:, :2]),
    "solve_continuous_lyapunov": _as(lambda a, q: linalg.solve_continuous_lyapunov(a, q), L, M),
    "solve_discrete_lyapunov": _as(lambda a, q: linalg.solve_discrete_lyapunov(a, q), 0.3 * L, M),
}

EXTRA_OPS: dict[str, Case] = {
    **_each("diff", WIDE),
    "bincount": _as(np.bincount, COUNTS, minlength=6),
    "fill_diagonal": _as(lambda a, v: np.where(np.eye(2, 3) > 0, v, a), WIDE, 9.0),
    "fill_diagonal_offset": _as(lambda a, v, k: np.where(np.eye(2, 3, k) > 0, v, a), WIDE, 9.0, 1),
    "searchsorted": _as(np.searchsorted, P, Q),
    "unravel_index": _as(np.unravel_index, COUNTS, (2, 3)),
    "interp": _as(np.interp, Q, P, BIG),
    "inverse_permutation": _as(np.argsort, ORDER),
    "permute_row_elements": _as(lambda x, y: x[:, y[0]], WIDE, np.stack([ORDER, ORDER])),
}

# Constants and data determine the results of these, not symbols.
CONSTANT: dict[str, Case] = {
    "nonzero": _as(np.nonzero, WIDE),
    "flatnonzero": _as(np.flatnonzero, WIDE),
    "nonzero_values": _as(lambda x: x[x != 0], WIDE),
    "unique": _as(np.unique, COUNTS, return_counts=True),
}

CASES: dict[str, Case] = {**ELEMENTWISE, **REDUCTIONS, **CREATION, **SHAPING, **LINALG, **EXTRA_OPS}

# Tested by what they satisfy, or in words of their own.
APART = {
    *(
        "eigh",
        "svd",
        "qr",
        "lstsq",
        "cho_solve",
        "lu_solve",
        "einsum",
        "ravel_multi_index",
        "get_vector_length",
    ),
    *("broadcast_shape", "is_flat", "slice_at_axis", "set_subtensor", "inc_subtensor", "mgrid", "ogrid"),
}

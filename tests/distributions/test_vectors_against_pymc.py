"""Vectors, matrices and sequences: the model of PyMC and ours have equal log densities at equal points."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import pmjax

pymc = pytest.importorskip("pymc", reason="the oracle of these tests is PyMC, which is not installed")
# These small graphs are computed a few times: compiling them to C would take most of the time.
MODE = "FAST_COMPILE"
if int(pymc.__version__.split(".")[0]) < 6:
    pytest.skip("LKJCorr and others have other coordinates before PyMC 6", allow_module_level=True)

pytestmark = [
    pytest.mark.filterwarnings("ignore:PyTensor could not link to a BLAS:UserWarning"),
    pytest.mark.filterwarnings("ignore:pytensor.tensor.linalg.trace is deprecated:FutureWarning"),
]

COV = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
TWO = np.array([[1.0, 0.2], [0.2, 2.0]])
# Four places in a ring, and a fifth beside the first.
PLACES = np.array([[0, 1, 0, 1, 1], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 1, 0, 0], [1, 0, 0, 0, 0]])
COUNTS = np.array([[1, 0, 2], [0, 3, 2]])

Build = Callable[[Any], Any]
# Names of models, built by the module that is given: PyMC or pmjax.
MODELS: dict[str, Build] = {
    "LKJCholeskyCov": lambda pm: pm.LKJCholeskyCov("x", eta=2.5, n=4, sd_dist=pm.Exponential.dist(1.5)),
    "LKJCholeskyCov, scales": lambda pm: pm.LKJCholeskyCov(
        "x", 1.0, 3, pm.HalfNormal.dist([1.0, 2.0, 3.0]), compute_corr=False
    ),
    "LKJCholeskyCov, random eta": lambda pm: pm.LKJCholeskyCov(
        "x",
        eta=pm.Gamma("eta", 2, 1),
        n=3,
        sd_dist=pm.Exponential.dist(pm.Gamma("rate", 2, 1), size=3),
        store_in_trace=False,
    ),
    "LKJCholeskyCov in a normal vector": lambda pm: pm.MvNormal(
        "y",
        np.zeros(3),
        chol=pm.LKJCholeskyCov("x", eta=2, n=3, sd_dist=pm.HalfNormal.dist(2.0))[0],
        shape=(5, 3),
    ),
    "LKJCorr": lambda pm: pm.LKJCorr("x", n=4, eta=2.5),
    "LKJCorr, batch": lambda pm: pm.LKJCorr("x", n=3, eta=1.0, size=2),
    "ZeroSumNormal": lambda pm: pm.ZeroSumNormal("x", sigma=2.0, shape=5),
    "ZeroSumNormal, rows": lambda pm: pm.ZeroSumNormal("x", sigma=pm.HalfNormal("s"), shape=(2, 4)),
    "ZeroSumNormal, two axes": lambda pm: pm.ZeroSumNormal("x", 0.5, n_zerosum_axes=2, shape=(2, 3, 4)),
    "ZeroSumNormal, support_shape": lambda pm: pm.ZeroSumNormal("x", sigma=0.5, support_shape=[4]),
    "MvStudentT, scale": lambda pm: pm.MvStudentT("x", nu=4.0, mu=[1.0, 2.0, 3.0], scale=COV),
    "MvStudentT, Sigma": lambda pm: pm.MvStudentT("x", 1.5, Sigma=COV, shape=(2, 3)),
    "MvStudentT, tau": lambda pm: pm.MvStudentT("x", nu=pm.Gamma("nu", 2, 0.1), tau=COV),
    "MvStudentT, chol": lambda pm: pm.MvStudentT("x", nu=4.0, mu=0, chol=np.linalg.cholesky(COV)),
    "StickBreakingWeights": lambda pm: pm.StickBreakingWeights("x", alpha=np.array(2.5), K=4),
    "StickBreakingWeights, batch": lambda pm: pm.StickBreakingWeights(
        "x", pm.Gamma("a", 2, 1), 3, shape=(2, 4)
    ),
    "CAR": lambda pm: pm.CAR(
        "x", mu=np.arange(5.0), W=PLACES, alpha=pm.Uniform("a", -1, 1), tau=pm.Gamma("tau", 2, 1)
    ),
    "CAR, sparse": lambda pm: pm.CAR("x", np.zeros(5), scipy.sparse.csr_matrix(PLACES * 1.0), 0.3, 2.0),
    "CAR, data": lambda pm: pm.CAR("x", np.zeros(5), pm.Data("W", PLACES * 0.5), 0.7, 2.0),
    "ICAR": lambda pm: pm.ICAR("x", PLACES),
    "ICAR, scale": lambda pm: pm.ICAR("x", W=PLACES, sigma=pm.HalfNormal("s"), zero_sum_stdev=0.1),
    "MatrixNormal": lambda pm: pm.MatrixNormal("x", mu=np.ones((3, 2)), rowcov=COV, colcov=TWO),
    "MatrixNormal, factors": lambda pm: pm.MatrixNormal(
        "x",
        mu=0.0,
        rowchol=np.linalg.cholesky(COV),
        colchol=pm.LKJCholeskyCov("c", eta=2, n=2, sd_dist=pm.HalfNormal.dist(2.0))[0],
    ),
    "Wishart": lambda pm: pm.Wishart("x", nu=5, V=COV),
    "Wishart, factor": lambda pm: pm.Wishart("x", nu=5, scale_chol=np.linalg.cholesky(COV)),
    "WishartBartlett": lambda pm: pm.WishartBartlett("x", COV, 5, return_cholesky=True),
    "KroneckerNormal": lambda pm: pm.KroneckerNormal("x", np.ones(6), covs=[COV, TWO], shape=6),
    "KroneckerNormal, chols": lambda pm: pm.KroneckerNormal(
        "x", np.ones(6), chols=[np.linalg.cholesky(m) for m in (TWO, COV)], sigma=pm.HalfNormal("s"), shape=6
    ),
    "KroneckerNormal, evds": lambda pm: pm.KroneckerNormal(
        "x", np.ones(6), evds=[np.linalg.eigh(m) for m in (COV, TWO)], sigma=0.5, shape=(2, 6)
    ),
    "KroneckerNormal, random": lambda pm: pm.KroneckerNormal(
        "x", np.zeros(6), covs=[np.eye(3) * pm.HalfNormal("s"), TWO], sigma=0.5, shape=6
    ),
    "Multinomial": lambda pm: pm.Multinomial("x", n=[3, 5], p=pm.Dirichlet("p", np.ones(3)), observed=COUNTS),
    "DirichletMultinomial": lambda pm: pm.DirichletMultinomial(
        "x", n=[3, 5], a=pm.Gamma("a", 2, 1, shape=3), observed=COUNTS
    ),
    "OrderedMultinomial": lambda pm: pm.OrderedMultinomial(
        "x", eta=pm.Normal("eta"), cutpoints=[-1.0, 1.0], n=[3, 5], observed=COUNTS
    ),
}


def _sde(x: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return -a * x, b * (1 + x**2) ** 0.5


# Sequences in time, whose starts are PyMC's too.
SEQUENCES: dict[str, Build] = {
    "GaussianRandomWalk": lambda pm: pm.GaussianRandomWalk(
        "x", mu=0.3, sigma=pm.HalfNormal("s"), init_dist=pm.Normal.dist(1, 2), steps=4
    ),
    "GaussianRandomWalk, batch": lambda pm: pm.GaussianRandomWalk(
        "x", [0.1, -0.2], pm.HalfNormal("s", shape=2), init_dist=pm.StudentT.dist(4, 1.0), shape=(3, 2, 5)
    ),
    "GaussianRandomWalk, default": lambda pm: pm.GaussianRandomWalk("x", steps=3, size=2),
    "GaussianRandomWalk, observed": lambda pm: pm.GaussianRandomWalk(
        "x", sigma=pm.HalfNormal("s"), init_dist=pm.Normal.dist(pm.Normal("m"), 2), observed=[0.1, 0.5, -1.0]
    ),
    "RandomWalk": lambda pm: pm.RandomWalk(
        "x", init_dist=pm.Uniform.dist(-9, 9), innovation_dist=pm.Laplace.dist(0.5, [1.0, 2.0]), steps=3
    ),
    "RandomWalk, vectors": lambda pm: pm.RandomWalk(
        "x",
        init_dist=pm.MvNormal.dist([1.0, 2.0, 3.0], COV),
        innovation_dist=pm.MvStudentT.dist(nu=5, mu=[0.5, 0.0, -0.5], scale=COV, shape=(2, 3)),
        steps=3,
    ),
    "MvGaussianRandomWalk": lambda pm: pm.MvGaussianRandomWalk(
        "x", mu=np.arange(3.0), cov=COV, init_dist=pm.MvNormal.dist(np.ones(3), COV), shape=(4, 3)
    ),
    "MvGaussianRandomWalk, upper factor": lambda pm: pm.MvGaussianRandomWalk(
        "x", np.zeros(3), chol=np.linalg.cholesky(COV).T, lower=False, shape=(2, 4, 3)
    ),
    "MvStudentTRandomWalk": lambda pm: pm.MvStudentTRandomWalk(
        "x", nu=pm.Gamma("nu", 2, 0.1), mu=np.arange(3.0), scale=COV, steps=3
    ),
    "AR": lambda pm: pm.AR(
        "x", pm.Normal("r", size=2), sigma=pm.HalfNormal("s"), init_dist=pm.Normal.dist(1, 2), steps=5
    ),
    "AR, constant": lambda pm: pm.AR(
        "x", [0.5, 0.3, -0.2], tau=4.0, constant=True, init_dist=pm.Normal.dist(5, [1, 2]), shape=(2, 6)
    ),
    "AR, vector of first values": lambda pm: pm.AR(
        "x", [0.5, 0.3, -0.2], init_dist=pm.MvNormal.dist(np.arange(3), COV), ar_order=3, steps=2
    ),
    "AR, batch": lambda pm: pm.AR(
        "x",
        pm.Normal("r", size=(2, 1)),
        sigma=[1.0, 2.0],
        init_dist=pm.Normal.dist([[1.0], [2.0]], 1.0, shape=(2, 1)),
        steps=3,
    ),
    "AR, order 1, observed": lambda pm: pm.AR("x", pm.Normal("r"), pm.HalfNormal("s"), observed=np.ones(4)),
    "GARCH11": lambda pm: pm.GARCH11(
        "x", pm.HalfNormal("w"), alpha_1=0.3, beta_1=pm.Beta("b", 1, 1), initial_vol=0.7, steps=4
    ),
    "GARCH11, batch": lambda pm: pm.GARCH11("x", [0.5, 1.0], 0.3, 0.5, [1.0, 2.0], shape=(2, 3)),
}
MODELS.update(SEQUENCES)
MODELS["EulerMaruyama"] = lambda pm: pm.EulerMaruyama(
    "x", 0.1, _sde, [pm.HalfNormal("a"), 0.7], init_dist=pm.Normal.dist(1, 2), initval=np.ones(5), steps=4
)
MODELS["EulerMaruyama, batch"] = lambda pm: pm.EulerMaruyama(
    "x", 0.1, _sde, ([0.5, 1.0], pm.HalfNormal("b")), init_dist=pm.Normal.dist(), observed=np.ones((2, 3))
)


def built(module: Any, build: Build) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyMC's own, where a default is missing: tested of ours elsewhere
        with module.Model() as model:
            build(module)
    return model


@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_log_density_is_pymcs(build: Build) -> None:
    theirs, ours = built(pymc, build), built(pmjax, build)
    start = theirs.initial_point()
    assert {k: v.shape for k, v in ours.initial_point().items()} == {k: v.shape for k, v in start.items()}
    assert {v.name for v in ours.deterministics} == {v.name for v in theirs.deterministics}
    their_logp, our_logp = theirs.compile_logp(mode=MODE), ours.compile_logp()
    rng = np.random.default_rng(1)
    for _ in range(3):
        point = {k: rng.normal(0, 0.7, v.shape) for k, v in start.items()}
        np.testing.assert_allclose(our_logp(point), their_logp(point), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("build", SEQUENCES.values(), ids=SEQUENCES)
def test_sequences_start_where_pymcs_do(build: Build) -> None:
    theirs, ours = built(pymc, build).initial_point(), built(pmjax, build).initial_point()
    if "x" in theirs:
        np.testing.assert_allclose(ours["x"], theirs["x"], rtol=1e-12)


CHANGES = {
    "zero sum": (lambda t: t.ZeroSumTransform([-1]), (4,), (5,)),
    "zero sum, two axes": (lambda t: t.ZeroSumTransform([-2, -1]), (2, 3), (3, 4)),
    "packed factor": (lambda t: t.CholeskyCovPacked(3), (6,), (6,)),
    "correlation factor": (lambda t: t.CholeskyCorrTransform(4), (6,), (4, 4)),
    "covariance": (lambda t: t.CholeskyCovTransform(3), (6,), (3, 3)),
}


@pytest.mark.parametrize(("make", "free", "shape"), CHANGES.values(), ids=CHANGES)
def test_transform_is_pymcs(make: Any, free: tuple[int, ...], shape: tuple[int, ...]) -> None:
    ours = make(pmjax.distributions.transforms)
    theirs = make(pymc.distributions.transforms)
    y = np.random.default_rng(0).normal(size=free)
    node = pymc.math.pt.as_tensor(y)
    x = theirs.backward(node).eval(mode=MODE)
    assert x.shape == shape
    np.testing.assert_allclose(ours.backward(y).eval(), x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.forward(x), y, rtol=1e-10, atol=1e-12)
    # PyMC takes the logarithm of 2 in single precision.
    np.testing.assert_allclose(
        ours.log_jac_det(y).eval(), np.sum(theirs.log_jac_det(node).eval(mode=MODE)), rtol=1e-8, atol=1e-12
    )

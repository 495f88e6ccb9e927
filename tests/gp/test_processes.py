"""Gaussian processes against the formulas of conditioning, and against PyMC where it is installed."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.errors import ModelError

X = np.linspace(0, 3, 7)[:, None]
NEW = np.array([[0.7], [3.5], [1.0]])
Y = np.sin(2 * X[:, 0]) + 0.1
GRID = [np.linspace(0, 1, 3)[:, None], np.linspace(0, 2, 4)[:, None]]
ON_GRID = np.random.default_rng(3).normal(size=12)
LS, ETA, SIGMA, JITTER = 0.8, 1.3, 0.2, 1e-6


def kernel(a: np.ndarray, b: np.ndarray, ls: float = LS) -> np.ndarray:
    r = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1) / ls**2 + 1e-12)
    return ETA**2 * (1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r)


def matern(module: Any, ls: Any = LS, eta: Any = ETA) -> Any:
    return eta**2 * module.gp.cov.Matern52(1, ls=ls)


def exact() -> tuple[np.ndarray, np.ndarray]:
    """The mean and covariance of the process at the new inputs, given noisy values."""
    K = kernel(X, X) + (SIGMA**2 + JITTER) * np.eye(7)
    gain = np.linalg.solve(K, kernel(X, NEW)).T
    return gain @ Y, kernel(NEW, NEW) - gain @ kernel(X, NEW)


def test_the_marginal_likelihood_is_a_normal_density() -> None:
    with pm.Model() as model:
        ls = pm.HalfNormal("ls")
        gp = pm.gp.Marginal(mean_func=pm.gp.mean.Constant(0.3), cov_func=matern(pm, ls))
        gp.marginal_likelihood("y", X=X, y=Y, sigma=SIGMA)
    K = kernel(X, X) + (SIGMA**2 + JITTER) * np.eye(7)
    expected = stats.multivariate_normal(np.full(7, 0.3), K).logpdf(Y)
    expected += stats.halfnorm.logpdf(LS) + np.log(LS)
    assert model.compile_logp()({"ls_log__": np.log(LS)}) == pytest.approx(expected, rel=1e-10)
    slope = model.compile_dlogp()({"ls_log__": np.log(LS)})
    ends = [model.compile_logp()({"ls_log__": np.log(LS) + h}) for h in (1e-5, -1e-5)]
    assert slope[0] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_predictions_are_the_conditional_distribution() -> None:
    with pm.Model():
        ls = pm.HalfNormal("ls")
        gp = pm.gp.Marginal(cov_func=matern(pm, ls))
        gp.marginal_likelihood("y", X=X, y=Y, sigma=SIGMA)
        f = gp.conditional("f", NEW)
        mu, var = gp.predict(NEW, point={"ls": LS}, diag=True)
        _, cov = gp.predict(NEW, point={"ls": LS})
        _, noisy = gp.predict(NEW, point={"ls": LS}, pred_noise=True)
        with pytest.raises(ModelError, match="'ls'"):
            gp.predict(NEW)
    mean, exact_cov = exact()
    np.testing.assert_allclose(mu, mean, rtol=1e-9)
    np.testing.assert_allclose(var, np.diag(exact_cov), rtol=1e-7)
    np.testing.assert_allclose(cov, exact_cov + JITTER * np.eye(3), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(noisy, exact_cov + SIGMA**2 * np.eye(3), rtol=1e-7, atol=1e-9)
    assert f.shape == (3,)


def test_draws_of_a_conditional_have_its_mean_and_covariance() -> None:
    gp = pm.gp.Latent(cov_func=matern(pm))
    with pm.Model():
        gp.prior("f", X=X)
        new = gp.conditional("new", NEW, given={"X": X, "f": Y})
    draws = pm.draw(new, 20000, random_seed=1)
    K = kernel(X, X) + JITTER * np.eye(7)
    gain = np.linalg.solve(K, kernel(X, NEW)).T
    np.testing.assert_allclose(draws.mean(0), gain @ Y, atol=0.02)
    np.testing.assert_allclose(np.cov(draws.T), kernel(NEW, NEW) - gain @ kernel(X, NEW), atol=0.02)


@pytest.mark.parametrize("reparameterize", [True, False])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_the_prior_has_the_covariance_matrix(reparameterize: bool, n_outputs: int) -> None:
    with pm.Model() as model:
        gp = pm.gp.Latent(cov_func=matern(pm))
        f = gp.prior("f", X=X, n_outputs=n_outputs, reparameterize=reparameterize)
    assert f.shape == ((7,) if n_outputs == 1 else (2, 7))
    assert ("f_rotated_" in model) is reparameterize
    draws = pm.draw(f, 20000, random_seed=2).reshape(-1, 7)
    np.testing.assert_allclose(np.cov(draws.T), kernel(X, X), atol=0.08)


def test_additive_processes_come_apart() -> None:
    slow, fast = pm.gp.Marginal(cov_func=matern(pm, 3.0)), pm.gp.Marginal(cov_func=matern(pm, 0.3))
    total = slow + fast
    with pm.Model():
        total.marginal_likelihood("y", X=X, y=Y, sigma=SIGMA)
        given = {"X": X, "y": Y, "sigma": SIGMA, "gp": total}
        parts = [gp.predict(NEW, point={}, diag=True, given=given)[0] for gp in (slow, fast)]
        whole, _ = total.predict(NEW, point={}, diag=True)
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-9)
    with pytest.raises(TypeError, match="cannot be added"):
        slow + pm.gp.Latent(cov_func=matern(pm))


@pytest.mark.parametrize("approx", ["FITC", "VFE", "DTC"])
def test_approximations_with_all_points_inducing_are_exact(approx: str) -> None:
    with pm.Model() as model:
        gp = pm.gp.MarginalApprox(approx, cov_func=matern(pm))
        value = gp.marginal_likelihood("y", X=X, Xu=X, y=Y, sigma=SIGMA, jitter=1e-10)
        mu, var = gp.predict(NEW, point={}, diag=True, jitter=1e-10)
    K = kernel(X, X) + SIGMA**2 * np.eye(7)
    assert float(value.eval()) == pytest.approx(stats.multivariate_normal(np.zeros(7), K).logpdf(Y), rel=1e-6)
    assert "marginalapprox_loglik_y" in model
    mean, cov = exact()
    np.testing.assert_allclose(mu, mean, rtol=1e-4)
    np.testing.assert_allclose(var, np.diag(cov), rtol=1e-3)


def test_a_process_on_a_grid_is_the_process_at_its_points() -> None:
    points = pm.math.cartesian(*GRID)
    covs = [pm.gp.cov.ExpQuad(1, 0.6), 1.7 * pm.gp.cov.Matern52(1, 0.9)]
    K = pm.gp.cov.Kron(covs)(points).eval()
    with pm.Model():
        gp = pm.gp.LatentKron(cov_funcs=covs)
        f = gp.prior("f", Xs=GRID)
        new = gp.conditional("new", np.array([[0.2, 0.3], [0.9, 1.5]]))
    draws = pm.draw(f, 20000, random_seed=2)
    np.testing.assert_allclose(np.cov(draws.T), K, atol=0.1)
    assert np.isfinite(pm.draw(new, 10, random_seed=1)).all()


def test_predictions_on_a_grid_are_those_of_all_its_points() -> None:
    covs = [pm.gp.cov.ExpQuad(1, 0.6), 1.7 * pm.gp.cov.Matern52(1, 0.9)]
    new = np.array([[0.2, 0.3], [0.9, 1.5]])
    with pm.Model():
        on_grid = pm.gp.MarginalKron(cov_funcs=covs)
        on_grid.marginal_likelihood("y", Xs=GRID, y=ON_GRID, sigma=SIGMA)
        dense = pm.gp.Marginal(cov_func=pm.gp.cov.Kron(covs))
        dense.marginal_likelihood("z", X=pm.math.cartesian(*GRID), y=ON_GRID, sigma=SIGMA)
        for options in ({"diag": True}, {"diag": True, "pred_noise": True}, {"pred_noise": True}):
            for a, b in zip(
                on_grid.predict(new, point={}, **options),
                dense.predict(new, point={}, **options),
                strict=True,
            ):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_hilbert_space_processes_are_near_the_exact_one() -> None:
    x = np.linspace(-1, 1, 9)[:, None]
    for cov_func in (pm.gp.cov.ExpQuad(1, 0.4), 2.0 * pm.gp.cov.Matern52(1, 0.5), pm.gp.cov.Matern32(1, 0.7)):
        gp = pm.gp.HSGP(m=[160], c=4.0, cov_func=cov_func)
        phi, sqrt_psd = (v.eval() for v in gp.prior_linearized(x))
        np.testing.assert_allclose((phi * sqrt_psd**2) @ phi.T, cov_func(x).eval(), atol=3e-3)
    flat = np.random.default_rng(1).uniform(-1, 1, size=(8, 2))
    two = pm.gp.cov.ExpQuad(2, ls=[0.7, 0.9])
    phi, sqrt_psd = (v.eval() for v in pm.gp.HSGP(m=[30, 30], c=4.0, cov_func=two).prior_linearized(flat))
    np.testing.assert_allclose((phi * sqrt_psd**2) @ phi.T, two(flat).eval(), atol=1e-4)
    periodic = pm.gp.cov.Periodic(1, period=1.3, ls=0.8)
    (cosines, sines), psd = pm.gp.HSGPPeriodic(m=20, cov_func=periodic).prior_linearized(x)
    c, s, p = cosines.eval(), sines.eval(), psd.eval()
    # As PyMC's: of a = 1 / ls², where the covariance function has a = 1 / (4 ls²).
    expected = np.exp((np.cos(2 * np.pi * (x - x.T) / 1.3) - 1) / 0.64)
    np.testing.assert_allclose((c * p) @ c.T + (s * p) @ s.T, expected, atol=1e-8)


@pytest.mark.parametrize("parametrization", ["centered", "noncentered"])
def test_a_hilbert_space_process_goes_on_at_new_inputs(parametrization: str) -> None:
    with pm.Model() as model:
        ls = pm.LogNormal("ls", 0, 1)
        gp = pm.gp.HSGP(m=[12], c=1.5, parametrization=parametrization, cov_func=pm.gp.cov.Matern52(1, ls))
        f = gp.prior("f", X=X)
        again = gp.conditional("again", X)
        beyond = gp.conditional("beyond", NEW)
    first, second, third = pm.draw([f, again, beyond], 5, random_seed=1)
    np.testing.assert_allclose(first, second)
    assert third.shape == (5, 3)
    assert model["f_hsgp_coeffs"].shape == (12,)


@pytest.mark.slow
def test_conditionals_are_drawn_for_the_posterior() -> None:
    with pm.Model(coords={"place": [0, 1, 2]}) as model:
        ls = pm.LogNormal("ls", 0, 0.5)
        gp = pm.gp.Latent(cov_func=matern(pm, ls))
        f = gp.prior("f", X=X)
        pm.Normal("y", f, SIGMA, observed=Y)
        trace = pm.sample(
            100, tune=200, chains=2, random_seed=1, progressbar=False, compute_convergence_checks=False
        )
    with model:
        gp.conditional("new", NEW, dims="place")
        predicted = pm.sample_posterior_predictive(trace, var_names=["new"], random_seed=1, progressbar=False)
    new = predicted.posterior_predictive["new"]
    assert new.shape == (2, 100, 3)
    mean, _ = exact()
    np.testing.assert_allclose(new.values.reshape(-1, 3).mean(0), mean, atol=0.35)


@pytest.mark.parametrize(
    ("x", "ls"),
    [
        (np.zeros((5, 1)), 1.0),
        pytest.param(np.array([[0.0], [1e-12], [1.0], [1.0], [2.0]]), 1.0, marks=pytest.mark.slow),
        (np.linspace(0, 1, 60)[:, None], 1e4),
        pytest.param(np.linspace(0, 1, 60)[:, None], 1e-8, marks=pytest.mark.slow),
    ],
    ids=["equal inputs", "near inputs", "a long scale", "a short scale"],
)
def test_hard_matrices_give_finite_densities_and_gradients(x: np.ndarray, ls: float) -> None:
    with pm.Model() as model:
        scale, eta = pm.HalfNormal("ls", 1e4), pm.HalfNormal("eta", 1e4)
        gp = pm.gp.Latent(cov_func=eta**2 * pm.gp.cov.ExpQuad(1, scale))
        f = gp.prior("f", X=x, jitter=0.0)
        pm.Normal("y", f, 1.0, observed=np.arange(len(x)))
    point = {"ls_log__": np.log(ls), "eta_log__": np.log(1e3), "f_rotated_": np.ones(len(x))}
    assert np.isfinite(model.compile_dlogp()(point)).all()
    fixed = pm.gp.Latent(cov_func=1e6 * pm.gp.cov.ExpQuad(1, ls))
    with model:
        new = fixed.conditional("new", np.concatenate([x[:2], x[:2]]), given={"X": x, "f": x[:, 0]})
    assert np.isfinite(pm.draw(new, 3, random_seed=1)).all()


def test_helpers() -> None:
    points = np.concatenate([np.zeros((5, 1)), np.ones((5, 1))]) + np.linspace(0, 0.01, 10)[:, None]
    centres = pm.gp.util.kmeans_inducing_points(2, points, seed=1)
    np.testing.assert_allclose(np.sort(centres[:, 0]), [points[:5].mean(), points[5:].mean()])
    assert pm.gp.hsgp_approx.approx_hsgp_hyperparams([0, 10], [1, 5], "ExpQuad") == (28, 3.2)
    with pytest.raises(AttributeError, match="'X' is not set"):
        pm.gp.Latent(cov_func=matern(pm)).X


def test_densities_are_pymcs() -> None:
    if importlib.util.find_spec("pymc") is None:
        pytest.skip("pymc is not installed here: its densities are compared in the environment that has it")
    import pymc

    for build, point in PYMC_MODELS:
        if build is free_ends and pymc.__version__ < "6":  # PyMC 5 has no argument for them
            continue
        densities = []
        for module in (pm, pymc):
            with warnings.catch_warnings():
                if module is pymc:  # PyMC 5 calls functions that its PyTensor deprecates
                    warnings.simplefilter("ignore", FutureWarning)
                with module.Model() as model:
                    build(module)
                densities.append(float(model.compile_logp()(point)))
        assert densities[0] == pytest.approx(densities[1], rel=1e-7), build.__name__


def marginal(module: Any) -> None:
    ls = module.HalfNormal("ls")
    gp = module.gp.Marginal(mean_func=module.gp.mean.Linear([0.3], 0.1), cov_func=matern(module, ls))
    gp.marginal_likelihood("y", X=X, y=Y, sigma=module.gp.cov.WhiteNoise(SIGMA))
    gp.conditional("new", NEW, pred_noise=True)


def latent(module: Any) -> None:
    ls = module.HalfNormal("ls")
    gp = module.gp.Latent(cov_func=matern(module, ls))
    f = gp.prior("f", X=X)
    module.Normal("y", f, 1.0, observed=Y)


def sparse(module: Any) -> None:
    ls = module.HalfNormal("ls")
    for approx in ("VFE", "FITC", "DTC"):
        gp = module.gp.MarginalApprox(approx, cov_func=matern(module, ls))
        gp.marginal_likelihood(approx, X=X, Xu=X[::3], y=Y, sigma=SIGMA)
        gp.conditional(f"new_{approx}", NEW)


def hilbert(module: Any) -> None:
    ls = module.HalfNormal("ls")
    cov_func = ETA**2 * module.gp.cov.ExpQuad(1, ls)
    f = module.gp.HSGP(m=[9], c=1.4, cov_func=cov_func).prior("f", X=X)
    g = module.gp.HSGP(m=[9], L=[4.0], cov_func=cov_func, parametrization="centered", drop_first=False).prior(
        "g", X=X
    )
    h = module.gp.HSGPPeriodic(m=5, scale=2.0, cov_func=module.gp.cov.Periodic(1, 1.1, ls)).prior("h", X=X)
    module.Normal("y", f + g + h, 1.0, observed=Y)


def free_ends(module: Any) -> None:
    ls = module.HalfNormal("ls")
    cov_func = ETA**2 * module.gp.cov.ExpQuad(1, ls)
    f = module.gp.HSGP(m=[5], c=1.4, cov_func=cov_func, boundary="neumann").prior("f", X=X)
    module.Normal("y", f, 1.0, observed=Y)


def grid(module: Any) -> None:
    ls = module.HalfNormal("ls")
    gp = module.gp.LatentKron(cov_funcs=[module.gp.cov.ExpQuad(1, ls), module.gp.cov.Matern52(1, 0.9)])
    f = gp.prior("f", Xs=GRID)
    module.Normal("y", f, 1.0, observed=ON_GRID)


def marginal_grid(module: Any) -> None:
    ls = module.HalfNormal("ls")
    gp = module.gp.MarginalKron(cov_funcs=[module.gp.cov.ExpQuad(1, ls), module.gp.cov.Matern52(1, 0.9)])
    gp.marginal_likelihood("y", Xs=GRID, y=ON_GRID, sigma=SIGMA)


LOG_LS = {"ls_log__": np.array(-0.2)}
PYMC_MODELS: list[tuple[Any, dict[str, Any]]] = [
    (marginal, {**LOG_LS, "new": np.array([0.1, 0.2, 0.3])}),
    (latent, {**LOG_LS, "f_rotated_": np.linspace(-1, 1, 7)}),
    (sparse, {**LOG_LS, **{f"new_{a}": np.array([0.1, 0.2, 0.3]) for a in ("VFE", "FITC", "DTC")}}),
    (
        hilbert,
        {
            **LOG_LS,
            "f_hsgp_coeffs": np.linspace(-1, 1, 9),
            "g_hsgp_coeffs": np.linspace(-1, 1, 9),
            "h_hsgp_coeffs_": np.linspace(-1, 1, 9),
        },
    ),
    (free_ends, {**LOG_LS, "f_hsgp_coeffs": np.linspace(-1, 1, 5)}),
    (grid, {**LOG_LS, "f_rotated_": np.linspace(-1, 1, 12)}),
    (marginal_grid, LOG_LS),
]

"""Models of the real PyMC over the breadth of its language: one function each, and one line in the catalogue.

A function takes PyMC and PyTensor's tensors, so that nothing is imported where they are not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.default_rng(20260801)
X = RNG.normal(size=(40, 3))
Y = X @ [0.5, -1.0, 0.3] + RNG.normal(scale=0.4, size=40)
GROUP = RNG.integers(0, 5, 40)
COUNTS = RNG.poisson(3.0, 40)
BINARY = RNG.integers(0, 2, 40)
TIME = np.sort(RNG.uniform(0, 5, 12))

CATALOGUE: dict[str, Callable[..., Any]] = {}


def model(build: Callable[..., Any]) -> Callable[..., Any]:
    CATALOGUE[build.__name__] = build
    return build


@model
def linear_regression(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"row": np.arange(40), "predictor": ["a", "b", "c"]}) as m:
        x = pm.Data("x", X, dims=("row", "predictor"))
        beta = pm.Normal("beta", 0, 2, dims="predictor")
        sigma = pm.HalfNormal("sigma", 1)
        mu = pm.Deterministic("mu", pt.dot(x, beta), dims="row")
        pm.Normal("y", mu, sigma, observed=Y, dims="row")
    return m


@model
def hierarchy(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"group": list("abcde")}) as m:
        mu = pm.Normal("mu", 0, 3)
        tau = pm.HalfCauchy("tau", 1)
        a = pm.Normal("a", mu, tau, dims="group")
        sigma = pm.Exponential("sigma", 1)
        pm.Normal("y", a[GROUP], sigma, observed=Y)
    return m


@model
def non_centred(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        mu = pm.Normal("mu")
        tau = pm.HalfStudentT("tau", 3, 2)
        z = pm.Normal("z", shape=5)
        a = pm.Deterministic("a", mu + tau * z)
        pm.StudentT("y", nu=4, mu=a[GROUP] + X[:, 0], sigma=0.5, observed=Y)
    return m


@model
def logistic_regression(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        beta = pm.Laplace("beta", 0, 1, shape=3)
        pm.Bernoulli("y", logit_p=X @ beta, observed=BINARY)
    return m


@model
def bernoulli_by_p(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        p = pm.Beta("p", 2, 3, shape=5)
        pm.Bernoulli("y", p[GROUP], observed=BINARY)
    return m


@model
def poisson_regression(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        a = pm.Normal("a", 1, 1)
        b = pm.Cauchy("b", 0, 1)
        pm.Poisson("y", pm.math.exp(a + b * X[:, 0] / 10), observed=COUNTS)
    return m


@model
def negative_binomial(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        mu = pm.Gamma("mu", 2, 0.5)
        alpha = pm.InverseGamma("alpha", 3, 4)
        pm.NegativeBinomial("y", mu=mu, alpha=alpha, observed=COUNTS)
    return m


@model
def gamma_by_moments(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        mu = pm.LogNormal("mu", 0, 1)
        pm.Gamma("y", mu=mu, sigma=1.5, observed=np.abs(Y) + 0.1)
        pm.Beta("share", mu=0.4, sigma=0.1, shape=2)
    return m


@model
def binomial_and_uniform(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        low = pm.Uniform("low", -2, 1)
        high = pm.Uniform("high", low, 3)
        pm.Binomial("k", n=10, logit_p=low + high, observed=COUNTS)
    return m


@model
def categorical_softmax(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        w = pm.Normal("w", 0, 1, shape=(3, 5))
        pm.Categorical("y", logit_p=pt.dot(X, w), observed=GROUP)
    return m


@model
def dirichlet_multinomial(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"kind": list("abc")}) as m:
        p = pm.Dirichlet("p", np.array([1.0, 2.0, 3.0]), dims="kind")
        pm.Multinomial("n", np.array(20.0), p, observed=[[5, 7, 8], [2, 10, 8]])
    return m


@model
def ordered_logistic(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        cut = pm.Normal(
            "cut",
            0,
            2,
            shape=4,
            transform=pm.distributions.transforms.ordered,
            initval=[-2.0, -1.0, 1.0, 2.0],
        )
        eta = pm.Normal("eta")
        pm.OrderedLogistic("y", eta=eta * X[:, 0], cutpoints=cut, observed=GROUP, compute_p=False)
    return m


@model
def normal_mixture(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        w = pm.Dirichlet("w", np.ones(2))
        mu = pm.Normal("mu", [-1.0, 1.0], 0.5)
        sigma = pm.HalfNormal("sigma", 1, shape=2)
        pm.NormalMixture("y", w, mu, sigma, observed=Y)
    return m


@model
def zero_inflated(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        psi = pm.Beta("psi", 2, 2)
        mu = pm.Gamma("mu", 3, 1)
        pm.ZeroInflatedPoisson("y", psi=psi, mu=mu, observed=COUNTS)
    return m


@model
def hurdle(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        psi = pm.Beta("psi", 2, 2)
        pm.HurdleGamma("y", psi=psi, alpha=2.0, beta=pm.HalfNormal("b"), observed=np.maximum(Y, 0.0))
    return m


@model
def censored_survival(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        alpha = pm.Gamma("alpha", 2, 1)
        beta = pm.HalfNormal("beta", 3)
        time = pm.Weibull.dist(alpha, beta)
        pm.Censored("t", time, lower=None, upper=1.0, observed=np.minimum(np.abs(Y) + 0.05, 1.0))
    return m


@model
def truncated(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        mu = pm.Normal("mu")
        pm.Truncated("t", pm.Gamma.dist(2, 1), lower=0.5, upper=4.0, shape=3)
        pm.TruncatedNormal("y", mu, 1.5, lower=-5, observed=Y)
    return m


@model
def random_walk(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"time": np.arange(40)}) as m:
        step = pm.HalfNormal("step", 0.5)
        level = pm.GaussianRandomWalk("level", sigma=step, init_dist=pm.Normal.dist(0, 1), dims="time")
        pm.Normal("y", level, 0.5, observed=Y)
    return m


@model
def autoregression(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        rho = pm.Normal("rho", 0, 0.5, shape=2)
        pm.AR("x", rho=rho, sigma=0.7, init_dist=pm.Normal.dist(0, 1), shape=20)
        pm.AR("y", rho=[0.1, rho[0]], sigma=1.0, constant=True, init_dist=pm.Normal.dist(0, 5), observed=Y)
    return m


@model
def euler_maruyama(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        speed = pm.HalfNormal("speed")
        path = pm.EulerMaruyama(
            "path", 0.1, lambda x, s: (-s * x, 0.3), (speed,), init_dist=pm.Normal.dist(0, 1), shape=15
        )
        pm.Normal("y", path, 0.4, observed=Y[:15])
    return m


@model
def garch(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        omega = pm.HalfNormal("omega")
        alpha = pm.Uniform("alpha", 0, 1)
        beta = pm.Uniform("beta", 0, 1 - alpha)
        pm.GARCH11("y", omega=omega, alpha_1=alpha, beta_1=beta, initial_vol=0.5, observed=Y)
    return m


@model
def multivariate(pm: Any, pt: Any) -> Any:
    cov = np.array([[1.0, 0.3, 0.0], [0.3, 2.0, 0.1], [0.0, 0.1, 0.5]])
    with pm.Model() as m:
        mu = pm.MvNormal("mu", np.zeros(3), cov=cov)
        pm.MvStudentT("t", nu=5, mu=mu, scale=cov, observed=X[:10])
        pm.MvNormal("tight", mu, tau=np.linalg.inv(cov), shape=(2, 3))
    return m


@model
def gp_marginal(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        scale = pm.Gamma("scale", 2, 1)
        height = pm.HalfNormal("height", 2)
        gp = pm.gp.Marginal(cov_func=height**2 * pm.gp.cov.Matern52(1, scale))
        gp.marginal_likelihood("y", TIME[:, None], Y[:12], pm.HalfNormal("noise", 1))
    return m


@model
def gp_latent(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        scale = pm.InverseGamma("scale", 5, 5)
        gp = pm.gp.Latent(cov_func=pm.gp.cov.ExpQuad(1, scale))
        f = gp.prior("f", X=TIME[:, None])
        pm.Poisson("y", pm.math.exp(f), observed=COUNTS[:12])
    return m


@model
def gp_hilbert(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        scale = pm.InverseGamma("scale", 5, 5)
        gp = pm.gp.HSGP(m=[8], c=1.5, cov_func=pm.gp.cov.ExpQuad(1, scale))
        pm.Normal("y", gp.prior("f", X=TIME[:, None]), 0.5, observed=Y[:12])
    return m


@model
def zero_sum(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"group": list("abcde")}) as m:
        effect = pm.ZeroSumNormal("effect", 1.5, dims="group")
        pm.Normal("y", effect[GROUP], 1, observed=Y)
    return m


@model
def stick_breaking(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        w = pm.StickBreakingWeights("w", alpha=1.5, K=4)
        pm.Mixture("y", w, pm.Normal.dist(np.arange(5.0) - 2, 0.7), observed=Y)
    return m


@model
def custom_by_logp(pm: Any, pt: Any) -> Any:
    def logp(value: Any, mu: Any) -> Any:
        return -pt.abs(value - mu) - pt.log(2.0)

    with pm.Model() as m:
        mu = pm.Normal("mu", 0, 2)
        pm.CustomDist("x", mu, logp=logp, shape=2)
        pm.CustomDist("y", mu, logp=logp, observed=Y)
    return m


@model
def custom_by_graph(pm: Any, pt: Any) -> Any:
    def dist(mu: Any, sigma: Any, size: Any) -> Any:
        return pm.math.exp(pm.Normal.dist(mu, sigma, size=size)) + 1.0

    with pm.Model() as m:
        mu = pm.Normal("mu")
        pm.CustomDist("y", mu, 0.5, dist=dist, observed=np.abs(Y) + 1.1)
    return m


@model
def scan_inside(pm: Any, pt: Any) -> Any:
    import pytensor

    with pm.Model() as m:
        rate = pm.Beta("rate", 2, 2)
        start = pm.HalfNormal("start", 2)
        steps = pytensor.scan(
            lambda previous, r: previous * r + 0.1, outputs_info=[start], non_sequences=[rate], n_steps=10
        )
        path = steps[0] if isinstance(steps, (list, tuple)) else steps
        pm.Normal("y", pm.Deterministic("path", path), 0.3, observed=Y[:10])
    return m


@model
def scan_distribution(pm: Any, pt: Any) -> Any:
    import pytensor
    from pymc.pytensorf import collect_default_updates

    def dist(rho: Any, size: Any) -> Any:
        def step(previous: Any, r: Any) -> Any:
            now = pm.Normal.dist(previous * r, 0.5)
            return now, collect_default_updates([now])

        values, _ = pytensor.scan(
            step,
            outputs_info=[pt.zeros(())],
            non_sequences=[rho],
            n_steps=15,
            strict=True,
            return_updates=True,
        )
        return values

    with pm.Model() as m:
        rho = pm.Normal("rho", 0, 0.5)
        pm.CustomDist("y", rho, dist=dist, observed=Y[:15])
    return m


@model
def potential_and_switch(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        x = pm.Normal("x", shape=3)
        early = pm.Exponential("early", scale=2.0)
        pm.Potential("soft", -0.5 * pt.sum(pt.sqr(x[1:] - x[:-1])))
        rate = pm.math.switch(np.arange(40) < 20, early, early + pt.softplus(x[0]))
        pm.Poisson("y", rate, observed=COUNTS)
    return m


@model
def array_functions(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        a = pm.Normal("a", shape=(4, 3))
        b = pt.concatenate([a[:2], pt.zeros((1, 3)), a[2:].cumsum(axis=0)], axis=0)
        b = pt.set_subtensor(b[0, :2], 1.5)
        c = pt.stack([b.mean(axis=1), b.max(axis=1), pt.logsumexp(b, axis=1)], axis=1)
        d = pt.tile(c.reshape((3, 5)), (2, 1)) + pt.eye(6, 5)
        s = pm.math.log(pm.math.sigmoid(d)).sum(axis=0).std() + pt.clip(d, -1, 1).prod()
        pm.Normal("y", s, 1 + pt.diag(d[:5]).var(), observed=Y)
    return m


@model
def linear_algebra(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        v = pm.Normal("v", shape=3)
        s = pt.outer(v, v) + 2.0 * pt.eye(3)
        chol = pt.linalg.cholesky(s)
        z = pt.linalg.solve_triangular(chol, v, lower=True)
        w = pt.linalg.solve(s, v) + pt.linalg.inv(s)[0] + pt.log(pt.linalg.det(s)) + pt.linalg.slogdet(s)[1]
        pm.Normal("y", X @ (z + w), 1.0, observed=Y)
    return m


@model
def imputed(pm: Any, pt: Any) -> Any:
    gaps = Y.copy()
    gaps[[3, 17]] = np.nan
    with pm.Model() as m:
        mu = pm.Normal("mu")
        pm.Normal("y", mu + X[:, 0], 0.5, observed=gaps)
    return m


@model
def imputed_predictor(pm: Any, pt: Any) -> Any:
    column = np.where(np.arange(40) % 13 == 0, np.nan, X[:, 1])
    with pm.Model(coords={"row": np.arange(40)}) as m:
        x = pm.Normal("x", 0, pm.HalfNormal("spread"), observed=column, dims="row")
        pm.Normal("y", pm.Normal("slope") * x, 1, observed=Y, dims="row")
    return m


@model
def imputed_rows(pm: Any, pt: Any) -> Any:
    gaps = X[:6].copy()
    gaps[2, 1] = np.nan
    with pm.Model() as m:
        mu = pm.Normal("mu", shape=3)
        pm.MvNormal("y", mu, np.eye(3) + 0.2, observed=gaps)
    return m


@model
def transforms(pm: Any, pt: Any) -> Any:
    tr = pm.distributions.transforms
    with pm.Model() as m:
        pm.HalfNormal("raw", default_transform=None, initval=1.0)
        pm.Uniform("inside", -1, 4)
        pm.VonMises("angle", 0.5, 2.0)
        pm.Normal("bounded", transform=tr.Interval(-1, 2), shape=2)
        pm.Uniform("rising", 0, 1, shape=3, transform=tr.ordered, initval=[0.2, 0.4, 0.7])
        pm.HalfNormal("softly", default_transform=tr.log_exp_m1)
    return m


@model
def many_families(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        pm.AsymmetricLaplace("asymmetric", b=1, kappa=0.7, mu=0)
        pm.Gumbel("gumbel", 0, 2)
        pm.Kumaraswamy("kumaraswamy", 2, 3)
        pm.Logistic("logistic", 0, 1)
        pm.LogitNormal("logitnormal", 0, 1)
        pm.Moyal("moyal", 0, 1)
        pm.Pareto("pareto", 3, 1)
        pm.Rice("rice", nu=1, sigma=1)
        pm.SkewNormal("skew", 0, 1, 2)
        pm.Triangular("triangular", lower=0, c=1, upper=3)
        pm.Wald("wald", 1, 2)
        pm.Weibull("weibull", 2, 1)
        pm.ChiSquared("chi", 4)
    return m


@model
def nested_names(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"row": range(40)}) as m:
        a = pm.Normal("a")
        with pm.Model(name="inner"):
            b = pm.HalfNormal("b")
            c = pm.Deterministic("c", a * b)
        pm.Normal("y", c, b, observed=Y, dims="row")
    return m


@model
def scaled_likelihood(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        mu = pm.Normal("mu")
        pm.Normal("y", mu, 1.0, observed=Y, total_size=400)
    return m


@model
def data_everywhere(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"group": list("abcde")}) as m:
        x = pm.Data("x", X[:, 0])
        g = pm.Data("g", GROUP)
        y = pm.Data("y_values", Y)
        a = pm.Normal("a", dims="group")
        b = pm.Normal("b", 0, 1)
        pm.Normal("y", a[g] + b * (x - x.mean()) / x.std(), 1, observed=y, shape=x.shape)
    return m


@model
def wishart_and_matrix(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        pm.MatrixNormal("w", mu=np.zeros((2, 3)), rowcov=np.eye(2) + 0.1, colcov=np.eye(3))
        sd = pm.HalfNormal("sd", 1)
        pm.KroneckerNormal("y", mu=np.zeros(4), covs=[np.eye(2) + 0.2, np.eye(2)], sigma=sd, observed=Y[:4])
    return m


@model
def families_of_reals(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        a, b = pm.Normal("a"), pm.Uniform("b", 0.5, 3)
        pm.AsymmetricLaplace("asymmetric", b=b, kappa=b / 2, mu=a)
        pm.ExGaussian("ex_gaussian", mu=a, sigma=b, nu=1.5)
        pm.Gumbel("gumbel", a, b, shape=2)
        pm.Logistic("logistic", a, b)
        pm.Moyal("moyal", a, b)
        pm.SkewNormal("skew", mu=a, sigma=b, alpha=a + 1)
        pm.SkewStudentT("skew_t", a=b, b=b + 1, mu=a, sigma=1.3)
        pm.VonMises("angle", 0.5, b)
    return m


@model
def families_of_bounded_numbers(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        a, b = pm.Uniform("a", 0.5, 3), pm.Uniform("b", 0.5, 3)
        pm.Kumaraswamy("kumaraswamy", a, b, shape=2)
        pm.LogitNormal("logit_normal", a, b)
        pm.Pareto("pareto", a, b)
        pm.Rice("rice", nu=a, sigma=b)
        pm.Triangular("triangular", lower=-a, c=a / 2, upper=a + b)
        pm.Wald("wald", mu=a, lam=b)
        pm.Weibull("weibull", a, b)
    return m


@model
def families_of_counts(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        a, b = pm.Uniform("a", 0.5, 3), pm.Uniform("b", 0.5, 3)
        pm.BetaBinomial("beta_binomial", n=30, alpha=a, beta=b, observed=COUNTS)
        pm.DiscreteUniform("uniform", 0, 30, observed=COUNTS)
        pm.DiscreteWeibull("weibull", q=a / 4, beta=b, observed=COUNTS)
        pm.Geometric("geometric", p=b / 4, observed=COUNTS + 1)
        pm.HyperGeometric("hypergeometric", N=50, k=30, n=20, observed=COUNTS)
    return m


@model
def families_of_vectors(pm: Any, pt: Any) -> Any:
    cov = np.array([[1.0, 0.3, 0.0], [0.3, 2.0, 0.1], [0.0, 0.1, 0.5]])
    rows = np.array([[5, 7, 8], [2, 10, 8]])
    with pm.Model() as m:
        a = pm.Gamma("a", 2, 1, shape=3)
        p = pm.Dirichlet("p", a)
        pm.Multinomial("multinomial", np.array([20.0, 20.0]), p, observed=rows)
        pm.DirichletMultinomial("urn", n=20, a=a, observed=rows)
        pm.MvStudentT("t", nu=a[0] + 1, mu=a, scale=cov, shape=(2, 3))
        pm.MvNormal("normal", mu=a, tau=np.linalg.inv(cov))
    return m


@model
def lkj_hierarchy(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"group": list("abcde"), "effect": ["level", "slope"]}) as m:
        chol, _, _ = pm.LKJCholeskyCov("chol", n=2, eta=2.0, sd_dist=pm.Exponential.dist(1.0))
        z = pm.Normal("z", dims=("effect", "group"))
        effects = pm.Deterministic("effects", pt.dot(chol, z).T, dims=("group", "effect"))
        pm.Normal("y", effects[GROUP, 0] + effects[GROUP, 1] * X[:, 0], 1, observed=Y)
    return m


@model
def lkj_of_many_scales(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        scale = pm.HalfNormal("scale")
        sd = pm.HalfCauchy.dist(beta=pt.stack([scale, 1.0, 2.0]))
        packed = pm.LKJCholeskyCov("packed", n=3, eta=1.5, sd_dist=sd, compute_corr=False)
        chol = pm.expand_packed_triangular(3, packed, lower=True)
        pm.MvNormal("y", np.zeros(3), chol=chol, observed=X)
    return m


@model
def lkj_correlation(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        pm.LKJCorr("corr", n=3, eta=2.0)
    return m


@model
def zero_sum_of_two_axes(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"row": list("abcd"), "column": list("xyz"), "batch": [0, 1]}) as m:
        sigma = pm.HalfNormal("sigma")
        pm.ZeroSumNormal("table", sigma, n_zerosum_axes=2, dims=("batch", "row", "column"))
    return m


@model
def sequences(pm: Any, pt: Any) -> Any:
    with pm.Model(coords={"time": range(6), "who": ["a", "b"]}) as m:
        s = pm.HalfNormal("s", shape=2)
        first = pm.Normal.dist(s[0], 2)
        pm.GaussianRandomWalk("walk", mu=0.3, sigma=s, init_dist=first, dims=("who", "time"))
        pm.MvGaussianRandomWalk(
            "vectors",
            np.zeros(2),
            cov=np.eye(2) * s[0],
            init_dist=pm.MvNormal.dist([1.0, 2.0], np.eye(2)),
            steps=3,
        )
        pm.RandomWalk("leaps", init_dist=first, innovation_dist=pm.StudentT.dist(4, sigma=s[1]), steps=3)
        pm.AR("ar", [0.3, 0.5, -0.2], s[0], init_dist=pm.Normal.dist(5, size=2), constant=True, steps=4)
        pm.GARCH11("garch", s[0], 0.3, 0.5, initial_vol=s[1], observed=Y)
    return m


@model
def mixtures(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        w = pm.Dirichlet("w", np.ones(3))
        mu = pm.Normal("mu", shape=3)
        parts = [
            pm.Normal.dist(mu[0], 1),
            pm.StudentT.dist(nu=4, mu=mu[1], sigma=1),
            pm.Laplace.dist(mu[2], 2),
        ]
        pm.Mixture("of_list", w, parts, observed=Y)
        pm.Mixture("free", w, pm.Gamma.dist(2.0, pt.exp(mu)), shape=2)
        pm.Mixture("of_counts", w, pm.Poisson.dist(pt.exp(mu)), observed=COUNTS)
        pm.Mixture(
            "of_vectors", w, pm.MvNormal.dist(mu=pt.stack([mu, mu + 1, mu - 1]), cov=np.eye(3)), observed=X
        )
    return m


@model
def zero_inflated_families(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        psi = pm.Beta("psi", 2, 2)
        mu = pm.Gamma("mu", 3, 1)
        pm.ZeroInflatedBinomial("binomial", psi=psi, n=30, p=0.3, observed=COUNTS)
        pm.ZeroInflatedNegativeBinomial("negative_binomial", psi=psi, mu=mu, alpha=2.0, observed=COUNTS)
        pm.HurdlePoisson("hurdle", psi=psi, mu=mu, observed=COUNTS)
    return m


@model
def limits(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        mu = pm.Normal("mu")
        sigma = pm.HalfNormal("sigma")
        pm.Truncated(
            "student", pm.StudentT.dist(nu=4, mu=mu, sigma=sigma), lower=-5.0, observed=np.clip(Y, -4.9, None)
        )
        pm.Truncated("cauchy", pm.Cauchy.dist(mu, sigma), lower=-3.0, upper=2.0, shape=2)
        pm.Censored("both", pm.Normal.dist(mu, sigma), lower=-1.0, upper=1.0, observed=np.clip(Y, -1.0, 1.0))
        pm.Censored("left", pm.Logistic.dist(mu, sigma), lower=0.0, upper=None, observed=np.clip(Y, 0, None))
    return m


@model
def ordered_probit(pm: Any, pt: Any) -> Any:
    with pm.Model() as m:
        cut = pm.Normal(
            "cut",
            0,
            2,
            shape=4,
            transform=pm.distributions.transforms.ordered,
            initval=[-2.0, -1.0, 1.0, 2.0],
        )
        eta = pm.Normal("eta")
        pm.OrderedProbit("y", eta=eta * X[:, 0], cutpoints=cut, observed=GROUP, compute_p=False)
        pm.OrderedLogistic("z", eta=eta * X[:, 1], cutpoints=cut, observed=GROUP)
    return m


@model
def transforms_of_many_kinds(pm: Any, pt: Any) -> Any:
    tr = pm.distributions.transforms
    with pm.Model() as m:
        pm.Normal("falling", shape=3, transform=tr.Ordered(ascending=False), initval=[2.0, 1.0, 0.0])
        pm.HalfNormal("rising", shape=3, default_transform=tr.Ordered(positive=True), initval=[0.2, 1.0, 2.0])
        pm.Dirichlet("shares", np.ones(3), default_transform=tr.sum_to_1)
        pm.Normal("circle", transform=tr.circular)
    return m

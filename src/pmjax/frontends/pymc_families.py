"""The families of PyMC that are ours too: from the parameters of their op to the arguments of our family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from pmjax.frontends.pytensor_functions import reciprocal
from pmjax.graph.elementwise_table import identity
from pmjax.graph.ops import Call, Constant, Elementwise
from pmjax.graph.variable import Variable, apply

Arguments = dict[str, Any]


def _named(*names: str) -> Callable[..., Arguments]:
    def arguments(*params: Variable) -> Arguments:
        return {name: param for name, param in zip(names, params, strict=True) if name}

    return arguments


def _inverse(x: Variable) -> Variable:
    """Return 1 / x, and of what was written as 1 / y give y back."""
    if isinstance(x.op, Elementwise) and x.op.function is reciprocal:
        return x.inputs[0]
    return apply(reciprocal, x)


def _gamma(alpha: Variable, scale: Variable) -> Arguments:
    return {"alpha": alpha, "beta": _inverse(scale)}


def _half_normal(loc: Variable, sigma: Variable) -> Arguments | None:
    return {"sigma": sigma} if isinstance(loc.op, Constant) and not loc.op.value else None


def _categorical(p: Variable) -> Arguments:
    """Probabilities that were written as a softmax are given as its argument."""
    bare = p
    while isinstance(bare.op, Elementwise) and bare.op.function is identity and bare.name is None:
        bare = bare.inputs[0]
    if isinstance(bare.op, Call) and bare.op.function is jax.nn.softmax:
        axis = bare.op.template[1].get("axis")
        if axis in (-1, bare.ndim - 1) or (axis is None and bare.ndim == 1):
            return {"logit_p": bare.inputs[0]}
    return {"p": p}


def _mv_normal(mu: Variable, cov: Variable) -> Arguments:
    """A covariance that was written as L times its transpose is given as L."""
    if isinstance(cov.op, Elementwise | Call) and cov.op.function is jnp.matmul:
        left, right = cov.inputs
        if isinstance(right.op, Call) and right.op.function in (jnp.transpose, jnp.swapaxes):
            origin = right.inputs[0]
            if origin is left and left.ndim == 2:
                return {"mu": mu, "chol": left} if _is_factor(left) else {"mu": mu, "cov": cov}
    return {"mu": mu, "cov": cov}


def _is_factor(x: Variable) -> bool:
    """Return whether a matrix is lower triangular by the way it was made."""
    return isinstance(x.op, Call) and x.op.function in (jnp.linalg.cholesky, jnp.tril)


def _hypergeometric(good: Variable, bad: Variable, n: Variable) -> Arguments:
    return {"N": good + bad, "k": good, "n": n}


FAMILIES: dict[str, tuple[str, Callable[..., Arguments | None]]] = {
    "AsymmetricLaplaceRV": ("AsymmetricLaplace", _named("b", "kappa", "mu")),
    "BernoulliRV": ("Bernoulli", _named("p")),
    "BetaBinomialRV": ("BetaBinomial", _named("n", "alpha", "beta")),
    "BetaRV": ("Beta", _named("alpha", "beta")),
    "BinomialRV": ("Binomial", _named("n", "p")),
    "CategoricalRV": ("Categorical", _categorical),
    "CauchyRV": ("Cauchy", _named("alpha", "beta")),
    "DiracDeltaRV": ("DiracDelta", _named("c")),
    "DirichletMultinomialRV": ("DirichletMultinomial", _named("n", "a")),
    "DirichletRV": ("Dirichlet", _named("a")),
    "DiscreteUniformRV": ("DiscreteUniform", _named("lower", "upper")),
    "DiscreteWeibullRV": ("DiscreteWeibull", _named("q", "beta")),
    "ExGaussianRV": ("ExGaussian", _named("mu", "sigma", "nu")),
    "ExponentialRV": ("Exponential", lambda scale: {"lam": _inverse(scale)}),
    "FlatRV": ("Flat", _named()),
    "GammaRV": ("Gamma", _gamma),
    "GeometricRV": ("Geometric", _named("p")),
    "GumbelRV": ("Gumbel", _named("mu", "beta")),
    "HalfCauchyRV": ("HalfCauchy", lambda *params: {"beta": params[-1]}),
    "HalfFlatRV": ("HalfFlat", _named()),
    "HalfNormalRV": ("HalfNormal", _half_normal),
    "HalfStudentTRV": ("HalfStudentT", _named("nu", "sigma")),
    "HyperGeometricRV": ("HyperGeometric", _hypergeometric),
    "InvGammaRV": ("InverseGamma", _named("alpha", "beta")),
    "KumaraswamyRV": ("Kumaraswamy", _named("a", "b")),
    "LaplaceRV": ("Laplace", _named("mu", "b")),
    "LogNormalRV": ("LogNormal", _named("mu", "sigma")),
    "LogisticRV": ("Logistic", _named("mu", "s")),
    "LogitNormal": ("LogitNormal", _named("mu", "sigma")),
    "MoyalRV": ("Moyal", _named("mu", "sigma")),
    "MultinomialRV": ("Multinomial", _named("n", "p")),
    "MatrixNormalRV": ("MatrixNormal", _named("mu", "rowchol", "colchol")),
    "MvNormalRV": ("MvNormal", _mv_normal),
    "MvStudentTRV": ("MvStudentT", _named("nu", "mu", "scale")),
    "NegBinomialRV": ("NegativeBinomial", _named("n", "p")),
    "NormalRV": ("Normal", _named("mu", "sigma")),
    "ParetoRV": ("Pareto", _named("alpha", "m")),
    "PoissonRV": ("Poisson", _named("mu")),
    "PolyaGammaRV": ("PolyaGamma", _named("h", "z")),
    "StickBreakingWeightsRV": ("StickBreakingWeights", _named("alpha", "K")),
    "PrecisionMvNormalRV": ("MvNormal", _named("mu", "tau")),
    "RiceRV": ("Rice", _named("b", "sigma")),
    "SkewNormalRV": ("SkewNormal", _named("mu", "sigma", "alpha")),
    "SkewStudentTRV": ("SkewStudentT", _named("a", "b", "mu", "sigma")),
    "StudentTRV": ("StudentT", _named("nu", "mu", "sigma")),
    "TriangularRV": ("Triangular", _named("lower", "c", "upper")),
    "TruncatedNormalRV": ("TruncatedNormal", _named("mu", "sigma", "lower", "upper")),
    "UniformRV": ("Uniform", _named("lower", "upper")),
    "VonMisesRV": ("VonMises", _named("mu", "kappa")),
    "WaldRV": ("Wald", _named("mu", "lam", "alpha")),
    "WeibullBetaRV": ("Weibull", _named("alpha", "beta")),
}
"""By the class of PyMC's op: our family, and a function from the op's parameters to its arguments."""

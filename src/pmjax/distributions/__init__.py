"""The catalogue of distributions: one object per family."""

from pmjax import transforms as transforms
from pmjax.distributions.continuous import (
    Beta,
    Cauchy,
    Flat,
    Laplace,
    Logistic,
    Normal,
    StudentT,
    TruncatedNormal,
    Uniform,
)
from pmjax.distributions.discrete import (
    Bernoulli,
    Binomial,
    Categorical,
    DiscreteUniform,
    NegativeBinomial,
    Poisson,
)
from pmjax.distributions.markov_chain import DiscreteMarkovChain
from pmjax.distributions.multivariate import Dirichlet, MvNormal
from pmjax.distributions.ordinal import OrderedLogistic
from pmjax.distributions.positive import (
    Exponential,
    Gamma,
    HalfCauchy,
    HalfFlat,
    HalfNormal,
    HalfStudentT,
    InverseGamma,
    LogNormal,
)

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Dirichlet",
    "DiscreteMarkovChain",
    "DiscreteUniform",
    "Exponential",
    "Flat",
    "Gamma",
    "HalfCauchy",
    "HalfFlat",
    "HalfNormal",
    "HalfStudentT",
    "InverseGamma",
    "Laplace",
    "LogNormal",
    "Logistic",
    "MvNormal",
    "NegativeBinomial",
    "Normal",
    "OrderedLogistic",
    "Poisson",
    "StudentT",
    "TruncatedNormal",
    "Uniform",
]

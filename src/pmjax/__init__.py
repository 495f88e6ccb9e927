"""pmjax: PyMC's modelling language, with the model and its sampler compiled together by JAX.

>>> import pmjax as pm
>>> with pm.Model():
...     mu = pm.Normal("mu", 0, 10)
...     y = pm.Normal("y", mu, 1, observed=[1.0, 2.0, 3.0])
...     idata = pm.sample(100, tune=100, chains=2, random_seed=1, progressbar=False,
...                       compute_convergence_checks=False)
>>> idata.posterior["mu"].shape
(2, 100)
"""

import sys
from typing import Any

from pmjax import distributions, exceptions, gp
from pmjax import model as model
from pmjax.api import callbacks, sampling, sampling_jax, smc, variational
from pmjax.api import transform as _transform
from pmjax.api.approximation import Approximation
from pmjax.api.calibrate import Calibration, calibrate
from pmjax.api.densities import compute_log_likelihood, compute_log_prior
from pmjax.api.deterministics import compute_deterministics
from pmjax.api.draw import draw
from pmjax.api.elsewhere import found_elsewhere
from pmjax.api.find_constrained_prior import find_constrained_prior
from pmjax.api.find_map import find_hessian, find_MAP
from pmjax.api.fit import ADVI, FullRankADVI, fit
from pmjax.api.inference_data import to_inference_data
from pmjax.api.model import (
    Model,
    do,
    from_logp,
    from_numpyro,
    from_pymc,
    model_to_graphviz,
    model_to_mermaid,
    modelcontext,
    observe,
)
from pmjax.api.point import Point
from pmjax.api.predictive import sample_posterior_predictive, sample_prior_predictive
from pmjax.api.sample import sample
from pmjax.api.sample_many import sample_many
from pmjax.api.sample_smc import sample_smc
from pmjax.api.step_methods import (
    NUTS,
    BinaryGibbsMetropolis,
    BinaryMetropolis,
    CategoricalGibbsMetropolis,
    DEMetropolisZ,
    HamiltonianMC,
    Metropolis,
    Slice,
)
from pmjax.api.vectorize import vectorize_over_posterior
from pmjax.datasets import get_data
from pmjax.distributions import *  # noqa: F403
from pmjax.distributions import WishartBartlett
from pmjax.errors import ImputationWarning, ModelError, NoModelError, SamplingError, SamplingWarning
from pmjax.graph.variable import Variable, lift
from pmjax.inference.others.blackjax import BlackJAXNUTS
from pmjax.inference.others.numpyro import NumPyroNUTS
from pmjax.inference.others.nutpie import NutpieNUTS
from pmjax.inference.others.tfp import TFPNUTS
from pmjax.inference.reference import PythonNUTS
from pmjax.inference.vi.optimisers import (
    adadelta,
    adagrad,
    adagrad_window,
    adam,
    adamax,
    momentum,
    nesterov_momentum,
    rmsprop,
    sgd,
)
from pmjax.logprob.expression import icdf, logccdf, logcdf, logp
from pmjax.model.minibatch import Minibatch
from pmjax.model.named import ConstantData, Data, Deterministic, MutableData, Potential, set_data
from pmjax.results.multitrace import MultiTrace
from pmjax.target.target import Target
from pmjax.tensor import math, ode, scan, shared
from pmjax.tensor import pytensor_functions as pytensorf
from pmjax.tensor.calculus import function
from pmjax.tensor.pytensor_functions import floatX, intX
from pmjax.version import __version__

# PyMC's two names for the module of JAX samplers: pm.sampling_jax and pm.sampling.jax.
sys.modules[f"{__name__}.sampling"] = sampling
sys.modules[f"{__name__}.ode"] = ode
sys.modules[f"{__name__}.pytensorf"] = pytensorf
sys.modules[f"{__name__}.sampling_jax"] = sys.modules[f"{__name__}.sampling.jax"] = sampling_jax

# PyMC's modules of distributions that are named otherwise here.
for _name in ("timeseries", "truncated", "censored", "simulator", "shape_utils", "distribution"):
    sys.modules.setdefault(f"{__name__}.distributions.{_name}", distributions)
    if not hasattr(distributions, _name):
        setattr(distributions, _name, distributions)

# PyMC's module of models, and of models from models.
for _name in (
    "Model",
    "modelcontext",
    "Deterministic",
    "Potential",
    "Point",
    "Data",
    "set_data",
    "do",
    "observe",
):
    setattr(model, _name, globals()[_name])
model.transform = _transform  # type: ignore[attr-defined]
_transform.conditioning = _transform.optimization = _transform  # type: ignore[attr-defined]
for _name in ("transform", "transform.conditioning", "transform.optimization"):
    sys.modules[f"{__name__}.model.{_name}"] = _transform

__all__ = [
    "Point",
    "BinaryGibbsMetropolis",
    "BinaryMetropolis",
    "CategoricalGibbsMetropolis",
    "DEMetropolisZ",
    "HamiltonianMC",
    "Metropolis",
    "Slice",
    "ADVI",
    "ImputationWarning",
    "Approximation",
    "FullRankADVI",
    "adadelta",
    "adagrad",
    "adagrad_window",
    "adam",
    "adamax",
    "Calibration",
    "calibrate",
    "callbacks",
    "find_MAP",
    "find_constrained_prior",
    "find_hessian",
    "fit",
    "momentum",
    "nesterov_momentum",
    "rmsprop",
    "sgd",
    "variational",
    "vectorize_over_posterior",
    "NUTS",
    "BlackJAXNUTS",
    "ConstantData",
    "Data",
    "Deterministic",
    "Model",
    "Minibatch",
    "MultiTrace",
    "NumPyroNUTS",
    "NutpieNUTS",
    "TFPNUTS",
    "PythonNUTS",
    "Target",
    "to_inference_data",
    "ModelError",
    "MutableData",
    "WishartBartlett",
    "NoModelError",
    "Potential",
    "SamplingError",
    "SamplingWarning",
    "Variable",
    "__version__",
    "compute_deterministics",
    "compute_log_likelihood",
    "compute_log_prior",
    "do",
    "draw",
    "exceptions",
    "floatX",
    "function",
    "from_logp",
    "from_numpyro",
    "from_pymc",
    "get_data",
    "gp",
    "icdf",
    "intX",
    "lift",
    "logccdf",
    "logcdf",
    "logp",
    "math",
    "model_to_graphviz",
    "model_to_mermaid",
    "observe",
    "ode",
    "modelcontext",
    "pytensorf",
    "sample",
    "sample_posterior_predictive",
    "sample_prior_predictive",
    "sample_many",
    "sample_smc",
    "smc",
    "sampling_jax",
    "scan",
    "set_data",
    "shared",
    *distributions.__all__,
]


def __getattr__(name: str) -> Any:
    return found_elsewhere(name, __all__)

"""Distributions of counts of several outcomes."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.context import require_model
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.laws import count_vector
from pmjax.laws.ordinal import ordered_logistic_probabilities
from pmjax.laws.support import INCREASING, NON_NEGATIVE
from pmjax.model.family import Family, family, parametrisation
from pmjax.model.named import Deterministic


@family
class Multinomial(Family):
    r"""Counts of K outcomes in n independent trials: :math:`n! \prod_k p_k^{x_k} / x_k!`.

    Parameters
    ----------
    n : array of int
        Number of trials.
    p : array, shape (..., K)
        Probability of each outcome (normalised if they do not sum to one).

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Multinomial.dist(n=3, p=[0.2, 0.5, 0.3])
    >>> round(float(np.exp(pm.logp(x, [1, 1, 1]).eval())), 6)
    0.18
    """

    law = count_vector.Multinomial()
    domains = {"p": NON_NEGATIVE}
    shares = ("p",)

    @parametrisation
    def by_probability(n: Any, p: Any) -> Any:
        _check_vector("p", p)
        return n, p / p.sum(axis=-1, keepdims=True)


@family
class DirichletMultinomial(Family):
    r"""Counts of K outcomes in n trials whose probabilities have a Dirichlet distribution.

    .. math:: \frac{n! \, \Gamma(\sum_k a_k)}{\Gamma(n + \sum_k a_k)}
        \prod_k \frac{\Gamma(x_k + a_k)}{x_k! \, \Gamma(a_k)}

    Parameters
    ----------
    n : array of int
        Number of trials.
    a : array, shape (..., K)
        Concentrations, positive.
    """

    law = count_vector.DirichletMultinomial()

    @parametrisation
    def by_concentration(n: Any, a: Any) -> Any:
        _check_vector("a", a)
        return n, a


@family
class OrderedMultinomial(Family):
    r"""Counts of K ordered categories: how many of n logistic variables lie between two cutpoints.

    .. math:: p_k = F(c_k - \eta) - F(c_{k-1} - \eta), \quad F(z) = 1 / (1 + e^{-z})

    Parameters
    ----------
    eta : array
        The location; categories rise with it.
    cutpoints : array, shape (..., K - 1)
        Increasing. Random ones are declared with ``transform=pm.distributions.transforms.ordered``.
    n : array of int
        Number of trials.
    compute_p : bool, default True
        Whether the probabilities of the categories are recorded, as ``name_probs``.
    """

    law = count_vector.Multinomial()
    domains = {"cutpoints": INCREASING}

    def __call__(self, name: str, *args: Any, compute_p: bool = True, **kwargs: Any) -> Variable:
        """Declare a variable; with `compute_p` its probabilities are recorded as ``name_probs``."""
        with require_model(f"{self.name}({name!r}, ...)").all_or_nothing():
            variable: Variable = super().__call__(name, *args, **kwargs)
            if compute_p:
                known = self.__signature__.parameters
                own = {word: value for word, value in kwargs.items() if word in known}
                _, (_, p) = self.parse(f"{self.name}({name!r}, ...)", args, own)
                dims = kwargs.get("dims")
                fits = dims is None or p.ndim == len((dims,) if isinstance(dims, str) else dims)
                Deterministic(f"{name}_probs", p, dims=dims if fits else None)
            return variable

    @parametrisation
    def by_cutpoints(eta: Any, cutpoints: Any, n: Any) -> Any:
        _check_vector("cutpoints", cutpoints)
        return n, call(ordered_logistic_probabilities, as_variable(eta), as_variable(cutpoints))


def _check_vector(name: str, value: Any) -> None:
    if not np.ndim(value):
        raise ModelError(f"{name} must be a vector, got one number")

"""Distributions of ordered categories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.context import require_model
from pmjax.graph.variable import Variable, call
from pmjax.laws import ordinal
from pmjax.laws.support import POSITIVE
from pmjax.model.family import Family, family, parametrisation
from pmjax.model.named import Deterministic


class _Ordered(Family):
    """A family of ordered categories, which may record their probabilities."""

    def __call__(self, name: str, *args: Any, compute_p: bool = True, **kwargs: Any) -> Any:
        """Declare a variable; with `compute_p` its probabilities are recorded as ``name_probs``."""
        if compute_p:
            require_model(f"{self.name}({name!r}, ...)")
            law, params = self.parse(f"{self.name}({name!r}, ...)", args, _parameters(self, kwargs))
            is_logistic = isinstance(law, ordinal.OrderedLogistic)
            of_logistic, of_probit = (
                ordinal.ordered_logistic_probabilities,
                ordinal.ordered_probit_probabilities,
            )
            probabilities: Callable[..., Any] = of_logistic if is_logistic else of_probit
            Deterministic(f"{name}_probs", call(probabilities, *params))
        return super().__call__(name, *args, **kwargs)


def _parameters(family: Family, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in kwargs.items() if k in family.__signature__.parameters}


def _vector(cutpoints: Any) -> Any:
    if not np.ndim(cutpoints) and not (isinstance(cutpoints, Variable) and cutpoints.ndim):
        raise ModelError("cutpoints must be a vector of K - 1 increasing numbers, got one number")
    return cutpoints


@family
class OrderedLogistic(_Ordered):
    r"""One of K ordered categories, numbered from 0: which cutpoints a logistic variable exceeds.

    .. math:: P(x = k) = F(c_k - \eta) - F(c_{k-1} - \eta), \quad F(z) = 1 / (1 + e^{-z}),

    with :math:`c_{-1} = -\infty` and :math:`c_{K-1} = \infty` (McCullagh 1980).

    Parameters
    ----------
    eta : array
        The location; categories rise with it.
    cutpoints : array, shape (..., K - 1)
        Increasing. Random ones are declared with ``transform=pm.distributions.transforms.ordered``.
    compute_p : bool, default True
        Whether the probabilities of the categories are recorded, as ``name_probs``.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.OrderedLogistic.dist(eta=0.0, cutpoints=[-1.0, 1.0])
    >>> np.exp([pm.logp(x, k).eval() for k in range(3)]).round(3).tolist()
    [0.269, 0.462, 0.269]
    """

    law = ordinal.OrderedLogistic()

    @parametrisation
    def by_cutpoints(eta: Any, cutpoints: Any) -> Any:
        return eta, _vector(cutpoints)


@family
class OrderedProbit(_Ordered):
    r"""One of K ordered categories, numbered from 0: which cutpoints a normal variable exceeds.

    Parameters
    ----------
    eta : array
        The location; categories rise with it.
    cutpoints : array, shape (..., K - 1)
        Increasing. Random ones are declared with ``transform=pm.distributions.transforms.ordered``.
    sigma : array, default 1
        Standard deviation of the normal variable, positive.
    compute_p : bool, default True
        Whether the probabilities of the categories are recorded, as ``name_probs``.
    """

    law = ordinal.OrderedProbit()
    domains = {"sigma": POSITIVE}

    @parametrisation
    def by_cutpoints(eta: Any, cutpoints: Any, sigma: Any = 1.0) -> Any:
        return eta, _vector(cutpoints), sigma

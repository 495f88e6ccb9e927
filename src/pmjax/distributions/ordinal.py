"""Distributions of ordered categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.laws import ordinal
from pmjax.model.family import Family, family, parametrisation


@family
class OrderedLogistic(Family):
    r"""One of K ordered categories, numbered from 0: which cutpoints a logistic variable exceeds.

    .. math:: P(x = k) = F(c_k - \eta) - F(c_{k-1} - \eta), \quad F(z) = 1 / (1 + e^{-z}),

    with :math:`c_{-1} = -\infty` and :math:`c_{K-1} = \infty` (McCullagh 1980).

    Parameters
    ----------
    eta : array
        The location; categories rise with it.
    cutpoints : array, shape (..., K - 1)
        Increasing. Random ones are declared with ``transform=pm.distributions.transforms.ordered``.
    compute_p : bool
        Only False; PyMC's True records the probabilities too.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.OrderedLogistic.dist(eta=0.0, cutpoints=[-1.0, 1.0])
    >>> np.exp([pm.logp(x, k).eval() for k in range(3)]).round(3).tolist()
    [0.269, 0.462, 0.269]
    """

    law = ordinal.OrderedLogistic()

    @parametrisation
    def by_cutpoints(eta: Any, cutpoints: Any, compute_p: Any = False) -> Any:
        if np.any(compute_p):
            raise ModelError(
                "compute_p must be False; record probabilities with pm.Deterministic where they are wanted"
            )
        if not np.ndim(cutpoints):
            raise ModelError("cutpoints must be a vector of K - 1 increasing numbers, got one number")
        return eta, cutpoints

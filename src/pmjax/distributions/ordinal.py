"""Distributions of ordered categories."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.distributions.distribution import Distribution, distribution
from pmjax.distributions.support import CATEGORIES, COUNTS, INCREASING
from pmjax.errors import ModelError
from pmjax.graph.ops import Shape
from pmjax.numerics.functions import softplus
from pmjax.numerics.rows import take_rows


@distribution
class OrderedLogistic(Distribution):
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

    support = CATEGORIES
    discrete = True
    param_ndims = {"cutpoints": 1}
    domains = {"cutpoints": INCREASING}

    def parameters(self, eta: Any, cutpoints: Any, compute_p: Any = False) -> dict[str, Any]:
        if np.any(compute_p):
            raise ModelError(
                "compute_p must be False; record probabilities with pm.Deterministic where they are wanted"
            )
        if not np.ndim(cutpoints):
            raise ModelError("cutpoints must be a vector of K - 1 increasing numbers, got one number")
        return {"eta": eta, "cutpoints": cutpoints}

    def contains(self, x: np.ndarray, *params: np.ndarray | None) -> Any:
        inside = COUNTS.contains(x)
        return inside if params[1] is None else inside & (x <= params[1].shape[-1])

    def log_density(self, x: Any, eta: Any, cutpoints: Any) -> Any:
        last = cutpoints.shape[-1]
        inside = (x >= 0) & (x <= last)
        category = jnp.where(inside, x, 0).astype(int)
        above, below = category < last, category > 0
        upper = _cutpoint(cutpoints, jnp.minimum(category, last - 1)) - eta
        lower = _cutpoint(cutpoints, jnp.maximum(category - 1, 0)) - eta
        # F(b) - F(a) = F(b) (1 - F(a)) (1 - e^(a - b)): no difference of nearly equal numbers.
        between = above & below
        gap = jnp.where(between, upper - lower, 1.0)
        positive = jnp.where(gap > 0, gap, 1.0)
        log_p = (
            jnp.where(above, -softplus(-upper), 0.0)
            + jnp.where(below, -softplus(lower), 0.0)
            + jnp.where(between, jnp.log(-jnp.expm1(-positive)), 0.0)
        )
        return jnp.where(inside & (gap > 0), log_p, -jnp.inf)

    def draw(self, key: Any, shape: Shape, eta: Any, cutpoints: Any) -> Any:
        latent = eta + jax.random.logistic(key, shape)
        return jnp.sum(latent[..., None] > cutpoints, axis=-1).astype(int)

    def center(self, eta: Any, cutpoints: Any) -> Any:
        return np.sum(np.asarray(eta)[..., None] > cutpoints, axis=-1)


def _cutpoint(cutpoints: Any, category: Any) -> Any:
    if cutpoints.ndim == 1:
        return take_rows(cutpoints, category.ravel()).reshape(category.shape)
    full = jnp.broadcast_to(cutpoints, (*category.shape, cutpoints.shape[-1]))
    return jnp.take_along_axis(full, category[..., None], axis=-1)[..., 0]

"""Distributions of correlation and covariance matrices, by their Cholesky factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from pmjax.distributions.parameters import whole_number
from pmjax.errors import ModelError
from pmjax.graph.context import require_model
from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable, call_tree
from pmjax.graph.variable import call as call_function
from pmjax.laws import correlation
from pmjax.laws.law import Law
from pmjax.laws.support import POSITIVE
from pmjax.model.family import Family, family
from pmjax.model.named import Deterministic


@family
class LKJCorr(Family):
    r"""Cholesky factor of a random correlation matrix C, with density proportional to :math:`|C|^{\eta - 1}`.

    Parameters
    ----------
    n : int
        Rows of the matrix.
    eta : array
        Positive; 1 is uniform over correlation matrices, more favours weak correlations.

    References
    ----------
    Lewandowski, Kurowicka and Joe (2009), doi:10.1016/j.jmva.2009.04.008.

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> factor = pm.LKJCorr.dist(n=2, eta=1.0)
    >>> round(float(pm.logp(factor, np.eye(2)).eval()), 4)
    -0.6931
    """

    domains = {"eta": POSITIVE}
    raw = ("n",)

    def read(self, n: int, eta: Any) -> tuple[Law, Sequence[Any]]:  # type: ignore[override]
        return correlation.LKJCorr(whole_number("n", n, "the number of rows", 2)), (eta,)


@family
class LKJCholeskyCov(Family):
    r"""Cholesky factor of a random covariance: correlations of the law LKJ, standard deviations of `sd_dist`.

    Parameters
    ----------
    eta : array
        Positive; 1 is uniform over correlation matrices, more favours weak correlations.
    n : int
        Rows of the matrix.
    sd_dist : Variable
        The distribution of the standard deviations, ``pm.Exponential.dist(1.0)``: of numbers, or of a vector
        of n.
    compute_corr : bool, default True
        Return the factor, the correlations and the standard deviations; otherwise the packed factor alone.
    store_in_trace : bool, default True
        Whether correlations and standard deviations are recorded, as ``name_corr`` and ``name_stds``.

    Returns
    -------
    tuple of Variable
        Shapes (n, n), (n, n) and (n,); or one vector, the lower triangle of the factor row by row.

    References
    ----------
    Lewandowski, Kurowicka and Joe (2009), doi:10.1016/j.jmva.2009.04.008.

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     chol, corr, stds = pm.LKJCholeskyCov("chol", eta=2.0, n=3, sd_dist=pm.Exponential.dist(1.0))
    ...     x = pm.MvNormal("x", np.zeros(3), chol=chol)
    >>> chol.shape, list(model.named_vars)
    ((3, 3), ['chol', 'chol_corr', 'chol_stds', 'x'])
    """

    domains = {"eta": POSITIVE}
    raw = ("n", "sd_dist")

    def __call__(
        self,
        name: str,
        *args: Any,
        compute_corr: bool = True,
        store_in_trace: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Declare a factor in the current model."""
        with require_model(f"{self.name}({name!r}, ...)").all_or_nothing():
            packed: Variable = super().__call__(name, *args, **kwargs)
            if not compute_corr:
                return packed
            factor, correlations, deviations = _parts(packed)
            if store_in_trace:
                correlations = Deterministic(f"{name}_corr", correlations)
                deviations = Deterministic(f"{name}_stds", deviations)
            return factor, correlations, deviations

    def dist(self, *args: Any, compute_corr: bool = True, **kwargs: Any) -> Any:
        """Return a factor that belongs to no model; see the class for what comes back."""
        packed = super().dist(*args, **kwargs)
        return _parts(packed) if compute_corr else packed

    def read(  # type: ignore[override]
        self, eta: Any, n: int, sd_dist: Variable
    ) -> tuple[Law, Sequence[Any]]:
        size = whole_number("n", n, "the number of rows", 2)
        op = sd_dist.op if isinstance(sd_dist, Variable) else None
        if not isinstance(op, RandomVariable) or op.law.discrete or op.law.event_ndim > 1:
            raise ModelError(
                "sd_dist is the distribution of the standard deviations, pm.Exponential.dist(1.0)"
            )
        if sd_dist.name is not None:
            raise ModelError(
                f"sd_dist is the random variable {sd_dist.name!r} of the model; give one made with .dist()"
            )
        if sd_dist.shape[-1:] not in ((), (1,), (size,)):
            raise ModelError(f"sd_dist has shape {sd_dist.shape}, and there are {size} standard deviations")
        if op.law.event_ndim:
            return correlation.LKJCholeskyCov(size, op.law), (eta, *sd_dist.inputs)
        ndims = op.law.param_ndims.values()
        each = [_of_each_row(p, ndim, size) for p, ndim in zip(sd_dist.inputs, ndims, strict=True)]
        return correlation.LKJCholeskyCov(size, op.law), (eta, *each)


def _of_each_row(param: Variable, ndim: int, size: int) -> Variable:
    """Return a parameter of the standard deviations with an axis for the rows."""
    batch, event = param.shape[: param.ndim - ndim], param.shape[param.ndim - ndim :]
    if batch[-1:] == (size,):
        return param
    return call_function(jnp.broadcast_to, param, (*batch[:-1], size, *event))


def _parts(packed: Variable) -> tuple[Variable, Variable, Variable]:
    assert isinstance(packed.op, RandomVariable)
    law = packed.op.law
    assert isinstance(law, correlation.LKJCholeskyCov)
    parts: tuple[Variable, Variable, Variable] = call_tree(correlation.factor_parts, packed, law.n)
    return parts

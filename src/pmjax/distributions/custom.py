"""Distributions of the user's own functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import as_variable
from pmjax.laws.signature import Signature
from pmjax.logprob.custom import CustomLaw, event_of
from pmjax.model.family import Family, Parsed, family


@family
class CustomDist(Family):
    """A distribution by functions of the user: its log density, its draws, an expression of other variables.

    Parameters
    ----------
    *dist_params : array or Variable
        The parameters, which the functions take.
    dist : callable, optional
        ``dist(*dist_params, size)`` returns an expression of variables made by ``.dist``; its log density is
        derived.
    logp, logcdf : callable, optional
        ``logp(value, *dist_params)`` returns the log density of each event, from variables.
    random : callable, optional
        ``random(*dist_params, rng, size)`` returns draws, in NumPy.
    support_point : callable, optional
        ``support_point(rv, size, *dist_params)`` returns where chains start.
    ndim_supp : int, optional
        Dimensions of one event, 0 by default.
    ndims_params : sequence of int, optional
        Dimensions of one event of each parameter, 0 by default.
    signature : str, optional
        Both in NumPy's notation: ``"(),(k)->(k)"``.
    dtype : str
        ``"int64"`` for a discrete variable.
    class_name : str, optional
        Its name in printed models.

    Examples
    --------
    >>> import pmjax as pm
    >>> def exponential(x, rate):
    ...     return pm.math.switch(x >= 0, pm.math.log(rate) - rate * x, -np.inf)
    >>> pm.logp(pm.CustomDist.dist(2.0, logp=exponential), 0.5).eval().round(4)
    np.float64(-0.3069)
    >>> log_normal = lambda mu, size: pm.math.exp(pm.Normal.dist(mu, 1, size=size))
    >>> pm.logp(pm.CustomDist.dist(0.0, dist=log_normal), 1.0).eval().round(4)
    np.float64(-0.9189)
    """

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Declare a variable of the functions in the current model."""
        kwargs.setdefault("class_name", f"CustomDist_{name}")
        return super().__call__(name, *args, **kwargs)

    def parse(self, what: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Parsed:
        """Return the law of the functions, and the parameters as variables."""
        try:
            return _custom(*args, **kwargs)
        except (TypeError, ModelError) as error:
            raise ModelError(f"{what}: {error}") from None


@family
class DensityDist(type(CustomDist)):  # type: ignore[misc]
    """`CustomDist` by its former name."""

    def parse(self, what: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Parsed:
        """Return the law of the functions, and the parameters as variables."""
        warnings.warn("DensityDist has been deprecated, use CustomDist instead.", FutureWarning, stacklevel=4)
        return super().parse(what, args, kwargs)


def _custom(
    *dist_params: Any,
    dist: Callable[..., Any] | None = None,
    random: Callable[..., Any] | None = None,
    logp: Callable[..., Any] | None = None,
    logcdf: Callable[..., Any] | None = None,
    support_point: Callable[..., Any] | None = None,
    ndim_supp: int | None = None,
    ndims_params: Sequence[int] | None = None,
    signature: str | None = None,
    dtype: str = "floatX",
    class_name: str = "CustomDist",
) -> Parsed:
    if dist_params and callable(dist_params[0]):
        raise ModelError("logp is given by name, logp=..., and the parameters by position")
    if dist is not None and random is not None:
        raise ModelError("give dist or random, not both")
    params = [as_variable(p) for p in dist_params]
    whole = dtype != "floatX" and np.dtype(dtype).kind in "iub"
    if signature is not None:
        parsed = Signature.parse(signature)
        ndims_params, ndim_supp = [len(names) for names in parsed.params], len(parsed.event)
    if dist is not None:
        event, own, whole = event_of(class_name, dist, params)
        ndim_supp = event if ndim_supp is None else ndim_supp
        ndims_params = own if ndims_params is None else ndims_params
    ndims = tuple(ndims_params) if ndims_params is not None else (0,) * len(params)
    if len(ndims) != len(params):
        raise ModelError(
            f"ndims_params or signature names {len(ndims)} parameters, but {len(params)} are given"
        )
    law = CustomLaw(
        class_name, len(params), ndims, ndim_supp or 0, whole, logp, logcdf, dist, random, support_point
    )
    return law, params

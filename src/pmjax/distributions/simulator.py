"""Distributions by a simulator alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import as_variable
from pmjax.laws.signature import Signature
from pmjax.laws.support import POSITIVE
from pmjax.logprob import simulator
from pmjax.model.family import Family, Parsed, as_shape, check_domain, family


@family
class Simulator(Family):
    r"""Data of a simulator without a density, for `pm.sample_smc` (approximate Bayesian computation).

    The likelihood is replaced by a kernel of the distance between observed data x and data x' that are
    simulated anew at each point, :math:`K_\epsilon(s(x), s(x'))`.

    Parameters
    ----------
    fn : callable
        ``fn(rng, *params, size)`` returns simulated data; rng is a ``numpy.random.Generator``.
    *params : array or Variable
        The parameters; or a list of them, ``params=``.
    distance : {"gaussian", "laplace"} or callable
        The logarithm of the kernel: :math:`-((s - s') / \epsilon)^2 / 2` or :math:`-|s - s'| / \epsilon`,
        summed; or ``distance(epsilon, s, s')``, a function of variables or of NumPy's arrays.
    sum_stat : {"identity", "sort", "mean", "median"} or callable
        The summary s of the data.
    epsilon : array, default 1
        The scale of the distance, positive.
    signature : str, optional
        Dimensions of one event, in NumPy's notation; or `ndim_supp` and `ndims_params`.
    ndim_supp : int, default 0
        How many of the last dimensions of the data `size` leaves out.
    dtype : str
        ``"int64"`` for counts.
    class_name : str, optional
        Its name in printed models.

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> def simulate(rng, mu, size):
    ...     return rng.normal(mu, 1.0, size=size)
    >>> with pm.Model():
    ...     mu = pm.Normal("mu", 0, 3)
    ...     y = pm.Simulator("y", simulate, mu, sum_stat="mean", epsilon=0.1, observed=np.ones(50))
    ...     idata = pm.sample_smc(200, chains=1, random_seed=1, progressbar=False)
    >>> bool(abs(idata.posterior["mu"].mean() - 1.0) < 0.2)
    True
    """

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Declare the data of a simulator in the current model."""
        kwargs.setdefault("class_name", f"Simulator_{name}")
        return super().__call__(name, *args, _ndim=_dimensions(kwargs), **kwargs)

    def dist(self, *args: Any, **kwargs: Any) -> Any:
        """Return data of a simulator that belong to no model."""
        return super().dist(*args, _ndim=_dimensions(kwargs), **kwargs)

    def parse(self, what: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Parsed:
        """Return the law of the simulator, and its parameters as variables."""
        try:
            return _simulator(what, *args, **kwargs)
        except (TypeError, ModelError) as error:
            raise ModelError(f"{what}: {error}") from None


def _dimensions(declaration: Mapping[str, Any]) -> int | None:
    """Return how many dimensions the data have, where the declaration says so."""
    for word in ("observed", "shape", "dims"):
        value = declaration.get(word)
        if value is not None:
            if word == "observed":
                return np.ndim(value)
            return 1 if isinstance(value, str) or not np.ndim(value) else len(value)
    size = declaration.get("size")
    return None if size is None else len(as_shape(size))


def _simulator(
    what: str,
    fn: Any,
    *unnamed_params: Any,
    params: Sequence[Any] | None = None,
    distance: Any = "gaussian",
    sum_stat: Any = "identity",
    epsilon: Any = 1.0,
    signature: str | None = None,
    ndim_supp: int | None = None,
    ndims_params: Sequence[int] | None = None,
    dtype: str = "floatX",
    class_name: str = "Simulator",
    _ndim: int | None = None,
) -> Parsed:
    if not callable(fn):
        raise ModelError(f"fn is a function of a generator and the parameters, got {fn!r}")
    if params is not None and unnamed_params:
        raise ModelError("give the parameters by position or as params=, not both")
    _check_choice("distance", distance, simulator.DISTANCES)
    _check_choice("sum_stat", sum_stat, simulator.STATISTICS)
    scale = as_variable(epsilon)
    if scale.data_value is not None:
        check_domain(what, "epsilon", np.asarray(scale.data_value, float), POSITIVE)
    given = [as_variable(p) for p in (unnamed_params if params is None else params)]
    if signature is not None:
        ndim_supp = len(Signature.parse(signature).event)
    core = ndim_supp or 0
    ndim = max([p.ndim for p in given], default=0) if _ndim is None else _ndim
    law = simulator.Simulator(
        class_name,
        fn,
        tuple(p.ndim for p in (scale, *given)),
        ndim,
        core,
        dtype != "floatX" and np.dtype(dtype).kind in "iub",
        sum_stat,
        distance,
    )
    return law, [scale, *given]


def _check_choice(name: str, value: Any, known: Mapping[str, Any]) -> None:
    if not (value in known if isinstance(value, str) else callable(value)):
        raise ModelError(f"{name} is one of {', '.join(map(repr, known))} or a function, got {value!r}")

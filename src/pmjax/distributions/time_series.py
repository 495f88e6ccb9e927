"""Sequences whose values depend on those before them."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.distributions.continuous import Normal
from pmjax.distributions.mixture import component_of, inputs_of, law_of
from pmjax.distributions.parameters import scale_of
from pmjax.distributions.sequence import Sequence, warn_of_default
from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.laws.law import Law
from pmjax.laws.support import POSITIVE
from pmjax.laws.timeseries import autoregression, garch
from pmjax.logprob import euler_maruyama
from pmjax.model.family import family, parametrisation

NORMAL: Any = Normal


@family
class AR(Sequence):
    r"""Autoregression of order p: each value is a weighted sum of the p values before it, and normal noise.

    .. math:: x_t = c + \rho_1 x_{t - 1} + \ldots + \rho_p x_{t - p} + \epsilon_t, \quad
        \epsilon_t \sim N(0, \sigma^2)

    Its shape is (..., T): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    rho : array, shape (..., p), or (..., 1 + p) with a constant
        The coefficients, of the last value first.
    sigma : array, default 1
        Standard deviation of the noise, positive; or give the precision `tau` = 1 / sigma².
    constant : bool, default False
        Whether the first of the coefficients is the constant c, which is 0 otherwise.
    init_dist : Variable, optional
        The distribution of the first p values, of each or of their vector, made by ``.dist``;
        ``Normal.dist(0, 100)`` by default.
    ar_order : int, optional
        The order p, which follows from `rho`.
    steps : int, optional
        The number of values after the first ones, T - p.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.AR.dist([0.5, -0.2], sigma=1.0, init_dist=pm.Normal.dist(0, 1), steps=2)
    >>> round(float(pm.logp(x, [0.0, 1.0, 0.5, 0.05]).eval()), 4)
    -4.1758
    """

    domains = {"sigma": POSITIVE, "tau": POSITIVE}
    raw = ("constant", "init_dist", "ar_order")

    def read(  # type: ignore[override]
        self,
        rho: Any,
        sigma: Any = None,
        tau: Any = None,
        *,
        init_dist: Any = None,
        constant: bool = False,
        ar_order: int | None = None,
    ) -> tuple[Law, SequenceOf[Any]]:
        if sigma is not None and tau is not None:
            raise ModelError("give sigma or tau, not both")
        scale = scale_of(tau) if tau is not None else 1.0 if sigma is None else sigma
        rho = rho if np.ndim(rho) else rho[None]
        order = _order(rho.shape[-1], bool(constant), ar_order)
        if init_dist is None:
            warn_of_default("Normal.dist(0, 100, shape=...)")
            init_dist = NORMAL.dist(0.0, 100.0)
        init = component_of(init_dist, "init_dist")
        law = law_of(init)
        if law.event_ndim > 1:
            raise ModelError(f"init_dist must be a distribution of numbers or of vectors, got {law.name}")
        if init.shape[-1:] not in ((order,), *([] if law.event_ndim else [(), (1,)])):
            raise ModelError(f"init_dist has shape {init.shape}, and there are {order} first values")
        first = inputs_of(init)
        if not law.event_ndim:
            ndims = law.param_ndims.values()
            first = [_of_each_lag(p, ndim, order) for p, ndim in zip(first, ndims, strict=True)]
        return autoregression.AR(order, bool(constant), law), (rho, scale, *first)


@family
class GARCH11(Sequence):
    r"""Normal values with mean zero, whose variance follows their squares: GARCH(1, 1).

    .. math:: y_t \sim N(0, \sigma_t^2), \quad
        \sigma_t^2 = \omega + \alpha_1 y_{t - 1}^2 + \beta_1 \sigma_{t - 1}^2

    Its shape is (..., T): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    omega : array
        The constant part of the variance, positive.
    alpha_1 : array
        The weight of the last square, at least 0.
    beta_1 : array
        The weight of the last variance, at least 0; alpha_1 + beta_1 < 1 where the sequence is stationary.
    initial_vol : array
        The standard deviation of the first value, positive.
    steps : int, optional
        The number of values after the first, T - 1.

    Examples
    --------
    >>> import pmjax as pm
    >>> y = pm.GARCH11.dist(omega=0.5, alpha_1=0.3, beta_1=0.5, initial_vol=1.0, steps=1)
    >>> round(float(pm.logp(y, [0.0, 0.0]).eval()), 4)
    -1.8379
    """

    law = garch.GARCH11()

    @parametrisation
    def by_weights(omega: Any, alpha_1: Any, beta_1: Any, initial_vol: Any) -> Any:
        return omega, alpha_1, beta_1, initial_vol


@family
class EulerMaruyama(Sequence):
    r"""A stochastic differential equation :math:`dx = f(x) dt + g(x) dW` in steps of length dt.

    .. math:: x_{t + 1} \sim N(x_t + f(x_t) \, dt, \; g(x_t)^2 \, dt)

    Its shape is (..., T): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    dt : float or array
        The length of a step in time, positive.
    sde_fn : callable
        ``sde_fn(x, *sde_pars)`` returns drift f and diffusion g, from variables.
    sde_pars : sequence of array
        The parameters of the function.
    init_dist : Variable, optional
        The distribution of the first value, made by ``.dist``; ``Normal.dist(0, 100)`` by default.
    steps : int, optional
        The number of steps, T - 1.

    Examples
    --------
    >>> import pmjax as pm
    >>> decay = lambda x, rate: (-rate * x, 0.5)
    >>> x = pm.EulerMaruyama.dist(0.1, decay, [2.0], init_dist=pm.Normal.dist(0, 1), steps=1)
    >>> round(float(pm.logp(x, [1.0, 0.8]).eval()), 4)
    -0.4934
    """

    raw = ("sde_fn", "sde_pars", "init_dist")
    domains = {"dt": POSITIVE}

    def read(  # type: ignore[override]
        self, dt: Any, sde_fn: Any, sde_pars: Any, *, init_dist: Any = None
    ) -> tuple[Law, SequenceOf[Any]]:
        if not callable(sde_fn):
            raise ModelError(f"sde_fn is a function of x and sde_pars, got {sde_fn!r}")
        if not isinstance(sde_pars, (tuple, list)):
            raise ModelError(f"sde_pars is a list of the parameters of sde_fn, got {sde_pars!r}")
        if init_dist is None:
            warn_of_default("Normal.dist(0, 100, shape=...)")
            init_dist = NORMAL.dist(0.0, 100.0)
        init = component_of(init_dist, "init_dist")
        law = law_of(init)
        if law.event_ndim:
            raise ModelError(f"init_dist must be a distribution of numbers, got {law.name}")
        own = [as_variable(p) for p in sde_pars]
        return euler_maruyama.EulerMaruyama(sde_fn, len(own), law), (dt, *own, *inputs_of(init))


def _order(coefficients: int, constant: bool, ar_order: int | None) -> int:
    order = coefficients - constant
    if order < 1:
        raise ModelError(f"rho must hold {1 + constant} or more coefficients, got {coefficients}")
    if ar_order is not None and int(ar_order) != order:
        raise ModelError(f"ar_order is {ar_order}, but rho holds the coefficients of {order} values")
    return int(order)


def _of_each_lag(param: Variable, ndim: int, order: int) -> Variable:
    """Return a parameter of the law of a number with an axis for the first values."""
    batch, event = param.shape[: param.ndim - ndim], param.shape[param.ndim - ndim :]
    if batch[-1:] == (order,):
        return param
    return call(jnp.broadcast_to, param, (*batch[:-1], order, *event))

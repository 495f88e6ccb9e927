"""Random walks."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import Any

import numpy as np

from pmjax.distributions.continuous import Normal
from pmjax.distributions.mixture import component_of, inputs_of, law_of
from pmjax.distributions.multivariate import MvNormal, MvStudentT
from pmjax.distributions.parameters import only_one
from pmjax.distributions.sequence import Sequence, warn_of_default
from pmjax.errors import ModelError
from pmjax.graph.evaluate import ancestors
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.laws.support import POSITIVE, POSITIVE_DEFINITE
from pmjax.laws.timeseries import random_walk
from pmjax.model.family import family

NORMAL: Any = Normal
MV_NORMAL: Any = MvNormal
MV_T: Any = MvStudentT


@family
class RandomWalk(Sequence):
    r"""Sums of independent steps: the first value has one distribution, each step another.

    .. math:: x_0 \sim \mathrm{init}, \quad x_t - x_{t - 1} \sim \mathrm{innovation}

    Its shape is (..., T), or (..., T, K) where a value is a vector: give `shape`, `dims` or `steps`.

    Parameters
    ----------
    init_dist : Variable
        The distribution of the first value, made by ``.dist``.
    innovation_dist : Variable
        The distribution of a step, made by ``.dist``; its values have as many dimensions.
    steps : int, optional
        The number of steps, T - 1.

    Examples
    --------
    >>> import pmjax as pm
    >>> walk = pm.RandomWalk.dist(pm.Normal.dist(0, 1), pm.Laplace.dist(0, 1), steps=2)
    >>> round(float(pm.logp(walk, [0.0, 1.0, 3.0]).eval()), 4)
    -5.3052
    """

    raw = ("init_dist", "innovation_dist")

    def read(  # type: ignore[override]
        self, init_dist: Any, innovation_dist: Any
    ) -> tuple[Law, SequenceOf[Any]]:
        return _walk(component_of(init_dist, "init_dist"), component_of(innovation_dist, "innovation_dist"))


@family
class GaussianRandomWalk(Sequence):
    r"""A random walk with normal steps.

    .. math:: x_0 \sim \mathrm{init}, \quad x_t \sim N(x_{t - 1} + \mu, \sigma^2)

    Its shape is (..., T): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    mu : array, default 0
        Mean of a step.
    sigma : array, default 1
        Standard deviation of a step, positive.
    init_dist : Variable, optional
        The distribution of the first value, made by ``.dist``; ``Normal.dist(0, 100)`` by default.
    steps : int, optional
        The number of steps, T - 1.

    Examples
    --------
    >>> import pmjax as pm
    >>> walk = pm.GaussianRandomWalk.dist(sigma=0.5, init_dist=pm.Normal.dist(0, 1), steps=2)
    >>> round(float(pm.logp(walk, [0.0, 0.5, 1.0]).eval()), 4)
    -2.3705
    """

    domains = {"sigma": POSITIVE}
    raw = ("init_dist",)

    def read(  # type: ignore[override]
        self, mu: Any = 0.0, sigma: Any = 1.0, *, init_dist: Any = None
    ) -> tuple[Law, SequenceOf[Any]]:
        if init_dist is None:
            warn_of_default("Normal.dist(0, 100)")
            init_dist = NORMAL.dist(0.0, 100.0)
        return _walk(component_of(init_dist, "init_dist"), NORMAL.dist(mu, sigma))


@family
class MvGaussianRandomWalk(Sequence):
    r"""A random walk whose steps are normal vectors.

    .. math:: x_0 \sim \mathrm{init}, \quad x_t \sim N(x_{t - 1} + \mu, \Sigma)

    Its shape is (..., T, K): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    mu : array, shape (..., K)
        Mean of a step.
    cov, tau, chol : array, shape (..., K, K)
        One of: covariance of a step, its inverse, its Cholesky factor.
    lower : bool, default True
        Whether `chol` is lower triangular.
    init_dist : Variable, optional
        The distribution of the first value, made by ``.dist``; ``MvNormal.dist(0, I*100)`` by default.
    steps : int, optional
        The number of steps, T - 1.

    Examples
    --------
    >>> import pmjax as pm
    >>> first = pm.MvNormal.dist(np.zeros(2), cov=np.eye(2))
    >>> walk = pm.MvGaussianRandomWalk.dist(np.zeros(2), cov=np.eye(2), init_dist=first, steps=1)
    >>> round(float(pm.logp(walk, [[0.0, 0.0], [1.0, 1.0]]).eval()), 4)
    -4.6758
    """

    domains = {"cov": POSITIVE_DEFINITE, "tau": POSITIVE_DEFINITE}
    raw = ("lower", "init_dist")

    def read(  # type: ignore[override]
        self,
        mu: Any,
        *,
        cov: Any = None,
        tau: Any = None,
        chol: Any = None,
        lower: bool = True,
        init_dist: Any = None,
    ) -> tuple[Law, SequenceOf[Any]]:
        matrices = {
            "cov": cov,
            "tau": tau,
            "chol": chol if lower or chol is None else np.swapaxes(chol, -1, -2),
        }
        name, matrix = only_one(matrices, "cov, tau and chol")
        return _vector_walk(init_dist, MV_NORMAL.dist(mu, **{name: matrix}))


@family
class MvStudentTRandomWalk(Sequence):
    r"""A random walk whose steps are vectors of a multivariate Student's t distribution.

    .. math:: x_0 \sim \mathrm{init}, \quad x_t \sim t_\nu(x_{t - 1} + \mu, \Sigma)

    Its shape is (..., T, K): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    nu : array
        Degrees of freedom, positive.
    mu : array, shape (..., K)
        Location of a step.
    scale, tau, chol : array, shape (..., K, K)
        One of: the scale matrix of a step (also as `cov`), its inverse, its Cholesky factor.
    lower : bool, default True
        Whether `chol` is lower triangular.
    init_dist : Variable, optional
        The distribution of the first value, made by ``.dist``; ``MvNormal.dist(0, I*100)`` by default.
    steps : int, optional
        The number of steps, T - 1.

    Examples
    --------
    >>> import pmjax as pm
    >>> first = pm.MvNormal.dist(np.zeros(2), cov=np.eye(2))
    >>> walk = pm.MvStudentTRandomWalk.dist(
    ...     nu=4.0, mu=np.zeros(2), scale=np.eye(2), init_dist=first, steps=1
    ... )
    >>> round(float(pm.logp(walk, [[0.0, 0.0], [0.0, 0.0]]).eval()), 4)
    -3.6758
    """

    domains = {"nu": POSITIVE, **dict.fromkeys(("scale", "cov", "tau"), POSITIVE_DEFINITE)}
    raw = ("lower", "init_dist")

    def read(  # type: ignore[override]
        self,
        nu: Any,
        mu: Any,
        scale: Any = None,
        tau: Any = None,
        chol: Any = None,
        lower: bool = True,
        init_dist: Any = None,
        cov: Any = None,
    ) -> tuple[Law, SequenceOf[Any]]:
        innovation = MV_T.dist(nu=nu, mu=mu, scale=scale, tau=tau, chol=chol, cov=cov, lower=lower)
        return _vector_walk(init_dist, innovation)


def _vector_walk(init_dist: Any, innovation: Variable) -> tuple[Law, list[Variable]]:
    if init_dist is None:
        warn_of_default("MvNormal.dist(0, I*100)", helpers=1)
        size = innovation.shape[-1]
        init_dist = MV_NORMAL.dist(np.zeros(size), cov=100.0 * np.eye(size))
    return _walk(component_of(init_dist, "init_dist"), innovation)


def _walk(init: Variable, innovation: Variable) -> tuple[Law, list[Variable]]:
    first, step = law_of(init), law_of(innovation)
    if first.event_ndim != step.event_ndim:
        raise ModelError(
            "init_dist and innovation_dist must have values of the same number of dimensions, "
            f"got {first.name} ({first.event_ndim}) and {step.name} ({step.event_ndim})"
        )
    if any(a is init for a in ancestors(innovation.inputs)) or any(
        a is innovation for a in ancestors(init.inputs)
    ):
        raise ModelError("init_dist and innovation_dist must be independent of each other")
    shape = innovation.shape[innovation.ndim - step.event_ndim :]
    open_value = first.is_open and step.is_open and step.event_ndim
    law = random_walk.RandomWalk(first, step, tuple(map(int, shape)) if open_value else None)
    return law, [*inputs_of(init), *inputs_of(innovation)]

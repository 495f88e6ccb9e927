"""Mixtures of distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.distributions.continuous import Normal
from pmjax.distributions.parameters import log_shares_of
from pmjax.errors import ModelError
from pmjax.graph.evaluate import is_random
from pmjax.graph.ops import Constant, RandomVariable
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.laws import modifiers
from pmjax.laws.law import Law
from pmjax.laws.support import NON_NEGATIVE
from pmjax.model.family import Family, family
from pmjax.runtime.types import Shape


@family
class Mixture(Family):
    r"""One of K distributions, each with its probability.

    .. math:: p(x) = \sum_k w_k \, p_k(x)

    Parameters
    ----------
    w : array, shape (..., K)
        Probabilities of the components (normalised if they do not sum to one).
    comp_dists : list of K variables made by ``.dist``, or one such variable
        The components. Those of a list broadcast; one variable holds K components along its last axis (before
        those of an event). An event that is a vector comes from one component as a whole.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.Mixture.dist([0.3, 0.7], [pm.Normal.dist(0, 1), pm.StudentT.dist(4)])
    >>> pm.logp(x, 0.0).eval().round(4)
    np.float64(-0.9619)
    """

    raw = ("comp_dists",)
    domains = {"w": NON_NEGATIVE}
    shares = ("w",)

    def read(self, w: Any, comp_dists: Any) -> tuple[Law, Sequence[Any]]:  # type: ignore[override]
        if isinstance(comp_dists, (list, tuple)) and len(comp_dists) != 1:
            return _of_list(w, [component_of(c, f"comp_dists[{k}]") for k, c in enumerate(comp_dists)])
        single = comp_dists[0] if isinstance(comp_dists, (list, tuple)) else comp_dists
        return _of_one(w, component_of(single, "comp_dists"))


@family
class NormalMixture(Family):
    r"""A mixture of normal distributions.

    .. math:: p(x) = \sum_k w_k \, N(x \mid \mu_k, \sigma_k)

    Parameters
    ----------
    w : array, shape (..., K)
        Probabilities of the components (normalised if they do not sum to one).
    mu : array, shape (..., K)
        Means.
    sigma : array, shape (..., K)
        Standard deviations, positive, 1 by default; or
    tau : array, shape (..., K)
        precisions.

    Examples
    --------
    >>> import pmjax as pm
    >>> x = pm.NormalMixture.dist([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0])
    >>> pm.logp(x, 0.0).eval().round(4)
    np.float64(-1.4189)
    """

    domains = {"w": NON_NEGATIVE}
    shares = ("w",)

    def read(  # type: ignore[override]
        self, w: Any, mu: Any = 0.0, sigma: Any = None, tau: Any = None
    ) -> tuple[Law, Sequence[Any]]:
        spread = {n: v for n, v in (("sigma", sigma), ("tau", tau)) if v is not None}
        return _of_one(w, Normal.dist(mu, **spread))


def component_of(value: Any, where: str) -> Variable:
    """Return a random variable that another distribution is made of.

    Raises
    ------
    ModelError
        If it is none, or one that a model has.
    """
    if not isinstance(value, Variable) or not is_random(value):
        raise ModelError(f"{where} must be a variable made by .dist(...), got {type(value).__name__}")
    if value.name is not None:
        raise ModelError(
            f"{where} must be a variable made by .dist(...), got {value.name!r}, which the model has; "
            "write it with .dist(...) and without a name"
        )
    return value


def law_of(component: Variable) -> Law:
    """Return the law of a random variable."""
    assert isinstance(component.op, RandomVariable)
    return component.op.law


def inputs_of(component: Variable, *, stacked: bool = False) -> list[Variable]:
    """Return the parameters of a component, broadcast where its shape does not follow from them.

    Parameters
    ----------
    component : Variable
    stacked : bool
        Whether every parameter must have the last axis of the batch.
    """
    law, inputs = law_of(component), list(component.inputs)
    batch = component.shape[: component.ndim - law.event_ndim]
    wider = law.infer(inputs, None)[0][: -law.event_ndim or None] != batch
    for place, ndim in enumerate(law.param_ndims.values()):
        param = inputs[place]
        cut = param.ndim - ndim
        own, event = param.shape[:cut], param.shape[cut:]
        if wider:
            inputs[place] = _broadcast(param, (*batch, *event))
        elif stacked and own[-1:] != batch[-1:]:
            inputs[place] = _broadcast(param, (*own[:-1], batch[-1], *event))
        wider = False
    return inputs


def _broadcast(param: Variable, shape: Shape) -> Variable:
    if isinstance(param.op, Constant):  # what is constant stays so: bounds are compared
        return as_variable(np.broadcast_to(np.asarray(param.op.value), shape))
    return call(jnp.broadcast_to, param, shape)


def _of_list(w: Any, components: list[Variable]) -> tuple[Law, list[Any]]:
    laws = tuple(law_of(c) for c in components)
    if not laws:
        raise ModelError("comp_dists must hold at least one variable made by .dist(...), got none")
    if len({law.discrete for law in laws}) > 1:
        kinds = ", ".join(f"{law.name} ({'discrete' if law.discrete else 'continuous'})" for law in laws)
        raise ModelError(f"comp_dists must be all continuous or all discrete, got {kinds}")
    if len({law.event_ndim for law in laws}) > 1:
        kinds = ", ".join(f"{law.name} ({law.event_ndim})" for law in laws)
        raise ModelError(f"comp_dists must have events of the same number of dimensions, got {kinds}")
    _check_weights(w, len(laws))
    return modifiers.Mixture(laws), [log_shares_of(w), *(p for c in components for p in inputs_of(c))]


def _of_one(w: Any, component: Variable) -> tuple[Law, list[Any]]:
    law = law_of(component)
    axis = component.ndim - law.event_ndim - 1
    if axis < 0:
        raise ModelError(
            f"comp_dists must have an axis for the components, got one {law.name} of shape {component.shape}"
        )
    _check_weights(w, component.shape[axis])
    inputs = inputs_of(component, stacked=True)
    return modifiers.Mixture((law,), stacked=True), [log_shares_of(w), *inputs]


def _check_weights(w: Any, components: int) -> None:
    shape = tuple(getattr(w, "shape", ()))
    if not shape or shape[-1] != components:
        raise ModelError(
            f"w must hold the probability of each of the {components} components, got the shape {shape}"
        )

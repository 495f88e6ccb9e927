"""The families of PyMC that are made of other random variables, or that have lengths of their own.

A function takes the reader of the model, the node of PyTensor and the shape of the variable, and returns a
variable without a name of our family, or None if it has a part that is not ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pmjax import distributions
from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable, apply
from pmjax.numerics.special import log_probability
from pmjax.runtime.types import Shape


class Reader(Protocol):
    """What the families ask of the reading that they are part of."""

    def translate(self, variable: Any) -> Any:
        """Return the node of an expression of PyTensor."""

    def ours(self, rv: Any) -> Variable | None:
        """Return a random variable without a name, if its family is ours; None for others."""


def _mixture(reader: Reader, node: Any, shape: Shape) -> Variable | None:
    weights, *theirs = node.op.dist_params(node)
    components = [reader.ours(rv) for rv in theirs]
    if any(c is None for c in components):
        return None
    w, family = reader.translate(weights), distributions.Mixture
    mixture = family.dist(w, components if len(components) > 1 else components[0], shape=shape)
    # PyMC takes weights as they are; ours would be divided by their sum.
    inputs = [apply(log_probability, w), *mixture.inputs[1:]]
    assert isinstance(mixture.op, RandomVariable)
    return Variable(RandomVariable(mixture.op.law, shape), inputs)


def _truncated(reader: Reader, node: Any, shape: Shape) -> Variable | None:
    *inputs, lower, upper = node.inputs
    dist = node.op.base_rv_op.make_node(*inputs).default_output()
    return _limited(reader, distributions.Truncated, shape, dist, lower, upper)


def _censored(reader: Reader, node: Any, shape: Shape) -> Variable | None:
    return _limited(reader, distributions.Censored, shape, *node.inputs)


def _limited(reader: Reader, family: Any, shape: Shape, dist: Any, lower: Any, upper: Any) -> Variable | None:
    component = reader.ours(dist)
    if component is None:
        return None
    ends = {"lower": reader.translate(lower), "upper": reader.translate(upper)}
    return family.dist(component, **ends, shape=shape)  # type: ignore[no-any-return]


def _zero_sum(reader: Reader, node: Any, shape: Shape) -> Variable:
    sigma, _ = node.op.dist_params(node)
    family: Any = distributions.ZeroSumNormal
    return family.dist(  # type: ignore[no-any-return]
        reader.translate(sigma), n_zerosum_axes=node.op.ndim_supp, shape=shape
    )


def _lkj_covariance(reader: Reader, node: Any, shape: Shape) -> Variable | None:
    n, eta, sd_dist = node.op.dist_params(node)
    component = reader.ours(sd_dist)
    if component is None:
        return None
    family: Any = distributions.LKJCholeskyCov
    return family.dist(  # type: ignore[no-any-return]
        reader.translate(eta), reader.translate(n), component, compute_corr=False, shape=shape
    )


def _random_walk(reader: Reader, node: Any, shape: Shape) -> Variable | None:
    init, innovation = (reader.ours(rv) for rv in node.inputs[:2])
    if init is None or innovation is None:
        return None
    family: Any = distributions.RandomWalk
    parts = (_without_time(init, shape), _without_time(innovation, shape))
    return family.dist(*parts, shape=shape)  # type: ignore[no-any-return]


def _without_time(part: Variable, shape: Shape) -> Variable:
    """Return a part of a walk of that shape, in which PyMC has time as the first axis, without this axis."""
    assert isinstance(part.op, RandomVariable)
    law = part.op.law
    batch = len(shape) - 1 - law.event_ndim
    inputs = [
        p[0] if p.ndim - ndim > batch and p.shape[0] == 1 else p
        for p, ndim in zip(part.inputs, law.param_ndims.values(), strict=True)
    ]
    return Variable(RandomVariable(law, None), inputs)


def _autoregression(reader: Reader, node: Any, shape: Shape) -> Variable | None:
    rho, sigma, init_dist, *_ = node.inputs
    init = reader.ours(init_dist)
    if init is None:
        return None
    family: Any = distributions.AR
    return family.dist(  # type: ignore[no-any-return]
        reader.translate(rho),
        reader.translate(sigma),
        init_dist=init,
        constant=node.op.constant_term,
        ar_order=node.op.ar_order,
        shape=shape,
    )


def _garch(reader: Reader, node: Any, shape: Shape) -> Variable:
    family: Any = distributions.GARCH11
    return family.dist(*map(reader.translate, node.inputs[:4]), shape=shape)  # type: ignore[no-any-return]


COMPOUNDS: dict[str, Callable[[Reader, Any, Shape], Variable | None]] = {
    "AutoRegressiveRV": _autoregression,
    "CensoredRV": _censored,
    "GARCH11RV": _garch,
    "MixtureRV": _mixture,
    "RandomWalkRV": _random_walk,
    "TruncatedRV": _truncated,
    "ZeroSumNormalRV": _zero_sum,
    "_LKJCholeskyCovRV": _lkj_covariance,
}
"""By the class of PyMC's op."""

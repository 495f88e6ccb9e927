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


COMPOUNDS: dict[str, Callable[[Reader, Any, Shape], Variable | None]] = {
    "CensoredRV": _censored,
    "MixtureRV": _mixture,
    "TruncatedRV": _truncated,
    "ZeroSumNormalRV": _zero_sum,
    "_LKJCholeskyCovRV": _lkj_covariance,
}
"""By the class of PyMC's op."""

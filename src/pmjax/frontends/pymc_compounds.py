"""The families of PyMC that are made of other random variables, or of the shape of their own.

A function takes the reader of the model and the node of PyTensor, and returns our family with its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pmjax.graph.variable import Variable

Named = tuple[str, dict[str, Any]]


class Reader(Protocol):
    """What the families ask of the reading that they are part of."""

    def translate(self, variable: Any) -> Any:
        """Return the node of an expression of PyTensor."""

    def component(self, rv: Any) -> Variable | None:
        """Return a random variable without a name as ours, or None if its family is not ours."""


def _mixture(reader: Reader, node: Any) -> Named | None:
    weights, *theirs = node.op.dist_params(node)
    components = [reader.component(rv) for rv in theirs]
    if any(c is None for c in components):
        return None
    w = reader.translate(weights)
    return "Mixture", {"w": w, "comp_dists": components if len(components) > 1 else components[0]}


def _truncated(reader: Reader, node: Any) -> Named | None:
    *inputs, lower, upper = node.inputs
    return _limited(reader, "Truncated", node.op.base_rv_op.make_node(*inputs).default_output(), lower, upper)


def _censored(reader: Reader, node: Any) -> Named | None:
    return _limited(reader, "Censored", *node.inputs)


def _limited(reader: Reader, name: str, dist: Any, lower: Any, upper: Any) -> Named | None:
    component = reader.component(dist)
    if component is None:
        return None
    return name, {"dist": component, "lower": reader.translate(lower), "upper": reader.translate(upper)}


def _zero_sum(reader: Reader, node: Any) -> Named:
    sigma, _ = node.op.dist_params(node)
    return "ZeroSumNormal", {"sigma": reader.translate(sigma), "n_zerosum_axes": node.op.ndim_supp}


def _lkj_covariance(reader: Reader, node: Any) -> Named | None:
    n, eta, sd_dist = node.op.dist_params(node)
    component = reader.component(sd_dist)
    if component is None:
        return None
    size = reader.translate(n)
    return "LKJCholeskyCov", {
        "eta": reader.translate(eta),
        "n": size,
        "sd_dist": component,
        "compute_corr": False,
    }


COMPOUNDS: dict[str, Callable[[Reader, Any], Named | None]] = {
    "CensoredRV": _censored,
    "MixtureRV": _mixture,
    "TruncatedRV": _truncated,
    "ZeroSumNormalRV": _zero_sum,
    "_LKJCholeskyCovRV": _lkj_covariance,
}
"""By the class of PyMC's op."""

"""``pm.logp``, ``pm.logcdf``, ``pm.logccdf``, ``pm.icdf``: of random variables and of expressions of them."""

from __future__ import annotations

from typing import Any

from pmjax.errors import ModelError
from pmjax.graph.evaluate import is_random, random_ancestors
from pmjax.graph.variable import Variable, as_variable
from pmjax.logprob.derivation import Derivation
from pmjax.logprob.reading import hidden_in, without_names


def logp(rv: Variable, value: Any) -> Variable:
    """Return the log density of a random variable, or of an expression of random variables, at a value.

    Parameters
    ----------
    rv : Variable
        A random variable of a model or made by ``.dist``, or an expression of such: affine maps, monotone
        functions, clipping, rounding, cumulative sums, stacks, choices between variables.
        Variables with a name are given; those made by ``.dist`` are integrated over.
    value : array or Variable

    Returns
    -------
    Variable
        One number for each event.

    Raises
    ------
    ModelError
        If no density follows from how the expression is made.

    Examples
    --------
    >>> import pmjax as pm
    >>> pm.logp(pm.Normal.dist(0, 1), 0.0).eval().round(4)
    np.float64(-0.9189)
    >>> pm.logp(pm.math.exp(pm.Normal.dist(0, 1)), 2.0).eval().round(4)
    np.float64(-1.8523)
    """
    return _derivation("logp", rv).log_density(rv, as_variable(value))


def logcdf(rv: Variable, value: Any) -> Variable:
    """Return log P(x <= value) of a random variable or of a monotone function of one.

    Parameters
    ----------
    rv : Variable
    value : array or Variable

    Examples
    --------
    >>> import pmjax as pm
    >>> pm.logcdf(pm.math.exp(pm.Normal.dist(0, 1)), 1.0).eval().round(4)
    np.float64(-0.6931)
    """
    return _derivation("logcdf", rv).log_cdf(rv, as_variable(value))


def logccdf(rv: Variable, value: Any) -> Variable:
    """Return log P(x > value) of a random variable or of a monotone function of one."""
    return _derivation("logccdf", rv).log_sf(rv, as_variable(value))


def icdf(rv: Variable, value: Any) -> Variable:
    """Return the quantile of probability `value` of a random variable or of a monotone function of one."""
    return _derivation("icdf", rv).quantile(rv, as_variable(value))


def _derivation(what: str, rv: Variable) -> Derivation:
    node = without_names(rv)
    if is_random(node):
        return Derivation(hidden_in([node]) | {node})
    hidden = hidden_in([node]) or frozenset(random_ancestors([node]))
    if not hidden:
        raise ModelError(f"pm.{what}: the expression depends on no random variable; it has no density")
    return Derivation(hidden)

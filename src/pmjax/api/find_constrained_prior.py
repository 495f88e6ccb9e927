"""`pm.find_constrained_prior`: parameters that put a given mass between two bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable
from pmjax.logprob.expression import logcdf
from pmjax.tensor import math
from pmjax.tensor.calculus import function, grad

TOLERANCE = 1e-3
"""By how much the mass between the bounds may differ from what was asked for."""


def find_constrained_prior(
    distribution: Any,
    lower: float,
    upper: float,
    init_guess: Mapping[str, float],
    mass: float = 0.95,
    fixed_params: Mapping[str, float] | None = None,
    mass_below_lower: float | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """Return the parameters of a distribution that has a given mass between two bounds.

    With F the distribution function, (F(lower) - mass_below_lower)^2 is minimised subject to
    F(upper) - F(lower) = mass.

    Parameters
    ----------
    distribution : distribution
        ``pm.Gamma`` and the like, with scalar parameters.
    lower, upper : float
    init_guess : mapping of str to float
        Where the search begins, for each parameter to be found: one or two.
    mass : float
        Between 0.01 and 0.99.
    fixed_params : mapping of str to float, optional
        The other parameters.
    mass_below_lower : float, optional
        (1 - mass) / 2 by default.
    **kwargs
        Of `scipy.optimize.minimize`.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ModelError
        If an argument makes no sense, or no such parameters are found.

    Examples
    --------
    >>> import pmjax as pm
    >>> found = pm.find_constrained_prior(
    ...     pm.Normal, lower=-1.96, upper=1.96, init_guess={"mu": 1.0, "sigma": 2.0})
    >>> abs(round(found["mu"], 2)), round(found["sigma"], 2)
    (0.0, 1.0)
    """
    from scipy import optimize

    who = "find_constrained_prior"
    if not 0.01 <= mass <= 0.99:
        raise ModelError(f"{who}: mass must lie between 0.01 and 0.99, got {mass!r}")
    if not lower < upper:
        raise ModelError(f"{who}: lower must be less than upper, got {lower!r} and {upper!r}")
    if not init_guess:
        raise ModelError(f"{who}: init_guess names the parameters to be found, got {init_guess!r}")
    below = (1 - mass) / 2 if mass_below_lower is None else mass_below_lower
    params = {name: Variable(Input((), np.dtype(float)), (), name) for name in init_guess}
    law = distribution.dist(**params, **(fixed_params or {}))
    low, high = (math.exp(logcdf(law, float(bound))) for bound in (lower, upper))
    inputs = list(params.values())
    compiled = function(inputs, [e for part in (low, high - low) for e in (part, *grad(part, inputs))])
    table: dict[bytes, np.ndarray] = {}

    def misses(x: np.ndarray) -> np.ndarray:
        """Return F(lower) - below and F(upper) - F(lower) - mass, each with its slopes, shape (2, 1 + n)."""
        if x.tobytes() not in table:
            found = np.array([float(e) for e in compiled(*x)]).reshape(2, -1)
            found[:, 0] -= below, mass
            table[x.tobytes()] = found
        return table[x.tobytes()]

    start = np.array(list(init_guess.values()), float)
    if not np.all(np.isfinite(misses(start))):
        raise ModelError(f"{who}: init_guess {dict(init_guess)!r} is outside the domain of the parameters")
    # Both equations at once: their squares alone end where the slopes are small, far from a solution.
    both = optimize.least_squares(lambda x: misses(x)[:, 0], start, lambda x: misses(x)[:, 1:])
    point, said = both.x, both.message
    if not abs(misses(point)[0, 0]) < TOLERANCE or kwargs:
        constraint = {"type": "eq", "fun": lambda x: misses(x)[1, 0], "jac": lambda x: misses(x)[1, 1:]}
        found = optimize.minimize(
            lambda x: misses(x)[0, 0] ** 2,
            point,
            jac=lambda x: 2 * misses(x)[0, 0] * misses(x)[0, 1:],
            constraints=[constraint],
            **kwargs,
        )
        point, said = found.x, found.message
    if not abs(misses(point)[1, 0]) < TOLERANCE:
        raise ModelError(
            f"{who}: no parameters {', '.join(params)} were found with a mass of {mass} between {lower} and "
            f"{upper} ({said}); try another init_guess"
        )
    return {name: float(x) for name, x in zip(params, point, strict=True)}

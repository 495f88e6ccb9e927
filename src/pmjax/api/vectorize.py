"""`pm.vectorize_over_posterior`: expressions of a model at all draws of a posterior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.arrays import as_array
from pmjax.graph.evaluate import ancestors, is_random
from pmjax.graph.ops import Constant
from pmjax.graph.variable import Variable
from pmjax.results.recorded_draws import CHAIN_AND_DRAW, read_draws
from pmjax.target import forward


def vectorize_over_posterior(
    outputs: Sequence[Variable],
    posterior: Any,
    input_rvs: Sequence[Variable],
    allow_rvs_in_graph: bool = True,
    sample_dims: Sequence[str] = CHAIN_AND_DRAW,
    *,
    random_seed: int = 0,
) -> list[Variable]:
    """Return expressions at all draws of some random variables.

    Parameters
    ----------
    outputs : sequence of Variable
    posterior : Dataset, InferenceData or DataTree
        Draws, such as ``idata.posterior``.
    input_rvs : sequence of Variable
        The random variables that have the values of the draws.
    allow_rvs_in_graph : bool
        Whether other random variables may be behind the expressions; they are drawn once for each draw.
    sample_dims : sequence of str
        The dimensions of draws; they come first in the results.
    random_seed : int
        Of those that are drawn.

    Returns
    -------
    list of Variable
        Arrays; ``.eval()`` gives their values.

    Raises
    ------
    ModelError
        If there are no draws of a variable, or another one is behind an expression and may not be.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x")
    ...     prior = pm.sample_prior_predictive(draws=50, random_seed=1)
    >>> [y] = pm.vectorize_over_posterior([2 * x], prior.prior, [x])
    >>> y.eval().shape
    (1, 50)
    """
    caller = "vectorize_over_posterior"
    recorded = read_draws(posterior, caller, sample_dims)
    inputs = set(input_rvs)
    behind = ancestors(outputs, stop=lambda v: v in inputs)
    given = {}
    for variable in (v for v in behind if v in inputs):
        if variable.name not in recorded.arrays:
            raise ModelError(f"{caller}: there are no draws of {variable.label} in the posterior")
        given[variable] = recorded.arrays[variable.name]
    left = [v.label for v in behind if is_random(v) and v not in inputs]
    if left and not allow_rvs_in_graph:
        raise ModelError(
            f"{caller}: {', '.join(left)} is random and not among input_rvs; "
            "add it, or allow_rvs_in_graph=True"
        )
    arrays = forward.draw(list(outputs), recorded.draws, random_seed, given=given, what=caller)
    return [
        Variable(Constant(as_array(recorded.unflattened(np.asarray(array)))), (), output.name)
        for array, output in zip(arrays, outputs, strict=True)
    ]

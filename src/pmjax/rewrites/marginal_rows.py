"""The log likelihood of single rows once discrete variables are summed out: log sum_z p(z) p(y_i | z)."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from pmjax.graph.evaluate import own_nodes
from pmjax.graph.variable import Variable, call
from pmjax.model.spec import ModelSpec, ObservedVariable, distribution_of, name_of
from pmjax.rewrites.elimination import Discrete, factors_of
from pmjax.rewrites.marginalise import marginalise


def marginal_rows(spec: ModelSpec, unknown: Collection[str]) -> dict[str, Variable]:
    """Return the marginal log likelihoods of the rows of observed variables, by name, as expressions.

    They are those terms of the marginalised density that sum over the one element of a discrete variable
    that the row, and nothing else, depends on.

    Parameters
    ----------
    spec : ModelSpec
        As it was declared.
    unknown : collection of str
        Discrete variables without draws.

    Returns
    -------
    dict of str to Variable
        Of the shape of the observed variable; one whose rows do not have terms of their own is left out.
    """
    summed = marginalise(spec).spec
    nodes = {s.free.variable: s.free for s in summed.summed_out}
    sums = {name_of(p): p for p in summed.potentials}
    found = {}
    for observed in spec.observed:
        behind = [v for v in nodes if v in set(own_nodes(observed.variable.inputs))]
        if len(behind) != 1 or name_of(behind[0]) not in unknown:
            continue
        z = behind[0]
        if _is_for(spec, observed, z) and _row_by_row(observed, Discrete.of(nodes[z])):
            found[observed.name] = sums[name_of(z)]
    return found


def _is_for(spec: ModelSpec, observed: ObservedVariable, z: Variable) -> bool:
    """Return whether nothing else depends on z, and its own law on no other discrete variable."""
    others = [p for v in spec.free for p in (*v.variable.inputs, *(v.bijector.inputs if v.bijector else ()))]
    others += [p for o in spec.observed if o is not observed for p in o.variable.inputs]
    alone = z not in set(own_nodes([*others, *spec.potentials]))
    return alone and not any(
        v.variable in set(own_nodes(z.inputs))
        for v in spec.free
        if distribution_of(v.variable).discrete and v.variable is not z
    )


def _row_by_row(observed: ObservedVariable, z: Discrete) -> bool:
    """Return whether each row depends on the element of z in its place."""
    law = distribution_of(observed.variable)
    if z.is_chain or law.event_ndim or observed.variable.shape != z.variable.shape:
        return False
    term = call(law.log_density, observed.value, *observed.variable.inputs)
    factors = factors_of(observed.name, term, [z])
    return len(factors) == 1 and np.array_equal(factors[0].owners[:, 0], np.arange(z.variable.size))

"""Collapse repeated rows: observations with the same parameters become one term of the density.

If the parameters of an observed variable depend on its rows only through data, rows with equal data
share their parameters, and the sum of their log densities needs only statistics of the group. A normal
variable whose mean is linear does not need groups: the cross-products of its data say everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.graph.evaluate import ancestors, evaluate_host
from pmjax.graph.meaning import Pointwise, meaning
from pmjax.graph.ops import Constant, Elementwise, RandomVariable
from pmjax.graph.variable import Variable, as_variable
from pmjax.laws.grouped import GroupLaw, Weighted
from pmjax.laws.law import Law
from pmjax.laws.statistics import Others
from pmjax.model.spec import ModelSpec, ObservedVariable, distribution_of
from pmjax.rewrites.cross_products import by_cross_products
from pmjax.rewrites.rewritten import Report, Rewritten
from pmjax.rewrites.row_analysis import NotByRows, RowExpressions, depends_on_data_cell, not_data
from pmjax.rewrites.row_groups import RowGroups, group_rows

NAME = "collapse_rows"
# Group terms cost a little more than rows (weights, a gather each): fewer rows must make up for it.
WORTH = 0.8
FEWEST_ROWS = 16


def collapse_rows(spec: ModelSpec) -> Rewritten:
    """Replace repeated rows of observed variables by groups with weights or sufficient statistics.

    The log density is the same function, constants included. The user's nodes stay as they are in the
    free variables, deterministics and potentials; only the observed terms change.
    """
    observed, reports = [], []
    for variable in spec.observed:
        if variable.name in spec.absorbed:
            observed.append(variable)
            continue
        try:
            _check_alone(spec, variable)
            collapsed, sentence = _collapse(variable)
            reports.append(Report(NAME, variable.name, True, sentence))
        except NotByRows as reason:
            collapsed = variable
            reports.append(Report(NAME, variable.name, False, f"left as it is, because {reason}"))
        observed.append(collapsed)
    return Rewritten(replace(spec, observed=tuple(observed)), tuple(reports))


def _check_alone(spec: ModelSpec, observed: ObservedVariable) -> None:
    bounds = [v for free in spec.free if free.bijector is not None for v in free.bijector.inputs]
    random = [*(v.variable for v in spec.free), *(v.variable for v in spec.observed)]
    params = [p for v in random for p in v.inputs]
    if observed.variable in set(ancestors([*bounds, *params, *spec.deterministics, *spec.potentials])):
        raise NotByRows("other parts of the model depend on it")


@dataclass(frozen=True)
class _Plan:
    """The parameters that rows of a group share, and how the observations of a group are summed."""

    law: GroupLaw
    shared: RowExpressions
    others: Others
    weighted: bool


def _collapse(observed: ObservedVariable) -> tuple[ObservedVariable, str]:
    variable, law = observed.variable, distribution_of(observed.variable)
    if isinstance(law, GroupLaw) or law.event_ndim or not variable.size or not variable.ndim:
        raise NotByRows(f"{law.name} observations of shape {variable.shape} have no rows of numbers")
    rows = variable.shape[0]
    if rows < FEWEST_ROWS or observed.value.shape != variable.shape:
        raise NotByRows(f"it has {rows} rows only" if rows < FEWEST_ROWS else "its values are broadcast")
    y = evaluate_host([observed.value], {})[0]
    try:
        plan = _plan(variable, law, y)
        groups, size = _groups(observed, plan, y)
    except NotByRows:
        linear = by_cross_products(observed, y, rows, WORTH)
        if linear is None:
            raise
        return linear
    linear = by_cross_products(observed, y, size, WORTH)
    if linear is not None:
        return linear
    return _grouped(observed, plan, y, groups, size), _sentence(rows, len(groups), plan)


def _groups(observed: ObservedVariable, plan: _Plan, y: np.ndarray) -> tuple[RowGroups, int]:
    """Return the groups and their number with padding."""
    columns = [*plan.shared.columns.values(), *([y] if plan.weighted else [])]
    groups = group_rows(columns, len(y))
    changes = plan.shared.replaceable or (plan.weighted and depends_on_data_cell(observed.value))
    size = padded_size(len(groups)) if changes else len(groups)
    if size > WORTH * len(y):
        raise NotByRows(f"{len(groups)} of its {len(y)} rows are distinct")
    return groups, size


def _plan(variable: Variable, law: Law, y: np.ndarray) -> _Plan:
    params = dict(zip(law.param_names, variable.inputs, strict=True))
    statistics = law.statistics
    if statistics is not None:
        others: dict[str, np.ndarray] = {}
        if law.exposure is not None:
            params[law.exposure], others["exposure"] = split_exposure(params[law.exposure])
        summed = [name for name in params if name not in statistics.kept]
        if not not_data([params[name] for name in summed]):
            values = evaluate_host([params[name] for name in summed], {})
            others.update(zip(summed, values, strict=True))
            if statistics.valid(y, others):
                kept = {name: params[name] for name in statistics.kept}
                return _Plan(statistics.law, _by_rows(variable, law, kept), others, False)
        params = dict(zip(law.param_names, variable.inputs, strict=True))
    return _Plan(Weighted(law), _by_rows(variable, law, params), {}, True)


def _by_rows(variable: Variable, law: Law, params: dict[str, Variable]) -> RowExpressions:
    outputs = []
    for name, param in params.items():
        batch = param.ndim - law.param_ndims.get(name, 0)
        has_rows = batch == variable.ndim and param.shape[0] != 1
        outputs.append((param, 0 if has_rows else None))
    return RowExpressions(outputs)


def split_exposure(mu: Variable) -> tuple[Variable, np.ndarray]:
    """Return (rate, exposure) with mu = rate * exposure, where the exposure is data.

    Understood are products with data, and exponentials of sums with data.

    Examples
    --------
    >>> import pmjax as pm
    >>> rate = pm.Gamma.dist(2.0, 1.0)
    >>> split_exposure(rate * np.array([1.0, 4.0]))[1].tolist()
    [1.0, 4.0]
    """
    kind = _kind(mu)
    if kind == "product":
        rest, factor = _split_data(mu)
        if rest is not None:
            rate, exposure = split_exposure(rest)
            return rate, exposure * factor
    if kind == "exponential" and _kind(mu.inputs[0]) == "sum":
        rest, offset = _split_data(mu.inputs[0])
        if rest is not None:
            rate, exposure = split_exposure(Variable(Elementwise(jnp.exp), [rest]))
            return rate, exposure * np.exp(offset)
    return mu, np.ones(())


def _kind(node: Variable) -> str | None:
    means = meaning(node)
    return means.kind if isinstance(means, Pointwise) else None


def _split_data(node: Variable) -> tuple[Variable | None, np.ndarray]:
    for data, rest in (node.inputs, node.inputs[::-1]):
        if not not_data([data]):
            return rest, evaluate_host([data], {})[0]
    return None, np.ones(())


def _grouped(
    observed: ObservedVariable, plan: _Plan, y: np.ndarray, groups: RowGroups, size: int
) -> ObservedVariable:
    more = size - len(groups)
    rows = np.concatenate([groups.first, np.repeat(groups.first[:1], more)])
    value: Any
    if plan.weighted:
        value, extra = y[rows], [_padded(groups.count() * 1.0, more).reshape(-1, *([1] * (y.ndim - 1)))]
    else:
        statistics = distribution_of(observed.variable).statistics
        assert statistics is not None
        value, extra = statistics.summarise(y, groups, plan.others)
        value, extra = _padded(value, more), [_padded(e, more) for e in extra]
    params = [*plan.shared.at_rows(rows), *map(as_variable, extra)]
    node = Variable(RandomVariable(plan.law, (size, *y.shape[1:])), params, observed.name)
    return ObservedVariable(node, Variable(Constant(value)))


def _padded(statistic: Any, more: int) -> Any:
    if np.ndim(statistic) == 0:
        return statistic
    return np.concatenate([statistic, np.zeros((more, *statistic.shape[1:]), statistic.dtype)])


def padded_size(groups: int) -> int:
    """Return the number of groups rounded up, so that other data of the same kind need no other program.

    The steps are 8, or between a sixteenth and an eighth of the number.

    Examples
    --------
    >>> padded_size(145), padded_size(5000)
    (160, 5120)
    """
    step = max(8, 1 << max(groups.bit_length() - 4, 0))
    return -(-groups // step) * step


def _sentence(rows: int, groups: int, plan: _Plan) -> str:
    what = "equal observations with equal parameters" if plan.weighted else "parameters"
    terms = "1 term" if groups == 1 else f"{groups} terms"
    return f"its {rows} rows share {what}, so {terms} do the work of {rows}; the density is the same"

"""Another model from a model: a copy, one with values in place of variables, one with variables observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import jax
import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.elementwise_table import identity
from pmjax.graph.evaluate import ancestors, random_ancestors
from pmjax.graph.length import Length
from pmjax.graph.ops import Call, DataCell, Elementwise, Index, Op, RandomVariable
from pmjax.graph.variable import Variable, as_variable
from pmjax.model.declarations import Declarations
from pmjax.model.observed import check_support, observed_node

M = TypeVar("M", bound=Declarations)


def clone(model: Declarations, other: M, replacements: Mapping[Variable, Variable] | None = None) -> M:
    """Fill an empty model with what another one declares, some nodes replaced, and return it.

    Data and dimensions are the new model's own; what depends on neither is shared.
    """
    other.dimensions = model.dimensions.copy()
    other.taken = dict(model.taken)
    values = [d.value for d in model.random.values() if d.value is not None]
    starts = [d.initval for d in model.random.values() if isinstance(d.initval, Variable)]
    nodes = [*model.named_vars.values(), *values, *starts]
    new = _rebuilt(nodes, replacements or {}, model, other)
    for name, variable in model.named_vars.items():
        other.named_vars[name] = new[variable]
    other.named_vars_to_dims.update(model.named_vars_to_dims)
    for name, declaration in model.random.items():
        start = declaration.initval
        other.random[name] = replace(
            declaration,
            variable=new[declaration.variable],
            value=None if declaration.value is None else new[declaration.value],
            initval=new[start] if isinstance(start, Variable) else start,
        )
    for kind in ("deterministics", "potentials", "data_vars"):
        getattr(other, kind).extend(new[v] for v in getattr(model, kind))
    return other


def _rebuilt(
    nodes: Iterable[Variable], given: Mapping[Variable, Variable], model: Declarations, other: Declarations
) -> dict[Variable, Variable]:
    new: dict[Variable, Variable] = {}

    def length(value: Any) -> Any:
        if not isinstance(value, Length):
            return value
        if value.rule == model.dimensions.length:
            return other.dimensions.following(value.parts[0])
        return Length(
            int(value),
            value.rule,
            *(new.get(p, p) if isinstance(p, Variable) else length(p) for p in value.parts),
        )

    def moved(op: Op) -> Op:
        if isinstance(op, DataCell):
            cell = replace(op)
            cell.repeated = op.repeated
            return cell
        if isinstance(op, RandomVariable):
            return replace(op, shape=None if op.shape is None else tuple(map(length, op.shape)))
        if isinstance(op, (Call, Index)) and op.follows_data:
            return replace(op, template=jax.tree.map(length, op.template))
        return op

    # A replacement is an expression of the model's own variables, and comes before what uses it.
    for node in ancestors([*given.values(), *nodes]):
        if node in given:
            continue
        if node.follows_data or any(new.get(v, v) is not v or v in given for v in node.inputs):
            inputs = [new[given[v]] if v in given else new[v] for v in node.inputs]
            new[node] = Variable(moved(node.op), inputs, node.name)
        else:
            new[node] = node
    return {**new, **{old: new[replacement] for old, replacement in given.items()}}


def named_in(model: Declarations, variables: Mapping[Any, Any], what: str) -> dict[str, Any]:
    """Return a mapping by the full names of variables, which may be given themselves or by name."""
    found = {}
    for variable, value in variables.items():
        name = variable if isinstance(variable, str) else str(variable.name)
        if name not in model:
            raise ModelError(f"{what}: the model has no variable {name!r}{suggest(name, model.named_vars)}")
        found[str(model[name].name)] = value
    return found


def intervened(model: Declarations, other: M, interventions: Mapping[Any, Any]) -> M:
    """Fill an empty model with another one, in which values stand in place of variables."""
    given: dict[Variable, Variable] = {}
    for name, value in named_in(model, interventions, "do").items():
        old, node = model.named_vars[name], as_variable(value)
        if np.broadcast_shapes(node.shape, old.shape) != old.shape:
            raise ModelError(f"do: {name!r} has shape {old.shape}, and its value {node.shape}")
        if random_ancestors([node]) or node.data_value is None:
            given[old] = Variable(Elementwise(identity), [node], name)
        else:
            array = np.array(np.broadcast_to(node.data_value, old.shape), dtype=old.dtype)
            given[old] = Variable(DataCell(name, array), (), name)
    clone(model, other, given)
    for old in given:
        name = str(old.name)
        declaration = model.random.get(name)
        new = other.named_vars[name]
        other.random.pop(name, None)
        for kind in ("deterministics", "data_vars"):
            setattr(other, kind, [v for v in getattr(other, kind) if v.name != name])
        (other.data_vars if isinstance(new.op, DataCell) else other.deterministics).append(new)
        if declaration is not None:
            mine = f"the unconstrained values of {name!r}"
            other.taken = {key: what for key, what in other.taken.items() if what != mine}
    return other


def conditioned(model: Declarations, other: M, observations: Mapping[Any, Any]) -> M:
    """Fill an empty model with another one, in which free variables are observed."""
    clone(model, other)
    for name, values in named_in(model, observations, "observe").items():
        declaration = other.random.get(name)
        if declaration is None or declaration.value is not None:
            raise ModelError(f"observe: {name!r} is no free random variable of the model")
        variable = declaration.variable
        value = observed_node(name, values)
        if value.shape != variable.shape and not isinstance(values, Variable):
            value = observed_node(name, np.broadcast_to(value.data_only(), variable.shape))
        declaration.value = check_support(variable, value)
        mine = f"the unconstrained values of {name!r}"
        other.taken = {key: what for key, what in other.taken.items() if what != mine}
    return other

"""From declarations to the immutable `ModelSpec`, with the data and the lengths as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import ancestors, random_ancestors
from pmjax.graph.length import begin_epoch
from pmjax.graph.ops import DataCell, Index
from pmjax.graph.rewrite import substitute
from pmjax.graph.variable import Variable
from pmjax.model.observed import check_support
from pmjax.model.random import RandomDeclaration, declared_bijector
from pmjax.model.spec import FreeVariable, ModelSpec, ObservedVariable, distribution_of
from pmjax.model.weighted import weighted

if TYPE_CHECKING:
    from pmjax.model.declarations import Declarations


def freeze(model: Declarations, *, values: bool = True) -> ModelSpec:
    """Return the immutable description of a model: nothing that happens to the model changes it.

    Parameters
    ----------
    model : Declarations
    values : bool
        Whether observed values must fit their variables; not where the variables are to be drawn.
    """
    declared = list(model.random.values())
    _check_shapes(model)
    _check_lengths_of_one(model)
    bijectors = {d.variable: declared_bijector(d, d.variable) for d in declared if d.value is None}
    bounds = [node for b in bijectors.values() if b is not None for node in b.inputs]
    starts = [d.initval for d in declared if isinstance(d.initval, Variable)]
    seen = [d.value for d in declared if d.value is not None]
    nodes = [*model.named_vars.values(), *(d.variable for d in declared), *seen, *bounds, *starts]
    now = settle(nodes)
    heavier = {
        now[d.variable]: weighted(now[d.variable], d.total_size) for d in declared if d.total_size is not None
    }
    now = dict(zip(now, substitute(list(now.values()), heavier), strict=True)) if heavier else now
    _check_indices(now.values())

    free, observed = [], []
    for declaration in declared:
        variable = now[declaration.variable]
        if declaration.value is None:
            bijector = bijectors[declaration.variable]
            if bijector is not None:
                bijector = bijector.with_inputs([now[node] for node in bijector.inputs])
            start = declaration.initval
            free.append(
                FreeVariable(variable, bijector, now[start] if isinstance(start, Variable) else start)
            )
        else:
            value = now[declaration.value]
            if values or value.shape == variable.shape:
                observed.append(_observed(declaration, variable, value))
            else:
                observed.append(ObservedVariable(variable, value))
    members = [*(v.variable for v in free), *(v.variable for v in observed)]
    _check_members(
        [*members, *(now[b] for b in bounds), *(now[v] for v in model.named_vars.values())], members
    )
    return ModelSpec(
        free=tuple(free),
        observed=tuple(observed),
        deterministics=tuple(now[v] for v in model.deterministics),
        potentials=tuple(now[v] for v in model.potentials),
        data=tuple(now[v] for v in model.data_vars),
        dims=dict(model.named_vars_to_dims),
        coords=dict(model.dimensions.values),
    )


def settle(nodes: Iterable[Variable]) -> dict[Variable, Variable]:
    """Return each node as it is with the data and lengths of now; what does not follow data is shared."""
    outputs = list(nodes)
    new: dict[Variable, Variable] = {}
    for node in ancestors(outputs, stop=lambda v: not v.follows_data):
        if node.follows_data:
            new[node] = node.rebuilt(node.op.settled(), [new[v] for v in node.inputs])
        else:
            new[node] = node
    return new


def value_name(declaration: RandomDeclaration) -> str | None:
    """Return the name of the unconstrained values of a random variable; None if it is observed."""
    variable = declaration.variable
    if declaration.value is not None:
        return None
    return FreeVariable(variable, declared_bijector(declaration, variable)).value_name


def _observed(declaration: RandomDeclaration, variable: Variable, value: Variable) -> ObservedVariable:
    followed = [declaration.variable, declaration.value]
    if any(v is not None and v.follows_data for v in followed):
        value = check_support(variable, value)
    return ObservedVariable(variable, value)


def _check_shapes(model: Declarations) -> None:
    """Raise ModelError if a shape disagrees with the dimensions of a variable, or with its values."""
    for name, variable in model.named_vars.items():
        try:
            shape = variable.shape
        except ModelError as error:
            raise ModelError(
                f"{name!r}, with the data that were set: {error}; a shape written as a number stays, "
                "write dims=, or shape=X.shape of the data"
            ) from None
        if name in model.named_vars_to_dims:
            model.dimensions.check(repr(name), model.named_vars_to_dims[name], shape)


def _check_lengths_of_one(model: Declarations) -> None:
    """Raise ModelError if data were set to one row that is repeated, where they had several before.

    The graph is tried with a length that nothing else in it has in place of this one.
    """
    cells = {
        name: v.op
        for name, v in ((str(v.name), v) for v in model.root.data_vars)
        if isinstance(v.op, DataCell) and _new_ones(v.op)
    }
    if not cells:
        return
    nodes = [*model.named_vars.values(), *(d.value for d in model.random.values() if d.value is not None)]
    longest = 1 + max(n for node in ancestors(nodes) for n in (1, *node.shape))
    with _lengthened(model, cells, int(longest)):
        try:
            for declaration in model.random.values():
                if declaration.value is not None and declaration.value.shape != declaration.variable.shape:
                    raise ModelError("the shapes of values and variable differ")
            for node in nodes:
                _ = node.shape
        except ModelError:
            names = " and ".join(map(repr, cells))
            raise ModelError(
                f"{names} has a length of 1 now, where it was declared with more, and would be repeated "
                "to fit the others; give it as many rows as they have"
            ) from None


def _new_ones(cell: DataCell) -> list[int]:
    return [i for i, n in enumerate(cell.value.shape) if n == 1 and not cell.repeated[i]]


@contextmanager
def _lengthened(model: Declarations, cells: Mapping[str, DataCell], length: int) -> Iterator[None]:
    values, dimensions = {name: cell.value for name, cell in cells.items()}, model.dimensions.copy()
    for name, cell in cells.items():
        shape, dims = list(cell.value.shape), model.named_vars_to_dims.get(name)
        for axis in _new_ones(cell):
            shape[axis] = length
            if dims is not None and dims[axis] is not None:
                model.dimensions.lengths[str(dims[axis])] = length
        cell.value = np.broadcast_to(np.zeros((), cell.value.dtype), shape)
    begin_epoch()
    try:
        yield
    finally:
        for name, cell in cells.items():
            cell.value = values[name]
        model.dimensions.restore(dimensions)
        begin_epoch()


def _check_indices(nodes: Iterable[Variable]) -> None:
    """Raise ModelError if an index that follows from data has left the bounds."""
    for node in ancestors(nodes):
        if isinstance(node.op, Index) and not node.op.in_bounds:
            Variable(node.op, node.inputs, node.name)


def _check_members(variables: Sequence[Variable], members: Iterable[Variable]) -> None:
    """Raise ModelError if a variable depends on a random variable that is not part of the model."""
    inside = {id(v) for v in members}
    strangers = [v for v in random_ancestors(variables) if id(v) not in inside]
    if not strangers:
        return
    stranger = strangers[0]
    heir = next(v for v in variables if any(a is stranger for a in ancestors([v])))
    who = stranger.label if stranger.name else f"a {distribution_of(stranger).name} variable"
    raise ModelError(
        f"{heir.label} depends on {who}, which is not part of the model; "
        "declare it with a name in the same model"
    )

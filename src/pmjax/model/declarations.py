"""The model while it is declared: names, dims, data, random variables; it freezes into a `ModelSpec`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.context import current_model
from pmjax.graph.evaluate import ancestors, random_ancestors
from pmjax.graph.ops import DataCell, Index, RandomVariable, Shape
from pmjax.graph.rewrite import substitute
from pmjax.graph.variable import Variable
from pmjax.model.dims import Dimensions, DimNames, as_dims
from pmjax.model.family import DEFAULT_TRANSFORM
from pmjax.model.observed import check_support, observed_node
from pmjax.model.spec import FreeVariable, ModelSpec, ObservedVariable, distribution_of
from pmjax.transforms.bijector import Bijector
from pmjax.transforms.of_support import bijector_of


@dataclass
class RandomDeclaration:
    """A random variable as it was declared: enough to declare it again when data change shape."""

    variable: Variable
    asked: Shape | None
    value: Variable | None
    initval: Any
    transform: Bijector | str | None


class Declarations:
    """What a user declares inside ``with pm.Model():``.

    Parameters
    ----------
    name : str
        A name for the model.
    coords : mapping, optional
        Coordinate values by dimension name.
    """

    def __init__(self, name: str = "", *, coords: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.dimensions = Dimensions(coords)
        self.named: dict[str, Variable] = {}
        self.dims: dict[str, DimNames] = {}
        self.random: dict[str, RandomDeclaration] = {}
        self.deterministics: list[Variable] = []
        self.potentials: list[Variable] = []
        self.data: list[Variable] = []
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> Self:
        self._tokens.append(current_model.set(self))
        return self

    def __exit__(self, *exception: object) -> None:
        current_model.reset(self._tokens.pop())

    def __getitem__(self, name: str) -> Variable:
        try:
            return self.named[name]
        except KeyError:
            raise KeyError(f"the model has no variable {name!r}{suggest(name, self.named)}") from None

    def __contains__(self, name: str) -> bool:
        return name in self.named

    @property
    def coords(self) -> dict[str, np.ndarray]:
        """The coordinate values by dimension name."""
        return dict(self.dimensions.values)

    @property
    def dim_lengths(self) -> dict[str, int]:
        """The length of each dimension."""
        return dict(self.dimensions.lengths)

    def add_coord(self, name: str, values: Any = None, *, length: int | None = None) -> None:
        """Add a dimension."""
        self.dimensions.add(name, values, length)

    def add_coords(self, coords: Mapping[str, Any]) -> None:
        """Add several dimensions."""
        for name, values in coords.items():
            self.add_coord(name, values)

    @property
    def free_RVs(self) -> list[Variable]:
        """The random variables without observed values."""
        return [d.variable for d in self.random.values() if d.value is None]

    @property
    def observed_RVs(self) -> list[Variable]:
        """The random variables with observed values."""
        return [d.variable for d in self.random.values() if d.value is not None]

    def declare_random(
        self,
        name: str,
        make: Callable[[Shape | None], Variable],
        *,
        shape: Shape | None,
        dims: str | Sequence[str | None] | None,
        observed: Any,
        initval: Any,
        transform: Bijector | str | None,
    ) -> Variable:
        """Add a random variable; `make` builds its node for a shape."""
        self._check_name(name)
        names = as_dims(dims)
        asked = shape
        if names is not None:
            shape = self.dimensions.shape_of(repr(name), names, shape)
        value = None if observed is None else observed_node(name, observed)
        if value is not None and shape is None:
            shape = _observed_shape(make(None), value)
        variable = make(shape)
        if names is not None:
            self.dimensions.check(repr(name), names, variable.shape)
            self.dims[name] = names
        if value is not None:
            value = check_support(variable, value)
        if isinstance(transform, Bijector):
            try:
                transform.unconstrained_shape(variable.shape)
            except ModelError as error:
                raise ModelError(f"{name!r}: {error}") from None
        self.random[name] = RandomDeclaration(variable, asked, value, initval, transform)
        self.named[name] = variable
        return variable

    def declare_expression(self, name: str, variable: Variable, dims: Any, among: list[Variable]) -> Variable:
        """Add a named expression to one of the lists of the model."""
        self._check_name(name)
        names = as_dims(dims)
        if names is not None:
            for dim in names:
                self.dimensions.require(dim, repr(name))
            self.dimensions.check(repr(name), names, variable.shape)
            self.dims[name] = names
        among.append(variable)
        self.named[name] = variable
        return variable

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ModelError(f"a variable's name is a non-empty str, got {name!r}")
        if name in self.named:
            raise ModelError(f"the model has a variable {name!r} already; names are unique, choose another")
        if name in self.dimensions.lengths:
            raise ModelError(f"{name!r} is the name of a dimension; choose another name for the variable")

    def set_data(self, name: str, values: Any, coords: Mapping[str, Any] | None = None) -> None:
        """Replace the values of named data; a new shape is carried through the model."""
        node = self[name]
        if not isinstance(node.op, DataCell):
            raise ModelError(f"{name!r} is not data; only variables made by pm.Data can be set")
        array = np.asarray(getattr(values, "values", values))
        if array.ndim != node.ndim or not np.can_cast(array.dtype, node.dtype, "same_kind"):
            raise ModelError(
                f"{name!r} holds {node.dtype} values with {node.ndim} dimension(s), "
                f"got {array.dtype} with shape {array.shape}"
            )
        for coord, labels in (coords or {}).items():
            self.dimensions.replace(coord, labels)
        for dim, length in zip(self.dims.get(name, ()), array.shape, strict=False):
            if dim is not None:
                self.dimensions.resize(dim, length, f"the new value of {name!r}")
        new_value = np.array(array, dtype=node.dtype)
        new_value.setflags(write=False)
        node.op.value = new_value

    def freeze(self) -> ModelSpec:
        """Return the immutable description of the model as it stands, with the data as they are now."""
        current = self._with_current_shapes()
        _check_indices(current.values())
        free, observed = [], []
        for declaration in self.random.values():
            variable = current[id(declaration.variable)]
            if declaration.value is None:
                free.append(
                    FreeVariable(variable, _bijector(variable, declaration.transform), declaration.initval)
                )
            else:
                value = check_support(variable, current[id(declaration.value)])
                observed.append(ObservedVariable(variable, value))
        bounds = [node for v in free if v.bijector is not None for node in v.bijector.inputs]
        random = [current[id(d.variable)] for d in self.random.values()]
        _check_members([*random, *bounds, *map(current.__getitem__, map(id, self.named.values()))], random)
        return ModelSpec(
            free=tuple(free),
            observed=tuple(observed),
            deterministics=tuple(current[id(v)] for v in self.deterministics),
            potentials=tuple(current[id(v)] for v in self.potentials),
            data=tuple(current[id(v)] for v in self.data),
            dims=dict(self.dims),
            coords=self.coords,
        )

    def _outgrown(self, declaration: RandomDeclaration) -> bool:
        """Return whether a dimension of a variable has another length than when it was declared."""
        dims = self.dims.get(str(declaration.variable.name))
        shape = None if dims is None else self.dimensions.shape_of("", dims, None)
        return shape is not None and shape != declaration.variable.shape

    def _with_current_shapes(self) -> dict[int, Variable]:
        """Return each declared node as it is with the data of now: shapes follow `set_data`."""
        values = [d.value for d in self.random.values() if d.value is not None]
        nodes = [*self.named.values(), *values]
        fresh: dict[Variable, Variable] = {}
        for node in self.data:
            if isinstance(node.op, DataCell) and node.op.value.shape != node.shape:
                fresh[node] = Variable(node.op, (), node.name)
        if not fresh and not any(map(self._outgrown, self.random.values())):
            return {id(v): v for v in nodes}
        for declaration in self.random.values():
            old = declaration.variable
            params = substitute(old.inputs, fresh)
            names = self.dims.get(str(old.name))
            shape = declaration.asked
            if names is not None:
                shape = self.dimensions.shape_of(repr(old.name), names, None)
            law = distribution_of(old)
            if declaration.value is not None and shape is None:
                value = substitute([declaration.value], fresh)[0]
                shape = _observed_shape(Variable(RandomVariable(law, None), params, old.name), value)
            fresh[old] = Variable(RandomVariable(law, shape), params, old.name)
        return {id(old): new for old, new in zip(nodes, substitute(nodes, fresh), strict=True)}


def _observed_shape(unsized: Variable, value: Variable) -> Shape:
    """Return the shape of an observed variable: that of its values, which the parameters must fit."""
    law = distribution_of(unsized)
    try:
        law.infer(unsized.inputs, value.shape)
    except ValueError:
        raise ModelError(
            f"{unsized.label}: the observed values have shape {value.shape}, which does not fit "
            f"the parameters: they broadcast to {unsized.shape}"
        ) from None
    return value.shape


def _bijector(variable: Variable, transform: Bijector | str | None) -> Bijector | None:
    if isinstance(transform, Bijector) or transform is None:
        return transform
    if transform != DEFAULT_TRANSFORM:
        raise ModelError(f"{variable.label}: transform must be a bijector or None, got {transform!r}")
    return bijector_of(distribution_of(variable), variable.inputs)


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

"""The model while it is declared: names, dims, data, random variables."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Token
from dataclasses import replace
from typing import Any, Self

from pmjax.errors import ModelError, suggest
from pmjax.graph.arrays import as_array
from pmjax.graph.context import current_model
from pmjax.graph.elementwise_table import identity
from pmjax.graph.length import begin_epoch
from pmjax.graph.ops import Constant, DataCell, Elementwise
from pmjax.graph.variable import Variable
from pmjax.model.dims import Dimensions, DimNames, as_dims
from pmjax.model.family import DEFAULT_TRANSFORM
from pmjax.model.freezing import freeze, value_name
from pmjax.model.missing import Gaps, gaps_in, split
from pmjax.model.names import check_free, check_name, names_taken
from pmjax.model.observed import check_support, observed_node, observed_shape
from pmjax.model.random import RandomDeclaration, Transform, declared_bijector
from pmjax.model.spec import ModelSpec
from pmjax.runtime.types import Shape

Make = Callable[[str, Shape | None], Variable]
Dims = str | Sequence[str | None] | None


class _InContext(type):
    """Models are current while they are initialised: a subclass may declare variables in ``__init__``."""

    def __call__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        model = cls.__new__(cls, *args, **kwargs)
        model._around = current_model.get()
        with model:
            model.__init__(*args, **kwargs)
        return model


class Declarations(metaclass=_InContext):
    """What a user declares inside ``with pm.Model():``.

    Parameters
    ----------
    name : str
        A prefix: the variables of a model named ``sub`` are called ``sub::x``.
    coords : mapping, optional
        Coordinate values by dimension name.
    model : Model or None, optional
        The model that this one is part of; by default the one around this line.
    check_bounds : bool
        Not used: the checks of parameters cost nothing here, and are always made.
    """

    _tokens: list[Token[Any]]
    _around: Declarations | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._tokens = []
        return self

    def __init__(
        self,
        name: str = "",
        coords: Mapping[str, Any] | None = None,
        *,
        model: Declarations | str | None = DEFAULT_TRANSFORM,
        check_bounds: bool = True,
    ) -> None:
        self.name = check_name(name) if name else ""
        self.parent: Declarations | None = self._around if isinstance(model, str) else model
        self.named_vars: dict[str, Variable] = {}
        self.named_vars_to_dims: dict[str, DimNames] = {}
        self.random: dict[str, RandomDeclaration] = {}
        self.deterministics: list[Variable] = []
        self.potentials: list[Variable] = []
        self.data_vars: list[Variable] = []
        self.notes: list[str] = []
        self.dimensions: Dimensions = Dimensions() if self.parent is None else self.parent.dimensions
        self.taken: dict[str, str] = {} if self.parent is None else self.parent.taken
        self._frozen: tuple[Any, ModelSpec] | None = None
        if not isinstance(coords or {}, Mapping):
            raise ModelError(f"coords maps names of dimensions to their values, got {type(coords).__name__}")
        self.add_coords(coords or {})

    def __getstate__(self) -> dict[str, Any]:
        # A model is current, and has a frozen description, in the process that declared it.
        return {**self.__dict__, "_tokens": [], "_around": None, "_frozen": None}

    def __enter__(self) -> Self:
        self._tokens.append(current_model.set(self))
        return self

    def __exit__(self, *exception: object) -> None:
        current_model.reset(self._tokens.pop())

    # The tree of models, and names in it

    @property
    def lineage(self) -> list[Declarations]:
        """This model, the one that it is part of, and so on to the root."""
        return [self, *([] if self.parent is None else self.parent.lineage)]

    @property
    def root(self) -> Declarations:
        """The outermost model."""
        return self.lineage[-1]

    @property
    def isroot(self) -> bool:
        """Whether the model is part of no other."""
        return self.parent is None

    @property
    def prefix(self) -> str:
        """The names of the models around, and of this one: ``outer::inner``."""
        return "::".join(m.name for m in reversed(self.lineage) if m.name)

    def name_for(self, name: str) -> str:
        """Return a name with the prefix of the model."""
        name = check_name(name)
        return name if not self.prefix or name.startswith(f"{self.prefix}::") else f"{self.prefix}::{name}"

    def name_of(self, name: str) -> str:
        """Return a name without the prefix of the model."""
        return name.removeprefix(f"{self.prefix}::") if self.prefix else name

    def __getitem__(self, name: str) -> Variable:
        for full in (name, f"{self.prefix}::{name}"):
            if full in self.named_vars:
                return self.named_vars[full]
        raise KeyError(f"the model has no variable {name!r}{suggest(str(name), self.named_vars)}")

    def __contains__(self, name: object) -> bool:
        return name in self.named_vars or f"{self.prefix}::{name}" in self.named_vars

    def __getattr__(self, name: str) -> Variable:
        variables = self.__dict__.get("named_vars", {})
        full = f"{self.prefix}::{name}" if variables and self.prefix else name
        if full in variables:
            return variables[full]  # type: ignore[no-any-return]
        raise AttributeError(
            f"a model has no attribute {name!r}{suggest(name, [*variables, *dir(type(self))])}",
            name=name,
            obj=self,
        )

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Leave the model as it was if what is done inside is refused."""
        models = self.lineage
        states = [
            {k: copy.copy(v) for k, v in vars(m).items() if isinstance(v, (dict, list))} for m in models
        ]
        dimensions, taken = self.dimensions.copy(), dict(self.taken)
        cells = [(v.op, v.op.value) for v in self.root.data_vars if isinstance(v.op, DataCell)]
        try:
            yield
        except BaseException:
            for model, state in zip(models, states, strict=True):
                for attribute, held in state.items():
                    if attribute not in ("taken", "_tokens"):
                        setattr(model, attribute, held)
            self.taken.clear()
            self.taken.update(taken)
            self.dimensions.restore(dimensions)
            for cell, value in cells:
                cell.value = value
            begin_epoch()
            raise
        finally:
            for model in models:
                model._frozen = None

    # Dimensions

    @property
    def coords(self) -> dict[str, tuple[Any, ...] | None]:
        """The coordinate values by dimension name; None for a dimension without values."""
        values = self.dimensions.values
        return {n: tuple(values[n]) if n in values else None for n in self.dimensions.lengths}

    @property
    def dim_lengths(self) -> dict[str, int]:
        """The length of each dimension; ``shape=model.dim_lengths["x"]`` follows it."""
        return {name: self.dimensions.following(name) for name in self.dimensions.lengths}

    def add_coord(self, name: str, values: Any = None, *, length: int | None = None) -> None:
        """Add a dimension.

        Parameters
        ----------
        name : str
        values : sequence, optional
            Its coordinate values.
        length : int, optional
            Its length, where it has no values.
        """
        with self.all_or_nothing():
            if name not in self.dimensions.lengths and isinstance(name, str):
                check_free([name], self.taken, f"add_coord({name!r})")
            self.dimensions.add(name, values, length)
            self.taken[name] = "a dimension"

    def add_coords(
        self, coords: Mapping[str, Any], *, lengths: Mapping[str, int | None] | None = None
    ) -> None:
        """Add several dimensions."""
        with self.all_or_nothing():
            for name, values in (coords or {}).items():
                self.add_coord(name, values, length=(lengths or {}).get(name))

    def set_dim(self, name: str, new_length: int, coord_values: Any = None) -> None:
        """Give a dimension another length, with new coordinate values where it has some."""
        with self.all_or_nothing():
            self.dimensions.replace(name, coord_values, "set_dim", new_length)

    # Variables

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
        make: Make,
        *,
        shape: Shape | None = None,
        dims: Dims = None,
        observed: Any = None,
        initval: Any = None,
        transform: Transform = DEFAULT_TRANSFORM,
        default_transform: Transform = DEFAULT_TRANSFORM,
        total_size: Any = None,
    ) -> Variable:
        """Add a random variable; ``make(name, shape)`` builds its node."""
        with self.all_or_nothing():
            name = self.name_for(name)
            names = as_dims(dims)
            if names is not None:
                shape = self._shape_of_dims(name, names, shape)
            gaps = gaps_in(name, observed)
            if gaps is not None:
                return self._impute(
                    make(name, gaps.values.shape if shape is None else shape), gaps, names, initval
                )
            value = None if observed is None else observed_node(name, observed)
            if value is not None and shape is None:
                shape = observed_shape(make(name, None), value)
            variable = make(name, shape)
            if value is not None:
                value = check_support(variable, value)
            declaration = RandomDeclaration(
                variable, value, initval, transform, default_transform, total_size
            )
            self._register(variable, names, value_name(declaration))
            for model in self.lineage:
                model.random[name] = declaration
        return variable

    def _impute(self, whole: Variable, gaps: Gaps, dims: DimNames | None, initval: Any) -> Variable:
        """Add the observed part of a variable, the missing one, and the whole as an expression of them."""
        name, parts = str(whole.name), split(whole, gaps)
        seen = check_support(parts.observed, Variable(Constant(as_array(parts.values))))
        for declaration in (
            RandomDeclaration(parts.observed, seen),
            RandomDeclaration(parts.unobserved, None, initval),
        ):
            self._register(declaration.variable, None, value_name(declaration))
            for model in self.lineage:
                model.random[str(declaration.variable.name)] = declaration

        def make(full: str) -> Variable:
            return Variable(Elementwise(identity), [parts.joined()], full)

        return self.declare_expression(name, make, dims, "deterministics")

    def declare_expression(
        self, name: str, make: Callable[[str], Variable], dims: Dims, kind: str
    ) -> Variable:
        """Add a named expression to `deterministics`, `potentials` or `data_vars`."""
        with self.all_or_nothing():
            variable = make(self.name_for(name))
            self._register(variable, as_dims(dims), None)
            for model in self.lineage:
                getattr(model, kind).append(variable)
        return variable

    def add_named_variable(self, var: Variable, dims: Dims = None) -> None:
        """Add a variable that has a name already to the named variables of the model."""
        if var.name is None:
            raise ModelError("add_named_variable: the variable has no name; use pm.Deterministic(name, var)")
        with self.all_or_nothing():
            self._register(var, as_dims(dims), None)

    def _shape_of_dims(self, name: str, dims: DimNames, shape: Shape | None) -> Shape | None:
        known = set(self.dimensions.lengths)
        shape = self.dimensions.shape_of(repr(name), dims, shape)
        for dim in set(self.dimensions.lengths) - known:
            check_free([dim], self.taken, f"the dimension {dim!r} of {name!r}")
            self.taken[dim] = "a dimension"
        return shape

    def _register(self, variable: Variable, dims: DimNames | None, value: str | None) -> None:
        name = str(variable.name)
        if dims is not None:
            for dim in dims:
                self.dimensions.require(dim, repr(name))
            self.dimensions.check(repr(name), dims, variable.shape)
        taken = names_taken(name, value, dims or (None,) * variable.ndim)
        check_free(taken, self.taken, repr(name))
        self.taken.update(taken)
        for model in self.lineage:
            model.named_vars[name] = variable
            if dims is not None:
                model.named_vars_to_dims[name] = dims

    def set_initval(self, rv_var: Variable | str, initval: Any) -> None:
        """Give a random variable another start; None for the centre of its distribution."""
        with self.all_or_nothing():
            self._declaration_of(rv_var, "set_initval").initval = initval

    def set_transform(self, rv_var: Variable | str, transform: Transform) -> None:
        """Give a free variable another map to unconstrained values; None for none.

        It takes the place of the one that was declared, and of the default one.
        """
        declaration = self._declaration_of(rv_var, "set_transform")
        if declaration.value is not None:
            if transform is None:
                return
            raise ModelError(f"{declaration.variable.name!r} is observed, so it has no transform")
        if transform is declared_bijector(declaration, declaration.variable):
            return
        default = DEFAULT_TRANSFORM if transform is None else None
        changed = replace(declaration, transform=transform, default_transform=default)
        name, old, new = str(declaration.variable.name), value_name(declaration), value_name(changed)
        with self.all_or_nothing():
            if old != name:
                self.taken.pop(str(old), None)
            if new != name:
                check_free([str(new)], self.taken, repr(name))
                self.taken[str(new)] = f"the unconstrained values of {name!r}"
            declaration.transform, declaration.default_transform = transform, default

    def set_observed(self, rv_var: Variable | str, values: Any) -> None:
        """Replace the observed values of a variable that is observed.

        Raises
        ------
        ModelError
            If it is not, or the values have another shape or lie outside its support.
        """
        declaration = self._declaration_of(rv_var, "set_observed")
        variable = declaration.variable
        if declaration.value is None:
            if getattr(values, "name", None) == value_name(declaration):
                return
            raise ModelError(f"{variable.name!r} is not observed; pm.observe(model, ...) makes such a model")
        value = observed_node(str(variable.name), values)
        if value.shape != variable.shape:
            raise ModelError(
                f"{variable.name!r}: observed values of shape {value.shape}, expected {variable.shape}"
            )
        with self.all_or_nothing():
            declaration.value = check_support(variable, value)

    def _declaration_of(self, rv_var: Variable | str, asker: str) -> RandomDeclaration:
        name = rv_var if isinstance(rv_var, str) else str(getattr(rv_var, "name", rv_var))
        for full in (name, self.name_for(name) if name else name):
            if full in self.random:
                return self.random[full]
        raise ModelError(f"{asker}: the model has no random variable {name!r}{suggest(name, self.random)}")

    # Data

    def set_data(self, name: str, values: Any, coords: Mapping[str, Any] | None = None) -> None:
        """Replace the values of named data; a new shape is carried through the model.

        Parameters
        ----------
        name : str
        values : array
            Of the same number of dimensions and the same kind of numbers.
        coords : mapping, optional
            New coordinate values of dimensions whose length changes.
        """
        with self.all_or_nothing():
            node = self[name]
            if not isinstance(node.op, DataCell):
                raise ModelError(f"{name!r} is not data; only variables made by pm.Data can be set")
            array = node.op.accept(values)
            for coord, labels in (coords or {}).items():
                self.dimensions.replace(coord, labels)
            for dim, length in zip(
                self.named_vars_to_dims.get(str(node.name), ()), array.shape, strict=False
            ):
                if dim is not None:
                    self.dimensions.resize(dim, length, f"the new value of {name!r}")
            node.op.set(array)

    # The frozen model

    def freeze(self) -> ModelSpec:
        """Return the immutable description of the model as it stands, with the data as they are now."""
        return self._freeze(values=True)

    def freeze_to_draw(self) -> ModelSpec:
        """Return the same for drawing what is observed, whose values may not fit the data of now."""
        return self._freeze(values=False)

    def _freeze(self, *, values: bool) -> ModelSpec:
        key = (
            tuple(id(v.op.value) for v in self.root.data_vars if isinstance(v.op, DataCell)),
            tuple(self.dimensions.length(dim) for dim in self.dimensions.lengths),
        )
        if self._frozen is None or self._frozen[0] != (values, key):
            self._frozen = ((values, key), freeze(self, values=values))
        return self._frozen[1]

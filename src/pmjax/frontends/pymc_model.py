"""A model of PyMC as declarations of a model of ours.

It is read by structure. A random variable of a family that we have becomes ours, an operation of PyTensor
that we know becomes our node, and rewrites see both. For another random variable PyMC derives the log
density, whose graph is translated in the same way; another operation is wrapped whole by PyTensor's JAX
dispatch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pmjax import distributions
from pmjax.errors import ModelError
from pmjax.frontends.expression import Expression
from pmjax.frontends.function_law import FunctionLaw
from pmjax.frontends.pymc_compounds import COMPOUNDS
from pmjax.frontends.pymc_families import FAMILIES
from pmjax.frontends.pymc_transforms import bijector_of
from pmjax.frontends.pytensor_graph import Translator, operation_name, shape_of
from pmjax.graph.evaluate import random_ancestors
from pmjax.graph.ops import Input, RandomVariable
from pmjax.graph.variable import Variable
from pmjax.laws.law import Law
from pmjax.model.declarations import Declarations
from pmjax.model.named import Data, Deterministic, Potential
from pmjax.runtime.types import Shape


def declare_pymc(model: Any, into: Declarations) -> None:
    """Declare everything that a model of PyMC holds.

    Parameters
    ----------
    model : pymc.Model
    into : Declarations
        An empty model.

    Raises
    ------
    ModelError
        If JAX cannot compute a part of it; the message names the variable and the operation.
    """
    with into:
        _Importer(model, into).declare_all()


class _Importer:
    """What has been declared so far, and by which depth."""

    def __init__(self, model: Any, into: Declarations) -> None:
        self.model = model
        self.into = into
        self.nodes: dict[Any, Variable] = {}
        self.declaring: set[Any] = set()
        self.translate = Translator(self.resolve, check_bounds=getattr(model, "check_bounds", True))
        self.declare: dict[Any, Callable[[Any], Variable]] = {
            **dict.fromkeys(model.data_vars, self.data),
            **dict.fromkeys(model.free_RVs, self.free),
            **dict.fromkeys(model.observed_RVs, self.observed),
            **dict.fromkeys(model.deterministics, self.deterministic),
            **dict.fromkeys(model.potentials, self.potential),
        }
        self.by_structure: list[str] = []
        self.by_density: list[str] = []
        self.by_dispatch: dict[str, list[str]] = {}
        self._densities: dict[Any, Any] | None = None

    def declare_all(self) -> None:
        self.coords()
        for variable in self.model.named_vars.values():
            if type(variable.type).__name__ == "XTensorType":
                raise ModelError(
                    f"{variable.name!r} is a variable of pymc.dims, whose operations are not read; "
                    "declare it with the distributions of pymc and dims="
                )
            if variable in self.declare:
                self.resolve(variable)
        self.into.notes.append(self.depths())

    def resolve(self, variable: Any) -> Variable | None:
        """Return the node of a variable of the model, declaring it where that is still to do."""
        if variable in self.nodes:
            return self.nodes[variable]
        declare = self.declare.get(variable)
        if declare is None or variable in self.declaring:
            return None
        self.declaring.add(variable)
        before = len(self.translate.wrapped)
        try:
            self.nodes[variable] = declare(variable)
        except ModelError as error:
            known = repr(variable.name)
            raise ModelError(str(error) if known in str(error) else f"{known}: {error}") from None
        for name in self.translate.wrapped[before:]:
            self.by_dispatch.setdefault(name, []).append(variable.name)
        del self.translate.wrapped[before:]
        return self.nodes[variable]

    def depths(self) -> str:
        """Say in one line which depth was used for what."""
        parts = []
        if self.by_structure:
            parts.append(f"by structure {', '.join(self.by_structure)}")
        if self.by_density:
            parts.append(f"by the log density that PyMC derives {', '.join(self.by_density)}")
        for operation, names in self.by_dispatch.items():
            parts.append(
                f"{operation} in {', '.join(dict.fromkeys(names))} whole, by PyTensor's JAX dispatch"
            )
        return "From PyMC: " + "; ".join(parts) + "." if parts else "From PyMC: no random variables."

    def coords(self) -> None:
        lengths = self.model.dim_lengths
        for name, values in self.model.coords.items():
            if values is not None:
                self.into.add_coord(name, np.asarray(values))
        for name, length in lengths.items():
            if name not in self.into.dim_lengths:
                self.into.add_coord(name, length=int(self.translate.static(self.translate(length))))

    def dims(self, variable: Any) -> tuple[str | None, ...] | None:
        return self.model.named_vars_to_dims.get(variable.name) or None

    def data(self, variable: Any) -> Variable:
        return Data(variable.name, np.asarray(variable.get_value()), dims=self.dims(variable))

    def deterministic(self, variable: Any) -> Variable:
        return Deterministic(variable.name, self.expression(variable), dims=self.dims(variable))

    def potential(self, variable: Any) -> Variable:
        return Potential(variable.name, self.expression(variable), dims=self.dims(variable))

    def expression(self, variable: Any) -> Variable:
        """Return what a named expression is made of; the name is ours to give."""
        own = variable.owner
        if own is not None and len(own.inputs) == 1 and operation_name(own.op) in ("Identity", "ViewOp"):
            return self.translate(own.inputs[0])  # type: ignore[no-any-return]
        return self.translate(variable)  # type: ignore[no-any-return]

    def free(self, rv: Any) -> Variable:
        transform = self.model.rvs_to_transforms.get(rv)
        initval = self.initial_value(rv)
        ours = self.ours(rv)
        shape = self.value_shape(rv) if ours is None else ours.shape
        bijector = bijector_of(transform, rv, shape, self.given)
        law, parents = self.law(rv, shape) if ours is None else _law_of(ours)
        (self.by_density if ours is None else self.by_structure).append(rv.name)
        return self.declare_law(rv, law, parents, shape, initval=initval, default_transform=bijector)

    def observed(self, rv: Any) -> Variable:
        value = self.translate(self.model.rvs_to_values[rv])
        ours = self.ours(rv)
        law, parents = self.law(rv, value.shape) if ours is None else _law_of(ours)
        (self.by_density if ours is None else self.by_structure).append(rv.name)
        return self.declare_law(rv, law, parents, value.shape, observed=value)

    def declare_law(
        self, rv: Any, law: Law, parents: Sequence[Variable], shape: Shape, **how: Any
    ) -> Variable:
        given = {"observed": None, "initval": None, "default_transform": None, **how}
        return self.into.declare_random(
            rv.name,
            lambda name, full: Variable(RandomVariable(law, shape), parents, name),
            shape=shape,
            dims=self.dims(rv),
            **given,
        )

    def ours(self, rv: Any) -> Variable | None:
        """Return a random variable without a name, if its family is ours; None for others."""
        if rv.owner is None:
            return None
        node, kind = rv.owner, type(rv.owner.op).__name__
        if kind in COMPOUNDS:
            try:
                return COMPOUNDS[kind](self, node, self.value_shape(rv))
            except ModelError:
                return None  # what our family does not take PyMC has a density for
        if kind not in FAMILIES:
            return None
        name, read = FAMILIES[kind]
        arguments = read(*(self.translate(p) for p in node.op.dist_params(node)))
        if arguments is None:
            return None
        size = node.op.size_param(node)
        lengths = None if _is_none(size) else tuple(map(int, self.translate.static(self.translate(size))))
        return getattr(distributions, name).dist(**arguments, size=lengths)  # type: ignore[no-any-return]

    def given(self, variable: Any, given: dict[Any, Variable]) -> Variable:
        """Return the node of an expression in which nodes are given for some variables."""
        inner = Translator(self.resolve, check_bounds=self.translate.check_bounds)
        inner.wrapped = self.translate.wrapped
        for key, node in given.items():
            inner.give(key, node)
        return inner(variable)  # type: ignore[no-any-return]

    def value_shape(self, rv: Any) -> Shape:
        return shape_of(rv, self.translate)

    def initial_value(self, rv: Any) -> Any:
        value = self.model.rvs_to_initial_values.get(rv)
        if value is None or isinstance(value, str):
            return value if value != "moment" else None
        if hasattr(value, "owner"):
            node = self.translate(value)
            return None if random_ancestors([node]) else self.translate.static(node)
        return np.asarray(value)

    def law(self, rv: Any, shape: Shape) -> tuple[FunctionLaw, list[Variable]]:
        """Return the law of a variable by the log density that PyMC derives, and its parents."""
        from pytensor.graph.traversal import ancestors

        values, density = self.density(rv)
        x = Variable(Input(shape, np.dtype(rv.dtype)))
        given = {values[rv]: x}
        needed = set(ancestors([density]))
        for other, value in values.items():
            if other is not rv and value in needed:
                node = self.resolve(other)
                if node is None and other in self.model.observed_RVs:
                    node = self.translate(self.model.rvs_to_values[other])
                if node is not None:
                    given[value] = node
        terms = Expression([x], self.given(density, given))
        center = self.center(rv)
        parents = [*terms.parents, *(() if center is None else center.parents)]
        cut = len(terms.parents)
        keys = (terms.fingerprint(), None if center is None else center.fingerprint())
        identity = None if keys[0] is None or (center is not None and keys[1] is None) else keys
        law = FunctionLaw(
            type(rv.owner.op).__name__.removesuffix("RV"),
            lambda value, *params: terms([value], params[:cut]),
            lambda *params: 0.0 if center is None else center.on_host([], params[cut:]),
            shape,
            tuple(p.ndim for p in parents),
            integers=np.dtype(rv.dtype).kind in "iub",
            identity=identity,
        )
        return law, parents

    def center(self, rv: Any) -> Expression | None:
        """Return PyMC's support point, where it knows one that JAX can compute."""
        from pymc.distributions.distribution import support_point

        try:
            return Expression([], self.given(support_point(rv), {}))
        except (NotImplementedError, ModelError, TypeError, ValueError):
            return None

    def density(self, rv: Any) -> tuple[dict[Any, Any], Any]:
        """Return the variables that stand for values, and the graph of the log density of one variable."""
        if self._densities is None:
            from pymc.logprob.basic import conditional_logp

            self._values = {v: v.type(name=v.name) for v in self.model.basic_RVs}
            try:
                terms = conditional_logp(dict(self._values), warn_rvs=False)
            except (NotImplementedError, RuntimeError, ValueError) as error:
                reason = str(error).split("\n")[0].rstrip(".")
                raise ModelError(
                    f"PyMC does not derive the log density of a variable of this model ({reason}); "
                    "give it with pm.CustomDist(logp=...)"
                ) from None
            self._densities = {v: terms[value] for v, value in self._values.items()}
        return self._values, self._densities[rv]


def _law_of(variable: Variable) -> tuple[Law, tuple[Variable, ...]]:
    assert isinstance(variable.op, RandomVariable)
    return variable.op.law, variable.inputs


def _is_none(variable: Any) -> bool:
    return variable is None or type(variable.type).__name__ == "NoneTypeT"

"""A graph of PyTensor as nodes of ours, one by one; what we do not know is wrapped whole."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.frontends.pytensor_ops import HANDLERS
from pmjax.frontends.stable_forms import stable_form
from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.ops import Constant, RandomVariable
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.runtime.settings import x64_kept

# Elements of an expression of constants that is computed while the graph is translated.
FOLDED_ELEMENTS = 64


class Translator:
    """The translation of one model's graph.

    Parameters
    ----------
    resolve : callable
        ``resolve(variable)`` returns the node of a variable that the model declares, or None for others.
    check_bounds : bool
        Whether parameters outside their domain make the log density -inf.

    Attributes
    ----------
    wrapped : list of str
        The operations that were wrapped whole, by the name of their class.
    """

    def __init__(self, resolve: Callable[[Any], Variable | None], *, check_bounds: bool = True) -> None:
        self._resolve = resolve
        self.check_bounds = check_bounds
        self.wrapped: list[str] = []
        self._known: dict[Any, Any] = {}

    def give(self, variable: Any, node: Any) -> None:
        """Say what stands for a variable of PyTensor."""
        self._known[variable] = node

    def known(self, variable: Any) -> Any | None:
        """Return what stands for a variable of PyTensor, if that is known already."""
        return self._known.get(variable)

    def __call__(self, variable: Any) -> Any:
        """Return the node of ours that has the value of a variable of PyTensor."""
        for current in self._in_order(variable):
            if current in self._known:
                continue
            if current.owner is None:
                self._known[current] = _leaf(current)
            else:
                self._translate(current.owner)
        return self._known[variable]

    def _in_order(self, variable: Any) -> Iterator[Any]:
        """Yield what a variable needs, inputs first."""
        stack = [(variable, False)]
        while stack:
            current, inputs_done = stack.pop()
            if inputs_done:
                yield current
                continue
            if current in self._known:
                continue
            declared = self._resolve(current)
            if declared is not None:
                self._known[current] = declared
                continue
            stack.append((current, True))
            if current.owner is not None:
                stack.extend((v, False) for v in reversed(self._needed(current.owner)))

    def _needed(self, node: Any) -> list[Any]:
        if type(node.op).__name__ in ("Shape", "Shape_i") and is_random(node.inputs[0]):
            return []
        return list(node.inputs)

    def _translate(self, node: Any) -> None:
        if any(output in self._known for output in node.outputs):
            return
        if not self._needed(node) and node.inputs:
            self._known[node.outputs[0]] = self._shape_of_random(node)
            return
        inputs = [self._known[v] for v in node.inputs]
        result = stable_form(node, inputs)
        if result is None:
            handler = next((h for h in map(HANDLERS.get, _class_names(node.op)) if h is not None), None)
            result = self.wrap(node, inputs) if handler is None else handler(self, node, inputs)
        results = result if isinstance(result, tuple) else (result,)
        for output, value in zip(node.outputs, results, strict=len(results) > 1):
            self._known[output] = _folded(value)

    def _shape_of_random(self, node: Any) -> Variable:
        declared = self._resolve(node.inputs[0])
        if declared is None:
            declared = self._known.get(node.inputs[0])
        shape = declared.shape if declared is not None else shape_of(node.inputs[0], self)
        return as_variable(np.array(shape, int) if type(node.op).__name__ == "Shape" else shape[node.op.i])

    def static(self, value: Any) -> np.ndarray:
        """Return the value of an expression of numbers and data."""
        if isinstance(value, Variable):
            try:
                return np.asarray(evaluate_host([value], {})[0])
            except (ModelError, LookupError):
                raise ModelError(
                    "a size, an axis or a bound of a slice depends on a random variable, and JAX must know "
                    "all shapes before the model runs; use a fixed size and pm.math.switch"
                ) from None
        return np.asarray(value)

    def inline(self, inputs: Sequence[Any], outputs: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        """Return the outputs of an inner graph, given values of its inputs."""
        inner = Translator(self._resolve, check_bounds=self.check_bounds)
        inner.wrapped = self.wrapped
        for variable, value in zip(inputs, values, strict=True):
            inner.give(variable, value)
        return [inner(output) for output in outputs]

    def wrap(self, node: Any, values: Sequence[Any]) -> Any:
        """Return the outputs of an operation as PyTensor's own JAX dispatch computes it."""
        name = operation_name(node.op)
        try:
            function = jax_function(node)
        except NotImplementedError:
            raise ModelError(
                f"the operation {name} has no conversion to JAX in PyTensor; write it with other operations, "
                "or register a conversion (pytensor.link.jax.dispatch.jax_funcify.register)"
            ) from None
        self.wrapped.append(name)
        if len(node.outputs) == 1:
            return call(_Output(function, None), *values)
        return tuple(
            call(_Output(function, i), *values) if _is_array(output) else None
            for i, output in enumerate(node.outputs)
        )


class _Output:
    """One output of a function, as an array."""

    def __init__(self, function: Callable[..., Any], position: int | None) -> None:
        self.function = function
        self.position = position
        self.__name__ = getattr(function, "__name__", "operation")

    def __call__(self, *values: Any) -> Any:
        result = self.function(*values)
        if self.position is not None:
            result = result[self.position]
        elif isinstance(result, (tuple, list)):
            result = result[0]
        return jnp.asarray(result)


def jax_function(node: Any) -> Callable[..., Any]:
    """Return PyTensor's JAX function of a node's inputs.

    Raises
    ------
    NotImplementedError
        If PyTensor cannot convert the operation, or one inside it.
    """
    # PyTensor's dispatch switches 64-bit arrays on for the whole process when it is imported.
    with x64_kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytensor.link.jax.dispatch import jax_funcify

        # A conversion may rewrite an inner graph in place, and the user's model is not ours to change.
        own = node.clone(clone_inner_graph=True)
        return jax_funcify(own.op, node=own)


def is_random(variable: Any) -> bool:
    """Return whether a variable of PyTensor is the draw of a random variable."""
    names = () if variable.owner is None else _class_names(variable.owner.op)
    return any(name in ("RandomVariable", "SymbolicRandomVariable", "RNGConsumerOp", "XRV") for name in names)


def shape_of(variable: Any, translate: Callable[[Any], Any]) -> tuple[int, ...]:
    """Return the shape of a random variable that is not declared yet."""
    static = tuple(getattr(variable.type, "shape", (None,)))
    if None not in static:
        return static
    import pytensor.tensor as pt
    from pytensor.graph.features import ReplaceValidate
    from pytensor.graph.fg import FunctionGraph
    from pytensor.graph.traversal import ancestors
    from pytensor.tensor.rewriting.shape import ShapeFeature

    graph = FunctionGraph(outputs=[variable], clone=False, features=[ShapeFeature(), ReplaceValidate()])
    lengths = [pt.as_tensor_variable(n) for n in graph.shape_feature.shape_tuple(variable)]
    if variable not in set(ancestors(lengths)):
        try:
            return tuple(
                int(np.asarray(translate(n).op.value)) if known is None else known
                for n, known in zip(lengths, static, strict=True)
            )
        except (ModelError, AttributeError):
            pass
    # PyTensor knows no formula of its shape but the one that draws it.
    return tuple(int(n) for n in variable.shape.eval(mode="FAST_COMPILE"))


def operation_name(op: Any) -> str:
    """Return what an operation is called in messages: ``Scan``, ``Solve``, ``MyOp``."""
    inner = getattr(op, "core_op", None) or getattr(op, "scalar_op", None)
    return type(op if inner is None else inner).__name__


def _class_names(op: Any) -> list[str]:
    return [c.__name__ for c in type(op).__mro__]


def _is_array(variable: Any) -> bool:
    return hasattr(variable.type, "dtype")


def _leaf(variable: Any) -> Any:
    """Return the node of a constant or a shared variable; what is no array stays what it is."""
    value = variable.data if hasattr(variable, "data") else None
    if value is None and hasattr(variable, "get_value"):
        value = variable.get_value(borrow=True)
    if value is None and type(variable).__name__ in ("NoneConst", "Constant", "NoneTypeT"):
        return None
    if isinstance(value, slice):
        return value
    dense = getattr(value, "toarray", None)
    if dense is not None:
        value = dense()
    if isinstance(value, (np.ndarray, np.generic, int, float, bool)):
        return as_variable(_wide(np.asarray(value)))
    if value is None and type(variable.type).__name__ == "NoneTypeT":
        return None
    if value is not None:
        return value
    raise ModelError(f"the graph of the model has an input without a value, {variable}; use pm.Data")


def _wide(array: np.ndarray) -> np.ndarray:
    """Return small integers as 64-bit ones, so that sums of them do not wrap."""
    return array.astype(np.int64) if array.dtype.kind in "iu" and array.dtype.itemsize < 8 else array


def _folded(value: Any) -> Any:
    """Return a small expression of constants as a constant."""
    if not isinstance(value, Variable) or isinstance(value.op, Constant) or value.size > FOLDED_ELEMENTS:
        return value
    if isinstance(value.op, RandomVariable) or not value.inputs:
        return value
    if not all(isinstance(v.op, Constant) for v in value.inputs):
        return value
    with np.errstate(all="ignore"):
        return as_variable(np.asarray(evaluate_host([value], {})[0]))

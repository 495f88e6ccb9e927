"""The nodes that users meet, and the ways to make one: elementwise, call and index."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.arrays import as_array, as_number
from pmjax.graph.elementwise_table import is_elementwise, name_of
from pmjax.graph.evaluate import Reading, evaluate_host
from pmjax.graph.indexing import parse_key
from pmjax.graph.length import settled
from pmjax.graph.node import Node
from pmjax.graph.ops import (
    Call,
    Constant,
    DataCell,
    Elementwise,
    Index,
    Leaf,
    Leaves,
)
from pmjax.graph.slots import cut_slots, fill_slots
from pmjax.numerics.functions import increase, put
from pmjax.runtime.precision import double_precision


def _unary(function: Callable[..., Any]) -> Callable[[Any], Variable]:
    return lambda self: elementwise(function, self)


def _binary(function: Callable[..., Any]) -> Callable[[Any, Any], Variable]:
    return lambda self, other: NotImplemented if _decides(other) else apply(function, self, other)


def _reflected(function: Callable[..., Any]) -> Callable[[Any, Any], Variable]:
    return lambda self, other: NotImplemented if _decides(other) else apply(function, other, self)


def _decides(other: Any) -> bool:
    """Return whether arithmetic is left to the other operand, by NumPy's convention."""
    return getattr(type(other), "__array_ufunc__", True) is None


def _method(function: Callable[..., Any]) -> Callable[..., Variable]:
    return lambda self, *args, **kwargs: call(function, self, *args, **kwargs)


class Variable(Node):
    """A symbolic array: an operation and its inputs. Immutable; made by arithmetic, never by hand.

    Attributes
    ----------
    op : Op
        What the node does.
    inputs : tuple of Variable
        What it does it to.
    shape : tuple of int
        It follows data that are set anew.
    dtype : numpy.dtype
    name : str or None
        The name in the model; None for an intermediate expression.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x", shape=3)
    >>> (2 * x + 1).shape
    (3,)
    """

    __slots__ = ()

    # Above NumPy's and pandas' arrays, so that `array * variable` asks the variable.
    __array_priority__ = 1000.0
    __pandas_priority__ = 10_000

    @property
    def T(self) -> Variable:
        """The transpose."""
        return call(jnp.transpose, self)

    @property
    def mT(self) -> Variable:
        """The variable with its last two axes exchanged."""
        return call(jnp.swapaxes, self, -1, -2)

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Which axes have length 1."""
        return tuple(n == 1 for n in self.shape)

    @property
    def type(self) -> NoReturn:
        """Not there; PyTensor's operations ask for it."""
        raise AttributeError(
            f"{self.label} is a variable of pmjax, which has no PyTensor type: an Op of PyTensor or as_op "
            "cannot take it; write the function with JAX and lift it, pm.lift(function)",
            name="type",
            obj=self,
        )

    # Equality is elementwise, as in NumPy; identity is what dictionaries of nodes use.
    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Variable:  # type: ignore[override]
        return elementwise(jnp.equal, self, other)

    def __ne__(self, other: Any) -> Variable:  # type: ignore[override]
        return elementwise(jnp.not_equal, self, other)

    def __bool__(self) -> NoReturn:
        raise ModelError(
            f"{self.label} is symbolic and has no truth value while the model is built; "
            "write pm.math.switch(condition, a, b) instead of if/and/or, and & | ~ between conditions"
        )

    __add__, __radd__ = _binary(jnp.add), _reflected(jnp.add)
    __sub__, __rsub__ = _binary(jnp.subtract), _reflected(jnp.subtract)
    __mul__, __rmul__ = _binary(jnp.multiply), _reflected(jnp.multiply)
    __truediv__, __rtruediv__ = _binary(jnp.true_divide), _reflected(jnp.true_divide)
    __floordiv__, __rfloordiv__ = _binary(jnp.floor_divide), _reflected(jnp.floor_divide)
    __mod__, __rmod__ = _binary(jnp.mod), _reflected(jnp.mod)

    def __pow__(self, other: Any) -> Variable:
        """Return a power; a negative one of integers is a fraction, not the integer that is left of it."""
        if self.dtype.kind in "iub" and isinstance(other, (int, np.integer)) and other < 0:
            return apply(jnp.power, self.astype(float), other)
        return NotImplemented if _decides(other) else apply(jnp.power, self, other)

    __rpow__ = _reflected(jnp.power)
    __matmul__, __rmatmul__ = _binary(jnp.matmul), _reflected(jnp.matmul)
    __and__, __rand__ = _binary(jnp.bitwise_and), _reflected(jnp.bitwise_and)
    __or__, __ror__ = _binary(jnp.bitwise_or), _reflected(jnp.bitwise_or)
    __xor__, __rxor__ = _binary(jnp.bitwise_xor), _reflected(jnp.bitwise_xor)
    __lt__ = _binary(jnp.less)
    __le__ = _binary(jnp.less_equal)
    __gt__ = _binary(jnp.greater)
    __ge__ = _binary(jnp.greater_equal)

    def __neg__(self) -> Variable:
        if self.dtype == bool:
            raise ModelError(
                f"{self.label} is a condition, which has no negative; write ~condition for its opposite, or "
                "-1 * condition for 0 and -1"
            )
        return elementwise(jnp.negative, self)

    __pos__ = _unary(jnp.positive)
    __abs__ = _unary(jnp.abs)
    __invert__ = _unary(jnp.invert)

    sum = _method(jnp.sum)
    prod = _method(jnp.prod)
    mean = _method(jnp.mean)
    std = _method(jnp.std)
    var = _method(jnp.var)
    min = _method(jnp.min)
    max = _method(jnp.max)
    any = _method(jnp.any)
    all = _method(jnp.all)
    argmin = _method(jnp.argmin)
    argmax = _method(jnp.argmax)
    cumsum = _method(jnp.cumsum)
    cumprod = _method(jnp.cumprod)
    dot = _method(jnp.dot)
    ravel = _method(jnp.ravel)
    squeeze = _method(jnp.squeeze)
    round = _method(jnp.round)
    sort = _method(jnp.sort)
    argsort = _method(jnp.argsort)
    repeat = _method(jnp.repeat)
    swapaxes = _method(jnp.swapaxes)
    diagonal = _method(jnp.diagonal)
    trace = _method(jnp.trace)
    take = _method(jnp.take)
    ptp = _method(jnp.ptp)
    searchsorted = _method(jnp.searchsorted)
    zeros_like = _unary(jnp.zeros_like)
    ones_like = _unary(jnp.ones_like)
    exp, log, log1p, log2, log10 = map(_unary, (jnp.exp, jnp.log, jnp.log1p, jnp.log2, jnp.log10))
    deg2rad, rad2deg, real, imag, conj, conjugate = map(
        _unary, (jnp.deg2rad, jnp.rad2deg, jnp.real, jnp.imag, jnp.conj, jnp.conjugate)
    )
    exp2, expm1, sqrt, floor, ceil, trunc = map(
        _unary, (jnp.exp2, jnp.expm1, jnp.sqrt, jnp.floor, jnp.ceil, jnp.trunc)
    )
    sin, cos, tan, sinh, cosh, tanh = map(_unary, (jnp.sin, jnp.cos, jnp.tan, jnp.sinh, jnp.cosh, jnp.tanh))
    arcsin, arccos, arctan = map(_unary, (jnp.arcsin, jnp.arccos, jnp.arctan))
    arcsinh, arccosh, arctanh = map(_unary, (jnp.arcsinh, jnp.arccosh, jnp.arctanh))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{self.label} is a scalar and has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> NoReturn:
        raise ModelError(
            f"{self.label} is symbolic and has no value while the model is built; "
            "Python's own functions, sizes and slice bounds need plain numbers"
        )

    __int__ = __index__ = __complex__ = __float__

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ModelError(
            f"{self.label} is symbolic and cannot become a NumPy array; use a function of numpy or pm.math, "
            "pm.math.stack for a list of variables, or pm.lift for a function of your own"
        )

    @property  # not a method: JAX asks whether it exists, and gets the answer then
    def __jax_array__(self) -> NoReturn:
        raise ModelError(
            f"{self.label} is symbolic: call numpy's or pm.math's function on it, or lift JAX's with pm.lift"
        )

    def __getitem__(self, key: Any) -> Variable:
        return index(self, key)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Variable:
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        function = getattr(jnp, name, None) or getattr(jsp, name, None)  # SciPy has ufuncs too
        if function is None or kwargs:
            options = f" with {', '.join(kwargs)}=" if kwargs else ""
            raise ModelError(
                f"{name}{options} has no counterpart for symbolic variables; use pm.math or pm.lift"
            )
        return apply(function, *inputs)

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if func in (np.shape, np.ndim, np.size):
            return getattr(self, func.__name__)
        home: Any = {"numpy.linalg": jnp.linalg, "numpy.fft": jnp.fft}.get(func.__module__, jnp)
        function = getattr(home, func.__name__, None)
        if not callable(function):
            raise ModelError(
                f"{func.__module__}.{func.__name__} has no counterpart in JAX; lift your own with pm.lift"
            )
        if not is_elementwise(function):
            return call_tree(function, *args, **kwargs)
        return apply(function, *args, **kwargs)

    def eval(self, givens: dict[Variable, Any] | None = None) -> np.ndarray:
        """Return the value of an expression; random variables without a value in `givens` are drawn."""
        return np.asarray(Reading(givens or {}, _drawn, host=True).read([self])[0])

    def data_only(self) -> np.ndarray:
        """Return the value of an expression of constants and data.

        Raises
        ------
        ModelError
            If it depends on a random variable.
        """
        return np.asarray(evaluate_host([self], {})[0])

    def astype(self, dtype: Any) -> Variable:
        """Return the variable converted to another dtype."""
        return call(jnp.astype, self, np.dtype(dtype))

    def reshape(self, *shape: Any, ndim: int | None = None) -> Variable:
        """Return the variable with another shape of the same size."""
        return call(jnp.reshape, self, shape[0] if len(shape) == 1 else shape)

    def flatten(self, ndim: int = 1) -> Variable:
        """Return the variable with all but the first ``ndim - 1`` dimensions made one."""
        if ndim == 1:
            return call(jnp.ravel, self)
        return self.reshape(*self.shape[: ndim - 1], -1)

    def dimshuffle(self, *pattern: Any) -> Variable:
        """Return the variable with its axes in another order; "x" is a new axis of length 1.

        Examples
        --------
        >>> import pmjax.tensor as pt
        >>> pt.zeros((2, 3)).dimshuffle(1, "x", 0).shape
        (3, 1, 2)
        """
        places = pattern[0] if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)) else pattern
        axes = [p for p in places if p != "x"]
        dropped = [a for a in range(self.ndim) if a not in axes]
        kept = call(jnp.squeeze, self, tuple(dropped)) if dropped else self
        order = tuple(sorted(axes).index(a) for a in axes)
        ordered = kept if order == tuple(range(kept.ndim)) else call(jnp.transpose, kept, order)
        new = tuple(i for i, p in enumerate(places) if p == "x")
        return call(jnp.expand_dims, ordered, new) if new else ordered

    def set(self, y: Any, **options: Any) -> Variable:
        """Return the array behind ``x[key]`` with other values in its place: ``x[key].set(y)``."""
        return self._updated("set", put, y)

    def inc(self, y: Any, **options: Any) -> Variable:
        """Return the array behind ``x[key]`` with values added in its place: ``x[key].inc(y)``."""
        return self._updated("inc", increase, y)

    def _updated(self, what: str, function: Callable[..., Any], y: Any) -> Variable:
        if not isinstance(self.op, Index):
            raise ModelError(f"{what} is for parts of a variable, x[key].{what}(y); {self.label} is not one")
        whole, *indices = self.inputs
        value = as_variable(y)
        if not np.can_cast(value.promotion_dtype, whole.dtype, "same_kind"):
            raise ModelError(
                f"{value.label} of dtype {value.dtype} does not fit in {whole.label} of {whole.dtype}"
            )
        try:
            fits = np.broadcast_shapes(value.shape, self.shape) == self.shape
        except ValueError:
            fits = False
        if not fits:
            raise ModelError(
                f"{value.label} of shape {value.shape} does not fit the part of shape {self.shape}"
            )
        return call(function, whole, fill_slots(self.op.template, indices), value)

    def fill(self, value: Any) -> Variable:
        """Return an array of this shape with one value everywhere."""
        return call(jnp.broadcast_to, as_variable(value), self.shape)

    def norm(self, L: Any = None, axis: Any = None, keepdims: bool = False) -> Variable:
        """Return the norm of order L."""
        return call(jnp.linalg.norm, self, L, axis, keepdims)

    def copy(self, name: str | None = None) -> Variable:
        """Return the variable itself: variables never change."""
        return self

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return the value of constants and data."""
        if self.data_value is None:
            raise ModelError(f"{self.label} is not data and has no value while the model is built")
        return np.array(self.data_value)

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Replace the value of shared data by another of the same shape."""
        array = np.array(value, dtype=self.dtype)
        if not isinstance(self.op, DataCell) or array.shape != self.shape:
            raise ModelError(
                f"set_value replaces data by data of the same shape; {self.label} has shape {self.shape}, "
                f"got {array.shape}: pm.set_data changes the shapes of a model's data"
            )
        array.setflags(write=False)
        self.op.set(array)

    def transpose(self, *axes: Any) -> Variable:
        """Return the variable with its axes permuted."""
        return call(jnp.transpose, self, (axes[0] if len(axes) == 1 else axes) or None)

    def clip(self, min: Any = None, max: Any = None) -> Variable:
        """Return the values limited to an interval."""
        return call(jnp.clip, self, min, max)


def _drawn(variable: Any, params: Sequence[Any]) -> np.ndarray:
    law = variable.op.law
    with double_precision():
        key = jax.random.key(int(np.random.SeedSequence().generate_state(1)[0]))
        return np.asarray(law.draw(key, tuple(map(int, variable.shape)), *map(jnp.asarray, params)))


def as_variable(value: Any) -> Variable:
    """Return the value as a node: variables as they are; numbers, arrays, pandas and xarray as constants.

    Lists that contain variables are stacked.

    Raises
    ------
    ModelError
        If the value is no number, array or variable.
    """
    if isinstance(value, Variable):
        return value
    if isinstance(getattr(value, "data", None), Variable):  # xarray wraps what it is multiplied with
        return value.data  # type: ignore[no-any-return]
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return Variable(Constant(as_number(settled(value))))
    if isinstance(value, (list, tuple)) and any(isinstance(v, Variable) for v in _flat(value)):
        return call(jnp.stack, [as_variable(v) for v in value])
    return Variable(Constant(as_array(value)))


def _flat(value: Any) -> Iterator[Any]:
    for item in value:
        if isinstance(item, (list, tuple)):
            yield from _flat(item)
        else:
            yield item


def elementwise(function: Callable[..., Any], *args: Any) -> Variable:
    """Return the node of a function of scalars applied element by element."""
    return Variable(Elementwise(function), [as_variable(a) for a in args])


def apply(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Variable:
    """Return the node of a function call: elementwise if the function is known to be, else a general call."""
    if not kwargs and is_elementwise(function) and all(a is not None for a in args):
        return elementwise(function, *args)
    return call(function, *args, **kwargs)


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Variable:
    """Return the node of any JAX-traceable function that returns one array.

    Variables and arrays among the arguments (in any pytree of them) become inputs; everything else is static.
    """
    op, inputs = _call_of(function, args, kwargs)
    return Variable(op, inputs)


def call_tree(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the pytree of nodes for the pytree of arrays that a function returns: one node for one array.

    The function is called once, however many of the nodes are used.
    """
    op, inputs = _call_of(function, args, kwargs)
    try:
        result = op.result(inputs)
    except ValueError as error:
        raise ModelError(str(error)) from None
    leaves, structure = jax.tree.flatten(result)
    if not leaves:
        raise ModelError(f"{op.name} returns {result!r}, and nothing in it is an array")
    if jax.tree_util.treedef_is_leaf(structure):
        return Variable(op, inputs)
    whole = Variable(Leaves(op), inputs)
    return jax.tree.unflatten(structure, [Variable(Leaf(number), [whole]) for number in range(len(leaves))])


def _call_of(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Call, list[Variable]]:
    try:
        template, inputs = cut_slots((args, kwargs), _as_input, is_leaf=_is_input)
    except ValueError as error:  # a dictionary whose keys have no order, say
        reason = str(error).split("\n")[0].rstrip(".")
        raise ModelError(f"{name_of(function)}: JAX cannot take the arguments apart: {reason}") from None
    # Tables of functions are asked for it, and not every object that can be called has a hash.
    known = function if isinstance(function, Hashable) else partial(function)
    return Call(known, template), inputs


def _is_input(value: Any) -> bool:
    return isinstance(value, (Variable, np.ndarray, jax.Array)) or hasattr(value, "to_numpy")


def _as_input(value: Any) -> Variable | None:
    return as_variable(value) if _is_input(value) else None


def lift(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of variables from any function that JAX can trace.

    Parameters
    ----------
    function : callable
        Takes arrays, in tuples, dictionaries and other pytrees if it likes, and static arguments. Returns an
        array, or a pytree of arrays. It may call other functions and hold arrays of its own; after it was
        edited, models use what it has become.

    Returns
    -------
    callable
        Takes variables where ``function`` takes arrays; returns a variable, or the same pytree of variables.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import pmjax as pm
    >>> cube = pm.lift(lambda x: x**3)
    >>> moments = pm.lift(lambda x: {"mean": x.mean(), "centred": x - x.mean()})
    >>> with pm.Model():
    ...     x = pm.Normal("x", shape=2)
    ...     y = pm.Deterministic("y", cube(x))
    ...     moments(x)["centred"].shape
    (2,)
    """
    return lambda *args, **kwargs: call_tree(function, *args, **kwargs)


def index(x: Variable, key: Any) -> Variable:
    """Return the node of ``x[key]`` by NumPy's rules: integers, slices, arrays, masks, None, ellipsis."""
    op, inputs = parse_key(x, key, as_variable)
    return Variable(op, [x, *inputs])

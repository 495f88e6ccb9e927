"""A program is used again only for what it was traced from: kinds of callables, and edits of them."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import pytest

import pmjax as pm
from pmjax.graph.identity import function_fingerprint, value_fingerprint
from pmjax.graph.rewrite import fingerprint
from pmjax.graph.slots import Slot
from pmjax.laws import real
from pmjax.laws.grouped import Weighted
from pmjax.numerics import functions
from pmjax.rewrites import pipeline
from pmjax.runtime import programs
from pmjax.runtime.precision import double_precision
from pmjax.target.joint import joint_density
from pmjax.transforms.bijectors import Between, Log
from pmjax.transforms.vectors import Ordered
from tests.api.models import eight_schools, radon

Scaled = Any  # a callable, or OnVariables


@dataclasses.dataclass
class OnVariables:
    """A function that takes variables, and lifts what it needs itself."""

    function: Callable[[Any], Any]


class Source:
    """A module on the disk, and a second one that it imports, which are written and loaded anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str, text: str) -> Any:
        (self.folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        # The same size within the same second: the cache of byte code would not see it.
        for kept in (self.folder / "__pycache__").glob("*.pyc"):
            kept.unlink()
        module = sys.modules.get(name)
        return importlib.import_module(name) if module is None else importlib.reload(module)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    monkeypatch.syspath_prepend(tmp_path)
    yield Source(tmp_path)
    for name in ("growth", "inner"):
        sys.modules.pop(name, None)


def module_function(factor: int, source: Source) -> Scaled:
    return source.load("growth", f"def effect(x):\n    return {factor} * x\n").effect


def method_of_a_module(factor: int, source: Source) -> Scaled:
    text = f"class Growth:\n    def effect(self, x):\n        return {factor} * x\ngrowth = Growth()\n"
    return source.load("growth", text).growth.effect


def calls_an_edited_function(factor: int, source: Source) -> Scaled:
    source.load("inner", f"def inner(x):\n    return {factor} * x\n")
    return source.load("growth", "import inner\ndef effect(x):\n    return inner.inner(x)\n").effect


def module_constant(factor: int, source: Source) -> Scaled:
    module = source.load("growth", "FACTOR = 1\ndef effect(x):\n    return FACTOR * x\n")
    module.FACTOR = factor
    return module.effect


def jitted(factor: int, source: Source) -> Scaled:
    return source.load("growth", f"import jax\n@jax.jit\ndef effect(x):\n    return {factor} * x\n").effect


def vectorised(factor: int, source: Source) -> Scaled:
    return jnp.vectorize(module_function(factor, source))


def with_a_name_of_jax(factor: int, source: Source) -> Scaled:
    def add(x: Any) -> Any:
        return factor * x

    add.__module__, add.__qualname__ = "jax.numpy", "add"
    return add


def closure(factor: int, source: Source) -> Scaled:
    return lambda x: factor * x


def closure_over_an_array(factor: int, source: Source) -> Scaled:
    # NumPy abbreviates arrays of more than 1000 numbers.
    table = np.ones(5000)
    table[2500] = factor
    return lambda x: jnp.asarray(table)[2500] * x


def default(factor: int, source: Source) -> Scaled:
    def effect(x: Any, factor: int = factor) -> Any:
        return factor * x

    return effect


def multiply(factor: Any, x: Any) -> Any:
    return factor * x


def partial(factor: int, source: Source) -> Scaled:
    return functools.partial(multiply, factor)


class Growth:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, x: Any) -> Any:
        return self.factor * x

    def effect(self, x: Any) -> Any:
        return self.factor * x

    def __repr__(self) -> str:
        return "Growth()"


@dataclasses.dataclass
class Comparable:
    factor: int

    def __call__(self, x: Any) -> Any:
        return self.factor * x


class EqualToAll(Growth):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def bound_method(factor: int, source: Source) -> Scaled:
    return Growth(factor).effect


def callable_object(factor: int, source: Source) -> Scaled:
    return Growth(factor)


def callable_without_a_hash(factor: int, source: Source) -> Scaled:
    return Comparable(factor)


def callable_that_equals_every_other(factor: int, source: Source) -> Scaled:
    return EqualToAll(factor)


def static_object(factor: int, source: Source) -> Scaled:
    return OnVariables(functools.partial(pm.lift(lambda x, growth: growth(x)), growth=Growth(factor)))


@dataclasses.dataclass(eq=False)
class Table:
    values: np.ndarray


def looked_up(x: Any, table: Table) -> Any:
    return table.values[2500] * x


def static_dataclass(factor: int, source: Source) -> Scaled:
    values = np.ones(5000)
    values[2500] = factor
    return OnVariables(functools.partial(pm.lift(looked_up), table=Table(values)))


def scaled_if(x: Any, how: Any) -> Any:
    return (100 if how is True else 1) * x


def static_boolean(factor: int, source: Source) -> Scaled:
    # 1 == True, but they are not the same argument.
    return OnVariables(functools.partial(pm.lift(scaled_if), how=True if factor == 100 else 1))


def argument_of_a_function_of_jax(factor: int, source: Source) -> Scaled:
    def mapped(x: Any) -> Any:
        return pm.lift(jnp.apply_along_axis)(lambda row: factor * row, 0, x[None])[0]

    return OnVariables(mapped)


def call_of_python(factor: int, source: Source) -> Scaled:
    def effect(x: jax.Array) -> jax.Array:
        given = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return x + jax.pure_callback(lambda v: (factor - 1) * v, given, jax.lax.stop_gradient(x))

    return effect


KINDS = [
    module_function,
    method_of_a_module,
    calls_an_edited_function,
    module_constant,
    jitted,
    vectorised,
    with_a_name_of_jax,
    closure,
    closure_over_an_array,
    default,
    partial,
    bound_method,
    callable_object,
    callable_without_a_hash,
    callable_that_equals_every_other,
    static_object,
    static_dataclass,
    static_boolean,
    argument_of_a_function_of_jax,
    call_of_python,
]


def log_density(scaled: Scaled) -> float:
    """The log density of a model in which a normal variable is scaled, at 1, by a kept program."""
    with pm.Model() as model:
        x = pm.Normal("x")
        on_variables = scaled.function if isinstance(scaled, OnVariables) else pm.lift(scaled)
        pm.Normal("y", on_variables(x), 1.0, observed=3.0)
    density = joint_density(model.freeze())
    theta = np.ones(1)
    arguments = (theta, density.data, density.knobs)
    with double_precision():
        run = programs.program("density", density.log_density, arguments, 0, density.structure)
        return float(run(*arguments))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_edited_is_compiled_anew(
    kind: Callable[[int, Source], Scaled], source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMJAX_CACHE_DIR", str(tmp_path / "programs"))
    # Both edits in one process, then both with only the folder to remember them, as in two others.
    for factor in (1, 100, 1, 100):
        expected = -0.5 - 0.5 * (3 - factor) ** 2 - np.log(2 * np.pi)
        assert np.isclose(log_density(kind(factor, source)), expected, rtol=1e-12)
        if factor == 100:
            programs.forget_programs()


def test_what_was_not_edited_is_compiled_once(source: Source) -> None:
    log_density(module_function(7, source))
    made = programs.Counter.compiled
    log_density(module_function(7, source))
    assert programs.Counter.compiled == made


@pytest.mark.parametrize("model", [radon, functools.partial(eight_schools, centred=True)])
def test_a_model_of_known_functions_needs_no_tracing_to_be_known(model: Callable[[], pm.Model]) -> None:
    sampled, _ = pipeline.apply(model().freeze(), "auto")
    assert joint_density(sampled).structure is not None


@pytest.mark.parametrize(
    ("function", "named"),
    [
        *((jnp.add, True), (jnp.linalg.cholesky, True), (jsp.gammaln, True), (functions.softplus, True)),
        *((pm.Normal.law.log_density, True), (jax.vmap(jnp.sin), False), (np.sin, False), (multiply, False)),
        (functools.partial(jnp.add, 1), False),
    ],
)
def test_only_functions_of_jax_and_of_this_package_have_names(function: Any, named: bool) -> None:
    assert (function_fingerprint(function) is not None) is named


PLAIN = [
    *(None, True, False, 1, 0, 1.0, 0.0, -0.0, 1j, "1", b"1", "a", ..., float("nan"), float("inf")),
    *(
        slice(1, None),
        slice(None, 1),
        (1,),
        [1],
        (),
        [],
        {},
        {"a": 1},
        {"b": 1},
        ((1,), 2),
        (1, (2,)),
        Slot(0),
    ),
    *(
        np.float32(1),
        np.float64(1),
        np.int64(1),
        np.dtype("f4"),
        np.float32,
        float,
        int,
        jnp.add,
        jnp.multiply,
    ),
]


def test_plain_values_are_told_apart() -> None:
    names = [value_fingerprint(value) for value in PLAIN]
    assert None not in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "value", [object(), Growth(1), np.ones(3), {1}, type("float", (float,), {})(1.0), Growth, lambda x: x]
)
def test_what_is_not_plain_has_no_name(value: object) -> None:
    assert value_fingerprint(value) is None
    assert value_fingerprint([1, {"a": value}]) is None


def test_nodes_of_other_functions_have_no_fingerprint() -> None:
    x = pm.Normal.dist(0, 1)
    assert fingerprint([pm.lift(multiply)(2, x)]) is None
    assert fingerprint([pm.lift(jnp.add)(2, x)]) is not None


def test_a_law_and_a_bijector_are_known_by_all_that_they_hold() -> None:
    class Own(real.Normal):
        """A law of the user, of which there may be another tomorrow."""

    class OwnMap(Log):
        """A map of the user."""

    weighted = [Weighted(real.Normal()), Weighted(real.Cauchy()), Weighted(Weighted(real.Normal()))]
    laws = [real.Normal().fingerprint(), *(law.fingerprint() for law in weighted)]
    assert None not in laws
    assert len(set(laws)) == len(laws)
    assert [law.fingerprint() for law in (Own(), Weighted(Own()), Weighted(lambda x: x))] == [None] * 3
    shifted = Log()
    shifted.shift = 2.0
    maps = [Log().fingerprint(), Ordered().fingerprint(), shifted.fingerprint()]
    assert None not in maps
    assert len(set(maps)) == len(maps)
    shifted.shift = lambda x: x
    assert [shifted.fingerprint(), OwnMap().fingerprint()] == [None, None]
    assert Between(0, 1).fingerprint() == Between(0, 2).fingerprint()  # its bounds are nodes of the graph

"""The shape of the package: imports point one way, files and functions stay small, importing is light."""

from __future__ import annotations

import ast
import graphlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke

PACKAGE = Path(__file__).parents[1] / "src" / "pmjax"
LAYERS = [  # low to high
    *("runtime", "numerics", "graph", "transforms", "distributions", "model", "rewrites"),
    *("target", "sampling", "results", "interop", "api"),
]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 80

BASE, TOP = -1, len(LAYERS)  # what stands beside the layers (errors, data sets); the package itself


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(), filename=str(path)) for name, path in FILES.items()}


def rank(module: str) -> int:
    if module == "pmjax":
        return TOP
    first = module.split(".")[1]
    return LAYERS.index(first) if first in LAYERS else BASE


def imported_modules(name: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every module of the package that ``tree`` imports, at any depth, with the line it does so on."""
    is_package = FILES.get(name, Path()).name == "__init__.py"
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            members = [f"{origin}.{alias.name}" for alias in node.names]
            found = [member if member in FILES else origin for member in members]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found = [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        yield from ((m, node.lineno) for m in found if m == "pmjax" or m.startswith("pmjax."))


def upward_imports(name: str, tree: ast.Module) -> list[str]:
    imports = imported_modules(name, tree)
    return [f"{name}:{line} imports {m}" for m, line in imports if rank(m) > rank(name)]


def test_every_layer_is_there() -> None:
    assert {d.name for d in PACKAGE.iterdir() if (d / "__init__.py").exists()} >= set(LAYERS)


def test_imports_point_one_way() -> None:
    assert [line for name, tree in TREES.items() for line in upward_imports(name, tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pmjax.model.core",
        "from pmjax.api import sample",
        "from pmjax import results",
        "from pmjax import Model",
        "from ..model import core",
        "from .. import density",
        "def f():\n    from pmjax.sampling import nuts",
        "if TYPE_CHECKING:\n    from pmjax.model import Model",
        "importlib.import_module('pmjax.interop')",
    ],
)
def test_the_check_sees_every_way_of_importing(source: str) -> None:
    assert len(upward_imports("pmjax.graph.node", ast.parse(source))) == 1
    assert upward_imports("pmjax", ast.parse(source)) == []


class WithoutAnnotationImports(ast.NodeTransformer):
    """Drops what is imported for annotations alone and never runs."""

    def visit_If(self, node: ast.If) -> ast.AST:
        return ast.Pass() if ast.unparse(node.test).endswith("TYPE_CHECKING") else self.generic_visit(node)


def test_there_are_no_import_cycles() -> None:
    edges = {}
    for name, path in FILES.items():
        tree = WithoutAnnotationImports().visit(ast.parse(path.read_text()))
        edges[name] = {module for module, _ in imported_modules(name, tree)} - {name}
    graphlib.TopologicalSorter(edges).prepare()  # raises CycleError with the modules of the cycle


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Length of a function without its docstring."""
    doc = function.body[0] if ast.get_docstring(function) is not None else None
    return _length(function) - (_length(doc) if doc else 0)


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_and_functions_are_small() -> None:
    lines = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    long_files = [name for name, count in lines.items() if count >= MAX_FILE_LINES]
    long_functions = [
        f"{name}.{node.name}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and code_lines(node) >= MAX_FUNCTION_LINES
    ]
    assert (long_files, long_functions) == ([], [])


def test_importing_the_package_is_light_and_changes_nothing() -> None:
    program = """
import json, os, sys
import jax
environment, config = dict(os.environ), dict(jax.config.values)
import pmjax
print(json.dumps({
    "modules": sorted(sys.modules),
    "environment": environment == dict(os.environ),
    "config": config == dict(jax.config.values),
}))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    heavy = {"pandas", "xarray", "arviz", "arviz_base", "arviz_stats", "scipy.stats", "numpyro", "matplotlib"}
    assert heavy & set(seen["modules"]) == set()
    assert {m for m in seen["modules"] if m.split(".")[0] in ("pymc", "pytensor", "blackjax")} == set()
    assert seen["environment"]
    assert seen["config"]

"""The shape of the package: imports point one way, a file holds one noun, importing is light."""

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
    *("runtime", "numerics", "laws", "graph", "tensor", "logprob", "transforms", "model", "distributions"),
    *("gp", "rewrites", "target", "frontends", "run", "inference", "results", "api"),
]
# A file holds one noun: so many public classes and functions around it, at most. Catalogues are lists.
MAX_NOUNS = 14
CATALOGUES = ("laws", "distributions", "numerics", "transforms", "gp", "tensor")
# A function does one thing: so many conditions, their clauses, loops and handlers, at most.
MAX_BRANCHES = 25
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)

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
        "def f():\n    from pmjax.inference.nuts import nuts",
        "if TYPE_CHECKING:\n    from pmjax.model import Model",
        "importlib.import_module('pmjax.results')",
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


def nouns(tree: ast.Module) -> list[str]:
    """The public classes and functions of a file."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def branches(function: ast.AST) -> int:
    """How many ways a function branches; those of the functions inside it are theirs."""
    count, stack = 0, list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, BRANCHES):
            count += 1
        stack.extend(ast.iter_child_nodes(node))
    return count


def test_a_file_holds_one_noun() -> None:
    lists = tuple(f"pmjax.{name}" for name in CATALOGUES)
    crowded = {n: nouns(t) for n, t in TREES.items() if not n.startswith(lists) and n != "pmjax"}
    assert {name: held for name, held in crowded.items() if len(held) > MAX_NOUNS} == {}


def test_a_function_does_one_thing() -> None:
    counts = {
        f"{name}.{node.name}": branches(node)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in counts.items() if count > MAX_BRANCHES} == {}


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

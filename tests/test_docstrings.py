"""Every example in a docstring of the package runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from pmjax.model.family import Family

PACKAGE = Path(__file__).parents[1] / "src" / "pmjax"


def _module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = [_module_name(p) for p in sorted(PACKAGE.rglob("*.py")) if ">>> " in p.read_text()]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name: str) -> None:
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    module, finder = importlib.import_module(name), doctest.DocTestFinder(exclude_empty=True)
    # A family is an object, in which the finder would not look for examples.
    families = [v for v in vars(module).values() if isinstance(v, Family) and type(v).__module__ == name]
    for owner in (module, *families):
        for example in finder.find(owner, getattr(owner, "__name__", type(owner).__name__), module):
            runner.run(example, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)

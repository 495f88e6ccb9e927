"""A model as text, the way a statistician writes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from pmjax.graph.evaluate import ancestors
from pmjax.graph.ops import Constant, Input
from pmjax.graph.variable import Variable
from pmjax.model.declarations import Declarations
from pmjax.model.spec import distribution_of


def describe_model(model: Declarations) -> str:
    """Return one line for each variable: ``a ~ Normal(mu_a, sigma_a)``."""
    rows = []
    for name, sign, expression, dims in _rows(model):
        observed = name in model.random and model.random[name].value is not None
        rows.append((name, sign, expression + (f"  [{dims}]" if dims else "") + "  observed" * observed))
    width = max((len(name) for name, _, _ in rows), default=0)
    return "\n".join(f"{name:>{width}} {sign} {text}" for name, sign, text in rows)


def latex_of_model(model: Declarations) -> str:
    """Return one line of LaTeX for each variable, in an array."""
    signs = {"~": r"\sim", "=": "="}
    lines = [
        rf"{_upright(name)} & {signs[sign]} & {_upright(expression)}"
        for name, sign, expression, _ in _rows(model)
    ]
    return "$$\n\\begin{array}{rcl}\n" + " \\\\\n".join(lines) + "\n\\end{array}\n$$"


def _upright(text: str) -> str:
    escaped = "".join(f"\\{c}" if c in "_#%&$" else c for c in text)
    return rf"\text{{{escaped}}}"


def table_of_model(model: Declarations, parameter_count: bool = True) -> Any:
    """Return a ``rich.table.Table`` with a row for each variable.

    Parameters
    ----------
    model : Model
    parameter_count : bool
        Add how many numbers are free.

    Raises
    ------
    ImportError
        If rich is not installed.
    """
    try:
        from rich.markup import escape
        from rich.table import Table
    except ImportError:
        raise ImportError(
            "model.table() needs the package rich: pip install rich; print(model) does not"
        ) from None
    table = Table("Variable", "Expression", "Dimensions", box=None)
    table.columns[0].justify = "right"
    rows = [(str(v.name), "=", "Data", _dims(model, str(v.name), v.shape)) for v in model.data_vars]
    for name, sign, expression, dims in [*rows, *_rows(model)]:
        table.add_row(f"{name} {sign}", escape(expression), escape(dims))
    if parameter_count:
        free = sum(d.variable.size for d in model.random.values() if d.value is None)
        table.add_row("", "", f"Parameter count = {free}")
    return table


def _rows(model: Declarations) -> list[tuple[str, str, str, str]]:
    """Return name, sign, expression and dimensions of each random variable, deterministic and potential."""
    rows = []
    for name, declaration in model.random.items():
        variable = declaration.variable
        params = ", ".join(_expression(p) for p in variable.inputs)
        expression = f"{distribution_of(variable).name}({params})"
        rows.append((name, "~", expression, _dims(model, name, variable.shape)))
    for kind, variables in (("Deterministic", model.deterministics), ("Potential", model.potentials)):
        for variable in variables:
            name = str(variable.name)
            expression = f"{kind}({_expression(variable.inputs[0])})"
            rows.append((name, "=", expression, _dims(model, name, variable.shape)))
    return rows


def _dims(model: Declarations, name: str, shape: tuple[int, ...]) -> str:
    names = model.named_vars_to_dims.get(name, (None,) * len(shape))
    return ", ".join(f"{d}: {n}" if d else str(n) for d, n in zip(names, shape, strict=True))


def _expression(variable: Variable) -> str:
    """Return a name, a number, or ``f(a, b)`` for an expression of named variables."""
    if variable.name is not None and not isinstance(variable.op, Input):
        return variable.name
    if isinstance(variable.op, Constant):
        return _constant(variable.op.value)
    named = [v.name for v in ancestors([variable], stop=lambda v: v.name is not None) if v.name is not None]
    return f"f({', '.join(dict.fromkeys(named))})"


def _constant(value: Any) -> str:
    if isinstance(value, np.ndarray):
        flat = np.unique(value) if value.size <= 10_000 else value
        return f"{flat[0]:.4g}" if len(flat) == 1 else "<constant>"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

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
    rows: list[tuple[str, str, str]] = []
    for name, declaration in model.random.items():
        variable = declaration.variable
        law = distribution_of(variable)
        params = ", ".join(_expression(p) for p in variable.inputs)
        note = _dims(model, name, variable.shape) + ("  observed" if declaration.value is not None else "")
        rows.append((name, "~", f"{law.name}({params}){note}"))
    for kind, variables in (("Deterministic", model.deterministics), ("Potential", model.potentials)):
        for variable in variables:
            name = str(variable.name)
            inside = _expression(variable.inputs[0])
            rows.append((name, "=", f"{kind}({inside}){_dims(model, name, variable.shape)}"))
    width = max((len(name) for name, _, _ in rows), default=0)
    return "\n".join(f"{name:>{width}} {sign} {text}" for name, sign, text in rows)


def _dims(model: Declarations, name: str, shape: tuple[int, ...]) -> str:
    if not shape:
        return ""
    names = model.named_vars_to_dims.get(name, (None,) * len(shape))
    return "  [" + ", ".join(f"{d}: {n}" if d else str(n) for d, n in zip(names, shape, strict=True)) + "]"


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

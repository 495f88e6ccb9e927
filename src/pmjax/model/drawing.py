"""A model drawn as a directed graph, with plates."""

from __future__ import annotations

from typing import Any

from pmjax.errors import ModelError
from pmjax.graph.evaluate import ancestors
from pmjax.graph.ops import DataCell
from pmjax.graph.variable import Variable
from pmjax.model.declarations import Declarations
from pmjax.model.spec import distribution_of


def edges(model: Declarations) -> list[tuple[str, str]]:
    """Return (parent, child) for each named variable that another is directly computed from."""
    found = []
    for name, variable in model.named_vars.items():
        behind = ancestors(variable.inputs, stop=lambda v: v.name is not None)
        found += [(v.name, name) for v in behind if v.name in model.named_vars]
        declaration = model.random.get(name)
        if declaration is not None and declaration.value is not None and declaration.value.name is not None:
            found.append((name, declaration.value.name))
    return [(str(a), b) for a, b in found]


def draw_graph(model: Declarations) -> Any:
    """Return the model's graph as a ``graphviz.Digraph``.

    Random variables are ellipses (grey if observed), deterministics and data boxes, potentials octagons;
    variables of the same dimensions share a plate.

    Raises
    ------
    ModelError
        If the package graphviz is not installed.
    """
    try:
        import graphviz
    except ImportError:
        raise ModelError("drawing a model needs the package graphviz: pip install graphviz") from None
    graph = graphviz.Digraph(model.name or "model")
    plates: dict[str, list[str]] = {}
    for name, variable in model.named_vars.items():
        plates.setdefault(_plate(model, name, variable), []).append(name)
    for plate, names in plates.items():
        if not plate:
            _add_nodes(graph, model, names)
            continue
        with graph.subgraph(name=f"cluster {plate}") as cluster:
            cluster.attr(label=plate, labeljust="r", labelloc="b", style="rounded")
            _add_nodes(cluster, model, names)
    graph.edges(edges(model))
    return graph


def draw_mermaid(model: Declarations) -> str:
    """Return the model's graph in the language of Mermaid, which notebooks and web pages draw.

    Variables are n0, n1, ... in the order of their declaration; those of the same dimensions share a plate.
    """
    number = {name: f"n{i}" for i, name in enumerate(model.named_vars)}
    observed = {v.name for v in model.observed_RVs}
    plates: dict[str, list[str]] = {}
    for name, variable in model.named_vars.items():
        if name in model.random:
            shape = ("([", "])")
            text = f"{name} ~ {distribution_of(variable).name}"
        else:
            shape = ("[/", "/]") if any(v is variable for v in model.potentials) else ("[", "]")
            kind = "Data" if isinstance(variable.op, DataCell) else "Deterministic"
            text = f"{name} ~ {'Potential' if shape[0] == '[/' else kind}"
        style = ":::observed" if name in observed else ""
        line = f'{number[name]}{shape[0]}"{text}"{shape[1]}{style}'
        plates.setdefault(_plate(model, name, variable), []).append(line)
    lines = ["graph TD"]
    for i, (plate, members) in enumerate(plates.items()):
        inside = [f"    {line}" for line in members]
        lines += [f'  subgraph p{i}["{plate}"]', *inside, "  end"] if plate else [f"  {m}" for m in members]
    lines += [f"  {number[a]} --> {number[b]}" for a, b in edges(model)]
    return "\n".join([*lines, "  classDef observed fill:#d3d3d3"])


def _plate(model: Declarations, name: str, variable: Variable) -> str:
    dims = model.named_vars_to_dims.get(name, (None,) * variable.ndim)
    return " x ".join(f"{d} ({n})" if d else str(n) for d, n in zip(dims, variable.shape, strict=True))


def _add_nodes(graph: Any, model: Declarations, names: list[str]) -> None:
    potentials = {v.name for v in model.potentials}
    for name in names:
        variable = model.named_vars[name]
        if name in model.random:
            observed = model.random[name].value is not None
            style = {"style": "filled", "fillcolor": "lightgrey"} if observed else {}
            graph.node(name, f"{name}\n~\n{distribution_of(variable).name}", shape="ellipse", **style)
        elif name in potentials:
            graph.node(name, f"{name}\n~\nPotential", shape="octagon", style="filled")
        elif isinstance(variable.op, DataCell):
            graph.node(name, f"{name}\n~\nData", shape="box", style="rounded, filled")
        else:
            graph.node(name, f"{name}\n~\nDeterministic", shape="box")

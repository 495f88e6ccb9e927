"""The graph compiler: named passes over the frozen model, in one list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pmjax.errors import ModelError, suggest
from pmjax.graph.evaluate import ancestors
from pmjax.graph.ops import Input, RandomVariable
from pmjax.model.spec import ModelSpec, name_of
from pmjax.rewrites.collapse_rows import collapse_rows
from pmjax.rewrites.marginalise import marginalise
from pmjax.rewrites.recentre import recentre
from pmjax.rewrites.rewritten import Report, Rewritten

Pass = Callable[[ModelSpec], Rewritten]

PASSES: dict[str, Pass] = {
    "marginalise": marginalise,
    "collapse_rows": collapse_rows,
    "recentre": recentre,
}
"""Every pass by name, in the order in which they run."""


def apply(
    spec: ModelSpec, rewrites: str | bool | Sequence[str] = "auto"
) -> tuple[ModelSpec, tuple[Report, ...]]:
    """Return a description of the same posterior that is cheaper to sample, and what was done.

    Parameters
    ----------
    spec : ModelSpec
    rewrites : {"auto", False} or sequence of str
        Every pass, none, or the passes of these names (they run in the order of `PASSES`).

    Returns
    -------
    spec : ModelSpec
        Its density records the same variables, under the same names and shapes.
    reports : tuple of Report
    """
    reports: tuple[Report, ...] = ()
    for name in chosen(rewrites):
        rewritten = PASSES[name](spec)
        check(spec, rewritten.spec, name)
        spec, reports = rewritten.spec, (*reports, *rewritten.reports)
    return spec, reports


def chosen(rewrites: str | bool | Sequence[str]) -> list[str]:
    """Return the names of the passes to run, in order.

    Raises
    ------
    ModelError
        If the argument names an unknown pass.
    """
    if rewrites is True or rewrites == "auto":
        return list(PASSES)
    if rewrites is False or rewrites is None:
        return []
    names = [rewrites] if isinstance(rewrites, str) else list(rewrites)
    for name in names:
        if name not in PASSES:
            raise ModelError(
                f"rewrites: expected 'auto', False or names among {', '.join(PASSES)}, "
                f"got {name!r}{suggest(str(name), PASSES)}"
            )
    return [name for name in PASSES if name in names]


def explain(reports: Sequence[Report]) -> str:
    """Return in plain words what was done to the model, one line for each variable."""
    if not reports:
        return "The model is sampled as it is written."
    return "\n".join(str(report) for report in reports)


def summary(reports: Sequence[Report]) -> str:
    """Return one line that says what was done, for the sampling log; empty if nothing was."""
    done: dict[str, list[str]] = {}
    for report in reports:
        if report.done:
            done.setdefault(report.rewrite, []).append(report.variable)
    return "; ".join(f"{rewrite}: {', '.join(names)}" for rewrite, names in done.items())


def check(before: ModelSpec, after: ModelSpec, name: str) -> None:
    """Raise AssertionError if a pass broke what every pass must keep.

    The recorded variables are the same nodes in the same order; observed names stay; every random or input
    node that the density needs is declared.
    """

    def outline(spec: ModelSpec) -> list[tuple[str, tuple[int, ...]]]:
        return [(name_of(v), v.shape) for v in spec.recorded]

    assert outline(before) == outline(after), f"{name} changed what is recorded"
    assert [v.name for v in before.observed] == [v.name for v in after.observed], (
        f"{name} lost an observed variable"
    )
    declared = {
        *(v.variable for v in after.declared),
        *(v.variable for v in after.observed),
        *(knob.node for knob in after.knobs),
        *([] if after.recovery_key is None else [after.recovery_key]),
    }
    inputs = [node for v in after.free if v.bijector is not None for node in v.bijector.inputs]
    drawn = [s.draw for s in after.summed_out]
    needed = [*after.recorded, *inputs, *(v.variable for v in after.observed), *after.potentials, *drawn]
    for node in ancestors(needed):
        if isinstance(node.op, (RandomVariable, Input)):
            assert node in declared, f"{name} left {node.label} without a declaration"

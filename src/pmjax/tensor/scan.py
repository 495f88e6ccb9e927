"""`pmjax.scan`: loops with PyTensor's arguments, compiled as one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.ops import Input
from pmjax.graph.scan import scanned
from pmjax.graph.variable import Variable, as_variable
from pmjax.tensor.elementwise import cast
from pmjax.tensor.plain import plain


@dataclass(frozen=True)
class _Recurrence:
    """One output of a loop: its values before it, along a first axis, and how far back the body looks."""

    initial: Variable | None
    taps: tuple[int, ...]
    shape: tuple[int, ...] = ()

    @staticmethod
    def of(info: Any, position: int) -> _Recurrence:
        what = f"scan: outputs_info[{position}]"
        known = dict(info) if isinstance(info, Mapping) else {"initial": info}
        unknown = set(known) - {"initial", "taps"}
        if unknown:
            raise ModelError(f"{what} has the entry {unknown.pop()!r}; the entries are 'initial' and 'taps'")
        initial = known.get("initial")
        if initial is None:
            return _Recurrence(None, ())
        taps = known.get("taps", (-1,))
        taps = tuple(int(t) for t in ((taps,) if isinstance(taps, int) else taps))
        if not taps or max(taps) >= 0:
            raise ModelError(f"{what}: taps are negative, -1 is the step before; got {list(taps)}")
        node, depth = as_variable(initial), -min(taps)
        if depth == 1:
            return _Recurrence(node[None], taps, node.shape)
        if not node.ndim or node.shape[0] < depth:
            raise ModelError(
                f"{what}: taps {list(taps)} look {depth} steps back, so 'initial' holds {depth} values along "
                f"its first axis; it has shape {node.shape}"
            )
        return _Recurrence(node[:depth], taps, node.shape[1:])


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
    profile: Any = False,
    allow_gc: Any = None,
    strict: bool = False,
    return_list: bool = False,
    return_updates: bool = True,
) -> Any:
    """Return what a function gives at each step of a loop in which its results are its next arguments.

    The function is called once, with variables that stand for any step, and the loop is compiled as one
    (`jax.lax.scan`): 200 steps compile as fast as 2.

    Parameters
    ----------
    fn : callable
        Takes the elements of the sequences at a step, the earlier values of the outputs, and
        `non_sequences`, in this order; returns the new values of the outputs, in the order of `outputs_info`.
        Variables from outside may be used as well. Random variables made inside (``pm.Normal.dist(...)``)
        are drawn anew at each step.
    sequences : array, Variable, or list of them, optional
        Looped over along the first axis. ``dict(input=x, taps=[-1, 0])`` gives several neighbours.
    outputs_info : array, Variable, dict, None, or list of them, optional
        For each output its value before the loop; None if the function does not use earlier values;
        ``dict(initial=x, taps=[-2, -1])`` if it uses several, which `initial` holds along its first axis.
    non_sequences : list, optional
        What is the same at each step.
    n_steps : int, optional
        By default as many as the shortest sequence allows.
    go_backwards : bool
        Take the sequences from their ends.
    return_list : bool
        Return a list also for one output.
    return_updates : bool
        Return (outputs, {}): PyTensor's second result, which is empty here.
    truncate_gradient, mode, name, profile, allow_gc, strict
        Taken for PyTensor's sake.

    Returns
    -------
    outputs, updates : Variable (or list of Variable) with the steps along a first axis, and {}
        Only the outputs if not `return_updates`.

    Examples
    --------
    >>> import pmjax as pm
    >>> path, _ = pm.scan(lambda rate, x: rate * x, sequences=[[2.0, 3.0, 4.0]], outputs_info=[1.0])
    >>> path.eval()
    array([ 2.,  6., 24.])
    """
    if truncate_gradient != -1:
        raise ModelError("scan: truncate_gradient is not supported; the gradient goes through all steps")
    recurrences = [_Recurrence.of(info, i) for i, info in enumerate(_listed(outputs_info))]
    taken = [part for s in _listed(sequences) for part in _slices(s, go_backwards)]
    outer = [as_variable(v) for v in _listed(non_sequences)]
    steps = _number_of_steps(n_steps, taken)
    elements = [Variable(Input(s.shape[1:], s.dtype)) for s in taken]

    dtypes = [None if r.initial is None else r.initial.dtype for r in recurrences]
    for _ in range(3):  # until the dtypes of what goes round no longer change
        states = [
            [Variable(Input(r.shape, np.dtype(d))) for _ in r.taps]
            for r, d in zip(recurrences, dtypes, strict=True)
        ]
        body = _results(fn(*elements, *(v for inputs in states for v in inputs), *outer))
        if not recurrences:
            recurrences, dtypes, states = (
                [_Recurrence(None, ())] * len(body),
                [None] * len(body),
                [[]] * len(body),
            )
        _check(body, recurrences)
        wider = [d if d is None else np.result_type(d, b.dtype) for d, b in zip(dtypes, body, strict=True)]
        if wider == dtypes:
            break
        dtypes = wider
    body = [b if d is None else cast(b, d) for b, d in zip(body, dtypes, strict=True)]
    initial = [cast(r.initial, d) for r, d in zip(recurrences, dtypes, strict=True) if r.initial is not None]
    outputs = scanned(
        body,
        dict(zip(elements, taken, strict=True)),
        states,
        [r.taps for r in recurrences],
        initial,
        outer,
        steps,
    )
    result = outputs if return_list or len(outputs) > 1 else outputs[0]
    return (result, {}) if return_updates else result


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _slices(sequence: Any, backwards: bool) -> list[Variable]:
    """Return one array for each element of a sequence that the function takes at a step."""
    known = dict(sequence) if isinstance(sequence, Mapping) else {"input": sequence}
    node = as_variable(known["input"])
    if not node.ndim:
        raise ModelError(f"scan: a sequence is looped over along its first axis, and {node.label} has none")
    taps = known.get("taps", (0,))
    taps = tuple(int(t) for t in ((taps,) if isinstance(taps, int) else taps))
    start, past = min(0, *taps, 0), max(0, *taps, 0)
    length = node.shape[0] + start - past
    parts = [node[t - start : t - start + length] if length != node.shape[0] else node for t in taps]
    return [p[::-1] for p in parts] if backwards else parts


def _number_of_steps(n_steps: Any, sequences: Sequence[Variable]) -> int:
    longest = min((s.shape[0] for s in sequences), default=None)
    if n_steps is None:
        if longest is None:
            raise ModelError("scan: give n_steps, or sequences to loop over")
        return longest
    steps = int(plain(n_steps, "n_steps"))
    if longest is not None and steps > longest:
        raise ModelError(f"scan: n_steps={steps}, but the shortest sequence has {longest} elements")
    return steps


def _results(returned: Any) -> list[Variable]:
    """Return the outputs among what the function returned; updates of shared variables have no use here."""
    values = list(returned) if isinstance(returned, (list, tuple)) else [returned]
    if len(values) == 2 and isinstance(values[1], Mapping):
        values = _listed(values[0])
    elif len(values) == 2 and isinstance(values[0], Mapping):
        values = _listed(values[1])
    values = [v for v in values if not isinstance(v, Mapping)]
    if not values:
        raise ModelError("scan: the function returned no values")
    return [as_variable(v) for v in values]


def _check(body: Sequence[Variable], recurrences: Sequence[_Recurrence]) -> None:
    if len(body) != len(recurrences):
        raise ModelError(
            f"scan: the function returned {len(body)} values, but outputs_info has {len(recurrences)} "
            "entries; there is one for each, None for a value that is not used again"
        )
    for i, (value, recurrence) in enumerate(zip(body, recurrences, strict=True)):
        if recurrence.taps and value.shape != recurrence.shape:
            raise ModelError(
                f"scan: output {i} has shape {value.shape}, but its value before the loop has shape "
                f"{recurrence.shape}; they must be equal"
            )

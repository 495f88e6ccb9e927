"""Steps by PyMC's names, and which of them moves which variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.graph.variable import Variable
from pmjax.inference.nuts.sampler import NUTS as Sampler
from pmjax.inference.steps import differential_evolution, gibbs, hamiltonian, metropolis, slice
from pmjax.inference.steps.sampler import CompoundStep
from pmjax.inference.steps.step import Step
from pmjax.model.declarations import Declarations
from pmjax.model.spec import FreeVariable, ModelSpec, distribution_of
from pmjax.rewrites import pipeline
from pmjax.rewrites.finite_support import CannotSum, Values, values_of
from pmjax.target.layout import Layout
from pmjax.target.of_model import rewritten_target
from pmjax.target.target import Target

MAX_GIBBS_VALUES = 100
"""Values of a coordinate that a Gibbs step weighs; with more of them a random walk is cheaper."""

Vars = Variable | str | Sequence[Variable | str] | None


@dataclass(frozen=True, eq=False)
class StepMethod:
    """Which step moves which variables; given to ``pm.sample(step=...)``.

    Parameters
    ----------
    vars : Variable or sequence of Variable, optional
        The free variables to move; by default all that the step can move and no other step is given.
    """

    vars: Vars = None
    model: Declarations | None = None

    @property
    def label(self) -> str:
        """What users call it."""
        return type(self).__name__.removesuffix("Step")

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the variables, or None for all."""
        if self.vars is None:
            return None
        given = [self.vars] if isinstance(self.vars, (Variable, str)) else self.vars
        return tuple(str(getattr(v, "name", v)) for v in given)

    def refusal(self, free: FreeVariable) -> str:
        """Say why the step cannot move a variable; empty if it can."""
        discrete = distribution_of(free.variable).discrete
        return "it is discrete, and the step moves continuous variables" if discrete else ""

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class NUTSStep(StepMethod):
    """The No-U-Turn sampler as a step, for continuous variables.

    Parameters
    ----------
    vars : sequence of Variable, optional
    target_accept : float
    max_treedepth : int
    """

    target_accept: float = 0.8
    max_treedepth: int = 10

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        return hamiltonian.NUTS(own, self.target_accept, self.max_treedepth)


@dataclass(frozen=True, eq=False)
class HamiltonianMC(StepMethod):
    """Hamiltonian Monte Carlo with trajectories of a random length, for continuous variables.

    Parameters
    ----------
    vars : sequence of Variable, optional
    path_length : float
    max_steps : int
    target_accept : float
    """

    path_length: float = 2.0
    max_steps: int = 1024
    target_accept: float = 0.65

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        return hamiltonian.HamiltonianMC(own, self.path_length, self.max_steps, self.target_accept)


@dataclass(frozen=True, eq=False)
class Metropolis(StepMethod):
    """Random-walk Metropolis, each coordinate in turn; for any variable.

    Parameters
    ----------
    vars : sequence of Variable, optional
    scaling : float
        The scale of the proposals at the start.
    tune : bool
        Whether warm-up fits it.
    """

    scaling: float = 1.0
    tune: bool = True

    def refusal(self, free: FreeVariable) -> str:
        """Say why the step cannot move a variable; empty if it can."""
        return ""

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        sizes = [int(np.prod(v.unconstrained_shape, dtype=int)) for v in variables]
        discrete = np.repeat([distribution_of(v.variable).discrete for v in variables], sizes)
        return metropolis.Metropolis(own, discrete, self.scaling, self.tune)


@dataclass(frozen=True, eq=False)
class Slice(StepMethod):
    """Slice sampling, each coordinate in turn; for continuous variables.

    Parameters
    ----------
    vars : sequence of Variable, optional
    w : float
        The width of the first interval at the start.
    tune : bool
    iter_limit : int
        Steps out at most.
    """

    w: float = 1.0
    tune: bool = True
    iter_limit: int = 100

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        return slice.Slice(own, self.w, self.tune, self.iter_limit)


@dataclass(frozen=True, eq=False)
class DEMetropolisZ(StepMethod):
    """Differential evolution of a chain's own past (ter Braak & Vrugt 2008); for continuous variables.

    Parameters
    ----------
    vars : sequence of Variable, optional
    lamb : float, optional
        The factor of differences at the start, 2.38 / sqrt(2 n) by default.
    scaling : float
        The scale of the noise that is added.
    tune : bool
    tune_drop_fraction : float
    """

    lamb: float | None = None
    scaling: float = 0.001
    tune: bool = True
    tune_drop_fraction: float = 0.9

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        return differential_evolution.DEMetropolisZ(
            own, self.lamb, self.scaling, self.tune, self.tune_drop_fraction
        )


@dataclass(frozen=True, eq=False)
class CategoricalGibbsMetropolis(StepMethod):
    """Draws from the values of a discrete variable by their densities; for those with finitely many."""

    def refusal(self, free: FreeVariable) -> str:
        """Say why the step cannot move a variable; empty if it can."""
        if not distribution_of(free.variable).discrete:
            return "it is continuous, and the step weighs finitely many values"
        try:
            values_of(free)
        except CannotSum as error:
            return str(error)
        return ""

    def build(self, own: np.ndarray, variables: Sequence[FreeVariable]) -> Step:
        """Return the step on the coordinates `own` of these variables."""
        values, valid = _values(variables)
        return gibbs.Gibbs(own, values, valid, type(self).__name__)


@dataclass(frozen=True, eq=False)
class BinaryGibbsMetropolis(CategoricalGibbsMetropolis):
    """Draws variables with two values from them by their densities."""

    def refusal(self, free: FreeVariable) -> str:
        """Say why the step cannot move a variable; empty if it can."""
        reason = super().refusal(free)
        return reason or ("" if len(values_of(free)) == 2 else "it has more than two values")


@dataclass(frozen=True, eq=False)
class BinaryMetropolis(BinaryGibbsMetropolis):
    """The same: to draw a value by its density accepts more than to propose the other one."""


def NUTS(vars: Vars = None, **options: Any) -> Any:
    """Return the No-U-Turn sampler, or, for some variables, a step that takes turns with others.

    Parameters
    ----------
    vars : sequence of Variable, optional
        The continuous variables to move; without them it is the sampler of all.
    **options
        ``target_accept`` (0.8) and ``max_treedepth`` (10); of the sampler also ``metric`` ("diag", "low_rank"
        or "dense"), ``chain_method`` and ``precision``.

    Examples
    --------
    >>> NUTS(target_accept=0.9).metric
    'diag'
    """
    kind: Any = Sampler if vars is None else NUTSStep
    known = [f.name for f in fields(kind) if f.name not in ("vars", "model")]
    for option in options:
        if option not in known:
            raise ModelError(
                f"NUTS does not take {option!r}{suggest(option, known)}; it takes {', '.join(known)}"
            )
    return Sampler(**options) if vars is None else NUTSStep(vars, **options)


def take_turns(
    spec: ModelSpec, rewrites: str | bool | Sequence[str], step: Any, chosen: Any
) -> tuple[Target, CompoundStep] | None:
    """Return the target and the sampler of a model that NUTS cannot sample alone; None if it can.

    Parameters
    ----------
    spec : ModelSpec
        As it was declared.
    rewrites : {"auto", False} or sequence of str
    step : StepMethod or sequence of StepMethod, optional
        With steps of the user's own the model is sampled as it is written.
    chosen : Sampler
        The sampler that would be taken; its options are those of NUTS among the steps.
    """
    if step is not None:
        sampled, reasons = spec, {}
    elif isinstance(chosen, Sampler) and any(distribution_of(v.variable).discrete for v in spec.free):
        sampled, reports = pipeline.apply(spec, rewrites)
        left = [v.name for v in sampled.free if distribution_of(v.variable).discrete]
        if sampled.free and not left:
            return None
        reasons = {r.variable: r.sentence for r in reports if not r.done and r.variable in left}
        sampled = pipeline.apply(spec, ["marginalise"] if left and rewrites else False)[0]
    else:
        return None
    if not sampled.free:
        return None
    steps, said = assign_steps(sampled, step, reasons, chosen)
    sizes = Layout.of(sampled).sizes
    discrete = np.repeat([distribution_of(v.variable).discrete for v in sampled.free], sizes)
    target = rewritten_target(spec, sampled, said, steps=True)
    return target, CompoundStep(steps, discrete, chosen.target_accept)


def assign_steps(
    spec: ModelSpec, given: Any, reasons: Mapping[str, str], nuts: Any = None
) -> tuple[list[Step], str]:
    """Return the steps that move all free variables, and a sentence that says which and why.

    Parameters
    ----------
    spec : ModelSpec
        As it is sampled: free variables may be discrete.
    given : StepMethod or sequence of StepMethod or None
        The user's; what they leave is moved by NUTS (continuous variables), Gibbs steps (discrete ones with
        few values) and Metropolis steps (the others).
    reasons : mapping of str to str
        Why a discrete variable was not summed out, by name.
    nuts : Sampler, optional
        Whose options NUTS has where it is chosen.
    """
    methods = [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
    methods = [_as_step(m) if isinstance(m, Sampler) else m for m in methods]
    for method in methods:
        if isinstance(method, type) and issubclass(method, StepMethod):
            raise ModelError(f"sample: step takes {method.__name__}(), with its parentheses")
        if not isinstance(method, StepMethod):
            raise ModelError(
                f"sample: step takes pm.Metropolis(), pm.NUTS([x]) and the like, or a list, got {method!r}"
            )
    free = {v.name: v for v in spec.free} | {v.value_name: v for v in spec.free}
    taken: dict[str, StepMethod] = {}
    for method in methods:
        for name in method.names or ():
            if name not in free:
                known = [v.name for v in spec.free]
                raise ModelError(
                    f"sample: step {method.label} names {name!r}, which is no free variable"
                    f"{suggest(name, known)}; the model has {', '.join(known)}"
                )
            if reason := method.refusal(free[name]):
                raise ModelError(f"sample: {method.label} cannot move {name!r}: {reason}")
            taken.setdefault(free[name].name, method)
    general = [method for method in methods if method.names is None]
    own = [_as_step(nuts or Sampler()), BinaryGibbsMetropolis(), CategoricalGibbsMetropolis(), Metropolis()]
    for variable in spec.free:
        fitting = (m for m in (*general, *own) if not m.refusal(variable) and not _too_many(m, variable))
        taken.setdefault(variable.name, next(fitting))
    return _built(spec, taken), _said(spec, taken, methods, reasons)


def _as_step(sampler: Any) -> NUTSStep:
    return NUTSStep(None, None, sampler.target_accept, sampler.max_treedepth)


def _too_many(method: StepMethod, free: FreeVariable) -> bool:
    gibbs_step = isinstance(method, CategoricalGibbsMetropolis)
    return gibbs_step and len(values_of(free)) > MAX_GIBBS_VALUES


def _built(spec: ModelSpec, taken: Mapping[str, StepMethod]) -> list[Step]:
    """Return one step for each method, on the coordinates of all its variables."""
    edges = np.cumsum((0, *Layout.of(spec).sizes))
    steps = []
    for method in dict.fromkeys(taken[v.name] for v in spec.free):
        mine = [i for i, v in enumerate(spec.free) if taken[v.name] is method]
        own = np.concatenate([np.arange(edges[i], edges[i + 1]) for i in mine])
        if own.size:
            steps.append(method.build(own, [spec.free[i] for i in mine]))
    return steps


def _said(
    spec: ModelSpec,
    taken: Mapping[str, StepMethod],
    methods: Sequence[StepMethod],
    reasons: Mapping[str, str],
) -> str:
    parts = []
    for method in dict.fromkeys(taken.values()):
        names = [v.name for v in spec.free if taken[v.name] is method]
        parts.append(f"{method.label}: {', '.join(names)}")
    why = [f"{n}: {reasons[n].split('; ')[0]}" for n, m in taken.items() if n in reasons and m not in methods]
    return "Steps take turns (" + "; ".join(parts) + ")" + (f" since {'; '.join(why)}" if why else "")


def _values(variables: Sequence[FreeVariable]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the values of each coordinate of several variables, shape (K, n), and which are none."""
    tables: list[tuple[np.ndarray, np.ndarray]] = []
    for free in variables:
        found: Values = values_of(free)
        size = free.variable.size
        values = np.broadcast_to(found.values, (len(found), size)).astype(float)
        valid = np.ones(values.shape, bool) if found.valid is None else found.valid
        tables.append((values, np.broadcast_to(valid, values.shape)))
    most = max(len(values) for values, _ in tables)
    pad: Callable[[np.ndarray], np.ndarray] = lambda t: np.pad(t, ((0, most - len(t)), (0, 0)))  # noqa: E731
    values, valid = (np.concatenate([pad(t) for t in part], axis=1) for part in zip(*tables, strict=True))
    return values, None if valid.all() else valid

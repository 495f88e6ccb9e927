"""The most probable point of a model, and the curvature of its log density there."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from pmjax.api.model import modelcontext
from pmjax.api.starts import as_seed, chain_starts
from pmjax.errors import ModelError, SamplingError, SamplingWarning, suggest
from pmjax.graph.variable import Variable
from pmjax.inference.optimise import Maximiser, Mode
from pmjax.model.declarations import Declarations
from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.groups import assemble
from pmjax.results.model_groups import data_groups, drawn_group, labels_of_model, one_chain
from pmjax.rewrites import pipeline
from pmjax.run.progress import Progress
from pmjax.target.joint import check_samplable, joint_density
from pmjax.target.layout import Layout
from pmjax.target.modes import log_density_on_users_scale
from pmjax.target.of_model import ModelStart
from pmjax.target.over_draws import over_draws

Point = dict[str, np.ndarray]


def find_MAP(
    start: Mapping[str, Any] | str | None = None,
    vars: Sequence[Variable | str] | None = None,
    method: str = "L-BFGS-B",
    return_raw: bool = False,
    include_transformed: bool = True,
    progressbar: bool = True,
    maxeval: int = 5000,
    model: Declarations | None = None,
    *,
    initvals: Mapping[str, Any] | None = None,
    random_seed: Any = None,
    seed: Any = None,
    return_inferencedata: bool = False,
    **options: Any,
) -> Any:
    """Find the most probable point: the maximum a posteriori, by an optimiser of SciPy.

    The density is that of the user's own variables, so that the answer does not depend on how they are
    transformed. Discrete variables are summed out where they can be. A mode is no summary of a hierarchical
    posterior, whose density may have none; `pm.sample` needs no start.

    Parameters
    ----------
    start, initvals : mapping, optional
        Starting values by name (`start` may also be the name of a method, which PyMC 6 takes first).
    vars : sequence, optional
        The free variables to move; the others stay where they start. All by default.
    method : str
        A method of ``scipy.optimize.minimize``.
    return_raw : bool
        Also return SciPy's own result.
    include_transformed : bool
        Also return unconstrained values (``sigma_log__``).
    progressbar : bool
    maxeval : int
        Evaluations at most.
    model : Model, optional
        The model around this line by default.
    random_seed, seed : int, optional
        For starting values that are drawn from the prior, and for summed-out variables.
    return_inferencedata : bool
        Return the point as the only draw of a ``posterior``.
    **options
        Of the method (``maxiter``, ``ftol``, ...), and ``tol``.

    Returns
    -------
    dict of str to ndarray; or arviz.InferenceData (ArviZ 0.x), xarray.DataTree (1.x)
        Free variables and deterministics by name.

    Raises
    ------
    ModelError
        If the model or an argument is not valid.
    SamplingError
        If the log density is not finite at the start.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     s = pm.Gamma("s", 3, 2)
    ...     best = pm.find_MAP(progressbar=False)
    >>> round(float(best["s"]), 3), list(best)
    (1.0, ['s_log__', 's'])
    """
    if isinstance(start, str):
        method, start = start, None
    spec = modelcontext(model).freeze()
    sampled, reports = pipeline.apply(spec, ["marginalise"])
    check_samplable(sampled, {r.variable: r.sentence for r in reports if not r.done})
    number = as_seed(seed if random_seed is None else random_seed)
    layout = Layout.of(sampled)
    given = start if initvals is None else initvals
    theta = chain_starts(ModelStart(sampled, spec), number, given, jitter=False)(0, 0)
    progress = Progress(progressbar)
    maximiser = Maximiser(*log_density_on_users_scale(sampled), layout.size)
    mode = _maximised(maximiser, theta, _moved(sampled, layout, vars), method, maxeval, options, progress)
    if not mode.raw.success:
        warnings.warn(
            f"find_MAP: the optimiser has not converged ({mode.raw.message}); the gradient is "
            f"{np.abs(mode.gradient).max():.2g} at most where it stopped.",
            SamplingWarning,
            stacklevel=2,
        )
    point = _outputs(sampled, mode.theta, number)
    transformed = {k: v for k, v in layout.split_draws(mode.theta).items() if k not in point}
    if return_inferencedata:
        labels, place = labels_of_model(spec), one_chain(1)
        draws = {k: v[None] for k, v in point.items()}
        groups = {"posterior": drawn_group(draws, labels, place), **data_groups(spec, labels)}
        return assemble(groups)
    found = {**transformed, **point} if include_transformed else point
    return (found, mode.raw) if return_raw else found


def find_hessian(
    point: Mapping[str, Any],
    vars: Sequence[Variable | str] | None = None,
    model: Declarations | None = None,
    negate_output: bool = True,
) -> np.ndarray:
    """Return the matrix of second derivatives of minus the log density of the unconstrained vector.

    At a mode its inverse is the covariance of Laplace's approximation.

    Parameters
    ----------
    point : mapping
        Values of the free variables, by the user's or by unconstrained names (as of `find_MAP`).
    vars : sequence, optional
        The variables whose rows and columns are wanted; all by default.
    model : Model, optional
        The model around this line by default.
    negate_output : bool
        False gives the derivatives of the log density itself.

    Returns
    -------
    ndarray, shape (D, D)

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x", 0, 2)
    ...     precision = pm.find_hessian({"x": 0.0})
    >>> precision.tolist()
    [[0.25]]
    """
    spec = modelcontext(model).freeze()
    density, layout = joint_density(spec), Layout.of(spec)
    values = {**{name: point[name] for name in layout.names if name in point}}
    missing = [v for v in spec.free if v.value_name not in values]
    if missing:
        for free in missing:
            if free.name not in point:
                raise ModelError(
                    f"find_hessian: the point lacks {free.name!r}; it needs {', '.join(layout.names)}"
                )
        theta = chain_starts(
            ModelStart(spec, spec), 0, {v.name: point[v.name] for v in missing}, jitter=False
        )(0, 0)
        values = {**layout.split_draws(theta), **values}
    maximiser = Maximiser(
        lambda theta, a: density.log_density(theta, *a), (density.data, density.knobs), density.size
    )
    rows = np.nonzero(_moved(spec, layout, vars))[0]
    matrix = maximiser.hessian(layout.flatten(values))[np.ix_(rows, rows)]
    return -matrix if negate_output else matrix


def _maximised(
    maximiser: Maximiser,
    theta: np.ndarray,
    moved: np.ndarray,
    method: str,
    maxeval: int,
    options: Mapping[str, Any],
    progress: Progress,
) -> Mode:
    chosen = dict(options)
    if method == "L-BFGS-B":
        chosen = {"maxfun": maxeval, "maxiter": maxeval, "ftol": 1e-12, "gtol": 1e-8, **chosen}
    else:
        chosen.setdefault("maxiter", maxeval)

    def tick(done: int) -> None:
        progress.phase(f"Maximising: {done} evaluations")

    try:
        return maximiser.maximise(theta, method=method, free=moved, tick=tick, **chosen)
    except SamplingError as error:
        raise SamplingError(f"find_MAP: {error}; give start=, or see model.debug()") from None
    except ValueError as error:
        raise ModelError(f"find_MAP: method={method!r}: {error}") from None


def _moved(spec: ModelSpec, layout: Layout, vars: Sequence[Variable | str] | None) -> np.ndarray:
    """Return which coordinates belong to the named variables."""
    if vars is None:
        return np.ones(layout.size, bool)
    names = [str(getattr(v, "name", v)) for v in ([vars] if isinstance(vars, (str, Variable)) else vars)]
    by_name = {alias: v for v in spec.free for alias in (v.value_name, v.name)}
    moved = layout.split_draws(np.zeros(layout.size))
    for name in names:
        if name not in by_name:
            known = [v.name for v in spec.free]
            raise ModelError(
                f"vars has {name!r}, which is no free variable{suggest(name, known)}; the model has "
                f"{', '.join(known)}"
            )
        value_name = by_name[name].value_name
        moved[value_name] = np.ones_like(moved[value_name])
    return layout.flatten(moved) > 0


def _outputs(spec: ModelSpec, theta: np.ndarray, seed: int) -> Point:
    density = joint_density(spec)

    def one(key: jax.Array, values: dict[str, jax.Array], data: Any) -> dict[str, jax.Array]:
        arguments, knobs = data
        return density.outputs(values["theta"], arguments, knobs, jax.random.key_data(key))

    data = (density.data, density.knobs)
    found = over_draws(one, {"theta": theta[None]}, data, draws=1, seed=seed, what="find_MAP")
    return {name_of(v): np.asarray(found[name_of(v)][0]) for v in spec.recorded}

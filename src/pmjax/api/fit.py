"""`pm.fit`: an approximation of the posterior where there is no time to sample it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.api.approximation import Approximation
from pmjax.api.arguments import check_count
from pmjax.api.model import modelcontext
from pmjax.api.starts import as_seed, chain_starts
from pmjax.errors import ModelError, SamplingError, SamplingWarning, suggest
from pmjax.inference.optimise import Maximiser
from pmjax.inference.vi.advi import CHUNK, Climb
from pmjax.inference.vi.gaussian import Drawable, FullRank, MeanField
from pmjax.inference.vi.laplace import laplace
from pmjax.inference.vi.optimisers import adagrad_window
from pmjax.inference.vi.pathfinder import EqualMixture, best_of, normals_along
from pmjax.model.declarations import Declarations
from pmjax.model.minibatch import batches_of, refuse_batches
from pmjax.model.spec import ModelSpec
from pmjax.results.pareto import MAX_KHAT
from pmjax.rewrites import pipeline
from pmjax.run.progress import Progress, announce
from pmjax.runtime.precision import double_precision
from pmjax.runtime.streams import stream
from pmjax.target.batches import batched
from pmjax.target.density import Density
from pmjax.target.joint import check_samplable, joint_density
from pmjax.target.layout import Layout
from pmjax.target.of_model import ModelStart

Callbacks = Sequence[Callable[..., None]] | None
FAMILIES = {"advi": MeanField, "fullrank_advi": FullRank}
METHODS = (*FAMILIES, "pathfinder", "laplace")
LONG_CHECK = 100


class VariationalInference:
    """An approximation on its way: `fit` makes steps, `refine` makes more of them.

    Parameters
    ----------
    model : Model, optional
        The model around this line by default.
    random_seed : int, optional
    start : mapping, optional
        Where the means begin, by the user's names.
    start_sigma : mapping, optional
        Where the standard deviations begin, by unconstrained names.

    Attributes
    ----------
    approx : Approximation
    hist : ndarray
        The loss of each step so far.
    """

    method = "advi"

    def __init__(
        self,
        *,
        model: Declarations | None = None,
        random_seed: Any = None,
        start: Mapping[str, Any] | None = None,
        start_sigma: Mapping[str, Any] | None = None,
    ) -> None:
        self._spec, sampled, self._density = _density_of(model)
        self._seed = as_seed(random_seed)
        theta = chain_starts(ModelStart(sampled, self._spec), self._seed, start, jitter=False)(0, 0)
        family: Any = FAMILIES[self.method]
        sigma = np.full(theta.size, family.default_sigma)
        if start_sigma is not None:
            sigma = _sigmas(Layout.of(sampled), start_sigma, sigma)
        self._family, self._params = family, family.start(theta, sigma)
        self._climb: Climb | None = None
        self._batched, self._batch = batched(sampled, self._density)
        self.approx = Approximation(
            self._spec,
            self._density,
            self.method,
            self._current,
            seed=self._seed,
            exact=self._batch is None,
        )

    @property
    def hist(self) -> np.ndarray:
        """The loss of each step so far."""
        return np.array([] if self._climb is None else self._climb.losses)

    def _current(self) -> Drawable:
        found: Drawable = self._family.normal(self._params if self._climb is None else self._climb.params)
        return found

    def fit(
        self,
        n: int = 10_000,
        *,
        callbacks: Callbacks = None,
        progressbar: bool = True,
        obj_n_mc: int = 1,
        obj_optimizer: Any = None,
        total_grad_norm_constraint: float | None = None,
    ) -> Approximation:
        """Make `n` steps and return the approximation; arguments as in `pmjax.fit`."""
        self._climb = Climb(
            self._batched,
            self._family,
            self._params,
            _optimiser(obj_optimizer),
            self._seed,
            obj_n_mc,
            self._batch,
            max_norm=total_grad_norm_constraint,
        )
        return self.refine(n, callbacks=callbacks, progressbar=progressbar)

    def refine(self, n: int, *, callbacks: Callbacks = None, progressbar: bool = True) -> Approximation:
        """Make `n` more steps and return the approximation."""
        if self._climb is None:
            return self.fit(n, callbacks=callbacks, progressbar=progressbar)
        began = time.perf_counter()
        _run(self._climb, self.approx, n, list(callbacks or ()), progressbar)
        self.approx.seconds["fit"] = time.perf_counter() - began
        return self.approx


class ADVI(VariationalInference):
    """Variational inference with normal distributions without correlations (Kucukelbir et al. 2017)."""

    method = "advi"


class FullRankADVI(VariationalInference):
    """Variational inference with a normal distribution of any covariance (Kucukelbir et al. 2017)."""

    method = "fullrank_advi"


INFERENCES: dict[str, type[VariationalInference]] = {"advi": ADVI, "fullrank_advi": FullRankADVI}


def fit(
    n: int = 10_000,
    method: str | VariationalInference = "advi",
    model: Declarations | None = None,
    random_seed: Any = None,
    start: Mapping[str, Any] | None = None,
    start_sigma: Mapping[str, Any] | None = None,
    inf_kwargs: Mapping[str, Any] | None = None,
    *,
    progressbar: bool = True,
    **options: Any,
) -> Approximation:
    """Approximate the posterior by a distribution that can be drawn at once, and say how good it is.

    Parameters
    ----------
    n : int
        Steps at most.
    method : {"advi", "fullrank_advi", "pathfinder", "laplace"} or ADVI
        Variational inference without and with correlations; the best normal distribution along the
        paths of an optimiser, importance resampled; the normal distribution at the mode.
    model : Model, optional
        The model around this line by default.
    random_seed : int, optional
    start : mapping, optional
        Starting values by name.
    start_sigma : mapping, optional
        Where standard deviations begin (ADVI).
    inf_kwargs : mapping, optional
        More arguments of `ADVI` or `FullRankADVI`.
    progressbar : bool
    **options
        Of ADVI: ``obj_optimizer`` (`adagrad_window` by default, or any optax optimiser), ``obj_n_mc`` draws
        in each step (1), ``callbacks`` (called as ``callback(approx, losses, i)``; one that raises
        StopIteration ends the fit), ``total_grad_norm_constraint``.
        Of Pathfinder: ``num_paths`` (4), ``maxcor`` steps that a covariance is made of (6),
        ``num_elbo_draws`` (10), ``jitter`` (2.0),
        ``importance_sampling`` ("psis" or None).

    Returns
    -------
    Approximation
        ``approx.sample(1000)`` draws from it; ``approx.khat`` is its Pareto k-hat.

    Raises
    ------
    ModelError
        If an argument is not valid.
    SamplingError
        If no approximation is found; the message says why.

    Warns
    -----
    SamplingWarning
        If k-hat is above 0.7: the approximation misses part of the posterior.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model():
    ...     x = pm.Normal("x", 3, 2)
    ...     approx = pm.fit(method="laplace", progressbar=False)
    >>> approx.mean.eval().round(3), approx.std.eval().round(3)
    (array([3.]), array([2.]))
    """
    check_count("fit", "n", n)
    if isinstance(method, VariationalInference):
        approx = method.fit(n, progressbar=progressbar, **options)
    elif not isinstance(method, str) or method.lower() not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise ModelError(f"fit: method must be one of {known}, got {method!r}{suggest(str(method), METHODS)}")
    elif method.lower() in INFERENCES:
        _check_options(method, options, _ADVI_OPTIONS)
        more = {"random_seed": random_seed, "start": start, "start_sigma": start_sigma, **(inf_kwargs or {})}
        approx = INFERENCES[method.lower()](model=model, **more).fit(n, progressbar=progressbar, **options)
    else:
        _check_options(method, options, _PATHFINDER_OPTIONS if method.lower() == "pathfinder" else ())
        approx = _from_paths(n, method.lower(), model, as_seed(random_seed), start, progressbar, options)
    verdict = approx.verdict()
    announce(verdict, progressbar)
    if approx.khat > MAX_KHAT:
        warnings.warn(verdict, SamplingWarning, stacklevel=2)
    return approx


_ADVI_OPTIONS = ("callbacks", "obj_n_mc", "obj_optimizer", "total_grad_norm_constraint")
_PATHFINDER_OPTIONS = ("num_paths", "maxcor", "num_elbo_draws", "jitter", "importance_sampling")


def _check_options(method: str, options: Mapping[str, Any], known: Sequence[str]) -> None:
    for option in options:
        if option not in known:
            takes = ", ".join(known) or "nothing"
            raise ModelError(
                f"fit: {method} does not take {option!r}{suggest(option, known)}; it takes {takes}"
            )


def _density_of(model: Declarations | None) -> tuple[ModelSpec, ModelSpec, Density]:
    """Return a model as declared, as approximated, and its density."""
    spec = modelcontext(model).freeze()
    kept = [node for v in spec.observed for node in (v.variable, v.value)]
    whole = not batches_of([*kept, *spec.potentials])
    sampled, reports = pipeline.apply(spec, ["marginalise", *["collapse_rows"] * whole])
    check_samplable(sampled, {r.variable: r.sentence for r in reports if not r.done})
    return spec, sampled, joint_density(sampled)


def _optimiser(given: Any) -> Any:
    chosen = adagrad_window() if given is None else given
    if not hasattr(chosen, "init") or not hasattr(chosen, "update"):
        raise ModelError(
            f"fit: obj_optimizer is an optimiser such as pm.adam(learning_rate=0.01), got {given!r}"
        )
    return chosen


def _sigmas(layout: Layout, given: Mapping[str, Any], default: np.ndarray) -> np.ndarray:
    parts = layout.split_draws(default)
    for name, value in given.items():
        if name not in parts:
            raise ModelError(f"fit: start_sigma has an unknown variable {name!r}{suggest(name, parts)}")
        parts[name] = np.broadcast_to(np.asarray(value, float), parts[name].shape)
    sigma = layout.flatten(parts)
    if not np.all(sigma > 0):
        raise ModelError("fit: start_sigma takes positive numbers")
    return sigma


def _run(climb: Climb, approx: Approximation, n: int, callbacks: list[Any], progressbar: bool) -> None:
    """Make steps; callbacks hear of each one, or of each one in `every` where they say so."""
    progress = Progress(progressbar)
    first = len(climb.losses)
    every = min([CHUNK, *(int(getattr(c, "every", 1)) for c in callbacks)])
    try:
        while (done := len(climb.losses) - first) < n:
            recent = climb.losses[-LONG_CHECK:]
            loss = f", loss {np.mean(recent):.5g}" if recent else ""
            said = f"Step {done} of {n}{loss}"
            climb.steps(min(every, n - done), partial(progress.phase, said))
            approx.hist = np.array(climb.losses)
            for callback in callbacks:
                callback(approx, approx.hist, len(climb.losses))
    except StopIteration as reason:
        announce(str(reason), progressbar)
    except KeyboardInterrupt:
        if len(climb.losses) == first:
            raise
        warnings.warn(
            f"The fit was interrupted after {len(climb.losses)} steps; the approximation is that of then.",
            SamplingWarning,
            stacklevel=4,
        )
    approx.hist = np.array(climb.losses)


def _from_paths(
    n: int,
    method: str,
    model: Declarations | None,
    seed: int,
    start: Mapping[str, Any] | None,
    progressbar: bool,
    options: Mapping[str, Any],
) -> Approximation:
    """Return what an optimiser's way to the mode says of the posterior."""
    began = time.perf_counter()
    spec, sampled, density = _density_of(model)
    refuse_batches(spec, f"fit(method={method!r})")
    progress = Progress(progressbar)
    maximiser = maximiser_of(density)
    starts = chain_starts(ModelStart(sampled, spec), seed, start, jitter=False)

    def tick(done: int) -> None:
        progress.phase(f"{method}: {done} gradients")

    found: Drawable
    if method == "laplace":
        found = laplace(maximiser, starts(0, 0), density.coordinate_names, tick, n)
    else:
        found = pathfinder(density, maximiser, starts(0, 0), seed, n, tick, **_path_options(options))
    weighted = method == "pathfinder" and options.get("importance_sampling", "psis") is not None
    approx = Approximation(spec, density, method, lambda: found, weighted=weighted, seed=seed)
    approx.seconds["fit"] = time.perf_counter() - began
    return approx


def maximiser_of(density: Density) -> Maximiser:
    """Return a density ready to be maximised, with its change of variables."""
    return Maximiser(
        lambda theta, arguments: density.log_density(theta, *arguments),
        (density.data, density.knobs),
        density.size,
    )


def pathfinder(
    density: Density,
    maximiser: Maximiser,
    center: np.ndarray,
    seed: int,
    maxiter: int = 1000,
    tick: Callable[[int], None] = lambda done: None,
    *,
    num_paths: int = 4,
    maxcor: int = 6,
    num_elbo_draws: int = 10,
    jitter: float = 2.0,
) -> EqualMixture:
    """Return the best normal distribution of each of several paths (Zhang et al. 2022, algorithm 2).

    Raises
    ------
    SamplingError
        If no path finds one.
    """
    many = jax.jit(jax.vmap(density.log_density, in_axes=(0, None, None)))

    def log_density(theta: np.ndarray) -> np.ndarray:
        with double_precision():
            return np.asarray(many(jnp.asarray(theta), density.data, density.knobs))

    parts = []
    for path in range(num_paths):
        noise = np.random.default_rng(stream(seed, "path", path)).uniform(-jitter, jitter, center.size)
        try:
            mode = maximiser.maximise(center + noise, tick=tick, maxiter=min(maxiter, 1000), maxcor=maxcor)
        except SamplingError:
            continue
        random = np.random.default_rng(stream(seed, "bound", path))
        best = best_of(normals_along(mode.path, maxcor), log_density, random, num_elbo_draws)
        parts += [] if best is None else [best]
    if not parts:
        raise SamplingError(
            f"fit: none of {num_paths} paths of Pathfinder has found an approximation; give start=, a "
            "smaller jitter=, or look at the model with model.debug()"
        )
    return EqualMixture(parts)


def _path_options(options: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {k: v for k, v in options.items() if k != "importance_sampling"}
    if options.get("importance_sampling", "psis") not in ("psis", None):
        raise ModelError(
            f"fit: importance_sampling is 'psis' or None, got {options['importance_sampling']!r}"
        )
    return chosen

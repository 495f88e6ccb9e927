"""`pm.calibrate`: are parameters recovered from the data that the model makes of them?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pmjax.api.arguments import check_count, shows_progress
from pmjax.api.model import modelcontext
from pmjax.api.sample_many import sample_many
from pmjax.api.starts import as_seed
from pmjax.errors import ModelError, SamplingWarning, suggest
from pmjax.model.declarations import Declarations
from pmjax.model.minibatch import refuse_batches
from pmjax.model.spec import ModelSpec, name_of
from pmjax.results.model_groups import labels_of_model
from pmjax.results.ranks import band, distribution, uniformity
from pmjax.results.to_arviz import dataset, origin
from pmjax.run.progress import announce
from pmjax.runtime.streams import stream
from pmjax.target import forward

if TYPE_CHECKING:
    import xarray

LEVEL = 0.01
"""Probability that a right model with a right sampler is doubted."""
MAX_PANELS = 16


@dataclass(frozen=True, eq=False)
class Calibration:
    """What simulation-based calibration has found; `calibrate` returns one.

    Attributes
    ----------
    ranks : xarray.Dataset
        The rank of each true value among the draws, from 0 to `draws`, with the dim ``simulation`` first.
    truths : xarray.Dataset
        The true values, drawn from the prior.
    draws : int
        Draws that ranks are taken among.
    p_values : dict of str to float
        By variable: that its ranks are uniform (`pmjax.results.ranks`), with Bonferroni's correction for the
        number of its elements.
    """

    ranks: xarray.Dataset
    truths: xarray.Dataset
    draws: int
    p_values: Mapping[str, float]

    @property
    def simulations(self) -> int:
        """How many data sets have been simulated and sampled."""
        return int(self.ranks.sizes["simulation"])

    @property
    def doubtful(self) -> list[str]:
        """The variables whose ranks are not uniform, the worst first.

        Their p-values are below 0.01 divided by the number of variables.
        """
        low = [name for name, p in self.p_values.items() if p * len(self.p_values) < LEVEL]
        return sorted(low, key=self.p_values.__getitem__)

    @property
    def calibrated(self) -> bool:
        """Whether no variable is doubtful."""
        return not self.doubtful

    def verdict(self) -> str:
        """Say in one sentence which variables are calibrated, and what is wrong with the others."""
        fine = [name for name in self.p_values if name not in self.doubtful]
        among = f"in {self.simulations} simulations"
        if self.calibrated:
            worst = min(self.p_values.values())
            return (
                f"The ranks of {', '.join(fine)} are as uniform {among} as those of a right posterior are "
                f"(smallest p-value {worst:.2g})."
            )
        wrong = [f"{n} (p = {self.p_values[n]:.1g}: {self._how(n)})" for n in self.doubtful]
        rest = f"; those of {', '.join(fine)} are" if fine else ""
        return (
            f"The ranks of {', '.join(wrong)} are not uniform {among}, so that the posterior is not that of "
            f"the model which simulates the data{rest}."
        )

    def __repr__(self) -> str:
        return f"<Calibration: {self.verdict()}>"

    def plot(self, var_names: Sequence[str] | None = None, kind: str = "ecdf") -> Any:
        """Plot the ranks, a panel for each element (16 at most).

        Parameters
        ----------
        var_names : sequence of str, optional
            All by default.
        kind : {"ecdf", "hist"}
            The empirical distribution of the ranks minus the uniform one, in the band that all of it lies in
            with probability 0.99 (Säilynoja et al. 2022, doi.org/10.1007/s11222-022-10090-6); or a histogram.

        Returns
        -------
        ndarray of matplotlib.axes.Axes
        """
        import matplotlib.pyplot as plt

        if kind not in ("ecdf", "hist"):
            raise ModelError(f"Calibration.plot: kind must be 'ecdf' or 'hist', got {kind!r}")
        names = [var_names] if isinstance(var_names, str) else list(var_names or self.p_values)
        panels = [panel for name in names for panel in self._elements(name)][:MAX_PANELS]
        columns = min(4, len(panels))
        _, axes = plt.subplots(
            -(-len(panels) // columns), columns, squeeze=False, layout="constrained",
            figsize=(3.2 * columns, 2.6 * -(-len(panels) // columns)),
        )  # fmt: skip
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        for axis, (label, ranks) in zip(axes.flat, panels, strict=False):
            axis.set_title(label)
            (_plot_ecdf if kind == "ecdf" else _plot_histogram)(axis, ranks, self.draws)
        return axes

    def _elements(self, name: str) -> list[tuple[str, np.ndarray]]:
        if name not in self.p_values:
            raise ModelError(
                f"Calibration.plot: unknown variable {name!r}{suggest(str(name), self.p_values)}; there are "
                f"{', '.join(self.p_values)}"
            )
        ranks = np.asarray(self.ranks[name])
        return [
            (f"{name}[{', '.join(map(str, place))}]" if place else name, ranks[(slice(None), *place)])
            for place in np.ndindex(ranks.shape[1:])
        ]

    def _how(self, name: str) -> str:
        """Say in a few words how the ranks of the worst element differ from uniform ones."""
        _, ranks = min(self._elements(name), key=lambda element: uniformity(element[1], self.draws))
        u = (ranks + 0.5) / (self.draws + 1) - 0.5
        shift = u.mean() * np.sqrt(12 * len(u))
        # The variance of the square of a uniform number in (-1/2, 1/2) is 1/180.
        spread = ((u**2).mean() - 1 / 12) * np.sqrt(180 * len(u))
        if abs(shift) > abs(spread):
            return "its draws are too small" if shift > 0 else "its draws are too large"
        return "its draws are too close together" if spread > 0 else "its draws are too far apart"


def calibrate(
    model: Declarations | None = None,
    simulations: int = 100,
    *,
    draws: int = 99,
    thin: int = 10,
    tune: int = 500,
    var_names: Sequence[str] | None = None,
    cores: int | None = None,
    random_seed: Any = None,
    progressbar: bool | str = True,
    quiet: bool = False,
    **options: Any,
) -> Calibration:
    """Validate a model and its sampler by simulation: parameters from the prior, data from them, and back.

    If all is right, the rank of a true value among draws of its posterior is uniform (Talts et al. 2018,
    arXiv:1804.06788). It is not where the density is not that of the distributions that data are drawn from
    (a potential, a wrong log density of a `CustomDist`), or the sampler does not get everywhere.

    Parameters
    ----------
    model : Model, optional
        The model around this line by default. Its observed variables are drawn anew in each simulation.
    simulations : int
        Data sets to simulate and to sample.
    draws : int
        Draws that ranks are taken among.
    thin : int
        Of so many draws of the chain one is taken: ranks among correlated draws are not uniform.
    tune : int
        Warm-up draws of each chain.
    var_names : sequence of str, optional
        The variables and deterministics to rank; all by default.
    cores, random_seed, progressbar, quiet : optional
        As of `pm.sample`.
    **options
        As of `pm.sample_many`: ``sampler``, ``step``, ``rewrites``, ``target_accept``, ``max_treedepth`` and
        ``nuts``.

    Returns
    -------
    Calibration
        ``.verdict()`` is one sentence, ``.plot()`` shows the ranks, ``.ranks`` holds them.

    Raises
    ------
    ModelError
        If nothing is observed, or a prior is improper and cannot be drawn.

    Warns
    -----
    SamplingWarning
        If the model has potentials, which no simulation knows of.

    Examples
    --------
    >>> import pmjax as pm
    >>> with pm.Model() as model:
    ...     mu = pm.Normal("mu", 0, 1)
    ...     y = pm.Normal("y", mu, 1, observed=[0.0, 0.0, 0.0])
    >>> found = pm.calibrate(model, 30, draws=49, thin=2, tune=200, random_seed=1, progressbar=False)
    >>> found.calibrated, found.ranks["mu"].dims
    (True, ('simulation',))
    """
    for argument, value in (("simulations", simulations), ("draws", draws), ("thin", thin)):
        check_count("calibrate", argument, value)
    owner = modelcontext(model)
    spec, seed, show = owner.freeze(), as_seed(random_seed), shows_progress(progressbar, quiet)
    refuse_batches(spec, "calibrate")
    if not spec.observed:
        raise ModelError("calibrate: the model has no observed variables, so there are no data to simulate")
    _warn_of_potentials(spec)
    nodes = _ranked(spec, var_names)
    observed = {o.name: o.variable for o in spec.observed}
    made = forward.draw([*nodes.values(), *observed.values()], simulations, seed, what="calibrate")
    truths = dict(zip(nodes, made, strict=False))
    data = dict(zip(observed, made[len(nodes) :], strict=True))
    results = sample_many(
        owner,
        [{name: values[i] for name, values in data.items()} for i in range(simulations)],
        draws * thin,
        tune=tune,
        chains=1,
        cores=cores,
        random_seed=seed,
        progressbar=progressbar,
        quiet=quiet,
        var_names=list(nodes),
        compute_convergence_checks=False,
        **options,
    )
    kept = [i for i, result in enumerate(results) if result is not None]
    ranks = {}
    for name, truth in truths.items():
        rng = np.random.default_rng(stream(seed, "ties", name))
        truths[name] = truth[kept]
        among = (np.asarray(results[i].posterior[name])[0, thin - 1 :: thin] for i in kept)
        ranks[name] = np.stack([_rank(truth[i], own, rng) for i, own in zip(kept, among, strict=True)])
    labels = labels_of_model(spec)
    about = {**origin(), "draws": draws, "thin": thin, "tune": tune, "seed": seed}
    found = Calibration(
        dataset(ranks, labels, about, sample_dims=("simulation",)),
        dataset(truths, labels, about, sample_dims=("simulation",)),
        draws,
        {name: _p_value(rank, draws) for name, rank in ranks.items()},
    )
    announce(found.verdict(), show)
    return found


def _ranked(spec: ModelSpec, var_names: Sequence[str] | None) -> dict[str, Any]:
    nodes = {name_of(v): v for v in spec.recorded if v.size}
    if var_names is None:
        return nodes
    names = [var_names] if isinstance(var_names, str) else [getattr(v, "name", v) for v in var_names]
    for name in names:
        if name not in nodes:
            raise ModelError(
                f"calibrate: var_names has an unknown variable {name!r}{suggest(str(name), nodes)}; the "
                f"model has {', '.join(nodes)}"
            )
    return {name: nodes[name] for name in names}


def _warn_of_potentials(spec: ModelSpec) -> None:
    if spec.potentials:
        warnings.warn(
            f"calibrate: the simulated data leave out the potentials of the model "
            f"({', '.join(map(name_of, spec.potentials))}), which the posterior has; ranks are uniform "
            "only if they change nothing.",
            SamplingWarning,
            stacklevel=3,
        )


def _rank(truth: np.ndarray, draws: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how many draws, shape (L, *shape), are less than the truth; ties are broken at random."""
    ties = (draws == truth).sum(axis=0)
    return (draws < truth).sum(axis=0) + rng.integers(0, ties + 1)


def _p_value(ranks: np.ndarray, draws: int) -> float:
    """Return the least p-value of the elements, times their number: that of all of them."""
    columns = ranks.reshape(len(ranks), -1).T
    return float(min(1.0, len(columns) * min(uniformity(column, draws) for column in columns)))


def _plot_ecdf(axis: Any, ranks: np.ndarray, draws: int) -> None:
    z, lower, upper = band(len(ranks), draws, 1 - LEVEL)
    axis.fill_between(z, lower - z, upper - z, color="0.85", step="mid")
    axis.step(z, distribution(ranks, draws) - z, where="mid", color="C0")
    axis.axhline(0, color="0.5", linewidth=0.8)
    axis.set(xlabel="rank / draws", ylabel="share below - uniform")


def _plot_histogram(axis: Any, ranks: np.ndarray, draws: int) -> None:
    bins = max(5, min(20, len(ranks) // 10, draws + 1))
    edges = np.linspace(-0.5, draws + 0.5, bins + 1)
    axis.hist(ranks, edges, color="C0", alpha=0.7)
    axis.axhline(len(ranks) / bins, color="0.5", linewidth=0.8)
    axis.set(xlabel="rank", ylabel="simulations")

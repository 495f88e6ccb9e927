"""An approximation of a posterior, as users hold it: it can be drawn, and says how good it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from pmjax.api.arguments import check_count
from pmjax.api.starts import as_seed
from pmjax.graph.variable import Variable, as_variable
from pmjax.inference.vi.gaussian import Drawable
from pmjax.model.spec import ModelSpec
from pmjax.results.groups import assemble
from pmjax.results.model_groups import data_groups, drawn_group, labels_of_model, one_chain
from pmjax.results.pareto import MAX_KHAT, smoothed_weights
from pmjax.runtime.streams import stream
from pmjax.target.density import Density
from pmjax.target.over_draws import over_draws

CHECKED_DRAWS = 2000
"""Draws that k-hat is computed from."""


class Approximation:
    """A distribution that stands for the posterior of a model; `fit` returns one.

    Attributes
    ----------
    hist : ndarray
        The loss of each step (minus the evidence lower bound, estimated), where there were steps.
    method : str
    """

    def __init__(
        self,
        spec: ModelSpec,
        density: Density,
        method: str,
        current: Callable[[], Drawable],
        *,
        weighted: bool = False,
        seed: int = 0,
        exact: bool = True,
    ) -> None:
        self._spec, self._density, self._current = spec, density, current
        self._weighted, self._seed, self._exact = weighted, seed, exact
        self._khat: float | None = None
        self.method = method
        self.hist = np.zeros(0)
        self.seconds: dict[str, float] = {}

    @property
    def mean(self) -> Variable:
        """The mean over the unconstrained vector, a constant with ``.eval()``."""
        return as_variable(self._current().mean)

    @property
    def cov(self) -> Variable:
        """The covariance matrix over the unconstrained vector, a constant with ``.eval()``."""
        return as_variable(self._current().cov)

    @property
    def std(self) -> Variable:
        """The standard deviations over the unconstrained vector, a constant with ``.eval()``."""
        return as_variable(np.sqrt(np.diag(self._current().cov)))

    @property
    def ndim(self) -> int:
        """The length of the unconstrained vector."""
        return self._density.size

    @property
    def khat(self) -> float:
        """The Pareto shape of the importance ratios: below 0.5 good, above 0.7 not to be relied on.

        Computed once, from 2000 draws (Yao et al. 2018, proceedings.mlr.press/v80/yao18a.html). Not a number
        for a model with minibatches, whose density is known only in part.
        """
        if self._khat is None:
            if not self._exact:
                self._khat = float("nan")
            else:
                theta, log_q = self._current().draw(_random(self._seed), CHECKED_DRAWS)
                log_p = self._evaluate(theta, (), self._seed)["lp"]
                self._khat = smoothed_weights(log_p - log_q)[1]
        return self._khat

    def verdict(self) -> str:
        """Say in one sentence how good the approximation is."""
        khat = self.khat
        if np.isnan(khat):
            return "How good the approximation is cannot be told: the density is known by minibatches alone."
        if khat <= 0.5:
            return f"Pareto k-hat is {khat:.2f}: the approximation is close to the posterior."
        if khat <= MAX_KHAT:
            return f"Pareto k-hat is {khat:.2f}: the approximation is usable, not close."
        return (
            f"Pareto k-hat is {khat:.2f}, above {MAX_KHAT}: the {self.method} approximation misses part of "
            "the posterior, so do not report its standard deviations; compare with pm.sample()."
        )

    def sample(self, draws: int = 500, *, random_seed: Any = None, return_inferencedata: bool = True) -> Any:
        """Draw from the approximation.

        Parameters
        ----------
        draws : int
        random_seed : int, optional
        return_inferencedata : bool
            False returns a dict of arrays, shape (draws, \\*shape).

        Returns
        -------
        arviz.InferenceData (ArviZ 0.x), xarray.DataTree (1.x), or dict
            With the groups ``posterior``, ``sample_stats`` (``lp``: the log density of the model, ``lq``:
            that of the approximation), ``observed_data`` and ``constant_data``, as `pm.sample` names them.
        """
        check_count("sample", "draws", draws)
        seed = as_seed(random_seed)
        many = max(draws, CHECKED_DRAWS) if self._weighted else draws
        theta, log_q = self._current().draw(_random(seed), many)
        if self._weighted:
            log_p = self._evaluate(theta, (), seed)["lp"]
            weights, _ = smoothed_weights(log_p - log_q)
            chosen = _resampled(weights, draws, seed)
            theta, log_q = theta[chosen], log_q[chosen]
        names = tuple(str(v.name) for v in self._spec.recorded)
        outputs = self._evaluate(theta, names, seed)
        statistics = {"lp": outputs["lp"], "lq": log_q}
        outputs = {name: outputs[name] for name in names}
        if not return_inferencedata:
            return outputs
        labels, place = labels_of_model(self._spec), one_chain(draws)
        attributes = {"method": self.method, **{f"{k}_time": v for k, v in self.seconds.items()}}
        if self._khat is not None:
            attributes["khat"] = self._khat
        groups = {
            "posterior": drawn_group(outputs, labels, place, attributes),
            "sample_stats": drawn_group(statistics, labels, place, attributes),
            **data_groups(self._spec, labels),
        }
        return assemble(groups)

    def _evaluate(self, theta: np.ndarray, names: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
        """Return outputs of the model, and its log density ``lp``, at draws."""
        density = self._density

        def one(key: jax.Array, values: dict[str, jax.Array], data: Any) -> dict[str, jax.Array]:
            arguments, knobs = data
            found = {"lp": density.log_density(values["theta"], arguments, knobs)}
            if names:
                outputs = density.outputs(
                    values["theta"], arguments, knobs, jax.random.key_data(key).astype("uint32")
                )
                found |= {name: outputs[name] for name in names}
            return found

        began = time.perf_counter()
        result = over_draws(
            one,
            {"theta": theta},
            (density.data, density.knobs),
            draws=len(theta),
            seed=seed,
            scratch=density.output_bytes,
            what="sample",
        )
        self.seconds["draws"] = time.perf_counter() - began
        return result


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(stream(seed, "approximation"))


def _resampled(log_weights: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return positions drawn by weight: without replacement as long as weights allow, else with it."""
    weights = np.where(np.isfinite(log_weights), np.exp(log_weights), 0.0)
    rng = np.random.default_rng(stream(seed, "resampling"))
    several = draws > (weights > 0).sum() or draws > 0.5 * len(weights)
    return rng.choice(len(weights), size=draws, replace=bool(several), p=weights / weights.sum())

"""What the draws say about their own convergence and cost: one sentence for each thing that is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping

import numpy as np

from pmjax.results.arviz_series import arviz_series
from pmjax.run.trace import Phase, Trace

MAX_RHAT = 1.01
MIN_ESS_PER_CHAIN = 100
MIN_DRAWS = 100
MAX_SHARE_AT_DEPTH = 0.05
MANY_LEAVES, STRONG_INFLATION = 30, 10.0
# ArviZ takes 5 ms for one element of 8000 draws: beyond this many only the most suspect are looked at.
MAX_ELEMENTS = 16

Statistic = Callable[[np.ndarray], float]


def convergence_warnings(phase: Phase, target_accept: float | None = None) -> list[str]:
    """Return one sentence for each sign that the draws do not represent the posterior.

    The signs are a rank-normalised split R-hat above 1.01, a bulk or tail effective sample size
    below 100 per chain (Vehtari et al. 2021, doi:10.1214/20-BA1221), divergences, and more than
    5 % of the trees cut off at their maximum depth. Constant elements are left out. Of many
    elements the 16 are looked at for which the plain split R-hat, of the draws or of their
    distances from the mean, is largest.

    Parameters
    ----------
    phase : Phase
        The kept draws.
    target_accept : float, optional
        The target acceptance rate of the run, to say where to go from.

    Returns
    -------
    list of str
        Empty if nothing is wrong.

    Examples
    --------
    >>> apart = np.random.default_rng(0).normal(size=(4, 500)) + np.arange(4)[:, None]
    >>> for message in convergence_warnings(Phase(np.zeros((4, 500, 0)), {"x": apart}, {})):
    ...     print(message[:20])
    R-hat is 1.54 at wor
    The bulk effective s
    The tail effective s
    """
    return [
        *_mixing_warnings(phase.outputs),
        *_divergence_warnings(phase.stats, target_accept),
        *_depth_warnings(phase.stats),
    ]


def metric_advice(trace: Trace, free: Collection[str]) -> str:
    """Return a sentence where the diagonal metric makes trajectories long, an empty one elsewhere.

    Its signs are trees of more than 30 leaves on average, and one of the most suspect elements (see
    `convergence_warnings`) whose variance inflation factor given the others, 1 / (1 - R^2), is above 10. The
    steps must be as short as an element's scale given all others, and cross its own scale, which is larger
    by the root of this factor (Neal 2011, arXiv:1206.1901, section 4.1); a metric that knows the
    correlations makes both the same.

    Parameters
    ----------
    trace : Trace
    free : collection of str
        Names of the free variables: what is computed of them is correlated with them in any model.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(4, 500))
    >>> draws = {"x": x, "y": x + 0.1 * x[::-1]}
    >>> phase = Phase(np.zeros((4, 500, 0)), draws, {"n_steps": np.full((4, 500), 63)})
    >>> metric_advice(Trace(phase, None, {}, 0, {"metric": "diag"}), ["x", "y"])[:76]
    'A draw takes 63 gradients on average, and only 0.99% of the variance of x re'
    """
    leaves = trace.posterior.stats.get("n_steps", np.zeros((1, 0)))
    diagonal = trace.attributes.get("metric") == "diag"
    if not diagonal or leaves.shape[1] < MIN_DRAWS or leaves.mean() <= MANY_LEAVES:
        return ""
    elements = _suspects({name: values for name, values in trace.posterior.outputs.items() if name in free})
    if len(elements) < 2:
        return ""
    names, draws = list(elements), np.stack(list(elements.values()))
    within_chains = (draws - draws.mean(-1, keepdims=True)).reshape(len(names), -1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        correlation = np.atleast_2d(np.corrcoef(within_chains))
    if not np.isfinite(correlation).all():  # an element that each chain keeps where it began
        return ""
    # Elements under a constraint, as those of a simplex, cannot move across it: such directions are left out.
    inflation = np.diag(np.linalg.pinv(correlation, rcond=1e-10, hermitian=True))
    worst = int(np.argmax(inflation))
    if inflation[worst] <= STRONG_INFLATION:
        return ""
    closest = int(np.argsort(np.abs(correlation[worst]))[-2])
    return (
        f"A draw takes {leaves.mean():.0f} gradients on average, and only {100 / inflation[worst]:.2g}% of "
        f"the variance of {names[worst]} remains once the other variables are known, {names[closest]} above "
        'all: nuts_sampler_kwargs={"metric": "low_rank"} may need far fewer.'
    )


def _divergence_warnings(stats: Mapping[str, np.ndarray], target_accept: float | None) -> list[str]:
    diverging = stats.get("diverging", np.zeros(()))
    if not (count := int(diverging.sum())):
        return []
    now = f" from {target_accept:g}" if target_accept is not None else ""
    return [
        f"{count} of {diverging.size} draws ended in a divergence: the posterior near them was not explored; "
        f"raise target_accept{now} or write the model in another parametrisation."
    ]


def _depth_warnings(stats: Mapping[str, np.ndarray]) -> list[str]:
    reached = stats.get("reached_max_treedepth", np.zeros(()))
    if (share := float(reached.mean())) <= MAX_SHARE_AT_DEPTH:
        return []
    return [
        f"{share:.0%} of the trees were cut off at their maximum depth, which makes the draws dependent; "
        "raise max_treedepth, or give strongly correlated or badly scaled variables another parametrisation."
    ]


def _mixing_warnings(outputs: Mapping[str, np.ndarray]) -> list[str]:
    chains, length = next((values.shape[:2] for values in outputs.values()), (0, 0))
    if 0 < length < MIN_DRAWS:
        return [f"{length} draws a chain are too few to judge convergence by; take {MIN_DRAWS} or more."]
    if not (elements := _suspects(outputs)):
        return []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What ArviZ has to say of an element would stand beside the sentence that names it.
        warnings.simplefilter("ignore")
        return _statistics_warnings(elements, chains)


def _statistics_warnings(elements: Mapping[str, np.ndarray], chains: int) -> list[str]:
    rhat, bulk, tail = _statistics()
    found = []
    if chains == 1:
        found.append("Only one chain was run, so that R-hat cannot be told; run at least two, better four.")
    else:
        value, name = max((rhat(draws), name) for name, draws in elements.items())
        if value > MAX_RHAT:
            found.append(
                f"R-hat is {value:.3g} at worst ({name}), above {MAX_RHAT}: the chains do not agree yet; "
                "tune and draw longer, or write the model in another parametrisation."
            )
    for kind, ess in (("bulk", bulk), ("tail", tail)):
        value, name = min((ess(draws), name) for name, draws in elements.items())
        if value < MIN_ESS_PER_CHAIN * chains:
            found.append(
                f"The {kind} effective sample size is {value:.0f} at worst ({name}), below "
                f"{MIN_ESS_PER_CHAIN} per chain: estimates of it are rough; draw more."
            )
    return found


def _suspects(outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the draws, shape (chains, draws), of the `MAX_ELEMENTS` most suspect elements by name."""
    found = []
    for name, values in outputs.items():
        shape, columns = values.shape[2:], values.reshape(*values.shape[:2], -1).astype(float, copy=False)
        suspicion = _suspicion(columns)
        for i in np.argsort(suspicion)[-MAX_ELEMENTS:]:
            if suspicion[i] > -np.inf:
                index = ",".join(map(str, np.unravel_index(i, shape)))
                found.append((suspicion[i], f"{name}[{index}]" if shape else name, columns[:, :, i]))
    found.sort(key=lambda element: element[0], reverse=True)
    return {name: np.ascontiguousarray(draws) for _, name, draws in found[:MAX_ELEMENTS]}


def _suspicion(columns: np.ndarray) -> np.ndarray:
    """Return, increasing with the plain split R-hat, the variance between half chains over that within.

    The larger one of the draws' own and their distances' from the mean, which shows chains that
    differ in spread alone; minus infinity for elements that never move or are not finite.
    """
    chains, length, elements = columns.shape

    def ratio(x: np.ndarray) -> np.ndarray:
        halves = x[:, : length // 2 * 2].reshape(2 * chains, length // 2, elements)
        return halves.mean(1).var(0) / halves.var(1).mean(0)

    moving = (columns.min((0, 1)) < columns.max((0, 1))) & np.isfinite(columns.sum((0, 1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        suspicion = np.maximum(ratio(columns), ratio(np.abs(columns - columns.mean((0, 1)))))
    return np.where(moving, suspicion, -np.inf)


def _statistics() -> tuple[Statistic, Statistic, Statistic]:
    """Return R-hat, bulk ESS and tail ESS of an array of shape (chains, draws), from the installed ArviZ."""
    if arviz_series() == 0:
        import arviz

        return arviz.rhat, arviz.ess, lambda x: arviz.ess(x, method="tail")
    from arviz_stats.base import array_stats

    return array_stats.rhat, array_stats.ess, lambda x: array_stats.ess(x, method="tail", prob=(0.05, 0.95))

"""``pm.gp.util``: what Gaussian processes share, and helpers for their users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.context import current_model
from pmjax.graph.evaluate import ancestors, evaluate_host, is_random
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.numerics.cholesky import stable_cholesky

JITTER_DEFAULT = 1e-6


def stabilize(K: Any, jitter: Any = JITTER_DEFAULT) -> Variable:
    """Return a covariance matrix with a little added to its diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> stabilize(np.ones((2, 2)), 0.5).eval().tolist()
    [[1.5, 1.0], [1.0, 1.5]]
    """
    return call(_stabilize, as_variable(K), jitter)


def _stabilize(K: Any, jitter: Any) -> Any:
    return K + jitter * jnp.eye(K.shape[-1], dtype=K.dtype)


def factor(K: Any, jitter: float = 0.0) -> Variable:
    """Return the Cholesky factor of a covariance matrix, finite also where rounding made it indefinite."""
    return call(_factor, as_variable(K), jitter)


def _factor(K: Any, jitter: Any) -> Any:
    return stable_cholesky(_stabilize(K, jitter))


def conditional_factor(K: Any, jitter: float) -> Variable:
    """Return the factor of a conditional covariance, with jitter in the scale of its prior variances.

    The matrix is a difference of two that may be nearly equal.
    """
    return call(_conditional_factor, as_variable(K), jitter)


def _conditional_factor(K: Any, jitter: Any) -> Any:
    return stable_cholesky(_stabilize(0.5 * (K + K.T), jitter))


def conditioned_vars(varnames: Sequence[str]) -> Any:
    """Return a class decorator: reading one of the names before it is set raises an error that says so."""

    def decorate(cls: Any) -> Any:
        for name in varnames:
            setattr(cls, name, _Conditioned(name))
        return cls

    return decorate


class _Conditioned:
    """An attribute that `prior` or `marginal_likelihood` sets."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            return instance.__dict__[self.name]
        except KeyError:
            raise AttributeError(
                f"{type(instance).__name__}: {self.name!r} is not set; call `prior` or `marginal_likelihood` "
                "first, or give it in given="
            ) from None

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = value


def replace_with_values(
    vars_needed: Sequence[Variable], replacements: Mapping[str, Any] | None = None, model: Any = None
) -> tuple[np.ndarray, ...]:
    """Return the values of expressions, with values for variables of a model by name.

    Parameters
    ----------
    vars_needed : sequence of Variable
    replacements : mapping of str to array
        A point: a draw of the posterior, say.
    model : Model, optional
        The one around this line by default.

    Raises
    ------
    ModelError
        If a random variable that the expressions depend on has no value.
    """
    owner = model if model is not None else current_model.get()
    named = {} if owner is None else owner.named_vars
    given = {named[n]: np.asarray(v, float) for n, v in (replacements or {}).items() if n in named}
    behind = ancestors(list(vars_needed), stop=lambda v: v in given)
    missing = [v.label for v in behind if is_random(v) and v not in given]
    if missing:
        raise ModelError(f"values are needed for {', '.join(sorted(set(missing)))}; give them in point=")
    return tuple(evaluate_host(list(vars_needed), given))


def kmeans_inducing_points(n_inducing: int, X: Any, **kmeans_kwargs: Any) -> np.ndarray:
    """Return inducing points: the centres of clusters of the inputs, found in units of their spread.

    Parameters
    ----------
    n_inducing : int
    X : array, shape (n, d)
    **kmeans_kwargs
        Passed to `scipy.cluster.vq.kmeans`.

    Returns
    -------
    ndarray, shape (n_inducing, d)
    """
    from scipy.cluster.vq import kmeans

    points = np.asarray(X.get_value() if isinstance(X, Variable) else X, float)
    spread = points.std(axis=0)
    spread = np.where(spread <= 1e-6, 1.0, spread)
    centres, _ = kmeans(points / spread, n_inducing, **kmeans_kwargs)
    return centres * spread


def plot_gp_dist(
    ax: Any,
    samples: Any,
    x: Any,
    plot_samples: bool = True,
    palette: str = "Reds",
    fill_alpha: float = 0.8,
    samples_alpha: float = 0.1,
    fill_kwargs: Mapping[str, Any] | None = None,
    samples_kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Draw bands of the percentiles of functions, and some of the functions, with Matplotlib.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    samples : array, shape (draws, n)
    x : array, shape (n,) or (n, 1)
    plot_samples : bool
        Draw 30 of the functions as well.
    palette : str
        The name of a colour map.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt

    colours, draws, at = plt.get_cmap(palette), np.asarray(samples), np.ravel(x)
    levels = np.linspace(51, 99, 40)
    for i, level in enumerate(levels[::-1]):
        low, high = np.percentile(draws, [100 - level, level], axis=0)
        shade = colours((levels[i] - levels[0]) / (levels[-1] - levels[0]))
        ax.fill_between(at, high, low, color=shade, alpha=fill_alpha, **(fill_kwargs or {}))
    if plot_samples:
        chosen = np.linspace(0, len(draws) - 1, min(30, len(draws))).astype(int)
        ax.plot(at, draws[chosen].T, color=colours(0.9), lw=1, alpha=samples_alpha, **(samples_kwargs or {}))
    return ax

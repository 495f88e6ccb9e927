"""The mode of a function, with SciPy's optimisers on a compiled gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from pmjax.errors import SamplingError
from pmjax.runtime.background import interruptible
from pmjax.runtime.precision import double_precision
from pmjax.runtime.programs import program

LogDensity = Callable[[jax.Array, Any], jax.Array]
"""``log_density(theta, data) -> scalar``."""

_WITH_HESSIAN = ("dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr", "Newton-CG")
_WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")


@dataclass
class Mode:
    """Where an optimiser has ended.

    Attributes
    ----------
    theta : ndarray, shape (D,)
    value, gradient : float, ndarray
        Of the log density there.
    raw : scipy.optimize.OptimizeResult
    path : list of (theta, gradient)
        Where it has been, the start first.
    """

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    raw: Any
    path: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)


class Maximiser:
    """A log density, compiled with its gradient, to be maximised from any number of starts.

    Parameters
    ----------
    log_density : callable
        ``log_density(theta, data) -> scalar``, traceable by JAX.
    data : pytree of arrays
    size : int
        Length of ``theta``.
    """

    def __init__(self, log_density: LogDensity, data: Any, size: int) -> None:
        self._log_density, self._data, self._size = log_density, data, size
        self._compiled: Callable[..., Any] | None = None
        # Backwards twice: some of our gradients are written by hand, and have no forward mode.
        self._hessian = jax.jit(jax.jacrev(jax.grad(log_density)))
        self.evaluations = 0

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log density and its gradient."""
        self.evaluations += 1
        with double_precision():
            if self._compiled is None:
                arguments = (np.zeros(self._size), self._data)
                both = jax.value_and_grad(self._log_density)
                shapes = jax.eval_shape(both, *arguments)
                self._compiled = program("value_and_gradient", both, arguments, shapes, None)
            value, gradient = self._compiled(np.asarray(theta, float), self._data)
        return float(value), np.asarray(gradient)

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        """Return the matrix of second derivatives, shape (D, D)."""
        with double_precision():
            return np.asarray(self._hessian(np.asarray(theta, float), self._data))

    def maximise(
        self,
        start: np.ndarray,
        *,
        method: str = "L-BFGS-B",
        free: np.ndarray | None = None,
        tick: Callable[[int], None] = lambda done: None,
        **options: Any,
    ) -> Mode:
        """Return where an optimiser of `scipy.optimize.minimize` ends.

        Parameters
        ----------
        start : ndarray, shape (D,)
        method : str
            Any of SciPy's.
        free : bool ndarray, shape (D,), optional
            The coordinates to move; all by default.
        tick : callable
            Called now and then with the number of evaluations done.
        **options
            ``tol``, ``bounds`` and ``constraints`` as of SciPy; everything else goes to the method.
        """
        from scipy.optimize import minimize

        moved = np.ones(self._size, bool) if free is None else free
        path: list[tuple[np.ndarray, np.ndarray]] = []
        last: dict[str, Any] = {}

        def whole(x: np.ndarray) -> np.ndarray:
            theta = np.array(start, float)
            theta[moved] = x
            return theta

        def negative(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = self.value_and_gradient(whole(x))
            last["x"], last["gradient"] = np.array(x), gradient
            if not np.isfinite(value):
                return np.inf, np.zeros(int(moved.sum()))
            return -value, -gradient[moved]

        def visited(x: np.ndarray, *_: Any) -> None:
            theta = whole(x)
            same = "x" in last and np.array_equal(last["x"], x)
            path.append((theta, last["gradient"] if same else self.value_and_gradient(theta)[1]))

        def work() -> Any:
            first, gradient = self.value_and_gradient(start)
            if not np.isfinite(first):
                raise SamplingError("the log density is not finite at the start")
            path.append((np.array(start, float), gradient))
            chosen: dict[str, Any] = {
                k: options.pop(k) for k in ("tol", "bounds", "constraints") if k in options
            }
            if method.lower() in _WITHOUT_GRADIENT:
                return minimize(
                    lambda x: negative(x)[0], start[moved], method=method, callback=visited, options=options,
                    **chosen,
                )  # fmt: skip
            if method in _WITH_HESSIAN:
                rows = np.ix_(moved, moved)
                chosen["hess"] = lambda x: -self.hessian(whole(x))[rows]
            return minimize(
                negative, start[moved], jac=True, method=method, callback=visited, options=options, **chosen
            )

        raw = interruptible(work, lambda: tick(self.evaluations))
        theta = whole(raw.x)
        value, gradient = self.value_and_gradient(theta)
        return Mode(theta, value, gradient, raw, path)

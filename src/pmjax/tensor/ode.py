"""Differential equations, by PyMC's name and arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.evaluate import Reading
from pmjax.graph.ops import Input
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.runtime.types import Array

# Of a step, relative and absolute: so that log densities are right to about 1e-8.
TOLERANCE = 1e-10


class DifferentialEquation:
    r"""The solution of an ordinary differential equation, a function of its start and parameters.

    .. math:: \frac{dy}{dt} = f(y, t, \theta), \quad y(t_0) = y_0

    The integrator is that of Dormand and Prince (doi:10.1016/0771-050X(80)90013-3), with steps of adaptive
    length; gradients come from the adjoint equation. It is explicit: a stiff equation takes very many steps.

    Parameters
    ----------
    func : callable
        ``func(y, t, p)`` returns the derivatives, a vector or a list of `n_states` numbers, of the state
        `y` (a vector), the time `t` (a number) and the parameters `p` (a vector).
    times : array, shape (T,)
        Increasing times, of at least `t0`, at which the solution is wanted.
    n_states, n_theta : int
        The lengths of `y` and `p`.
    t0 : float
        The time of the start.

    Raises
    ------
    ModelError
        If the times do not increase from `t0`, or `func` gives another number of derivatives.

    Examples
    --------
    >>> import pmjax as pm
    >>> decay = pm.ode.DifferentialEquation(
    ...     lambda y, t, p: [-p[0] * y[0]], times=[0.5, 1.0], n_states=1, n_theta=1
    ... )
    >>> decay(y0=[2.0], theta=[1.0]).eval().ravel().round(6).tolist()
    [1.213061, 0.735759]
    """

    def __init__(
        self,
        func: Callable[..., Any],
        times: Sequence[float] | np.ndarray,
        *,
        n_states: int,
        n_theta: int,
        t0: float = 0,
    ) -> None:
        if not callable(func):
            raise ModelError(f"DifferentialEquation: func must be a function of y, t and p, got {func!r}")
        if n_states < 1 or n_theta < 1:
            raise ModelError(
                f"DifferentialEquation: n_states and n_theta are at least 1, got {n_states} and {n_theta}"
            )
        self.func, self.t0, self.n_states, self.n_theta = func, t0, n_states, n_theta
        self.times = np.asarray(times, float)
        if self.times.ndim != 1 or not np.all(np.diff(self.times, prepend=np.nextafter(t0, -np.inf)) > 0):
            raise ModelError("DifferentialEquation: times must increase, from t0 on")
        self._state = Variable(Input((n_states,), np.dtype(float)), (), "y")
        self._time = Variable(Input((), np.dtype(float)), (), "t")
        self._theta = Variable(Input((n_theta,), np.dtype(float)), (), "p")
        self._derivatives = self._read()

    def _read(self) -> list[Variable]:
        """Return the derivatives as variables."""
        found = self.func(self._state, self._time, self._theta)
        parts = [as_variable(v) for v in (found if isinstance(found, (list, tuple)) else [found])]
        if sum(v.size for v in parts) != self.n_states:
            raise ModelError(
                f"DifferentialEquation: func must return n_states={self.n_states} derivatives, got shapes "
                f"{', '.join(str(v.shape) for v in parts)}"
            )
        return parts

    def __call__(self, y0: Any, theta: Any, return_sens: bool = False) -> Variable:
        """Return the solution, shape (T, n_states).

        Parameters
        ----------
        y0 : Variable or sequence, shape (n_states,)
        theta : Variable or sequence, shape (n_theta,)
        return_sens : bool
            Only False: the derivatives of the solution are those that any gradient of it gives.
        """
        if return_sens:
            raise ModelError(
                "DifferentialEquation: return_sens=True is not supported; "
                "pmjax.tensor.jacobian of the solution gives the sensitivities"
            )
        start, parameters = self._vector("y0", y0, self.n_states), self._vector("theta", theta, self.n_theta)
        return call(self._solve, start, parameters)

    def _vector(self, name: str, value: Any, length: int) -> Variable:
        if isinstance(value, (list, tuple)):
            value = call(jnp.stack, [as_variable(v) for v in value])
        vector = as_variable(value) * 1.0
        if vector.shape != (length,):
            raise ModelError(f"DifferentialEquation: {name} must have shape ({length},), got {vector.shape}")
        return vector

    def _solve(self, y0: Array, theta: Array) -> Array:
        from jax.experimental.ode import odeint  # not needed to import pmjax

        def derivatives(y: Array, t: Array, p: Array) -> Array:
            parts = Reading({self._state: y, self._time: t, self._theta: p}).read(self._derivatives)
            return jnp.concatenate([jnp.ravel(part) for part in parts]).astype(y.dtype)

        # The integrator wants increasing times, and keeps a row for the start.
        later = self.times[self.times > self.t0]
        points = jnp.asarray([self.t0, *later], y0.dtype)
        tolerance = max(TOLERANCE, 10 * float(jnp.finfo(y0.dtype).eps))
        rows = odeint(derivatives, y0, points, theta, rtol=tolerance, atol=tolerance)
        return rows[len(points) - len(self.times) :]

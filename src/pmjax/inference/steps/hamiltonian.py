"""NUTS, and Hamiltonian Monte Carlo of a fixed length, on some of the coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.inference.nuts import metric as metrics
from pmjax.inference.nuts import step_size
from pmjax.inference.nuts.kernel import Point
from pmjax.inference.nuts.program import Program, Settings
from pmjax.inference.nuts.schedule import AVERAGE, FREEZE, SWITCH, TUNE_METRIC, TUNE_STEP
from pmjax.inference.nuts.state import ChainState, initial_state
from pmjax.inference.steps.step import LogDensity, Moved, Place
from pmjax.target.density import Density

FIRST_STEP = 0.1


class _OneDraw(Program):
    """The program of one draw a call."""

    @property
    def rows(self) -> int:
        return 1


@dataclass(frozen=True, eq=False)
class NUTS:
    """The kernel of `pmjax.inference.nuts` on the coordinates `own`, with its own step size and metric.

    Attributes
    ----------
    own : ndarray of int
    target_accept : float
    max_treedepth : int
    """

    own: np.ndarray
    target_accept: float = 0.8
    max_treedepth: int = 10
    name: str = "NUTS"

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> ChainState:
        """Return a state whose first move searches for a step size."""
        state = initial_state(theta[self.own], key, metrics.Diagonal(), np.dtype(float))
        metric = metrics.Diagonal().initial(gradient[self.own])
        search = step_size.begin_search(state.search)
        return state._replace(metric=metric, search=search, step_size=np.asarray(FIRST_STEP))

    def move(
        self, key: jax.Array, place: Place, state: ChainState, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Make one draw."""
        own = jnp.asarray(self.own)

        def part(x: jax.Array, theta: jax.Array, knobs: Any) -> jax.Array:
            return log_density(theta.at[own].set(x))

        x = place.theta[own]
        # Other steps have moved since: the density of these coordinates is another one.
        value, gradient = jax.value_and_grad(part)(x, place.theta, None)
        density = Density(len(self.own), part, lambda *_: {}, None, {}, None, ())
        program = _OneDraw(density, metrics.Diagonal(), self.max_treedepth, np.dtype(float))
        target = jnp.asarray(self.target_accept, float)
        settings = Settings(jnp.int32(1), jnp.int32(self.max_treedepth), target, flags[None])
        state = state._replace(point=Point(x, gradient, value))
        state, buffers = program.run_chunk(state, settings, place.theta, {}, jnp.int32(2**30))
        theta = place.theta.at[own].set(state.point.position)
        stats = buffers.stats[0]
        return Moved(Place(theta, state.point.log_density), state, stats[1], stats)


class _HMCState(NamedTuple):
    step_size: Any
    averaging: step_size.DualAveraging
    sigma: Any
    estimator: metrics.DiagEstimator


@dataclass(frozen=True, eq=False)
class HamiltonianMC:
    """Hamiltonian Monte Carlo: trajectories whose length is uniform below `path_length` (Neal 2011).

    Attributes
    ----------
    own : ndarray of int
    path_length : float
        The greatest length, in units of the metric.
    max_steps : int
        Leapfrog steps at most.
    target_accept : float
    """

    own: np.ndarray
    path_length: float = 2.0
    max_steps: int = 1024
    target_accept: float = 0.65
    name: str = "HamiltonianMC"

    def start(self, theta: np.ndarray, gradient: np.ndarray, key: np.ndarray, draws: int) -> _HMCState:
        """Return a first step size and metric."""
        metric = metrics.Diagonal().initial(gradient[self.own])
        estimator = metrics.begin_estimate(len(self.own), np.dtype(float))
        first = np.asarray(FIRST_STEP)
        return _HMCState(first, step_size.begin(np.log(first)), metric.sigma, estimator)

    def move(
        self, key: jax.Array, place: Place, state: _HMCState, flags: jax.Array, log_density: LogDensity
    ) -> Moved:
        """Make one trajectory, and accept its end or stay."""
        own, n = jnp.asarray(self.own), len(self.own)
        momentum_key, length_key, accept_key = jax.random.split(key, 3)
        gradient_of = jax.value_and_grad(lambda x: log_density(place.theta.at[own].set(x)))
        x = place.theta[own]
        value, gradient = gradient_of(x)
        p = jax.random.normal(momentum_key, (n,))
        length = self.path_length * jax.random.uniform(length_key)
        steps = jnp.clip(jnp.ceil(length / state.step_size), 1, self.max_steps).astype(int)
        eps, sigma = state.step_size, state.sigma

        def leap(_: Any, carry: Any) -> Any:
            x, p, g, _ = carry
            p = p + 0.5 * eps * sigma * g
            x = x + eps * sigma * p
            v, g = gradient_of(x)
            return x, p + 0.5 * eps * sigma * g, g, v

        end, q, end_gradient, end_value = jax.lax.fori_loop(0, steps, leap, (x, p, gradient, value))
        rise = (end_value - 0.5 * q @ q) - (value - 0.5 * p @ p)
        rise = jnp.where(jnp.isnan(rise), -jnp.inf, rise)
        rate = jnp.exp(jnp.minimum(rise, 0.0))
        take = jnp.log(jax.random.uniform(accept_key)) < rise
        new, new_gradient = jnp.where(take, end, x), jnp.where(take, end_gradient, gradient)
        state = self._adapted(state, new, new_gradient, rate, take, flags)
        theta = place.theta.at[own].set(new)
        return Moved(Place(theta, jnp.where(take, end_value, value)), state, rate)

    def _adapted(
        self, state: _HMCState, x: Any, gradient: Any, rate: Any, moved: Any, flags: jax.Array
    ) -> _HMCState:
        averaging, log_step = step_size.update(state.averaging, rate, jnp.asarray(self.target_accept))
        log_step = jnp.where((flags & FREEZE) != 0, averaging.log_average, log_step)
        averaging = averaging._replace(averaged=jnp.where((flags & AVERAGE) != 0, 0, averaging.averaged))
        estimator = metrics.update_estimate(state.estimator, x, gradient, moved, (flags & SWITCH) != 0)
        listening, fitting = (flags & TUNE_STEP) != 0, (flags & TUNE_METRIC) != 0

        def choose(condition: jax.Array, yes: Any, no: Any) -> Any:
            return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)

        return _HMCState(
            jnp.where(listening, jnp.exp(log_step), state.step_size),
            choose(listening, averaging, state.averaging),
            jnp.where(fitting, metrics.fisher_sigma(estimator.foreground, state.sigma), state.sigma),
            choose(fitting, estimator, state.estimator),
        )

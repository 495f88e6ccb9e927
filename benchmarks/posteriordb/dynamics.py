"""The posteriors of posteriordb whose mean solves a differential equation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import pmjax as pm

Data = dict[str, Any]
# Steps of the solver between two times: the error of a logarithm is below 1e-6.
STEPS = 8
# Times before the first row of data: the concentration rises from zero, where elimination is fast.
EARLY = np.geomspace(1e-3, 1.0, 9)[:-1]


def runge_kutta(rate: Any, start: jax.Array, times: np.ndarray, *params: jax.Array) -> jax.Array:
    """Return the solution of y' = rate(y, t, *params) at `times`, whose first is that of the start.

    The classical method of fourth order, with `STEPS` steps between two times.
    """

    def step(y: jax.Array, t: jax.Array, h: jax.Array) -> jax.Array:
        k1 = rate(y, t, *params)
        k2 = rate(y + h / 2 * k1, t + h / 2, *params)
        k3 = rate(y + h / 2 * k2, t + h / 2, *params)
        k4 = rate(y + h * k3, t + h, *params)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def between(y: jax.Array, ends: jax.Array) -> tuple[jax.Array, jax.Array]:
        h = (ends[1] - ends[0]) / STEPS
        y = jax.lax.scan(lambda y, i: (step(y, ends[0] + i * h, h), None), y, jnp.arange(STEPS))[0]
        return y, y

    ends = jnp.stack([jnp.asarray(times[:-1], float), jnp.asarray(times[1:], float)], axis=1)
    later = jax.lax.scan(between, start, ends)[1]
    return jnp.concatenate([start[None], later])


@pm.lift
def hares_and_lynxes(start: jax.Array, theta: jax.Array, times: jax.Array) -> jax.Array:
    """Return the populations of Lotka and Volterra, shape (times, 2)."""

    def rate(z: jax.Array, t: jax.Array, theta: jax.Array) -> jax.Array:
        u, v = z
        alpha, beta, gamma, delta = theta
        return jnp.stack([(alpha - beta * v) * u, (-gamma + delta * u) * v])

    return runge_kutta(rate, start, times, theta)


def lotka_volterra(d: Data) -> pm.Model:
    times = np.concatenate([[0.0], d["ts"]])
    with pm.Model() as model:
        theta = pm.TruncatedNormal("theta", [1.0, 0.05, 1.0, 0.05], [0.5, 0.05, 0.5, 0.05], lower=0, shape=4)
        z_init = pm.LogNormal("z_init", np.log(10.0), 1.0, shape=2, initval=np.array(d["y_init"], float))
        sigma = pm.LogNormal("sigma", -1.0, 1.0, shape=2)
        z = hares_and_lynxes(z_init, theta, times)
        pm.LogNormal("y", pm.math.log(z), sigma, observed=np.vstack([d["y_init"], d["y"]]))
    return model


@pm.lift
def absorbed_and_eliminated(
    k_a: jax.Array, K_m: jax.Array, V_m: jax.Array, times: jax.Array, dose: float, volume: float
) -> jax.Array:
    """Return the concentration in one compartment: first-order absorption, Michaelis-Menten elimination."""

    def rate(c: jax.Array, t: jax.Array, k_a: jax.Array, K_m: jax.Array, V_m: jax.Array) -> jax.Array:
        return jnp.exp(-k_a * t) * dose * k_a / volume - V_m / volume * c / (K_m + c)

    return runge_kutta(rate, jnp.zeros_like(k_a), times, k_a, K_m, V_m)[1 + len(EARLY) :]


def one_compartment(d: Data) -> pm.Model:
    times = np.concatenate([[d["t0"]], d["times"][0] * EARLY, d["times"]])
    with pm.Model() as model:
        k_a, K_m, V_m, sigma = (pm.HalfCauchy(name, 1.0) for name in ("k_a", "K_m", "V_m", "sigma"))
        concentration = absorbed_and_eliminated(k_a, K_m, V_m, times, float(d["D"]), float(d["V"]))
        pm.LogNormal("C_hat", pm.math.log(concentration), sigma, observed=d["C_hat"])
    return model

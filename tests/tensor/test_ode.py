"""Differential equations: closed forms, SciPy, gradients, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import pmjax as pm

TIMES = np.linspace(0.5, 6, 8)


def prey_and_predators(y: Any, t: Any, p: Any) -> list[Any]:
    return [p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + 0.1 * y[0] * y[1] + pm.math.sin(t)]


def test_solution_is_scipys() -> None:
    equation = pm.ode.DifferentialEquation(prey_and_predators, TIMES, n_states=2, n_theta=3, t0=0.2)
    theta = np.array([1.0, 0.3, 0.8])

    def derivatives(t: float, y: np.ndarray) -> list[float]:
        return [theta[0] * y[0] - theta[1] * y[0] * y[1], -theta[2] * y[1] + 0.1 * y[0] * y[1] + np.sin(t)]

    expected = solve_ivp(
        derivatives, (0.2, 6.0), [8.0, 5.0], method="DOP853", t_eval=TIMES, rtol=1e-12, atol=1e-12
    ).y.T
    np.testing.assert_allclose(equation(y0=[8.0, 5.0], theta=theta).eval(), expected, rtol=1e-8)


def test_density_and_gradient_of_a_fall_with_drag() -> None:
    # v' = 2 g - gamma v has the solution 2 g / gamma (1 - exp(-gamma t)) from rest.
    times = np.linspace(0, 2, 5)
    equation = pm.ode.DifferentialEquation(
        lambda y, t, p: 2.0 * p[1] - p[0] * y[0], times=times, n_states=1, n_theta=2, t0=0
    )

    def fall(gamma: Any, g: Any) -> Any:
        return (2 * g / gamma * (1 - pm.math.exp(-gamma * times)))[:, None]

    def model(of: Any) -> pm.Model:
        with pm.Model() as built:
            gamma, g = pm.Gamma("gamma", 4, 2), pm.Normal("g", 9.8, 1)
            pm.Normal("y", of(gamma, g), 0.5, observed=np.arange(5.0)[:, None])
        return built

    solved, closed = model(lambda gamma, g: equation(y0=[0], theta=[gamma, g])), model(fall)
    point = {"gamma_log__": 0.3, "g": 9.1}
    assert solved.compile_logp()(point) == pytest.approx(closed.compile_logp()(point), rel=1e-8)
    np.testing.assert_allclose(solved.compile_dlogp()(point), closed.compile_dlogp()(point), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": [1.0, 1.0]}, "times must increase"),
        ({"times": [-1.0, 1.0]}, "times must increase"),
        ({"n_states": 3}, "must return n_states=3 derivatives"),
        ({"n_theta": 0}, "at least 1, got 2 and 0"),
        ({"func": 3}, "func must be a function"),
    ],
)
def test_wrong_equations_are_refused(change: dict[str, Any], words: str) -> None:
    given = {"func": prey_and_predators, "times": TIMES, "n_states": 2, "n_theta": 3}
    with pytest.raises(pm.ModelError, match=words):
        pm.ode.DifferentialEquation(**{**given, **change})


def test_wrong_starts_are_refused() -> None:
    equation = pm.ode.DifferentialEquation(prey_and_predators, TIMES, n_states=2, n_theta=3)
    with pytest.raises(pm.ModelError, match=r"y0 must have shape \(2,\), got \(1,\)"):
        equation(y0=[1.0], theta=[1.0, 1.0, 1.0])
    with pytest.raises(pm.ModelError, match="return_sens=True is not supported"):
        equation([1.0, 1.0], [1.0, 1.0, 1.0], return_sens=True)

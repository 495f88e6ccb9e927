"""Covariance functions: how each is built (by our module or PyMC's), and its formula for two points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

X = np.array([[0.0, 0.3], [0.4, -1.0], [1.7, 0.2], [2.0, 2.5], [2.1, 2.4]])
XS = np.array([[0.1, 0.1], [5.0, -2.0], [1.7, 0.2]])
SCALES = np.array([0.7, 1.9])
OUTPUTS = np.array([[0.0, 1.0], [0.4, 0.0], [1.7, 1.0]])
B = np.array([[1.5, 0.4], [0.4, 0.8]])


def distance(x: Any, y: Any, ls: Any = 0.8) -> float:
    return float(np.sqrt((((x - y) / ls) ** 2).sum()))


def first(x: Any, y: Any, ls: float = 0.8) -> float:
    return float(abs(x[0] - y[0]) / ls)


def matern52(r: float) -> float:
    return (1 + np.sqrt(5) * r + 5 * r**2 / 3) * np.exp(-np.sqrt(5) * r)


def matern32(r: float) -> float:
    return (1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r)


def rough(x: Any) -> Any:
    return 0.5 + 0.1 * x**2


def sine(x: Any, y: Any, period: float = 1.3, ls: float = 0.8) -> float:
    return float(((np.sin(np.pi * (x - y) / period) / ls) ** 2).sum())


def weinland(t: float, c: float = 1.5, tau: float = 5.0) -> float:
    return (1 + tau * t / c) * max(1 - t / c, 0) ** tau


def gibbs(x: Any, y: Any) -> float:
    a, b = rough(x[0]), rough(y[0])
    return float(np.sqrt(2 * a * b / (a**2 + b**2)) * np.exp(-((x[0] - y[0]) ** 2) / (a**2 + b**2)))


def circle(x: Any, y: Any) -> float:
    return abs((x[0] - y[0] + 1.5) % 3.0 - 1.5)


# name -> (build, formula); the formula takes two points.
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], float]]] = {
    "ExpQuad": (lambda c: c.ExpQuad(2, ls=0.8), lambda x, y: np.exp(-0.5 * distance(x, y) ** 2)),
    "ExpQuad, scales": (
        lambda c: c.ExpQuad(2, ls=SCALES),
        lambda x, y: np.exp(-0.5 * distance(x, y, SCALES) ** 2),
    ),
    "ExpQuad, inverse": (
        lambda c: c.ExpQuad(2, ls_inv=1.25),
        lambda x, y: np.exp(-0.5 * distance(x, y) ** 2),
    ),
    "ExpQuad, one column": (
        lambda c: c.ExpQuad(2, ls=0.8, active_dims=[0]),
        lambda x, y: np.exp(-0.5 * first(x, y) ** 2),
    ),
    "RatQuad": (
        lambda c: c.RatQuad(2, alpha=1.7, ls=0.8),
        lambda x, y: (1 + distance(x, y) ** 2 / 3.4) ** -1.7,
    ),
    "Matern52": (lambda c: c.Matern52(2, ls=0.8), lambda x, y: matern52(distance(x, y))),
    "Matern32": (lambda c: c.Matern32(2, ls=0.8), lambda x, y: matern32(distance(x, y))),
    "Matern12": (lambda c: c.Matern12(2, ls=0.8), lambda x, y: np.exp(-distance(x, y))),
    "Exponential": (lambda c: c.Exponential(2, ls=0.8), lambda x, y: np.exp(-distance(x, y) / 2)),
    "Cosine": (lambda c: c.Cosine(2, ls=0.8), lambda x, y: np.cos(2 * np.pi * distance(x, y))),
    "Periodic": (lambda c: c.Periodic(2, period=1.3, ls=0.8), lambda x, y: np.exp(-0.5 * sine(x, y))),
    "WrappedPeriodic": (
        lambda c: c.WrappedPeriodic(c.Matern52(2, ls=0.8), period=1.3),
        lambda x, y: matern52(np.sqrt(sine(x, y))),
    ),
    "Circular": (
        lambda c: _circular(c)(2, period=3.0, tau=5.0, active_dims=[0]),
        lambda x, y: weinland(circle(x, y)),
    ),
    "Linear": (lambda c: c.Linear(2, c=0.3), lambda x, y: (x - 0.3) @ (y - 0.3)),
    "Polynomial": (
        lambda c: c.Polynomial(2, c=0.3, d=2, offset=1.2),
        lambda x, y: ((x - 0.3) @ (y - 0.3) + 1.2) ** 2,
    ),
    "Constant": (lambda c: c.Constant(2.5), lambda x, y: 2.5),
    "Gibbs": (lambda c: c.Gibbs(2, rough, active_dims=[0]), gibbs),
    "WarpedInput": (
        lambda c: c.WarpedInput(2, c.ExpQuad(2, ls=0.8), lambda x, p: x * p, args=(2.0,)),
        lambda x, y: np.exp(-0.5 * distance(2 * x, 2 * y) ** 2),
    ),
    "ScaledCov": (
        lambda c: c.ScaledCov(1, c.ExpQuad(1, ls=0.8), rough),
        lambda x, y: rough(x[0]) * rough(y[0]) * np.exp(-0.5 * first(x, y) ** 2),
    ),
    "Kron": (
        lambda c: c.Kron([c.ExpQuad(1, ls=0.8), c.Matern32(1, ls=1.9)]),
        lambda x, y: np.exp(-0.5 * first(x, y) ** 2) * matern32(abs(x[1] - y[1]) / 1.9),
    ),
    "Coregion": (
        lambda c: c.ExpQuad(2, ls=0.8, active_dims=[0]) * c.Coregion(2, B=B, active_dims=[1]),
        lambda x, y: np.exp(-0.5 * first(x, y) ** 2) * B[int(x[1]), int(y[1])],
    ),
    "Coregion, W and kappa": (
        lambda c: c.Coregion(2, W=np.array([[1.0], [0.5]]), kappa=np.array([0.1, 0.2]), active_dims=[1]),
        lambda x, y: np.array([[1.1, 0.5], [0.5, 0.45]])[int(x[1]), int(y[1])],
    ),
    "sum": (
        lambda c: 2.0 * c.ExpQuad(2, ls=0.8) + c.Linear(2, c=0.3) * 0.5 + 1.5,
        lambda x, y: 2 * np.exp(-0.5 * distance(x, y) ** 2) + 0.5 * (x - 0.3) @ (y - 0.3) + 1.5,
    ),
    "product": (
        lambda c: c.Matern52(2, ls=0.8, active_dims=[0]) * c.ExpQuad(2, ls=1.9, active_dims=[1]),
        lambda x, y: matern52(first(x, y)) * np.exp(-0.5 * (x[1] - y[1]) ** 2 / 1.9**2),
    ),
    "power": (lambda c: c.ExpQuad(2, ls=0.8) ** 2, lambda x, y: np.exp(-(distance(x, y) ** 2))),
    "scaled by an array": (
        lambda c: np.float64(3.0) * c.Matern32(2, ls=0.8),
        lambda x, y: 3 * matern32(distance(x, y)),
    ),
}

ONE_COLUMN = {"ScaledCov"}
WITH_OUTPUTS = {"Coregion", "Coregion, W and kappa"}


def inputs(name: str) -> tuple[np.ndarray, np.ndarray]:
    if name in ONE_COLUMN:
        return X[:, :1], XS[:, :1]
    return (OUTPUTS, OUTPUTS[:2]) if name in WITH_OUTPUTS else (X, XS)


def _circular(module: Any) -> Any:
    return module.Circular


# Those with a power spectral density, in one or two dimensions; the integral of it over frequencies is k(0).
SPECTRAL: dict[str, Callable[[Any, int], Any]] = {
    "ExpQuad": lambda c, d: c.ExpQuad(d, ls=0.8),
    "Matern52": lambda c, d: c.Matern52(d, ls=0.8),
    "Matern32": lambda c, d: c.Matern32(d, ls=0.8),
    "RatQuad": lambda c, d: c.RatQuad(d, alpha=2.7, ls=0.8),
    "scaled sum": lambda c, d: 2.0 * c.ExpQuad(d, ls=0.8) + 0.5 * c.Matern52(d, ls=1.9),
}
OURS_ALONE: dict[str, Callable[[Any, int], Any]] = {
    "Matern12": lambda c, d: c.Matern12(d, ls=0.8),
    "Exponential": lambda c, d: c.Exponential(d, ls=0.4),
}
BESSEL = special.ive

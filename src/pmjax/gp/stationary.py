"""Covariance functions of the distance between inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy import special as jsp

from pmjax.errors import ModelError
from pmjax.gp.covariance import Covariance
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.numerics import bessel
from pmjax.numerics.functions import fill

# Added to squared distances before a root is taken, whose slope at 0 has no bound.
SMALLEST_SQUARE = 1e-12
# So many columns are subtracted one by one, which is exact; more of them by a product of matrices.
MAX_DIFFERENCES = 16


def square_dist(X: Any, Xs: Any, ls: Any) -> Any:
    """Return the squared distances between rows, in units of the length scales, shape (n, m)."""
    x, y = X / ls, Xs / ls
    if x.shape[1] <= MAX_DIFFERENCES:
        columns = [(x[:, None, d] - y[None, :, d]) ** 2 for d in range(x.shape[1])]
        return sum(columns[1:], columns[0])
    middle = x.mean(axis=0)
    x, y = x - middle, y - middle
    squares = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None, :]
    return jnp.maximum(squares - 2.0 * x @ y.T, 0.0)


def _variance(X: Any) -> Any:
    return jnp.ones(X.shape[0], jnp.result_type(X, float))


class Stationary(Covariance):
    """A covariance function of the distance r = |x - x'| / ls.

    A family defines `full_from_distance`.

    Parameters
    ----------
    input_dim : int
        The number of columns of the inputs.
    ls, ls_inv : number, array or Variable
        One of: the length scale (for each active column, if it has a dimension), its inverse.
    active_dims : sequence of int, optional
        The columns that it uses; all by default.
    """

    def __init__(
        self, input_dim: int, ls: Any = None, ls_inv: Any = None, active_dims: Sequence[int] | None = None
    ) -> None:
        super().__init__(input_dim, active_dims)
        if (ls is None) == (ls_inv is None):
            raise ModelError(f"{type(self).__name__}: give one of ls and ls_inv")
        self.ls = as_variable(ls) if ls is not None else 1.0 / as_variable(ls_inv)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        return self.full_from_distance(call(square_dist, X, X if Xs is None else Xs, self.ls), squared=True)

    def diag(self, X: Variable) -> Variable:
        """Return the variances: 1."""
        return call(_variance, X)

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances (or squared distances) in units of the length scale."""
        raise NotImplementedError(f"{type(self).__name__} does not define full_from_distance(dist, squared)")

    def square_dist(self, X: Any, Xs: Any = None) -> Variable:
        """Return the squared distances between rows in units of the length scale."""
        first = as_variable(X)
        return call(square_dist, first, first if Xs is None else as_variable(Xs), self.ls)

    def euclidean_dist(self, X: Any, Xs: Any = None) -> Variable:
        """Return the distances between rows in units of the length scale."""
        return root(self.square_dist(X, Xs))

    def _scales(self) -> Variable:
        """Return the length scale of each active column."""
        return call(jnp.broadcast_to, self.ls, (self.n_dims,))


def root(squared: Any) -> Variable:
    """Return the distances for squared distances, with a slope that has a bound at 0."""
    return call(_root, as_variable(squared))


def _root(squared: Any) -> Any:
    return jnp.sqrt(squared + SMALLEST_SQUARE)


def _distance(dist: Any, squared: bool) -> Variable:
    return root(dist) if squared else as_variable(dist)


def _squared(dist: Any, squared: bool) -> Variable:
    return as_variable(dist) if squared else as_variable(dist) ** 2


class ExpQuad(Stationary):
    r"""Exponentiated quadratic: :math:`\exp(-r^2 / 2)`; functions with all derivatives."""

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_exp_quad, _squared(dist, squared))

    def power_spectral_density(self, omega: Any) -> Variable:
        r"""Return :math:`(2\pi)^{D/2} \prod_d l_d \exp(-\sum_d l_d^2 \omega_d^2 / 2)`."""
        return call(_exp_quad_density, as_variable(omega), self._scales())


def _exp_quad(r2: Any) -> Any:
    return jnp.exp(-0.5 * r2)


def _exp_quad_density(omega: Any, ls: Any) -> Any:
    return (2 * np.pi) ** (ls.shape[0] / 2) * ls.prod() * jnp.exp(-0.5 * (omega**2 @ ls**2))


def _matern_density(omega: Any, ls: Any, nu: float) -> Any:
    """Return the spectral density of a Matérn function (Rasmussen and Williams 2006, 4.15)."""
    half = ls.shape[0] / 2
    constant = 2 ** (2 * half) * np.pi**half * jsp.gamma(nu + half) * (2 * nu) ** nu / jsp.gamma(nu)
    return constant * ls.prod() * (2 * nu + omega**2 @ ls**2) ** -(nu + half)


class RatQuad(Stationary):
    r"""Rational quadratic: :math:`(1 + r^2 / (2 \alpha))^{-\alpha}`; length scales of many sizes.

    Parameters
    ----------
    input_dim, ls, ls_inv, active_dims
        As for all stationary functions.
    alpha : positive number or Variable
    """

    def __init__(
        self,
        input_dim: int,
        alpha: Any,
        ls: Any = None,
        ls_inv: Any = None,
        active_dims: Sequence[int] | None = None,
    ) -> None:
        super().__init__(input_dim, ls, ls_inv, active_dims)
        self.alpha = as_variable(alpha)

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_rat_quad, _squared(dist, squared), self.alpha)

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density, with the Bessel function K of order alpha - D / 2."""
        return call(_rat_quad_density, as_variable(omega), self._scales(), self.alpha)


def _rat_quad(r2: Any, alpha: Any) -> Any:
    return jnp.exp(-alpha * jnp.log1p(0.5 * r2 / alpha))


def _rat_quad_density(omega: Any, ls: Any, alpha: Any) -> Any:
    half = ls.shape[0] / 2
    nu = alpha - half
    z = jnp.sqrt(2 * alpha) * jnp.sqrt(omega**2 @ ls**2)
    at = jnp.where(z == 0, 1.0, z)
    value = jnp.where(z == 0, jsp.gamma(nu) / 2, (at / 2) ** nu * bessel.kv(nu, at))
    return 2 * (2 * np.pi * alpha) ** half * ls.prod() / jsp.gamma(alpha) * value


class Matern52(Stationary):
    r"""Matérn with :math:`\nu = 5/2`: :math:`(1 + \sqrt5 r + 5 r^2 / 3) \exp(-\sqrt5 r)`; two derivatives."""

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_matern52, _distance(dist, squared))

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density."""
        return call(_matern_density, as_variable(omega), self._scales(), 2.5)


def _matern52(r: Any) -> Any:
    s = np.sqrt(5.0) * r
    return (1.0 + s + s * s / 3.0) * jnp.exp(-s)


class Matern32(Stationary):
    r"""Matérn with :math:`\nu = 3/2`: :math:`(1 + \sqrt3 r) \exp(-\sqrt3 r)`; one derivative."""

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_matern32, _distance(dist, squared))

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density."""
        return call(_matern_density, as_variable(omega), self._scales(), 1.5)


def _matern32(r: Any) -> Any:
    s = np.sqrt(3.0) * r
    return (1.0 + s) * jnp.exp(-s)


class Matern12(Stationary):
    r"""Matérn with :math:`\nu = 1/2`: :math:`\exp(-r)`; the Ornstein-Uhlenbeck process."""

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_decay, _distance(dist, squared), 1.0)

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density."""
        return call(_matern_density, as_variable(omega), self._scales(), 0.5)


class Exponential(Stationary):
    r"""Exponential: :math:`\exp(-r / 2)`, which is `Matern12` of twice the length scale."""

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_decay, _distance(dist, squared), 0.5)

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density."""
        return call(_matern_density, as_variable(omega), 2.0 * self._scales(), 0.5)


def _decay(r: Any, rate: float) -> Any:
    return jnp.exp(-rate * r)


class Cosine(Stationary):
    r"""Cosine: :math:`\cos(2 \pi r)`."""

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances."""
        return call(_cosine, _distance(dist, squared))


def _cosine(r: Any) -> Any:
    return jnp.cos(2 * np.pi * r)


def _sine_distance(X: Any, Xs: Any, ls: Any, period: Any) -> Any:
    """Return the squared distances on circles: the sum of (sin(pi (x - x') / period) / ls)²."""
    sines = jnp.sin(np.pi * (X[:, None, :] - Xs[None, :, :]) / period) / ls
    return (sines * sines).sum(axis=2)


class Periodic(Stationary):
    r"""Periodic: :math:`\exp(-\sin^2(\pi |x - x'| / T) / (2 l^2))`.

    Parameters
    ----------
    input_dim, ls, ls_inv, active_dims
        As for all stationary functions.
    period : positive number or Variable
    """

    def __init__(
        self,
        input_dim: int,
        period: Any,
        ls: Any = None,
        ls_inv: Any = None,
        active_dims: Sequence[int] | None = None,
    ) -> None:
        super().__init__(input_dim, ls, ls_inv, active_dims)
        self.period = as_variable(period)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        squares = call(_sine_distance, X, X if Xs is None else Xs, self.ls, self.period)
        return self.full_from_distance(squares, squared=True)

    def full_from_distance(self, dist: Any, squared: bool = False) -> Variable:
        """Return the covariances at distances on the circle."""
        return call(_exp_quad, _squared(dist, squared))

    def power_spectral_density(self, omega: Any) -> Variable:
        """A periodic function has a line spectrum: see `power_spectral_density_approx`."""
        raise ModelError("Periodic has a line spectrum; use pm.gp.HSGPPeriodic")

    def power_spectral_density_approx(self, J: Any) -> Variable:
        """Return the coefficients of the cosine series of the function, at integers J."""
        return call(_periodic_coefficients, as_variable(J), self.ls)


def _periodic_coefficients(J: Any, ls: Any) -> Any:
    return jnp.where(J > 0, 2.0, 1.0) * bessel.ive(J, 1.0 / ls**2)


class WrappedPeriodic(Covariance):
    """A stationary function of the distance on a circle.

    Parameters
    ----------
    cov_func : Stationary
    period : positive number or Variable
    """

    def __init__(self, cov_func: Stationary, period: Any) -> None:
        if not isinstance(cov_func, Stationary):
            raise ModelError(
                f"WrappedPeriodic takes a stationary covariance function, got {type(cov_func).__name__}"
            )
        super().__init__(cov_func.input_dim, cov_func.active_dims.tolist())
        self.cov_func, self.period = cov_func, as_variable(period)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        squares = call(_sine_distance, X, X if Xs is None else Xs, self.cov_func.ls, self.period)
        return self.cov_func.full_from_distance(squares, squared=True)

    def diag(self, X: Variable) -> Variable:
        """Return the variances: 1."""
        return call(_variance, X)


class Circular(Covariance):
    r"""Weinland's function of the distance t on a circle: :math:`(1 + \tau t / c) (1 - t / c)_+^\tau`.

    Here c is half the period (Padonou and Roustant 2015).

    Parameters
    ----------
    input_dim, active_dims
        As for all covariance functions.
    period : positive number or Variable
    tau : number or Variable, at least 4
    """

    def __init__(
        self, input_dim: int, period: Any, tau: Any = 4, active_dims: Sequence[int] | None = None
    ) -> None:
        super().__init__(input_dim, active_dims)
        self.period, self.tau = as_variable(period), as_variable(tau)

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        X, Xs = self._slice(X, Xs)
        return call(_weinland, X, X if Xs is None else Xs, self.period, self.tau)

    def diag(self, X: Variable) -> Variable:
        """Return the variances: 1."""
        return call(_variance, X)


def _weinland(X: Any, Xs: Any, period: Any, tau: Any) -> Any:
    c = period / 2
    t = jnp.abs((X - Xs.T + c) % (2 * c) - c)
    return (1 + tau * t / c) * jnp.clip(1 - t / c, 0) ** tau


def constant_like(X: Any, value: Any) -> Variable:
    """Return a vector with one value for each row."""
    return call(fill, X[:, 0], value)

"""Hilbert space Gaussian processes: a few sines stand for the process (Riutort-Mayol and others 2022)."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.gp.covariance import Covariance, as_inputs
from pmjax.gp.process import Base, families
from pmjax.gp.stationary import Periodic
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.model.named import Deterministic

# For each condition at the two ends: the first frequency, and whether the functions are sines or cosines.
_BOUNDARIES: dict[str, tuple[float, str]] = {
    "dirichlet": (1.0, "sin"),
    "neumann": (0.0, "cos"),
    "dirichlet-neumann": (0.5, "sin"),
    "neumann-dirichlet": (0.5, "cos"),
}
# c below which the ends of the interval are felt inside.
SMALLEST_FACTOR = 1.2


def set_boundary(X: Any, c: Any) -> np.ndarray:
    """Return half the lengths of the box: c times half the range of the inputs.

    Parameters
    ----------
    X : array, shape (n, d)
        Centred inputs.
    c : number

    Returns
    -------
    ndarray, shape (d,)
    """
    values = as_variable(X).data_only()
    L = np.asarray(as_variable(c).data_only() * (values.max(axis=0) - values.min(axis=0)) / 2.0)
    if np.any(L <= 0):
        raise ModelError(f"HSGP: the lengths of the box must be positive, got {L}; see c and the range of X")
    return L


def _per_dim(boundary: Any, n_dims: int) -> tuple[str, ...]:
    given = (boundary,) * n_dims if isinstance(boundary, str) else tuple(boundary)
    wrong = [b for b in given if b not in _BOUNDARIES]
    if wrong or len(given) != n_dims:
        raise ModelError(
            f"HSGP: boundary is one of {', '.join(_BOUNDARIES)}, or one for each of {n_dims} columns, "
            f"got {boundary!r}"
        )
    return given


def calc_eigenvalues(L: Any, m: Sequence[int], boundary: Any = "dirichlet", tl: Any = None) -> np.ndarray:
    """Return the eigenvalues of the Laplacian on a box, shape (m_1 m_2 ..., d).

    Parameters
    ----------
    L : array, shape (d,)
        Half the lengths of the box.
    m : sequence of int
        The number of basis functions in each dimension.
    boundary : str or sequence of str
    """
    first = [_BOUNDARIES[b][0] for b in _per_dim(boundary, len(m))]
    grids = np.meshgrid(*(np.arange(j, j + n) for j, n in zip(first, m, strict=True)))
    numbers_ = np.stack([g.ravel() for g in grids], axis=1)
    return np.asarray(np.square(np.pi * numbers_ / (2 * as_variable(L).data_only())))


def calc_eigenvectors(
    Xs: Any, L: Any, eigvals: Any, m: Sequence[int], boundary: Any = "dirichlet", tl: Any = None
) -> Variable:
    """Return the eigenfunctions of the Laplacian on a box at inputs, shape (n, m_1 m_2 ...).

    Parameters
    ----------
    Xs : array or Variable, shape (n, d)
    L, m, boundary
        As for `calc_eigenvalues`.
    eigvals : array, shape (m_1 m_2 ..., d)
    """
    kinds = tuple(_BOUNDARIES[b][1] for b in _per_dim(boundary, len(m)))
    return call(_eigenvectors, as_variable(Xs), as_variable(L), as_variable(eigvals), kinds)


def _eigenvectors(X: Any, L: Any, eigenvalues: Any, kinds: tuple[str, ...]) -> Any:
    phi: Any = 1.0
    for d, kind in enumerate(kinds):
        omega = jnp.sqrt(eigenvalues[:, d])
        waves = (jnp.sin if kind == "sin" else jnp.cos)(omega * (X[:, d, None] + L[d]))
        phi = phi * waves * jnp.where(omega == 0, 1 / jnp.sqrt(2 * L[d]), 1 / jnp.sqrt(L[d]))
    return phi


def calc_basis_periodic(Xs: Any, period: Any, m: int, tl: Any = None) -> tuple[Variable, Variable]:
    """Return the cosines and sines of multiples 0, ..., m - 1 of the frequency, each of shape (n, m)."""
    X, T = as_variable(Xs), as_variable(period)
    return call(_wave, X, T, m, "cos"), call(_wave, X, T, m, "sin")


def _wave(X: Any, period: Any, m: int, kind: str) -> Any:
    angle = (2 * np.pi / period) * X * jnp.arange(m)
    return jnp.cos(angle) if kind == "cos" else jnp.sin(angle)


def approx_hsgp_hyperparams(
    x_range: Sequence[float], lengthscale_range: Sequence[float], cov_func: str
) -> tuple[int, float]:
    """Return the number of basis functions m and the factor c for length scales in a range.

    The fits of Riutort-Mayol and others (2022), for one dimension.

    Parameters
    ----------
    x_range : two numbers
        The range of the inputs, of those for predictions as well.
    lengthscale_range : two numbers
        Where most of the prior of the length scale lies.
    cov_func : {"expquad", "matern52", "matern32"}

    Examples
    --------
    >>> approx_hsgp_hyperparams([0, 10], [1, 5], "matern52")
    (54, 4.1)
    """
    fits = {"expquad": (3.2, 1.75), "matern52": (4.1, 2.65), "matern32": (4.5, 3.42)}
    for what, (low, high) in (("lengthscale_range", lengthscale_range), ("x_range", x_range)):
        if low >= high:
            raise ModelError(f"approx_hsgp_hyperparams: {what} is (lower, upper), got ({low}, {high})")
    if cov_func.lower() not in fits:
        raise ModelError(f"approx_hsgp_hyperparams: cov_func is one of {', '.join(fits)}, got {cov_func!r}")
    a, b = fits[cov_func.lower()]
    half = (x_range[1] - x_range[0]) / 2.0
    c = max(a * (lengthscale_range[1] / half), SMALLEST_FACTOR)
    return int(b * c / (lengthscale_range[0] / half)), c


def _centre(X: Variable) -> np.ndarray:
    values = X.data_only()
    return np.asarray((values.max(axis=0) + values.min(axis=0)) / 2)


class HSGP(Base):
    """A stationary Gaussian process as a sum of m sines on a box around the inputs, in time n m.

    Parameters
    ----------
    m : sequence of int
        The number of basis functions, for each active column.
    L : sequence of float
        Half the lengths of the box.
    c : float
        Instead of L: the box is so many times as large as the range of the inputs; at least 1.2.
    drop_first : bool
        Leave the first basis function out, which may be confounded with an intercept.
    parametrization : {"noncentered", "centered"}
    boundary : {"dirichlet", "neumann", "dirichlet-neumann", "neumann-dirichlet"}, or one for each column
        What the basis functions do at the ends: vanish, or are flat.
    mean_func : Mean, default 0
    cov_func : Covariance
        One with a power spectral density: stationary, scaled or summed.

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> x = np.linspace(0, 10, 50)[:, None]
    >>> with pm.Model() as model:
    ...     ls = pm.LogNormal("ls", 0, 1)
    ...     gp = pm.gp.HSGP(m=[20], c=1.5, cov_func=pm.gp.cov.Matern52(1, ls))
    ...     f = gp.prior("f", X=x)
    >>> f.shape, model["f_hsgp_coeffs"].shape
    ((50,), (20,))
    """

    def __init__(
        self,
        m: Sequence[int],
        L: Sequence[float] | None = None,
        c: Any = None,
        drop_first: bool = False,
        parametrization: str | None = "noncentered",
        *,
        boundary: Any = "dirichlet",
        mean_func: Any = None,
        cov_func: Any,
    ) -> None:
        super().__init__(mean_func=mean_func, cov_func=cov_func)
        if not isinstance(cov_func, Covariance):
            raise ModelError("HSGP: cov_func is a covariance function of inputs, such as pm.gp.cov.Matern52")
        for what, value in (("m", m), ("L", L)):
            if value is not None and (
                not isinstance(value, (Sequence, np.ndarray)) or len(value) != cov_func.n_dims
            ):
                raise ModelError(
                    f"HSGP: {what} has one element for each of {cov_func.n_dims} columns, got {value!r}"
                )
        if (L is None) == (c is None):
            raise ModelError("HSGP: give one of c and L")
        if isinstance(c, numbers.Real) and c < SMALLEST_FACTOR:
            warnings.warn(
                f"HSGP: c={c} is small; with c >= 1.2 the ends of the box are not felt",
                UserWarning,
                stacklevel=2,
            )
        kind = (parametrization or "").lower().replace("-", "").replace("_", "")
        if kind not in ("centered", "noncentered"):
            raise ModelError(f"HSGP: parametrization is 'noncentered' or 'centered', got {parametrization!r}")
        self._m, self._c, self._drop_first, self._parametrization = tuple(m), c, bool(drop_first), kind
        self._boundary = _per_dim(boundary, cov_func.n_dims)
        self._L = None if L is None else np.asarray([float(as_variable(v).data_only()) for v in L])
        self._X_center: np.ndarray | None = None
        self.n_basis_vectors = int(np.prod(self._m))

    def __add__(self, other: Any) -> Any:
        raise TypeError(
            "Hilbert space processes cannot be added; add their values, or their covariance functions"
        )

    @property
    def L(self) -> np.ndarray:
        """Half the lengths of the box."""
        if self._L is None:
            raise ModelError("HSGP: L follows from the inputs; call `prior` or `prior_linearized` first")
        return self._L

    @L.setter
    def L(self, value: Any) -> None:
        self._L = np.asarray(as_variable(value).data_only())

    def prior_linearized(self, X: Any) -> tuple[Variable, Variable]:
        """Return the basis functions at the inputs, and the standard deviations of their coefficients.

        The process is ``phi @ (beta * sqrt_psd)`` with standard normal beta. The first inputs fix the box.

        Parameters
        ----------
        X : array or Variable, shape (n, d)

        Returns
        -------
        phi : Variable, shape (n, basis functions)
        sqrt_psd : Variable, shape (basis functions,)
        """
        inputs = as_inputs(X, "X")
        if self._X_center is None:
            self._X_center = _centre(inputs)
        centred, _ = self.cov_func._slice(inputs - self._X_center)
        if self._L is None:
            self._L = set_boundary(centred, self._c)
        return self._basis(centred), self._sqrt_psd()

    def _basis(self, centred: Variable) -> Variable:
        eigenvalues = calc_eigenvalues(self.L, self._m, self._boundary)
        phi = calc_eigenvectors(centred, self.L, eigenvalues, self._m, self._boundary)
        return phi[:, 1:] if self._drop_first else phi

    def _sqrt_psd(self) -> Variable:
        omega = np.sqrt(calc_eigenvalues(self.L, self._m, self._boundary))
        density = as_variable(self.cov_func.power_spectral_density(omega))
        return call(_root_of_density, density[1:] if self._drop_first else density)

    def prior(
        self,
        name: str,
        X: Any,
        dims: Any = None,
        hsgp_coeffs_dims: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Variable:
        """Declare the coefficients (``name_hsgp_coeffs``) and the values of the process at the inputs.

        Parameters
        ----------
        name : str
        X : array or Variable, shape (n, d)
        dims : str, optional
            Of the values.
        hsgp_coeffs_dims : str, optional
            Of the coefficients.

        Returns
        -------
        Variable, shape (n,)
        """
        phi, sqrt_psd = self.prior_linearized(X)
        centered = self._parametrization == "centered"
        options = (
            {"size": self.n_basis_vectors - self._drop_first}
            if hsgp_coeffs_dims is None
            else {"dims": hsgp_coeffs_dims}
        )
        beta = families.Normal(f"{name}_hsgp_coeffs", 0.0, sqrt_psd if centered else 1.0, **options)
        self._beta, self._scaled = beta, beta if centered else beta * sqrt_psd
        self.f = Deterministic(name, self.mean_func(as_inputs(X, "X")) + phi @ self._scaled, dims=dims)
        return self.f

    def conditional(self, name: str, Xnew: Any, dims: Any = None) -> Variable:
        """Declare the values of the process at new inputs, with the coefficients of the prior.

        Parameters
        ----------
        name : str
        Xnew : array or Variable, shape (m, d)
        dims : str, optional

        Returns
        -------
        Variable, shape (m,)
        """
        if not hasattr(self, "_scaled"):
            raise ModelError("HSGP: call `prior` before `conditional`")
        inputs = as_inputs(Xnew, "Xnew")
        centred, _ = self.cov_func._slice(inputs - self._X_center)
        value = self.mean_func(inputs) + self._basis(centred) @ self._scaled
        return Deterministic(name, value, dims=dims)


def _root_of_density(density: Any) -> Any:
    # Densities of smooth functions underflow at high frequencies, where the slope of the root has no bound.
    return jnp.where(density > 0, jnp.sqrt(jnp.where(density > 0, density, 1.0)), 0.0)


class HSGPPeriodic(Base):
    """A periodic Gaussian process as a sum of m cosines and m - 1 sines, in time n m.

    As in PyMC the coefficients are multiplied by q_j² = 2 I_j(a) exp(-a) with a = 1 / ls², where the formula
    of Riutort-Mayol and others (2022) has q_j, and the covariance function `Periodic` has a = 1 / (4 ls²).

    Parameters
    ----------
    m : int
        The number of basis functions.
    scale : number or Variable
        The standard deviation of the process.
    mean_func : Mean, default 0
    cov_func : Periodic
    """

    def __init__(self, m: int, scale: Any = 1.0, *, mean_func: Any = None, cov_func: Periodic) -> None:
        if not isinstance(m, (int, np.integer)) or m <= 0:
            raise ModelError(f"HSGPPeriodic: m is a positive integer, got {m!r}")
        if not isinstance(cov_func, Periodic) or cov_func.n_dims > 1:
            raise ModelError(
                "HSGPPeriodic: cov_func is a pm.gp.cov.Periodic of one column; scale= sets its size"
            )
        super().__init__(mean_func=mean_func, cov_func=cov_func)
        self._m, self.scale = int(m), as_variable(scale)
        self._X_center: np.ndarray | None = None

    def __add__(self, other: Any) -> Any:
        raise TypeError("Hilbert space processes cannot be added; add their values")

    def prior_linearized(self, X: Any) -> tuple[tuple[Variable, Variable], Variable]:
        """Return the cosines and sines at the inputs, and the scales of their coefficients.

        Parameters
        ----------
        X : array or Variable, shape (n, d)

        Returns
        -------
        (phi_cos, phi_sin) : Variables, shape (n, m)
        psd : Variable, shape (m,)
        """
        inputs = as_inputs(X, "X")
        if self._X_center is None:
            self._X_center = _centre(inputs)
        centred, _ = self.cov_func._slice(inputs - self._X_center)
        psd = self.scale * self.cov_func.power_spectral_density_approx(np.arange(self._m))
        return calc_basis_periodic(centred, self.cov_func.period, self._m), psd

    def prior(self, name: str, X: Any, dims: Any = None, hsgp_coeffs_dims: Any = None) -> Variable:
        """Declare the coefficients (``name_hsgp_coeffs_``) and the values of the process at the inputs.

        Parameters
        ----------
        name, X, dims, hsgp_coeffs_dims
            As for `HSGP.prior`.

        Returns
        -------
        Variable, shape (n,)
        """
        options = {"size": 2 * self._m - 1} if hsgp_coeffs_dims is None else {"dims": hsgp_coeffs_dims}
        self._beta = families.Normal(f"{name}_hsgp_coeffs_", **options)
        self.f = Deterministic(name, self._value(X), dims=dims)
        return self.f

    def conditional(self, name: str, Xnew: Any, dims: Any = None) -> Variable:
        """Declare the values of the process at new inputs, with the coefficients of the prior.

        Parameters
        ----------
        name, Xnew, dims
            As for `HSGP.conditional`.

        Returns
        -------
        Variable, shape (m,)
        """
        if not hasattr(self, "_beta"):
            raise ModelError("HSGPPeriodic: call `prior` before `conditional`")
        return Deterministic(name, self._value(Xnew), dims=dims)

    def _value(self, X: Any) -> Variable:
        (cosines, sines), psd = self.prior_linearized(X)
        m, beta = self._m, self._beta
        waves = cosines @ (psd * beta[:m]) + sines[:, 1:] @ (psd[1:] * beta[m:])
        return self.mean_func(as_inputs(X, "X")) + waves

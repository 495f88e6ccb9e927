"""What a covariance function is, and the algebra of covariance functions."""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from pmjax.errors import ModelError
from pmjax.graph.variable import Variable, as_variable, call


class BaseCovariance:
    """A function k(x, x') of two inputs, positive semidefinite.

    A covariance function of your own defines `full`; what it is made of may be variables of the model.

    Examples
    --------
    >>> import numpy as np
    >>> import pmjax as pm
    >>> k = 2.0 * pm.gp.cov.ExpQuad(1, ls=0.5) + pm.gp.cov.WhiteNoise(0.1)
    >>> k(np.array([[0.0], [1.0]])).eval().round(3).tolist()
    [[2.01, 0.271], [0.271, 2.01]]
    """

    # NumPy's arrays and the graph's variables leave arithmetic with a covariance function to it.
    __array_ufunc__ = None

    def __call__(self, X: Any, Xs: Any = None, diag: bool = False) -> Variable:
        """Return the covariances of the rows of X with those of Xs (with themselves without it).

        Parameters
        ----------
        X : array or Variable, shape (n, d)
        Xs : array or Variable, shape (m, d), optional
        diag : bool
            Return the variances k(x, x) alone.

        Returns
        -------
        Variable, shape (n, n), (n, m), or (n,)
        """
        rows = as_inputs(X, "X")
        if diag:
            return self.diag(rows)
        return self.full(rows, None if Xs is None else as_inputs(Xs, "Xs"))

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        raise NotImplementedError(f"{type(self).__name__} does not define full(X, Xs)")

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        return call(jnp.diagonal, self.full(X))

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density at frequencies, for stationary functions."""
        raise ModelError(
            f"{type(self).__name__} has no power spectral density here; HSGP needs a stationary covariance "
            "function such as ExpQuad or Matern52, scaled or summed"
        )

    def __add__(self, other: Any) -> Sum:
        return Sum([self, other])

    def __radd__(self, other: Any) -> Sum:
        return Sum([self, other])

    def __mul__(self, other: Any) -> Product:
        return Product([self, other])

    def __rmul__(self, other: Any) -> Product:
        return Product([self, other])

    def __pow__(self, power: Any) -> Power:
        return Power(self, power)


class Covariance(BaseCovariance):
    """A covariance function of some of the columns of its inputs.

    Parameters
    ----------
    input_dim : int
        The number of columns of the inputs.
    active_dims : sequence of int, optional
        The columns that it uses; all by default.
    """

    def __init__(self, input_dim: int, active_dims: Sequence[int] | None = None) -> None:
        self.input_dim = int(input_dim)
        self.active_dims = np.arange(self.input_dim) if active_dims is None else np.asarray(active_dims, int)
        if self.active_dims.size == 0 or self.active_dims.max() >= self.input_dim:
            raise ModelError(
                f"{type(self).__name__}: active_dims are columns from 0 to {self.input_dim - 1} "
                f"(input_dim={self.input_dim}), got {self.active_dims.tolist()}"
            )

    @property
    def n_dims(self) -> int:
        """The number of columns that it uses."""
        return len(self.active_dims)

    def _slice(self, X: Any, Xs: Any = None) -> tuple[Variable, Variable | None]:
        """Return the columns in use."""
        X = as_inputs(X, "X")
        columns = X.shape[-1]
        if columns != self.input_dim:
            if columns <= self.active_dims.max():
                raise ModelError(
                    f"{type(self).__name__}: the inputs have {columns} column(s), and the function uses "
                    f"column {self.active_dims.max()}"
                )
            warnings.warn(
                f"{type(self).__name__} is declared for {self.input_dim} column(s), and the inputs have "
                f"{columns}: it uses the first; set input_dim to the number of columns",
                UserWarning,
                stacklevel=2,
            )
        return self._columns(X), None if Xs is None else self._columns(as_inputs(Xs, "Xs"))

    def _columns(self, X: Variable) -> Variable:
        if np.array_equal(self.active_dims, np.arange(X.shape[-1])):
            return X
        return X[:, self.active_dims]


class Combination(Covariance):
    """A sum or product of covariance functions, numbers, variables and matrices.

    Parameters
    ----------
    factors : sequence
        The covariance functions among them share their `input_dim`.
    """

    operation: ClassVar[Any]

    def __init__(self, factors: Sequence[Any]) -> None:
        flat = [f for g in factors for f in (g.factors if type(g) is type(self) else [g])]
        self.factors: list[Any] = [f if isinstance(f, BaseCovariance) else as_variable(f) for f in flat]
        owned = [f for f in self.factors if isinstance(f, Covariance)]
        dims = {f.input_dim for f in owned}
        if len(dims) > 1:
            raise ModelError(
                f"covariance functions that are combined have the same input_dim, got {sorted(dims)}; "
                "use active_dims to choose the columns of each"
            )
        columns = sorted({int(d) for f in owned for d in f.active_dims})
        super().__init__(dims.pop() if dims else 1, columns or None)

    def __call__(self, X: Any, Xs: Any = None, diag: bool = False) -> Variable:
        values = [self._value(f, X, Xs, diag) for f in self.factors]
        return functools.reduce(type(self).operation, values)

    @staticmethod
    def _value(factor: Any, X: Any, Xs: Any, diag: bool) -> Variable:
        if isinstance(factor, BaseCovariance):
            return factor(X, Xs, diag)
        return call(jnp.diagonal, factor) if diag and factor.ndim == 2 else factor

    def full(self, X: Variable, Xs: Variable | None = None) -> Variable:
        """Return the matrix of covariances."""
        return self(X, Xs)

    def diag(self, X: Variable) -> Variable:
        """Return the variances."""
        return self(X, diag=True)

    def _densities(self, omega: Any) -> list[Variable]:
        for factor in self.factors:
            if isinstance(factor, Covariance) and set(factor.active_dims) != set(self.active_dims):
                raise ModelError(
                    "a power spectral density needs the same active_dims in all parts of the function"
                )
        return [f.power_spectral_density(omega) if isinstance(f, BaseCovariance) else f for f in self.factors]


class Sum(Combination):
    """The sum of covariance functions: of independent processes."""

    operation = operator.add

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the sum of the spectral densities."""
        return functools.reduce(operator.add, self._densities(omega))


class Product(Combination):
    """The product of covariance functions."""

    operation = operator.mul

    def power_spectral_density(self, omega: Any) -> Variable:
        """Return the spectral density of one covariance function times numbers."""
        if sum(isinstance(f, BaseCovariance) for f in self.factors) > 1:
            raise ModelError(
                "the power spectral density of a product of covariance functions is not known; "
                "HSGP takes one of them times a number, or a sum of such"
            )
        return functools.reduce(operator.mul, self._densities(omega))


class Power(Covariance):
    """A covariance function to a power.

    Parameters
    ----------
    kernel : Covariance
    power : number or scalar Variable
    """

    def __init__(self, kernel: BaseCovariance, power: Any) -> None:
        if not isinstance(kernel, Covariance):
            raise ModelError(f"{type(kernel).__name__} has no power; only functions of inputs have")
        node = as_variable(power)
        if node.size != 1:
            raise ModelError(f"a covariance function is raised to one number, got shape {node.shape}")
        super().__init__(kernel.input_dim, kernel.active_dims.tolist())
        self.kernel, self.power = kernel, node.reshape(()) if node.ndim else node

    def __call__(self, X: Any, Xs: Any = None, diag: bool = False) -> Variable:
        return self.kernel(X, Xs, diag) ** self.power


def as_inputs(X: Any, what: str) -> Variable:
    """Return inputs as a matrix: one row for each point.

    Raises
    ------
    ModelError
        If they have no columns.
    """
    node = as_variable(X)
    if node.ndim != 2:
        raise ModelError(
            f"a Gaussian process takes {what} as a matrix, one row for each point; got shape {node.shape}: "
            f"write {what}[:, None] for a vector"
        )
    return node

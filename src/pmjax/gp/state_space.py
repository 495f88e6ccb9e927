"""Which covariance functions make a Gaussian process a Markov chain in one input, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from pmjax.gp import cov
from pmjax.gp.covariance import BaseCovariance, Product, Sum
from pmjax.gp.process import whitened_cov, whitened_mean
from pmjax.graph.evaluate import of_data
from pmjax.graph.variable import Variable, as_variable, call
from pmjax.laws.law import Law
from pmjax.laws.state_space import StateSpaceNormal
from pmjax.model.family import Family, family
from pmjax.numerics import state_space

# Of fewer points the dense matrix is as fast.
FEWEST_POINTS = 200
# Of a Matérn function: how often the process can be differentiated, and the rate for a length scale of 1.
_MATERN: dict[type, tuple[int, float]] = {
    cov.Matern12: (0, 1.0),
    cov.Exponential: (0, 0.5),
    cov.Matern32: (1, np.sqrt(3.0)),
    cov.Matern52: (2, np.sqrt(5.0)),
}
# With more components than this the small matrices are no longer small.
MOST_COMPONENTS = 9


class StateSpace(NamedTuple):
    """A sum of Matérn processes of one input, with independent noise.

    Attributes
    ----------
    orders : tuple of int
        How often each process can be differentiated.
    inputs : Variable, shape (n,)
    variances, rates : Variable, shape (m,)
        Of each process; the rate is sqrt(2 p + 1) / ls.
    noise : Variable, shape ()
        Variance.
    """

    orders: tuple[int, ...]
    inputs: Variable
    variances: Variable
    rates: Variable
    noise: Variable

    @property
    def order(self) -> Variable:
        """The numbers of the inputs in increasing order."""
        return call(jnp.argsort, self.inputs)

    @property
    def gaps(self) -> Variable:
        """The distance of each ordered input from the one before; 0 for the first."""
        return call(_gaps, self.inputs)

    def likelihood(self, name: str, mu: Variable, **kwargs: Any) -> Variable:
        """Declare noisy values with the mean mu."""
        declare: Any = StateSpaceLikelihood
        variable: Variable = declare(name, mu, self, **kwargs)
        return variable

    def conditional(
        self, Kxs: Variable, Kss: Variable, residual: Variable, mean: Variable
    ) -> tuple[Variable, Variable]:
        """Return mean and covariance at new inputs, given noisy values.

        Parameters
        ----------
        Kxs : Variable, shape (n, m)
            Covariances of the inputs with the new ones.
        Kss : Variable, shape (m, m) or (m,)
            Those of the new ones, or their variances.
        residual : Variable, shape (n,)
            The values without their mean.
        mean : Variable, shape (m,)
            At the new inputs.
        """
        parts = self.order, self.gaps, self.variances, self.rates, self.noise
        white = call(_whiten, self.orders, *parts, Kxs, residual)
        return call(whitened_mean, white[:, :-1], white[:, -1], mean), call(whitened_cov, white[:, :-1], Kss)


def _gaps(x: Any) -> Any:
    ordered = jnp.sort(x)
    return jnp.diff(ordered, prepend=ordered[:1])


def _whiten(
    orders: tuple[int, ...],
    order: Any,
    gaps: Any,
    variances: Any,
    rates: Any,
    noise: Any,
    Kxs: Any,
    residual: Any,
) -> Any:
    chain = state_space.matern_chain(orders, variances, rates, gaps)
    return state_space.whiten(chain, noise, jnp.column_stack([Kxs, residual])[order])


def as_state_space(
    cov_func: BaseCovariance, noise: BaseCovariance, X: Variable, jitter: Any
) -> StateSpace | None:
    """Return a process with noise as a Markov chain, or None if it is none or nothing is gained.

    It is one if its covariance function is a sum of Matérn functions of the same one column (times numbers),
    white noise and constants, and the inputs are data.

    Parameters
    ----------
    cov_func, noise : Covariance
    X : Variable, shape (n, d)
    jitter : float
        Added to the variance of the noise.
    """
    terms = _terms(cov_func) + _terms(noise)
    if X.shape[0] < FEWEST_POINTS or not of_data(X) or not all(_is_known(f, s) for f, s in terms):
        return None
    matern = [(f, s) for f, s in terms if type(f) in _MATERN]
    columns = {tuple(f.active_dims) for f, _ in matern}
    if len(columns) != 1 or len(next(iter(columns))) != 1:
        return None
    (column,) = columns.pop()
    if column >= X.shape[1] or any(f.input_dim != X.shape[1] for f, _ in matern):
        return None
    orders, variances, rates, spread = [], [], [], as_variable(float(jitter))
    for function, scale in terms:
        if isinstance(function, cov.WhiteNoise):
            spread = spread + scale * _scalar(function.sigma) ** 2
            continue
        order, rate = _MATERN.get(type(function), (0, 0.0))
        constant = isinstance(function, cov.Constant)
        orders.append(order)
        variances.append(scale * _scalar(function.c) if constant else scale * 1.0)
        rates.append(as_variable(0.0) if constant else rate / _scalar(function.ls))
    if sum(order + 1 for order in orders) > MOST_COMPONENTS:
        return None
    return StateSpace(tuple(orders), X[:, int(column)], _stack(variances), _stack(rates), spread)


def _terms(cov_func: BaseCovariance) -> list[tuple[Any, Variable]]:
    """Return the terms of a sum of covariance functions, each with the product of its numbers."""
    if isinstance(cov_func, Sum) and all(isinstance(f, BaseCovariance) for f in cov_func.factors):
        return [term for f in cov_func.factors for term in _terms(f)]
    if isinstance(cov_func, Product):
        functions = [f for f in cov_func.factors if isinstance(f, BaseCovariance)]
        numbers = [f for f in cov_func.factors if not isinstance(f, BaseCovariance)]
        if len(functions) == 1 and all(n.size == 1 for n in numbers):
            scale = as_variable(1.0)
            for number in numbers:
                scale = scale * _scalar(number)
            return [(f, s * scale) for f, s in _terms(functions[0])]
    return [(cov_func, as_variable(1.0))]


def _is_known(function: Any, scale: Variable) -> bool:
    if type(function) in _MATERN:
        return bool(function.ls.size == 1)
    if type(function) is cov.WhiteNoise:
        return bool(function.sigma.size == 1)
    return type(function) is cov.Constant and function.c.size == 1


def _scalar(number: Variable) -> Variable:
    return number.reshape(()) if number.ndim else number


def _stack(numbers: Sequence[Variable]) -> Variable:
    return call(_stacked, list(numbers))


def _stacked(numbers: Sequence[Any]) -> Any:
    return jnp.stack([jnp.asarray(n, jnp.result_type(float)) for n in numbers])


@family
class StateSpaceLikelihood(Family):
    """The noisy values of a process that is a Markov chain.

    Parameters
    ----------
    mu : Variable, shape (n,)
    chain : StateSpace
    """

    raw = ("chain",)

    def read(self, mu: Any, chain: StateSpace) -> tuple[Law, Sequence[Any]]:  # type: ignore[override]
        parts = mu, chain.order, chain.gaps, chain.variances, chain.rates, chain.noise
        return StateSpaceNormal(chain.orders), parts

"""Stochastic optimisers by PyMC's names and defaults, made by optax.

A learning rate is a number, or a function of the step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pmjax.errors import ModelError


def _optax() -> Any:
    try:
        import optax
    except ImportError:
        raise ModelError(
            "optimisers are made by optax, which is not installed: pip install 'pmjax[vi]'"
        ) from None
    return optax


def sgd(learning_rate: float = 1e-3) -> Any:
    """Return plain gradient descent."""
    return _optax().sgd(learning_rate)


def momentum(learning_rate: float = 1e-3, momentum: float = 0.9) -> Any:
    """Return gradient descent with momentum."""
    return _optax().sgd(learning_rate, momentum=momentum)


def nesterov_momentum(learning_rate: float = 1e-3, momentum: float = 0.9) -> Any:
    """Return gradient descent with Nesterov's momentum."""
    return _optax().sgd(learning_rate, momentum=momentum, nesterov=True)


def adagrad(learning_rate: float = 1.0, epsilon: float = 1e-6) -> Any:
    """Return Adagrad (Duchi et al. 2011)."""
    return _optax().adagrad(learning_rate, initial_accumulator_value=0.0, eps=epsilon)


def rmsprop(learning_rate: float = 1.0, rho: float = 0.9, epsilon: float = 1e-6) -> Any:
    """Return RMSProp."""
    return _optax().rmsprop(learning_rate, decay=rho, eps=epsilon)


def adadelta(learning_rate: float = 1.0, rho: float = 0.95, epsilon: float = 1e-6) -> Any:
    """Return Adadelta (Zeiler 2012)."""
    return _optax().adadelta(learning_rate, rho=rho, eps=epsilon)


def adam(
    learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Any:
    """Return Adam (Kingma & Ba 2015).

    Examples
    --------
    >>> hasattr(adam(learning_rate=0.05), "update")
    True
    """
    return _optax().adam(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


def adamax(
    learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Any:
    """Return Adamax (Kingma & Ba 2015)."""
    return _optax().adamax(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


class _Window(NamedTuple):
    squares: Any
    step: jax.Array


def adagrad_window(learning_rate: float = 0.001, epsilon: float = 0.1, n_win: int = 10) -> Any:
    """Return Adagrad over the last `n_win` gradients: learning_rate g / sqrt(sum g^2 + epsilon)."""

    def init(params: Any) -> _Window:
        return _Window(jax.tree.map(lambda p: jnp.zeros((n_win, *p.shape), p.dtype), params), jnp.int32(0))

    def update(gradients: Any, state: _Window, params: Any = None) -> tuple[Any, _Window]:
        place = state.step % n_win
        squares = jax.tree.map(lambda s, g: s.at[place].set(g**2), state.squares, gradients)
        updates = jax.tree.map(
            lambda g, s: -learning_rate * g / jnp.sqrt(s.sum(0) + epsilon), gradients, squares
        )
        return updates, _Window(squares, state.step + 1)

    return _optax().GradientTransformation(init, update)

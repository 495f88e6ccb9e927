"""Sequences of discrete states."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from pmjax.distributions.parameters import with_steps
from pmjax.errors import ModelError
from pmjax.graph.ops import RandomVariable
from pmjax.graph.variable import Variable, as_variable, call, elementwise
from pmjax.laws.discrete import Categorical
from pmjax.laws.support import NON_NEGATIVE
from pmjax.laws.timeseries import markov_chain
from pmjax.model.family import Family, family, parametrisation
from pmjax.numerics.special import log_probability


@family
class DiscreteMarkovChain(Family):
    r"""The states of a Markov chain at T steps, numbered from 0; the names are those of pymc-extras.

    .. math:: z_0 \sim \mathrm{Categorical}(p_0), \quad P(z_t = k \mid z_{t-1} = j) = P_{jk}

    Its shape is (..., T): give `shape`, `dims` or `steps`.

    Parameters
    ----------
    P : array, shape (..., K, K)
        Transition probabilities, from rows to columns (normalised if a row does not sum to one); or give
        their logits, `logit_P`.
    init_dist : Variable, optional
        The distribution of the first state, ``pm.Categorical.dist(p0)``; uniform by default.
    steps : int, optional
        The number of transitions, T - 1.
    """

    law = markov_chain.DiscreteMarkovChain()
    domains = {"P": NON_NEGATIVE}
    raw = ("n_lags", "init_dist")

    def __call__(
        self, name: str, *args: Any, steps: Any = None, shape: Any = None, **kwargs: Any
    ) -> Variable:
        """Declare a chain in the current model; `steps` is its number of transitions."""
        variable: Variable = super().__call__(
            name, *args, shape=with_steps(self.name, shape, steps), **kwargs
        )
        return variable

    def dist(self, *args: Any, steps: Any = None, shape: Any = None, **kwargs: Any) -> Variable:
        """Return a chain that belongs to no model."""
        return super().dist(*args, shape=with_steps(self.name, shape, steps), **kwargs)

    @parametrisation
    def by_probability(P: Any, init_dist: Any = None, n_lags: int = 1) -> Any:
        log_P = elementwise(log_probability, P / P.sum(axis=-1, keepdims=True))
        return _moves_and_start(log_P, init_dist, n_lags)

    @parametrisation
    def by_logits(logit_P: Any, init_dist: Any = None, n_lags: int = 1) -> Any:
        return _moves_and_start(call(jax.nn.log_softmax, as_variable(logit_P)), init_dist, n_lags)


def _moves_and_start(log_P: Variable, init_dist: Any, n_lags: int) -> tuple[Any, Any]:
    if n_lags != 1:
        raise ModelError(f"n_lags must be 1: a state depends on the one before it; got {n_lags}")
    if log_P.ndim < 2 or log_P.shape[-1] != log_P.shape[-2]:
        raise ModelError(f"the transition probabilities must form a square matrix, got shape {log_P.shape}")
    states = log_P.shape[-1]
    if init_dist is None:
        return log_P, np.full(states, -np.log(states))
    op = init_dist.op if isinstance(init_dist, Variable) else None
    if not isinstance(op, RandomVariable) or not isinstance(op.law, Categorical):
        raise ModelError("init_dist is the distribution of the first state, pm.Categorical.dist(p0)")
    log_init = init_dist.inputs[0]
    if log_init.shape[-1] != states:
        raise ModelError(f"init_dist has {log_init.shape[-1]} states, the transition matrix {states}")
    return log_P, log_init

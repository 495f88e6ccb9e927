"""What the summing out of discrete variables computes: sums over states, and draws given them (JAX).

Tables hold logarithms: one axis for the states of each variable, and a last axis of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


def log_sum_exp(x: Any, axis: int) -> Any:
    """Return log sum exp along an axis; where all is -inf the gradient is zero, not NaN."""
    greatest = lax.stop_gradient(jnp.max(x, axis=axis, keepdims=True))
    shift = jnp.where(jnp.isfinite(greatest), greatest, 0.0)
    total = jnp.sum(jnp.exp(x - shift), axis=axis)
    some = total > 0
    value = jnp.log(jnp.where(some, total, 1.0)) + jnp.squeeze(shift, axis)
    return jnp.where(some, value, jnp.where(jnp.isnan(total), jnp.nan, -jnp.inf))


def sum_rows(table: Any, rows: Any, length: int) -> Any:
    """Return the sum of the rows (last axis) that go to each of ``length`` places.

    Parameters
    ----------
    table : Array, shape (..., R)
    rows : None, int or Array of int, shape (R,)
        Each row's place; None: row i goes to place i; an int d: rows come in blocks of d for each place.
    length : int
    """
    if rows is None:
        return table
    if isinstance(rows, int):
        return table.reshape(*table.shape[:-1], length, rows).sum(axis=-1)
    return jnp.zeros((*table.shape[:-1], length), table.dtype).at[..., rows].add(table)


def as_rows(table: Any, *, count: int, shape: tuple[int, ...]) -> Any:
    """Return a table with the axes of its term broadcast to their full shape and made one.

    Parameters
    ----------
    table : Array
    count : int
        Number of leading axes, those of states.
    shape : tuple of int
        Of the term.
    """
    states, own = table.shape[:count], table.shape[count:]
    padded = table.reshape(*states, *(1,) * (len(shape) - len(own)), *own)
    return jnp.broadcast_to(padded, (*states, *shape)).reshape(*states, -1)


def looked_up(values: Any, states: Any, shape: tuple[int, ...]) -> Any:
    """Return the values, shape (K, n) or (K, 1), of the states, shape (n,), in another shape."""
    column = 0 if values.shape[1] == 1 else jnp.arange(len(states))
    return jnp.asarray(values)[states, column].reshape(shape)


def joined(
    tables: Sequence[Any], rows: Sequence[Any], valid: Any, *, axes: Sequence[Sequence[int]], length: int
) -> Any:
    """Return the sum of tables of several variables as one table.

    Parameters
    ----------
    tables : sequence of Array, each of shape (K_a, K_b, ..., R)
    rows : sequence
        For each table where its rows go, as in `sum_rows`.
    valid : Array of bool, shape (K, length), or None
        Which states of the first variable exist.
    axes : sequence of sequences of int
        For each table the axes of its variables in the result.
    length : int
        Number of rows of the result.

    Returns
    -------
    Array, shape (K, ..., length)
    """
    count = 1 + max(axis for own in axes for axis in own)
    total: Any = 0.0
    for table, own_rows, own in zip(tables, rows, axes, strict=True):
        order = sorted(range(len(own)), key=lambda i, own=own: own[i])  # type: ignore[misc]
        part = sum_rows(jnp.transpose(table, (*order, len(own))), own_rows, length)
        total = total + jnp.expand_dims(part, [axis for axis in range(count) if axis not in own])
    if valid is None:
        return total
    return jnp.where(jnp.expand_dims(valid, range(1, count)), total, -jnp.inf)


def uniforms(key: Any, *, count: int) -> Any:
    """Return numbers in [0, 1): one for each element of all variables that are drawn.

    One call of the generator, which takes longer to compile than all that is done with its numbers.
    """
    return jax.random.uniform(jax.random.wrap_key_data(key), (count,), float)


def _drawn(uniform: Any, logits: Any) -> Any:
    """Return the state, along the last axis, where the cumulative probability passes a uniform number."""
    p = jnp.exp(logits - jnp.max(logits, axis=-1, keepdims=True))
    cumulative = jnp.cumsum(p, axis=-1)
    # The last state is never passed, but it may be impossible: the total is reached at the last possible one.
    below = uniform[..., None] * cumulative[..., -1:] >= cumulative
    return jnp.sum(below & (cumulative < cumulative[..., -1:]), axis=-1)


def draw_states(uniform: Any, table: Any, states: Sequence[Any], owners: Sequence[Any], *, start: int) -> Any:
    """Draw the state of each row of a table from its conditional distribution.

    Parameters
    ----------
    uniform : Array
        Uniform random numbers.
    table : Array, shape (K, K_a, K_b, ..., n)
        Log probabilities, not normalised, given the states of the variables a, b, ...
    states : sequence of Array of int
        The states of the elements of a, of b, ...
    owners : sequence of Array of int, shape (n,)
        Which element of a, of b, ... each row depends on.
    start : int
        Position of this variable's first number.

    Returns
    -------
    Array of int, shape (n,)
    """
    logits = jnp.moveaxis(table, -1, 0)
    for state, owner in zip(states, owners, strict=True):
        chosen = state[owner].reshape(-1, *(1,) * (logits.ndim - 1))
        logits = jnp.take_along_axis(logits, chosen, axis=2).squeeze(2)
    return _drawn(uniform[start : start + len(logits)], logits)


def chain_log_sum(emissions: Any, log_P: Any, log_init: Any, *, shape: tuple[int, ...]) -> Any:
    """Return the log of the sum over all paths of Markov chains: the forward algorithm.

    With e_t(k) the log density of what depends on step t in state k,

        a_0(k) = log p_0(k) + e_0(k),   a_t(k) = log sum_j exp(a_{t-1}(j) + log P_jk) + e_t(k),

    the result is log sum_k exp(a_{T-1}(k)) (Rabiner 1989, doi:10.1109/5.18626).

    Parameters
    ----------
    emissions : Array, shape (K, number of elements of all chains)
    log_P : Array, shape (..., K, K)
    log_init : Array, shape (..., K)
    shape : tuple of int
        The shape of the chains, steps last.

    Returns
    -------
    Array, shape of the chains without the steps
    """
    steps, log_P, log_init = _by_step(emissions, log_P, log_init, shape)
    last, _ = _forward(steps, log_P, log_init)
    return log_sum_exp(last, -1)


def draw_chain(
    uniform: Any, emissions: Any, log_P: Any, log_init: Any, *, shape: tuple[int, ...], start: int
) -> Any:
    """Draw whole paths of Markov chains given what depends on them: backward sampling.

    z_{T-1} is drawn with log weights a_{T-1}, then z_t given z_{t+1} with a_t(k) + log P(k, z_{t+1})
    (Chib 1996, doi:10.1016/0304-4076(95)01770-4). Arguments as in `chain_log_sum` and `draw_states`.

    Returns
    -------
    Array of int, shape (number of elements of all chains,)
    """
    steps, log_P, log_init = _by_step(emissions, log_P, log_init, shape)
    last, earlier = _forward(steps, log_P, log_init)
    own = jnp.moveaxis(uniform[start : start + emissions.shape[-1]].reshape(shape), -1, 0)
    end = _drawn(own[-1], last)

    def back(after: Any, item: tuple[Any, Any]) -> tuple[Any, Any]:
        a, u = item
        into = jnp.take_along_axis(log_P, after[..., None, None], axis=-1)[..., 0]
        state = _drawn(u, a + into)
        return state, state

    _, path = lax.scan(back, end, (earlier, own[:-1]), reverse=True)
    return jnp.moveaxis(jnp.concatenate([path, end[None]]), 0, -1).reshape(-1)


def _by_step(emissions: Any, log_P: Any, log_init: Any, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Return emissions of shape (T, *chains, K), and the parameters for each chain."""
    states, chains = emissions.shape[0], shape[:-1]
    steps = jnp.moveaxis(emissions.reshape(states, *shape), (-1, 0), (0, -1))
    return (
        steps,
        jnp.broadcast_to(log_P, (*chains, states, states)),
        jnp.broadcast_to(log_init, (*chains, states)),
    )


def _forward(steps: Any, log_P: Any, log_init: Any) -> tuple[Any, Any]:
    """Return a at the last step, and at all earlier ones along a first axis."""

    def step(a: Any, e: Any) -> tuple[Any, Any]:
        return log_sum_exp(a[..., :, None] + log_P, -2) + e, a

    return lax.scan(step, log_init + steps[0], steps[1:])

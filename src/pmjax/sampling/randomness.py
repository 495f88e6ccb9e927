"""The random numbers of one draw, made in one batch so that no generator runs inside the leaf loop."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Randomness(NamedTuple):
    """Everything random about one draw; K is the greatest tree depth.

    Attributes
    ----------
    momentum : Array, shape (D,)
        Standard normal, whitened momentum.
    forward : Array, shape (K,)
        Direction of each doubling: 1 forwards in time, 0 backwards.
    merge : Array, shape (K,)
        Uniform that decides between the tree's and the new subtree's proposal.
    leaf : Array, shape (K,)
        Uniform that selects the proposal inside the subtree; recycled from leaf to leaf.
    """

    momentum: Any
    forward: Any
    merge: Any
    leaf: Any


def chain_key(seed: int, chain: int) -> np.ndarray:
    """Raw key of a chain, shape (2,) of uint32; draws depend on the seed and the chain alone."""
    return np.random.SeedSequence([seed, chain]).generate_state(2, np.uint32)


def output_keys(seed: int, chains: Iterable[int], first: int | np.ndarray, draws: int) -> np.ndarray:
    """Raw keys for what is recorded of draws ``first``, ``first + 1``, ... of chains, warm-up counted in.

    They have nothing in common with the keys of the trajectories, and depend on seed, chain and draw alone.

    Returns
    -------
    ndarray of uint32, shape (chains, draws, 2)

    Examples
    --------
    >>> bool((output_keys(1, [0, 3], 5, 2) == output_keys(1, [0, 3], 0, 10)[:, 5:7]).all())
    True
    """
    keys = np.stack([_output_key(seed, chain) for chain in chains])[:, None].repeat(draws, axis=1)
    keys[..., 1] += (np.reshape(first, (-1, 1)) + np.arange(draws)).astype(np.uint32)  # modulo 2**32
    return keys


@lru_cache(maxsize=2**14)
def _output_key(seed: int, chain: int) -> np.ndarray:
    return np.random.SeedSequence([seed, chain, 1]).generate_state(2, np.uint32)


def draw_randomness(
    key_data: jax.Array | np.ndarray, draw: jax.Array | int, size: int, max_depth: int, dtype: np.dtype
) -> Randomness:
    """Return the randomness of draw number ``draw`` of the chain with raw key ``key_data``.

    Examples
    --------
    >>> r = draw_randomness(chain_key(1, 0), 7, size=3, max_depth=10, dtype=np.dtype("float32"))
    >>> r.momentum.shape, r.merge.shape
    ((3,), (10,))
    """
    key = jax.random.fold_in(jax.random.wrap_key_data(jnp.asarray(key_data)), draw)
    # One call of the generator: it is a rolled loop on a CPU, and each call adds to compile time.
    # Uniforms on (0, 1): the half bin added keeps both ends out.
    kind, mantissa = (jnp.uint64, 52) if dtype == jnp.float64 else (jnp.uint32, 23)
    bits = jax.random.bits(key, (size + 3 * max_depth,), kind)
    shift = jnp.asarray(jnp.iinfo(kind).bits - mantissa, kind)
    uniform = ((bits >> shift).astype(dtype) + dtype.type(0.5)) * dtype.type(2.0**-mantissa)
    momentum = jnp.sqrt(dtype.type(2)) * jax.lax.erf_inv(2 * uniform[:size] - 1)
    forward, merge, leaf = uniform[size:].reshape(3, max_depth)
    # The barrier keeps the compiler from computing the inverse again in every use.
    momentum = jax.lax.optimization_barrier(momentum)
    return Randomness(momentum, (forward < 0.5).astype(jnp.int32), merge, leaf)

"""Every stream of random numbers: one seed, one purpose, one place, and no two streams alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

PURPOSES = (
    "trajectories",  # of the compiled NUTS: chain
    "recorded",  # what is drawn beside a draw, as discrete variables that were summed out: chain
    "reference",  # the textbook NUTS in Python: chain
    "jitter",  # of a start: chain, attempt
    "prior start",  # initval="prior": chain, name of the variable
    "forward",  # pm.draw and predictive sampling: name of the variable
    "numpyro",  # chain
    "blackjax",  # chain
    "tfp",  # chain
    "nutpie",  # chain
    "climb",  # the steps of variational inference
    "approximation",  # draws of an approximation
    "bound",  # draws that choose among the points of a path: path
    "path",  # start of a path: path
    "resampling",  # by importance weights
    "steps",  # samplers that take turns: chain; chain, step
    "particles",  # of sequential Monte Carlo: chain; chain, call
    "warm start",  # draws of an approximation where chains begin: chain
    "data set",  # the seed of one of many: place
    "ties",  # ranks of draws that are equal: name of the variable
)
"""What streams are for, and what their places are; new ones are added at the end."""


def stream(seed: int, purpose: str, *place: int | str) -> np.random.SeedSequence:
    """Return the source of the random numbers that a purpose has at a place, and nothing else has.

    The seed is the entropy of a ``numpy.random.SeedSequence``, purpose and place are its ``spawn_key``:
    unlike a list of numbers as entropy, which is padded with zeros, a longer key is another stream.

    Parameters
    ----------
    seed : int
        Not negative.
    purpose : str
        One of `PURPOSES`.
    *place : int or str
        Chain, attempt, name of a variable: numbers below 2**32, and names.

    Returns
    -------
    numpy.random.SeedSequence
        For ``numpy.random.default_rng``, or through `key` for JAX.

    Examples
    --------
    >>> one, other = (np.random.default_rng(stream(1, "jitter", 3, attempt)) for attempt in (0, 1))
    >>> bool(one.random() == other.random())
    False
    """
    words: list[int] = [PURPOSES.index(purpose)]
    for part in place:
        words += [int(part)] if not isinstance(part, str) else _words(part)
    return np.random.SeedSequence(seed, spawn_key=tuple(words))


def key(seed: int, purpose: str, *place: int | str) -> np.ndarray:
    """Return the raw key of JAX's generator for a stream: uint32, shape (2,).

    Examples
    --------
    >>> key(1, "trajectories", 0).dtype, key(1, "trajectories", 0).shape
    (dtype('uint32'), (2,))
    """
    return stream(seed, purpose, *place).generate_state(2, np.uint32)


def chain_keys(seed: int, purpose: str, chains: int) -> np.ndarray:
    """Return a raw key for each chain: uint32, shape (chains, 2)."""
    return np.stack([key(seed, purpose, chain) for chain in range(chains)])


def draw_keys(seed: int, chains: Iterable[int], first: int | np.ndarray, draws: int) -> np.ndarray:
    """Raw keys for what is recorded of draws ``first``, ``first + 1``, ... of chains, warm-up counted in.

    They depend on seed, chain and draw alone, whatever chunks the draws come in.

    Returns
    -------
    ndarray of uint32, shape (chains, draws, 2)

    Examples
    --------
    >>> bool((draw_keys(1, [0, 3], 5, 2) == draw_keys(1, [0, 3], 0, 10)[:, 5:7]).all())
    True
    """
    keys = np.stack([_recorded(seed, chain) for chain in chains])[:, None].repeat(draws, axis=1)
    keys[..., 1] += (np.reshape(first, (-1, 1)) + np.arange(draws)).astype(np.uint32)  # modulo 2**32
    return keys


@lru_cache(maxsize=2**14)
def _recorded(seed: int, chain: int) -> np.ndarray:
    return key(seed, "recorded", chain)


def _words(name: str) -> list[int]:
    """Return two words of 32 bits for a name, the same in every process."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return [int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")]

"""From what a foreign sampler leaves behind to a trace."""

from __future__ import annotations

import numpy as np

from pmjax.run.outputs import compile_outputs
from pmjax.run.trace import Phase
from pmjax.runtime.streams import draw_keys
from pmjax.target.density import Density


def record_phases(
    density: Density,
    theta: np.ndarray,
    stats: dict[str, np.ndarray],
    tune: int,
    seed: int,
    *,
    keep_theta: bool = True,
    keep_warmup: bool = False,
) -> tuple[Phase, Phase | None]:
    """Return the posterior and, if wanted, the warm-up of ``tune + draws`` draws of each chain.

    Parameters
    ----------
    density : Density
        Gives the outputs of each draw.
    theta : ndarray, shape (chains, tune + draws, D)
    stats : dict of str to ndarray, shape (chains, tune + draws)
    tune : int
        How many of the draws are warm-up.
    seed : int
        What is drawn beside ``theta`` depends on it, on the chain's index and on the draw's.
    keep_theta, keep_warmup : bool
        Keep the unconstrained draws; keep the warm-up.
    """
    outputs = compile_outputs(density, density.data, density.knobs, theta.dtype, None)
    chain_keys = draw_keys(seed, range(len(theta)), 0, theta.shape[1])

    def phase(part: slice) -> Phase:
        chains = [
            outputs(np.ascontiguousarray(chain[part]), density.data, density.knobs, keys[part])
            for chain, keys in zip(theta, chain_keys, strict=True)
        ]
        return Phase(
            theta[:, part] if keep_theta else theta[:, part, :0],
            {name: np.stack([chain[name] for chain in chains]) for name in outputs.shapes},
            {name: values[:, part] for name, values in stats.items()},
        )

    return phase(slice(tune, None)), phase(slice(0, tune)) if keep_warmup else None

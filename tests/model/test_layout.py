"""The flat vector and its parts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from pmjax.target.layout import split

SIZES = (1, 3, 2)


def weighted_squares(x: jax.Array) -> jax.Array:
    return sum(
        weight * jnp.sum(part**2) for weight, part in zip((1.0, 10.0, 100.0), split(x, SIZES), strict=True)
    )


def test_the_gradient_joins_the_parts() -> None:
    x = np.arange(1.0, 7.0)
    weights = np.repeat([1.0, 10.0, 100.0], SIZES)
    with jax.enable_x64(True):
        for part, expected in zip(
            split(jnp.asarray(x), SIZES), np.split(x, np.cumsum(SIZES)[:-1]), strict=True
        ):
            np.testing.assert_array_equal(part, expected)
        gradient = jax.grad(weighted_squares)
        np.testing.assert_allclose(jax.jit(gradient)(x), 2 * weights * x, rtol=1e-15)
        np.testing.assert_allclose(jax.vmap(gradient)(np.stack([x, -x]))[1], -2 * weights * x, rtol=1e-15)
        np.testing.assert_allclose(jax.jacrev(gradient)(x), np.diag(2 * weights), rtol=1e-15)

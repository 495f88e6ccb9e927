"""DiscreteMarkovChain: shapes, batches, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmjax as pm

P2 = np.array([[0.9, 0.1], [0.4, 0.6]])
P3 = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4]])


def test_each_chain_of_a_batch_has_its_own_transitions() -> None:
    rng = np.random.default_rng(0)
    P, first = rng.dirichlet(np.ones(3), (2, 3)), rng.dirichlet(np.ones(3), 2)
    paths = rng.integers(0, 3, (2, 5))
    chains = pm.DiscreteMarkovChain.dist(P=P, init_dist=pm.Categorical.dist(first), shape=(2, 5))
    expected = [
        np.log(first[i, path[0]]) + np.log(P[i, path[:-1], path[1:]]).sum() for i, path in enumerate(paths)
    ]
    np.testing.assert_allclose(pm.logp(chains, paths).eval(), expected, rtol=1e-12)
    draws = pm.draw(chains, draws=4000, random_seed=1)
    assert draws.shape == (4000, 2, 5)
    for i in range(2):
        moves = np.zeros((3, 3))
        np.add.at(moves, (draws[:, i, :-1].ravel(), draws[:, i, 1:].ravel()), 1)
        np.testing.assert_allclose(moves / moves.sum(axis=1, keepdims=True), P[i], atol=0.03)


def test_the_first_state_is_uniform_by_default_and_logits_are_normalised() -> None:
    chain = pm.DiscreteMarkovChain.dist(logit_P=np.log(P2) + 3.0, steps=2)
    assert chain.shape == (3,)
    value = pm.logp(chain, np.array([0, 1, 1])).eval()
    np.testing.assert_allclose(value, np.log(0.5 * 0.1 * 0.6), rtol=1e-12)
    assert pm.logp(chain, np.array([0, 2, 1])).eval() == -np.inf


def test_dims_give_the_length() -> None:
    with pm.Model(coords={"time": range(7)}) as model:
        pm.DiscreteMarkovChain("z", P=P2, dims="time")
    assert model["z"].shape == (7,)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no length": ({"P": P2}, "give shape=, dims= or steps="),
    "two lengths": ({"P": P2, "shape": 3, "steps": 2}, "shape or steps, not both"),
    "not square": ({"P": P2[:1], "shape": 3}, r"square matrix, got shape \(1, 2\)"),
    "a vector": ({"P": P2[0], "shape": 3}, r"square matrix, got shape \(2,\)"),
    "negative": ({"P": -P2, "shape": 3}, "P takes numbers of at least 0"),
    "nothing": ({"shape": 3}, "got no parameters"),
    "lags": ({"P": P2, "n_lags": 2, "shape": 3}, "n_lags must be 1"),
    "first state": ({"P": P2, "init_dist": np.ones(2) / 2, "shape": 3}, "pm.Categorical.dist"),
    "other states": (
        {"P": P3, "init_dist": pm.Categorical.dist(np.ones(2) / 2), "shape": 3},
        "init_dist has 2 states, the transition matrix 3",
    ),
    "batch": ({"P": np.stack([P2, P2]), "shape": 3}, "do not broadcast to the shape"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_refused(name: str) -> None:
    arguments, sentence = WRONG[name]
    with pytest.raises(pm.ModelError, match=sentence), pm.Model():
        pm.DiscreteMarkovChain("z", **arguments)

"""Simulator: the kernel of each distance and summary, the posterior that it gives, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmjax as pm

Y = np.array([0.3, -1.2, 2.0, 0.7, 1.1])
MADE = np.array([1.0, 0.5, -0.5, 2.0, 0.0])


def constant(rng: np.random.Generator, shift: float, size: Any) -> np.ndarray:
    assert size == (5,)
    return MADE + shift


def noise(rng: np.random.Generator, mu: float, size: Any) -> np.ndarray:
    return rng.normal(mu, 1.0, size)


def quartiles(x: Any) -> Any:
    return np.percentile(np.asarray(x), [25, 75])


# How a summary is written, and what it is of an array.
SUMMARIES: dict[str, tuple[Any, Any]] = {
    "identity": ("identity", lambda x: x),
    "sort": ("sort", np.sort),
    "mean": ("mean", np.mean),
    "median": ("median", np.median),
    "of NumPy": (np.median, np.median),
    "of variables": (lambda x: pm.math.sum(x) ** 2, lambda x: np.sum(x) ** 2),
    "of arrays": (quartiles, quartiles),
}


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_kernel_of_summaries(name: str) -> None:
    sum_stat, summary = SUMMARIES[name]
    for distance, kernel in (("gaussian", lambda d: -0.5 * d**2), ("laplace", lambda d: -np.abs(d))):
        x = pm.Simulator.dist(constant, 0.25, distance=distance, sum_stat=sum_stat, epsilon=0.5, shape=5)
        expected = np.sum(kernel((summary(Y) - summary(MADE + 0.25)) / 0.5))
        np.testing.assert_allclose(pm.logp(x, Y).eval(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "distance",
    [
        lambda epsilon, seen, made: -(np.asarray(seen) @ np.asarray(made)) / epsilon,
        lambda epsilon, seen, made: -pm.math.sum(seen * made) / epsilon,
    ],
    ids=["of arrays", "of variables"],
)
def test_a_distance_of_the_user(distance: Any) -> None:
    x = pm.Simulator.dist(constant, 0.25, distance=distance, epsilon=2.0, shape=5)
    np.testing.assert_allclose(pm.logp(x, Y).eval(), -(Y @ (MADE + 0.25)) / 2.0, rtol=1e-12)


def test_the_simulation_is_a_function_of_the_parameters() -> None:
    with pm.Model() as model:
        mu = pm.Normal("mu")
        pm.Simulator("y", noise, params=[mu], epsilon=1e-3, observed=Y)
    logp = model.compile_logp()
    values = [logp({"mu": np.array(m)}) for m in (0.1, 0.1, 0.1 + 1e-12, -0.1)]
    assert values[0] == values[1]
    assert len(set(values)) == 3


def test_the_posterior_is_that_of_a_wider_likelihood() -> None:
    """A Gaussian kernel of means adds epsilon² to the variance 1/5 of a mean."""
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 2)
        pm.Simulator("y", noise, mu, sum_stat="mean", epsilon=0.5, observed=Y)
        idata = pm.sample_smc(600, chains=1, random_seed=1, progressbar=False)
        drawn = pm.sample_posterior_predictive(idata, random_seed=2, progressbar=False)
    precision = 1 / 4 + 1 / (1 / 5 + 0.25)
    mean = Y.mean() / (1 / 5 + 0.25) / precision
    found = idata.posterior["mu"].values.ravel()
    np.testing.assert_allclose(found.mean(), mean, atol=0.1)
    np.testing.assert_allclose(found.std(), precision**-0.5, rtol=0.1)
    predicted = drawn.posterior_predictive["y"].values
    assert predicted.shape == (1, 600, 5)
    np.testing.assert_allclose(predicted.std(), np.sqrt(1 + 1 / precision), rtol=0.05)
    for sample in (
        lambda: pm.sample(model=model),
        lambda: pm.sample_smc(kernel="hmc", model=model),
        lambda: pm.find_MAP(model=model),
    ):
        with pytest.raises(pm.ModelError, match="'y' is a simulator, whose density has no gradient"):
            sample()


def test_a_number_may_be_simulated() -> None:
    one = pm.Simulator.dist(lambda rng, mu, size: rng.normal(mu, 1e-9, size), 2.0)
    assert one.shape == ()
    np.testing.assert_allclose(pm.draw(one, random_seed=1), 2.0, rtol=1e-6)
    np.testing.assert_allclose(pm.logp(one, 3.0).eval(), -0.5, rtol=1e-6)
    custom = pm.CustomDist.dist(2.0, random=lambda mu, rng, size: rng.normal(mu, 1e-9, size))
    np.testing.assert_allclose(pm.draw(custom, random_seed=1), 2.0, rtol=1e-6)


WRONG: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "no function": ((1.0,), {}, "fn is a function of a generator"),
    "distance": ((noise, 0.0), {"distance": "kullback_leibler"}, "distance is one of 'gaussian', 'laplace'"),
    "summary": ((noise, 0.0), {"sum_stat": "mode"}, "sum_stat is one of 'identity'"),
    "epsilon": ((noise, 0.0), {"epsilon": 0.0}, "epsilon takes positive numbers, got 0"),
    "parameters twice": ((noise, 0.0), {"params": [0.0]}, "by position or as params=, not both"),
    "unknown": ((noise, 0.0), {"summary": "mean"}, "summary"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_refused(name: str) -> None:
    args, kwargs, sentence = WRONG[name]
    with pytest.raises(pm.ModelError, match=sentence), pm.Model():
        pm.Simulator("y", *args, observed=Y, **kwargs)

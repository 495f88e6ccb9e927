"""Sequences in time: shapes, lengths that follow data, warnings, and what is refused."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import pmjax as pm

NORMAL = pm.Normal.dist(0.0, 1.0)
VECTOR = pm.MvNormal.dist(np.zeros(3), cov=np.eye(3))
WALK = {"init_dist": NORMAL}
WEIGHTS = {"omega": 1.0, "alpha_1": 0.3, "beta_1": 0.4, "initial_vol": 1.0}


@pytest.mark.parametrize(
    ("family", "arguments", "shape"),
    [
        (pm.GaussianRandomWalk, {**WALK, "steps": 4}, (5,)),
        (pm.GaussianRandomWalk, {**WALK, "steps": 4, "size": (2, 3)}, (2, 3, 5)),
        (pm.GaussianRandomWalk, {**WALK, "steps": 4, "shape": (2, 5)}, (2, 5)),
        (pm.GaussianRandomWalk, {**WALK, "sigma": np.ones((3, 1)), "mu": np.zeros(2), "steps": 1}, (3, 2, 2)),
        (pm.RandomWalk, {"init_dist": VECTOR, "innovation_dist": VECTOR, "steps": 4}, (5, 3)),
        (pm.RandomWalk, {"init_dist": VECTOR, "innovation_dist": VECTOR, "steps": 4, "size": 2}, (2, 5, 3)),
        (
            pm.RandomWalk,
            {
                "init_dist": pm.ZeroSumNormal.dist(shape=3),
                "innovation_dist": pm.ZeroSumNormal.dist(shape=3),
                "steps": 2,
            },
            (3, 3),
        ),
        (pm.AR, {**WALK, "rho": [0.5, 0.2], "steps": 4}, (6,)),
        (pm.AR, {**WALK, "rho": 0.5, "steps": 4, "sigma": np.ones(3)}, (3, 5)),
        (pm.AR, {**WALK, "rho": np.zeros((2, 3)), "constant": True, "steps": 1}, (2, 3)),
        (pm.GARCH11, {**WEIGHTS, "steps": 4}, (5,)),
        (
            pm.EulerMaruyama,
            {"dt": 0.1, "sde_fn": lambda x, a: (-a * x, 1.0), "sde_pars": [np.ones(2)], **WALK, "steps": 4},
            (2, 5),
        ),
        (pm.GARCH11, {**WEIGHTS, "omega": np.ones(2), "steps": 4}, (2, 5)),
    ],
)
def test_shapes(family: Any, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    x = family.dist(**arguments)
    law = x.op.law
    assert x.shape == shape
    params = [jnp.asarray(v.eval()) for v in x.inputs]
    drawn = jax.eval_shape(lambda key: law.draw(key, shape, *params), jax.random.key(0))
    assert drawn.shape == shape
    assert jax.eval_shape(law.log_density, drawn, *params).shape == shape[: len(shape) - law.event_ndim]
    start = law.start(shape, *map(np.asarray, params))
    assert np.broadcast_to(start, shape).shape == np.broadcast_to(law.center(*params), shape).shape


def test_each_sequence_of_a_batch_has_its_own_parameters() -> None:
    sigma = np.array([0.5, 2.0])
    x = np.random.default_rng(0).normal(size=(2, 6))
    for family, given in ((pm.GaussianRandomWalk, {}), (pm.AR, {"rho": [0.5, 0.2]})):
        both = pm.logp(family.dist(**given, sigma=sigma, **WALK, shape=(2, 6)), x).eval()
        each = [
            pm.logp(family.dist(**given, sigma=s, **WALK, shape=6), x[i]).eval() for i, s in enumerate(sigma)
        ]
        np.testing.assert_allclose(both, each, rtol=1e-12)


def test_the_length_follows_dims_data_and_steps() -> None:
    with pm.Model(coords={"time": range(7), "who": ["a", "b"]}) as model:
        data = pm.Data("data", np.zeros(4))
        pm.GaussianRandomWalk("walk", **WALK, dims=("who", "time"))
        pm.AR("ar", [0.5, 0.2], init_dist=NORMAL, steps=5, dims="time")
        pm.GARCH11("garch", **WEIGHTS, observed=data)
        pm.GaussianRandomWalk("follows", **WALK, steps=data.shape[0] - 1)
    assert {n: model[n].shape for n in ("walk", "ar", "garch", "follows")} == {
        "walk": (2, 7),
        "ar": (7,),
        "garch": (4,),
        "follows": (4,),
    }
    with model:
        pm.set_data({"data": np.zeros(9)})
    assert model["follows"].shape == model["garch"].shape == (9,)


def test_a_walk_of_counts_is_discrete() -> None:
    walk = pm.RandomWalk.dist(pm.Poisson.dist(3.0), pm.Poisson.dist(2.0), steps=2, size=2)
    assert walk.dtype == np.int64
    expected = stats.poisson([3, 2, 2]).logpmf([4, 1, 0]).sum()
    np.testing.assert_allclose(pm.logp(walk, [[4, 5, 5], [4, 3, 5]]).eval(), [expected, -np.inf])


@pytest.mark.parametrize(
    ("family", "arguments", "default"),
    [
        (pm.GaussianRandomWalk, {}, "Normal.dist(0, 100)"),
        (pm.MvGaussianRandomWalk, {"mu": np.zeros(2), "cov": np.eye(2)}, "MvNormal.dist(0, I*100)"),
        (pm.AR, {"rho": 0.5}, "Normal.dist(0, 100"),
    ],
)
def test_the_wide_first_values_are_told(family: Any, arguments: dict[str, Any], default: str) -> None:
    with pytest.warns(UserWarning, match="Initial distribution not specified") as told:
        family.dist(**arguments, steps=2)
    assert default in str(told[0].message)
    assert told[0].filename == __file__


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no length": (pm.GaussianRandomWalk, WALK, "give shape=, dims= or steps="),
    "two lengths": (pm.GaussianRandomWalk, {**WALK, "shape": 3, "steps": 3}, "steps=3 makes a sequence of 4"),
    "size alone": (pm.GaussianRandomWalk, {**WALK, "size": 3}, "give steps= with it"),
    "no steps": (pm.GARCH11, {**WEIGHTS, "steps": 0}, "steps is a positive integer, got 0"),
    "half a step": (pm.GARCH11, {**WEIGHTS, "steps": 1.5}, "steps is a positive integer, got 1.5"),
    "nothing": (pm.GaussianRandomWalk, {**WALK, "shape": 0}, "at least one value"),
    "negative": (pm.GaussianRandomWalk, {**WALK, "sigma": -1.0, "steps": 3}, "sigma takes positive numbers"),
    "both": (pm.AR, {**WALK, "rho": 0.1, "sigma": 1.0, "tau": 1.0, "steps": 3}, "sigma or tau, not both"),
    "short": (pm.AR, {**WALK, "rho": [0.1, 0.2], "shape": 1}, "order 2 has at least as many values"),
    "order": (pm.AR, {**WALK, "rho": [0.1, 0.2], "ar_order": 3, "steps": 3}, "ar_order is 3"),
    "no lag": (pm.AR, {**WALK, "rho": [0.1], "constant": True, "steps": 3}, "rho must hold 2 or more"),
    "first values": (
        pm.AR,
        {"rho": [0.1, 0.2], "init_dist": pm.Normal.dist(shape=3), "steps": 3},
        r"init_dist has shape \(3,\), and there are 2 first values",
    ),
    "a number": (pm.AR, {"rho": 0.1, "init_dist": 1.0, "steps": 3}, "init_dist must be a variable made by"),
    "dimensions": (
        pm.RandomWalk,
        {"init_dist": NORMAL, "innovation_dist": VECTOR, "steps": 3},
        "values of the same number of dimensions",
    ),
    "the same": (
        pm.RandomWalk,
        {"init_dist": NORMAL, "innovation_dist": pm.Normal.dist(NORMAL), "steps": 3},
        "independent of each other",
    ),
    "two matrices": (
        pm.MvGaussianRandomWalk,
        {"mu": np.zeros(3), "cov": np.eye(3), "tau": np.eye(3), "init_dist": VECTOR, "steps": 3},
        "one of cov, tau and chol, got cov, tau",
    ),
    "a number for a function": (
        pm.EulerMaruyama,
        {"dt": 0.1, "sde_fn": 1.0, "sde_pars": [], **WALK, "steps": 3},
        "sde_fn is a function",
    ),
    "variance": (pm.GARCH11, {**WEIGHTS, "alpha_1": -0.1, "steps": 3}, "alpha_1 takes numbers of at least 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_refused(name: str) -> None:
    family, arguments, sentence = WRONG[name]
    with pytest.raises(pm.ModelError, match=sentence), pm.Model() as model:
        family("x", **arguments)
    assert not model.named_vars


def test_a_named_variable_is_no_component() -> None:
    with pm.Model():
        first = pm.Normal("first")
        with pytest.raises(pm.ModelError, match="'first', which the model has"):
            pm.GaussianRandomWalk("x", init_dist=first, steps=3)


def test_a_local_level_has_the_posterior_of_its_normal_vector() -> None:
    """All is jointly normal: x = C e, y = x + noise, with C the lower triangle of ones."""
    y = np.cumsum(np.random.default_rng(3).normal(size=12)) + 2.0
    with pm.Model() as model:
        x = pm.GaussianRandomWalk("x", mu=0.2, sigma=0.5, init_dist=pm.Normal.dist(0, 2), shape=12)
        pm.Normal("y", x, 1.0, observed=y)
        idata = pm.sample(500, tune=300, chains=2, random_seed=1, progressbar=False)
    lower = np.tril(np.ones((12, 12)))
    prior_cov = lower @ np.diag([4.0, *[0.25] * 11]) @ lower.T
    prior_mean = np.cumsum([0.0, *[0.2] * 11])
    gain = prior_cov @ np.linalg.inv(prior_cov + np.eye(12))
    exact = prior_mean + gain @ (y - prior_mean)
    deviation = np.sqrt(np.diag(prior_cov - gain @ prior_cov))
    drawn = idata.posterior["x"].values.reshape(-1, 12)
    assert model["x"].shape == (12,)
    np.testing.assert_allclose(drawn.mean(axis=0), exact, atol=0.1 * deviation.max())
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.1)


@pytest.mark.slow
def test_stochastic_volatility_written_as_a_walk_or_by_its_steps() -> None:
    rng = np.random.default_rng(4)
    log_scale = np.cumsum(rng.normal(0, 0.2, 60)) - 1
    returns = rng.standard_t(10, 60) * np.exp(log_scale)
    means = []
    for by_steps in (False, True):
        with pm.Model():
            step = pm.Exponential("step", 5.0)
            nu = pm.Exponential("nu", 0.1)
            if by_steps:
                z = pm.Normal("z", shape=60)
                scales = np.concatenate([[1.0], np.ones(59)])
                h = pm.Deterministic(
                    "h", pm.math.cumsum(z * pm.math.concatenate([scales[:1], step * scales[1:]]))
                )
            else:
                h = pm.GaussianRandomWalk("h", sigma=step, init_dist=pm.Normal.dist(0, 1), shape=60)
            pm.StudentT("r", nu=nu + 2, sigma=pm.math.exp(h), observed=returns)
            idata = pm.sample(
                2000,
                tune=1500,
                chains=4,
                random_seed=1,
                target_accept=0.95,
                compute_convergence_checks=False,
                progressbar=False,
            )
        post = idata.posterior
        means.append(np.append(post["h"].mean(("chain", "draw")), 5 * post["step"].mean()))
    np.testing.assert_allclose(means[0], means[1], atol=0.08)

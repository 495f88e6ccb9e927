"""Other libraries' NUTS on a density of ours: a Gaussian whose moments are known."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pmjax.errors import ModelError
from pmjax.inference.others.blackjax import BlackJAXNUTS
from pmjax.inference.others.numpyro import NumPyroNUTS
from pmjax.inference.others.nutpie import NutpieNUTS
from pmjax.inference.others.tfp import TFPNUTS
from pmjax.run.plan import Sampler
from pmjax.run.trace import Trace
from pmjax.target.density import Density

from .densities import drawn_by

MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.6, 0.0], [0.6, 2.0, -0.3], [0.0, -0.3, 0.25]])
STARTS = np.random.default_rng(1).normal(size=(2, 3))
STATS = {
    *("lp", "acceptance_rate", "diverging", "energy"),
    *("tree_depth", "n_steps", "step_size", "reached_max_treedepth"),
}
SAMPLERS = pytest.mark.parametrize("kind", [NumPyroNUTS, BlackJAXNUTS, TFPNUTS, NutpieNUTS])


def log_density(theta: jax.Array, data: dict, knobs: dict) -> jax.Array:
    r = theta - data["mean"]
    return -0.5 * r @ data["precision"] @ r


def outputs(theta: jax.Array, data: dict, knobs: dict, key: jax.Array) -> dict[str, jax.Array]:
    return {"x": theta, "first": jnp.exp(theta[0])}


GAUSSIAN = Density(
    size=3,
    log_density=log_density,
    outputs=outputs,
    data={"mean": MEAN, "precision": np.linalg.inv(COVARIANCE)},
    knobs={},
    structure=("gaussian of test_others",),
    coordinate_names=("x[0]", "x[1]", "x[2]"),
)


def run(sampler: Sampler, **plan: object) -> Trace:
    return drawn_by(sampler, GAUSSIAN, STARTS, **{"draws": 1500, "tune": 500, "seed": 3} | plan)


@SAMPLERS
def test_moments_and_statistics_of_a_gaussian(kind: type) -> None:
    from pmjax.results.convergence import convergence_warnings

    trace = run(kind())
    assert convergence_warnings(trace.posterior) == []
    x, stats = trace.posterior.outputs["x"], trace.posterior.stats
    assert x.dtype == np.float64
    np.testing.assert_array_equal(x, trace.posterior.theta)
    np.testing.assert_allclose(trace.posterior.outputs["first"], np.exp(x[..., 0]))
    # 3000 draws, hardly correlated: 4 standard errors of 1500 independent ones for mean and variance.
    draws, sd = x.reshape(-1, 3), np.sqrt(np.diag(COVARIANCE))
    assert np.all(np.abs(draws.mean(0) - MEAN) < 4 * sd / np.sqrt(1500))
    assert np.all(np.abs(np.cov(draws.T) - COVARIANCE) < 4 * np.outer(sd, sd) * np.sqrt(2 / 1500))
    assert set(stats) >= STATS
    r = x - MEAN
    lp = -0.5 * np.einsum("cdi,ij,cdj->cd", r, np.linalg.inv(COVARIANCE), r)
    np.testing.assert_allclose(stats["lp"], lp, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(stats["tree_depth"], np.floor(np.log2(stats["n_steps"])) + 1)
    assert 0.7 < stats["acceptance_rate"].mean() < 0.97  # tuned to 0.8; averaging the steps overshoots
    assert np.all(stats["energy"] >= -stats["lp"])
    assert trace.gradients > stats["n_steps"].sum() + 2 * 500  # every warm-up draw takes a gradient or more
    assert jnp.ones(1).dtype == np.float32  # the user's own precision is left alone


@SAMPLERS
@pytest.mark.slow
def test_a_seed_and_a_chain_index_determine_a_chain(kind: type) -> None:
    def draws(starts: np.ndarray, seed: int, chain_method: str) -> np.ndarray:
        sampler = kind() if kind is NutpieNUTS else kind(chain_method=chain_method)
        return drawn_by(sampler, GAUSSIAN, starts, draws=20, tune=20, seed=seed).posterior.theta

    both, again = draws(STARTS, 5, "vectorized"), draws(STARTS[:1], 5, "sequential")
    other = draws(STARTS[:1], 6, "sequential")
    np.testing.assert_allclose(both[:1], again, rtol=1e-6)
    assert not np.any(np.isclose(both[0], both[1]))
    assert not np.any(np.isclose(again, other))


def test_numpyro_options_and_warmup() -> None:
    trace = run(NumPyroNUTS(nuts_kwargs={"max_tree_depth": 1}), draws=30, tune=40, keep_warmup=True)
    assert trace.warmup is not None
    assert trace.warmup.outputs["x"].shape == (2, 40, 3)
    assert trace.posterior.outputs["x"].shape == (2, 30, 3)
    assert trace.posterior.stats["reached_max_treedepth"].all()
    assert np.ptp(trace.posterior.stats["step_size"], axis=1).max() == 0  # frozen after warm-up
    assert np.ptp(trace.warmup.stats["step_size"], axis=1).min() > 0
    assert trace.gradients == 2 * (30 + 40)


def test_blackjax_keeps_to_the_depth_in_warmup_too() -> None:
    trace = run(BlackJAXNUTS(max_treedepth=1), draws=30, tune=40)
    assert trace.posterior.stats["reached_max_treedepth"].all()
    assert trace.gradients == 2 * (30 + 40)


def test_blackjax_names_its_chain_methods() -> None:
    with pytest.raises(ModelError, match="'sequential' or 'vectorized', not 'parallel'"):
        run(BlackJAXNUTS(chain_method="parallel"))


@pytest.mark.parametrize(
    "sampler", [NumPyroNUTS(nuts_kwargs={"dense_mas": True}), BlackJAXNUTS(nuts_kwargs={"integrate": 1})]
)
def test_options_that_the_library_does_not_have_are_refused(sampler: Sampler) -> None:
    with pytest.raises(ModelError, match="did you mean"):
        run(sampler)

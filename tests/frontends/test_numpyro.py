"""Models of NumPyro against NumPyro's own log density and transforms."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import pmjax
from pmjax.runtime.settings import own_settings
from pmjax.target.joint import joint_density
from tests.frontends.numpyro_models import CATALOGUE, X, Y

numpyro = pytest.importorskip("numpyro", reason="NumPyro is not installed: pip install numpyro")
dist = pytest.importorskip("numpyro.distributions")

pytestmark = pytest.mark.filterwarnings("default::FutureWarning", "default::DeprecationWarning")

QUIET = {"progressbar": False, "random_seed": 1, "compute_convergence_checks": False}


def build(name: str) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    function, args, kwargs = CATALOGUE[name]
    return functools.partial(function, numpyro, dist), args, kwargs


FAST = ["decentred_by_handler", "bounds_of_other_sites", "random_walk"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in CATALOGUE]
)
def test_density_is_that_of_numpyro(name: str) -> None:
    model, args, kwargs = build(name)
    ours = pmjax.from_numpyro(model, *args, **kwargs)
    logp = ours.compile_logp()
    rng = np.random.default_rng(5)
    start = ours.initial_point()
    names = [v.name for v in ours.free_RVs]
    with own_settings():
        potential = jax.jit(lambda q: numpyro.infer.util.potential_energy(model, args, kwargs, q))
        for _ in range(3):
            point = {k: v + rng.normal(scale=0.4, size=np.shape(v)) for k, v in start.items()}
            theirs = potential({n: jax.numpy.asarray(q) for n, q in zip(names, point.values(), strict=True)})
            np.testing.assert_allclose(logp(point), -float(theirs), rtol=1e-9, atol=1e-9)


def test_plates_are_dims_and_deterministics_are_recorded_in_constrained_space() -> None:
    model, args, kwargs = build("linear_regression")
    ours = pmjax.from_numpyro(model, *args, **kwargs)
    idata = pmjax.sample(100, tune=200, chains=2, model=ours, idata_kwargs={"log_likelihood": True}, **QUIET)
    posterior = idata.posterior
    assert posterior["beta"].dims == ("chain", "draw", "predictor")
    assert posterior["mu"].dims == ("chain", "draw", "row")
    assert float(posterior["sigma"].min()) > 0
    np.testing.assert_allclose(posterior["mu"].values, posterior["beta"].values @ X.T, rtol=1e-10)
    least_squares = np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(posterior["beta"].mean(("chain", "draw")), least_squares, atol=0.1)
    np.testing.assert_array_equal(idata.observed_data["y"].values, Y)
    sigma = posterior["sigma"].values[..., None]
    expected = -0.5 * ((Y - posterior["mu"].values) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(idata.log_likelihood["y"].values, expected, rtol=1e-8)


def test_new_data_of_the_same_shapes_are_arguments() -> None:
    """The traced density holds no array of the data."""
    model, _, _ = build("linear_regression")
    texts = set()
    for x, y in ((X, Y), (X + 1.0, 2 * Y)):
        density = joint_density(pmjax.from_numpyro(model, x, y=y).freeze())
        with own_settings():
            traced = jax.make_jaxpr(density.log_density)(np.zeros(3), density.data, density.knobs)
        texts.add(str(traced))
        assert all(np.size(constant) < len(y) for constant in traced.consts)
    assert len(texts) == 1


def test_arrays_whose_values_the_model_asks_for_are_constants_and_explain_says_so() -> None:
    model, args, _ = build("values_of_an_argument")
    assert "1 arrays, whose values" in pmjax.from_numpyro(model, *args).explain(verbose=False)


def _discrete() -> None:
    numpyro.sample("z", dist.Bernoulli(0.5))


def _delta() -> None:
    numpyro.sample("z", dist.Delta(0.5))


def _minibatch() -> None:
    with numpyro.plate("row", 30, subsample_size=5):
        numpyro.sample("z", dist.Normal(0, 1))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (_discrete, r"'z' is discrete and not observed"),
        (_delta, r"'z' has a Delta distribution"),
        (_minibatch, r"the plate 'row' draws 5 of 30 rows at each call"),
    ],
)
def test_what_has_no_gradient_or_no_one_density_is_refused(model: Callable[[], None], message: str) -> None:
    with pytest.raises(pmjax.ModelError, match=message):
        pmjax.from_numpyro(model)


def test_without_numpyro_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "numpyro", None)
    with pytest.raises(pmjax.ModelError, match="NumPyro is not installed: pip install numpyro"):
        pmjax.from_numpyro(lambda: None)

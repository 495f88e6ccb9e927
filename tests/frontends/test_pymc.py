"""Models of the real PyMC against PyMC's own log density, with gradient, names, dims and coords."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import pmjax
from tests.frontends.pymc_models import CATALOGUE

pm = pytest.importorskip("pymc", reason="PyMC is not installed: pip install pymc")
pt = pytest.importorskip("pytensor.tensor")

# PyMC and PyTensor announce changes of their own; ours are errors still.
pytestmark = pytest.mark.filterwarnings("default::FutureWarning", "default::UserWarning")

# PyMC 5 has another constant than the densities of correlation matrices integrate to, where eta is not 1.
CONSTANT_OF_ITS_OWN = {"lkj_hierarchy", "lkj_of_many_scales"} if pm.__version__ < "6" else set()

# JAX knows no derivative of the Bessel functions that their densities hold, or PyTensor no conversion.
WITHOUT_GRADIENT = {"transforms"}


def build(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CATALOGUE[name](pm, pt)


def points(model: Any, number: int) -> list[dict[str, np.ndarray]]:
    start = model.initial_point(0)
    rng = np.random.default_rng(3)
    return [{k: v + rng.normal(scale=0.3, size=np.shape(v)) for k, v in start.items()} for _ in range(number)]


FAST = ["linear_regression", "hierarchy", "imputed", "custom_by_logp", "scan_inside", "nested_names"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in CATALOGUE]
)
def test_density_gradient_and_labels_are_those_of_pymc(name: str) -> None:
    theirs = build(name)
    ours = pmjax.from_pymc(theirs)
    logp, dlogp = ours.compile_logp(), ours.compile_dlogp()
    their_logp, their_dlogp = theirs.compile_logp(), theirs.compile_dlogp()
    assert list(ours.initial_point()) == list(theirs.initial_point(0))
    constant = 0.0
    for point in points(theirs, 5):
        if name in CONSTANT_OF_ITS_OWN:
            constant = constant or logp(point) - their_logp(point)
        np.testing.assert_allclose(logp(point), their_logp(point) + constant, rtol=1e-8, atol=1e-7)
        if name not in WITHOUT_GRADIENT:
            np.testing.assert_allclose(dlogp(point), their_dlogp(point), rtol=1e-6, atol=1e-6)
    named = [v.name for v in (*theirs.free_RVs, *theirs.observed_RVs, *theirs.deterministics)]
    assert set(named) <= set(ours.named_vars)
    assert {k: tuple(v) for k, v in theirs.named_vars_to_dims.items()} == {
        k: tuple(v) for k, v in ours.named_vars_to_dims.items() if k in theirs.named_vars_to_dims
    }
    for dim, values in theirs.coords.items():
        if values is not None:
            assert list(ours.coords[dim]) == list(values)


def test_explain_says_which_depth_was_used_for_what() -> None:
    text = pmjax.from_pymc(build("custom_by_logp")).explain(verbose=False)
    assert "by structure mu" in text
    assert "by the log density that PyMC derives x, y" in text


@pytest.mark.parametrize(
    "name",
    [
        "families_of_reals",
        "families_of_bounded_numbers",
        "families_of_counts",
        "families_of_vectors",
        "lkj_hierarchy",
        "zero_sum",
        "normal_mixture",
        "zero_inflated",
        "censored_survival",
        "truncated",
    ],
)
def test_families_that_are_ours_are_read_by_structure(name: str) -> None:
    (depths,) = [note for note in pmjax.from_pymc(build(name)).notes if note.startswith("From PyMC")]
    assert depths.startswith("From PyMC: by structure")
    assert "log density" not in depths


def test_what_jax_cannot_do_is_refused_with_the_variable_and_the_operation() -> None:
    with pm.Model() as model:
        pm.Interpolated("x", np.linspace(0, 1, 9), np.linspace(1, 2, 9))
    with pytest.raises(pmjax.ModelError, match=r"'x': the operation SplineWrapper has no conversion to JAX"):
        pmjax.from_pymc(model)


def test_a_pymc_model_is_sampled_as_it_is_and_in_its_own_context() -> None:
    settings = {
        "draws": 100,
        "tune": 200,
        "chains": 2,
        "progressbar": False,
        "random_seed": 1,
        "compute_convergence_checks": False,
    }
    model = build("linear_regression")
    first = pmjax.sample(model=model, **settings)
    with model:
        second = pmjax.sample(**settings)
    np.testing.assert_array_equal(first.posterior["beta"].values, second.posterior["beta"].values)
    assert first.posterior["beta"].dims == ("chain", "draw", "predictor")
    assert first.posterior["mu"].dims == ("chain", "draw", "row")


def test_pymc_goes_on_from_the_result() -> None:
    model = build("linear_regression")
    idata = pmjax.sample(
        draws=50, tune=100, chains=2, model=model, progressbar=False, compute_convergence_checks=False
    )
    with model, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = pm.sample_posterior_predictive(idata, progressbar=False, random_seed=1)
    assert predicted.posterior_predictive["y"].shape == (2, 50, 40)

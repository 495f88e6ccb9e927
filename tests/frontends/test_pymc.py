"""Models of the real PyMC against PyMC's own log density, with gradient, names, dims and coords."""

from __future__ import annotations

import warnings
from typing import Any

import jax
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
        "sequences",
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


DATA = np.random.default_rng(20261102)
SETTINGS = {"draws": 50, "tune": 100, "chains": 2, "progressbar": False, "compute_convergence_checks": False}


@pytest.fixture(scope="module")
def of_data() -> Any:
    """A model whose rows are data, and a result of sampling it."""
    x = DATA.normal(size=40)
    with pm.Model(coords={"row": np.arange(40)}) as model:
        column = pm.Data("column", x, dims="row")
        values = pm.Data("values", 1 + 2 * x + DATA.normal(scale=0.3, size=40), dims="row")
        slope, level = pm.Normal("slope", 0, 5), pm.Normal("level", 0, 5)
        mu = pm.Deterministic("mu", level + slope * column, dims="row")
        pm.Normal("y", mu, pm.HalfNormal("sigma", 1), observed=values, dims="row")
    return model, pmjax.sample(model=model, random_seed=1, **SETTINGS)


def test_new_data_of_the_same_shapes_compile_nothing(of_data: Any) -> None:
    model, before = of_data
    pmjax.sample(model=model, random_seed=1, **SETTINGS)
    compiled: list[str] = []

    def listen(event: str, duration: float, **_: Any) -> None:
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    old = model["values"].get_value()
    with model:
        pm.set_data({"values": old + 3 * model["column"].get_value()})
        after = pmjax.sample(random_seed=1, **SETTINGS)
        pm.set_data({"values": old})
    assert compiled == []
    rise = float(after.posterior["slope"].mean() - before.posterior["slope"].mean())
    assert abs(rise - 3) < 0.1


def test_pymc_computes_log_likelihoods_deterministics_and_predictions_of_the_result(of_data: Any) -> None:
    model, idata = of_data
    posterior = idata.posterior
    with model, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        computed = pm.compute_deterministics(posterior, merge_dataset=False, progressbar=False)
        scored = pm.compute_log_likelihood(idata, extend_inferencedata=False, progressbar=False)
        predicted = pm.sample_posterior_predictive(idata, progressbar=False, random_seed=1)
    np.testing.assert_allclose(computed["mu"].values, posterior["mu"].values, rtol=1e-10)
    sigma = posterior["sigma"].values[..., None]
    z = (model["values"].get_value() - posterior["mu"].values) / sigma
    scores = getattr(scored, "log_likelihood", scored)["y"].values
    np.testing.assert_allclose(scores, -0.5 * z**2 - np.log(sigma * np.sqrt(2 * np.pi)), rtol=1e-8)
    assert predicted.posterior_predictive["y"].dims == ("chain", "draw", "row")


def test_a_minibatch_is_refused_with_a_sentence() -> None:
    with pm.Model() as model:
        rows = pm.Minibatch(np.arange(40.0), batch_size=10)
        pm.Normal("y", pm.Normal("mu"), 1, observed=rows, total_size=40)
    with pytest.raises(pmjax.ModelError, match=r"'y': its rows are a pm.Minibatch"):
        pmjax.from_pymc(model)


def test_a_model_of_pymc_dims_is_refused_with_a_sentence() -> None:
    dims = pytest.importorskip("pymc.dims", reason="this PyMC has no pymc.dims")
    with pm.Model(coords={"row": [0, 1]}) as model:
        dims.Normal("x", 0, 1, dims="row")
    with pytest.raises(pmjax.ModelError, match=r"'x' is a variable of pymc.dims"):
        pmjax.from_pymc(model)

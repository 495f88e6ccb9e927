"""Arguments of PyMC's `sample`, as code written for PyMC gives them."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm

from .test_sample import QUIET, small

SHORT = {"draws": 30, "tune": 40, "chains": 2, "random_seed": 3, **QUIET}


def draws(**arguments: object) -> np.ndarray:
    return pm.sample(model=small(), **{**SHORT, **arguments}).posterior["slope"].values


@pytest.mark.parametrize(
    "arguments",
    [
        {"nuts_sampler": "pymc"},
        {"nuts": {"target_accept": 0.8, "max_treedepth": 10}},
        {"sampler": pm.NUTS()},
        {"step": pm.NUTS()},
        {"nuts_sampler_kwargs": {"metric": "diag"}},
        {"quiet": True, "progressbar": True},
        {"progressbar": "split+stats", "quiet": True},
        {
            "trace": None,
            "mp_ctx": "spawn",
            "blas_cores": "auto",
            "n_init": 10,
            "compile_kwargs": {"mode": "JAX"},
        },
        {"keep_warning_stat": True, "progressbar_theme": None, "backend": None, "step": None},
        {"random_seed": [3]},
        {"initvals": [None, {}]},
        {"jitter_max_retries": 10},
        {"callback": lambda trace, draw: None},
    ],
    ids=lambda arguments: ", ".join(arguments),
)
def test_what_changes_no_draw(arguments):
    if arguments.get("random_seed") == [3]:
        np.testing.assert_array_equal(draws(**arguments), draws(**arguments))
    else:
        np.testing.assert_array_equal(draws(**arguments), draws())


def test_seeds_of_every_kind():
    rng = lambda: np.random.default_rng(5)  # noqa: E731
    np.testing.assert_array_equal(draws(random_seed=rng()), draws(random_seed=rng()))
    assert not np.array_equal(draws(random_seed=[1, 2]), draws(random_seed=[1, 3]))


def test_init_names_the_metric_and_the_jitter():
    for init, metric in (("adapt_full", "dense"), ("jitter+adapt_diag", "diag")):
        idata = pm.sample(model=small(), init=init, **SHORT)
        assert idata.posterior.attrs["metric"] == metric


def test_a_callback_is_called_with_trace_and_draw():
    seen = []

    def callback(trace, draw):
        seen.append((draw.chain, draw.draw_idx, draw.tuning, draw.is_last, draw.stats[0]["step_size"] > 0))
        assert trace.index == draw.chain

    pm.sample(model=small(), callback=callback, **SHORT)
    assert {chain for chain, *_ in seen} == {0, 1}
    assert max(number for _, number, *_ in seen) == 69
    assert {tuning for _, _, tuning, *_ in seen} <= {True, False}
    assert sum(last for *_, last, _ in seen) >= 2
    assert all(positive for *_, positive in seen)


def test_a_multitrace_has_all_chains_one_after_the_other():
    model = small()
    trace = pm.sample(model=model, return_inferencedata=False, **SHORT)
    assert isinstance(trace, pm.MultiTrace)
    idata = pm.to_inference_data(trace, model=model)
    assert idata.posterior["slope"].dims == ("chain", "draw", "group")
    assert list(idata.posterior["group"].values) == ["a", "b", "c"]
    assert set(idata.posterior.data_vars) == {"sigma", "slope", "mean"}
    assert "observed_data" in idata
    slope = idata.posterior["slope"].values
    np.testing.assert_array_equal(trace["slope"], slope.reshape(60, 3))
    np.testing.assert_allclose(trace["sigma_log__"], np.log(trace["sigma"]), rtol=1e-12)
    np.testing.assert_array_equal(trace.get_values("slope", burn=10, thin=2, chains=1), slope[1, 10::2])
    assert [part.shape for part in trace.get_values("slope", combine=False)] == [(30, 3)] * 2
    np.testing.assert_array_equal(trace.point(-1)["slope"], slope[1, -1])
    np.testing.assert_array_equal(trace["diverging"], trace.get_sampler_stats("diverging"))
    assert len(trace) == 30
    assert trace.nchains == 2
    assert {"sigma", "sigma_log__", "slope", "mean"} == set(trace.varnames)
    assert "slope" in trace
    assert "step_size" in trace.stat_names
    assert len(list(trace.points())) == 60
    with pytest.raises(KeyError, match="did you mean 'slope'"):
        trace["slop"]
    transformed = pm.to_inference_data(trace, include_transformed=True)
    np.testing.assert_array_equal(transformed.posterior["sigma_log__"].values.ravel(), trace["sigma_log__"])


def test_a_multitrace_keeps_the_warm_up_where_it_is_asked_for():
    trace = pm.sample(model=small(), return_inferencedata=False, discard_tuned_samples=False, **SHORT)
    assert len(trace) == 70
    assert trace["slope"].shape == (140, 3)


def test_only_a_multitrace_becomes_inference_data():
    with pytest.raises(pm.ModelError, match="trace must be a MultiTrace"):
        pm.to_inference_data(np.zeros(3))


def test_var_names_may_be_variables_and_hold_for_the_warm_up_of_every_sampler():
    with small() as model:
        idata = pm.sample(
            var_names=[model["slope"]], nuts_sampler="numpyro", discard_tuned_samples=False, **SHORT
        )
    assert list(idata.posterior.data_vars) == list(idata.warmup_posterior.data_vars) == ["slope"]


def test_a_target_is_sampled_as_the_model_is():
    target = pm.api.targets.as_target(small())
    idata = pm.sample(model=target, **SHORT)
    np.testing.assert_array_equal(idata.posterior["slope"].values, draws())
    assert idata.posterior["slope"].dims == ("chain", "draw", "group")

"""A trace becomes what the installed ArviZ works on: groups, names, dims, coordinates, attributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmjax.results.arviz_series import arviz_series
from pmjax.results.to_arviz import Labels, to_arviz
from pmjax.run.trace import Phase, Trace

pytestmark = pytest.mark.smoke

CHAINS, DRAWS = 2, 120
LABELS = Labels(
    dims={"a": ("county",), "y": ("home",), "w": (None, "county")},
    coords={"county": ["AITKIN", "ANOKA", "BECKER"]},
    observed_data={"y": np.arange(4.0)},
    constant_data={"floor": np.array([0, 1, 0, 1])},
    unconstrained={"a": (3,), "sigma_log__": (), "w": (2, 3)},
)


def make_phase(seed: int) -> Phase:
    theta = np.random.default_rng(seed).normal(size=(CHAINS, DRAWS, 10))
    outputs = {
        "a": theta[..., :3],
        "sigma": np.exp(theta[..., 3]),
        "w": theta[..., 4:].reshape(CHAINS, DRAWS, 2, 3),
    }
    stats = {"lp": -(theta**2).sum(-1) / 2, "diverging": theta[..., 0] > 2}
    return Phase(theta, outputs, stats)


def make_trace(warmup: bool = False) -> Trace:
    attributes = {"tuning_steps": 1000, "step_size": np.array([0.5, 0.6]), "nested": {"a": 1}, "on": True}
    warm = make_phase(1) if warmup else None
    return Trace(make_phase(0), warm, {"compile": 2.0, "sample": 1.5}, 4321, attributes)


def groups(result: Any) -> set[str]:
    return set(result.groups()) if arviz_series() == 0 else set(result.children)


def test_it_is_what_the_installed_arviz_works_on() -> None:
    import arviz as az

    result = to_arviz(make_trace(), LABELS)
    assert type(result).__name__ == ("InferenceData" if arviz_series() == 0 else "DataTree")
    assert groups(result) == {"posterior", "sample_stats", "observed_data", "constant_data"}
    summary = az.summary(result, var_names=["a", "sigma"])
    assert list(summary.index) == ["a[AITKIN]", "a[ANOKA]", "a[BECKER]", "sigma"]


def test_values_dims_and_coords() -> None:
    trace = make_trace()
    posterior = to_arviz(trace, LABELS).posterior
    assert posterior["a"].dims == ("chain", "draw", "county")
    assert posterior["w"].dims == ("chain", "draw", "w_dim_0", "county")
    np.testing.assert_array_equal(posterior["a"].sel(county="ANOKA"), trace.posterior.outputs["a"][..., 1])
    np.testing.assert_array_equal(posterior["w_dim_0"], [0, 1])
    np.testing.assert_array_equal(posterior["draw"], np.arange(DRAWS))


def test_default_dims_are_selectable_as_in_the_notebook() -> None:
    posterior = to_arviz(make_trace()).posterior
    assert posterior["a"].dims == ("chain", "draw", "a_dim_0")
    assert posterior["a"].sel(a_dim_0=range(2)).shape == (CHAINS, DRAWS, 2)


def test_transformed_names_stand_beside_the_others() -> None:
    trace = make_trace()
    posterior = to_arviz(trace, LABELS, transformed=True).posterior
    assert set(posterior.data_vars) == {"a", "sigma", "w", "sigma_log__"}
    np.testing.assert_allclose(np.exp(posterior["sigma_log__"]), trace.posterior.outputs["sigma"])


def test_arviz_plots_transformed_names_and_a_selection() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    import arviz as az
    from matplotlib import pyplot

    labels = Labels(unconstrained=LABELS.unconstrained)
    result = to_arviz(make_trace(), labels, transformed=True)
    pyplot.close("all")
    az.plot_trace(result, var_names=["sigma", "sigma_log__"])
    az.plot_trace(result, var_names=["a"], coords={"a_dim_0": range(2)})
    assert len(pyplot.get_fignums()) == 2
    pyplot.close("all")


def test_warmup_and_unconstrained_groups_on_request() -> None:
    trace = make_trace(warmup=True)
    result = to_arviz(trace, LABELS, unconstrained=True)
    wanted = {"posterior", "sample_stats", "unconstrained_posterior"}
    assert groups(result) == wanted | {f"warmup_{g}" for g in wanted} | {"observed_data", "constant_data"}
    assert trace.warmup is not None
    np.testing.assert_array_equal(result.warmup_posterior["sigma"], trace.warmup.outputs["sigma"])
    np.testing.assert_array_equal(
        result.unconstrained_posterior["w"], trace.posterior.theta[..., 4:].reshape(CHAINS, DRAWS, 2, 3)
    )


def test_unconstrained_draws_that_were_not_kept_are_asked_for_in_vain() -> None:
    trace = make_trace()
    trace.posterior.theta = np.zeros((CHAINS, DRAWS, 0))
    with pytest.raises(ValueError, match="holds 0 unconstrained coordinates and the labels name 10"):
        to_arviz(trace, LABELS, unconstrained=True)


def test_attributes_survive_a_file(tmp_path: Path) -> None:
    pytest.importorskip("h5netcdf")
    import xarray

    result = to_arviz(make_trace(), LABELS)
    result.to_netcdf(str(tmp_path / "trace.nc"))
    with xarray.open_dataset(tmp_path / "trace.nc", group="posterior", engine="h5netcdf") as stored:
        attributes = stored.attrs
        np.testing.assert_array_equal(stored["a"], result.posterior["a"])
    assert attributes["inference_library"] == "pmjax"
    assert attributes["sampling_time"] == 1.5
    assert attributes["compile_time"] == 2.0
    assert attributes["tuning_steps"] == 1000
    assert attributes["gradients"] == 4321
    assert attributes["on"] == 1
    assert json.loads(attributes["nested"]) == {"a": 1}
    np.testing.assert_array_equal(attributes["step_size"], [0.5, 0.6])

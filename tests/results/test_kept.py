"""Whatever fails after sampling leaves the draws within reach."""

from __future__ import annotations

import numpy as np
import pytest

import pmjax as pm
from pmjax.results import checks, kept

QUIET = {"progressbar": False, "random_seed": 1, "draws": 30, "tune": 30, "chains": 2}


def normal() -> pm.Model:
    with pm.Model() as model:
        pm.Normal("x", shape=2)
    return model


def broken(*args: object, **kwargs: object) -> None:
    raise OSError("no space left on device")


def test_a_result_that_cannot_be_made_leaves_the_draws_in_the_exception(monkeypatch):
    monkeypatch.setattr(kept, "to_arviz", broken)
    with pytest.raises(
        pm.SamplingError, match=r"OSError: no space left on device; the draws are in"
    ) as caught:
        pm.sample(model=normal(), compute_convergence_checks=False, **QUIET)
    assert caught.value.draws["x"].shape == (60, 2)


def test_coordinates_of_the_wrong_length_leave_them_too():
    wrong = {"dims": {"x": ("k",)}, "coords": {"k": [1, 2, 3]}}
    with pytest.raises(pm.SamplingError, match="the draws are in") as caught:
        pm.sample(model=normal(), compute_convergence_checks=False, idata_kwargs=wrong, **QUIET)
    assert np.isfinite(caught.value.draws["x"]).all()


def test_checks_that_fail_return_the_draws(monkeypatch):
    monkeypatch.setattr(checks, "convergence_warnings", broken)
    with pytest.warns(pm.SamplingWarning, match=r"convergence checks failed \(OSError: no space") as caught:
        idata = pm.sample(model=normal(), **QUIET)
    assert len(caught) == 1
    assert idata.posterior["x"].shape == (2, 30, 2)


@pytest.mark.parametrize("chain_method", ["parallel", "vectorized"])
def test_an_exception_of_a_callback_has_the_draws_so_far(chain_method):
    def fail(trace, draw):
        if draw.draw_idx > 40:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        pm.sample(
            model=normal(), callback=fail, compute_convergence_checks=False,
            nuts={"chain_method": chain_method}, **{**QUIET, "draws": 100_000},
        )  # fmt: skip
    assert caught.value.draws["x"].shape[2] == 2
    assert "the draws made so far are in the attribute draws" in caught.value.__notes__[0]

"""What `pm.sample` compiles, counted by JAX's own events: its programs, and a second time nothing at all."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import pmjax as pm
from pmjax.runtime import programs

from .models import eight_schools, radon

QUIET = {"progressbar": False, "chains": 2}
COMPILED: list[str] = []


def listen(event: str, seconds: float, **details: object) -> None:
    if event.endswith("backend_compile_duration"):
        COMPILED.append(str(details.get("fun_name", event)))


@pytest.fixture(scope="module", autouse=True)
def _listening():
    jax.monitoring.register_event_duration_secs_listener(listen)


def line() -> pm.Model:
    with pm.Model() as model:
        x = pm.Data("x", np.arange(20.0))
        a, b = pm.Normal("a"), pm.Normal("b")
        sigma = pm.HalfNormal("sigma", 1)
        pm.Normal("y", a + b * x, sigma, observed=np.sin(np.arange(20.0)))
    return model


def changed_line() -> pm.Model:
    model = line()
    pm.set_data({"x": np.linspace(3, -1, 20)}, model)
    return model


CASES = {
    "radon": (radon, radon),
    "eight schools": (lambda: eight_schools(centred=True), lambda: eight_schools(centred=True)),
    "other data": (line, changed_line),
}


@pytest.mark.filterwarnings("ignore::pmjax.SamplingWarning")
@pytest.mark.parametrize("case", CASES)
def test_a_second_sample_compiles_nothing(case):
    """Not the recentring, the outputs or the convergence checks either; nor for other settings."""
    first, second = CASES[case]
    pm.sample(110, tune=130, random_seed=1, model=first(), **QUIET)
    compiled = len(COMPILED)
    assert compiled > 0
    pm.sample(
        130, tune=170, chains=3, random_seed=7, target_accept=0.93, max_treedepth=7, progressbar=False,
        model=second(),
    )  # fmt: skip
    assert COMPILED[compiled:] == []


@pytest.mark.filterwarnings("ignore::pmjax.SamplingWarning")
def test_nothing_is_compiled_beside_the_programs(monkeypatch):
    """An operation of JAX outside any program would be compiled on its own, while chains wait for it."""
    monkeypatch.setenv("PMJAX_CACHE_DIR", "")
    jax.clear_caches()
    programs.forget_programs()
    before, made = len(COMPILED), programs.Counter.compiled
    pm.sample(100, tune=100, random_seed=1, model=radon(), **QUIET)
    made = programs.Counter.compiled - made
    assert made >= 4
    assert len(COMPILED) - before == made, COMPILED[before:]

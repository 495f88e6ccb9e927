"""Settings of JAX that users change: draws depend on none of them, and no program is compiled anew."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import pmjax as pm
from pmjax.errors import ModelError
from pmjax.runtime import programs
from pmjax.runtime.settings import own_settings, settings_key
from tests.api.models import eight_schools

SETTINGS = [
    ("jax_enable_x64", True),
    ("jax_debug_nans", True),
    ("jax_debug_infs", True),
    ("jax_disable_jit", True),
    ("jax_numpy_dtype_promotion", "strict"),
    ("jax_numpy_rank_promotion", "raise"),
    ("jax_default_matmul_precision", "bfloat16"),
    ("jax_transfer_guard", "disallow"),
    ("jax_default_prng_impl", "rbg"),
    ("jax_threefry_partitionable", False),
    ("jax_enable_custom_prng", True),
    ("jax_softmax_custom_jvp", True),
    ("jax_check_tracer_leaks", True),
    ("jax_debug_key_reuse", True),
]


def model() -> pm.Model:
    rng = np.random.default_rng(3)
    groups, x = np.repeat(np.arange(4), 5), rng.normal(size=20)
    with pm.Model() as model:
        sigma = pm.HalfNormal("sigma", 1)
        a = pm.Normal("a", 0, sigma, shape=4)
        k = pm.Bernoulli("k", 0.3)
        b = pm.Normal("b", 0, 1, shape=2)
        pm.Normal("z", k, 1, observed=0.5)
        mean = a[groups] + np.stack([x, x**2], axis=1) @ b
        pm.Deterministic("root", pm.math.sqrt(a))  # NaN for half of its draws
        pm.Normal("y", mean, sigma, observed=x + groups)
    return model


def sampled() -> dict[str, np.ndarray]:
    """What is drawn from the posterior of a model that is built, traced and run anew."""
    quiet = {"progressbar": False, "compute_convergence_checks": False}
    idata = pm.sample(30, tune=80, chains=2, random_seed=5, model=model(), **quiet)
    return {name: values.values for name, values in idata.posterior.data_vars.items()}


def computed() -> dict[str, np.ndarray]:
    """What is drawn forwards and computed of a model."""
    found = eight_schools(centred=False)
    point = found.initial_point()
    return {
        "draws": pm.draw(model()["y"], draws=3, random_seed=2),
        "log density": found.compile_logp()(point),
        "terms": list(found.point_logps(point).values()),
        "expression": pm.math.logsumexp(np.arange(3)).eval(),
    }


@contextlib.contextmanager
def changed(settings: Sequence[tuple[str, Any]]) -> Iterator[None]:
    before = [(name, getattr(jax.config, name)) for name, _ in settings]
    for name, value in settings:
        jax.config.update(name, value)
    try:
        yield
    finally:
        for name, value in before:
            jax.config.update(name, value)


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    return sampled()


@pytest.mark.filterwarnings("ignore::pmjax.SamplingWarning")
@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_the_posterior_depends_on_no_setting(name: str, value: Any, expected: dict[str, np.ndarray]) -> None:
    made = programs.Counter.compiled
    with changed([(name, value)]):
        found = sampled()
    for variable, draws in expected.items():
        np.testing.assert_array_equal(found[variable], draws, err_msg=variable)
    assert programs.Counter.compiled == made


def test_forward_draws_and_densities_depend_on_no_setting() -> None:
    expected = computed()
    with changed(SETTINGS):
        found = computed()
    for what, numbers in expected.items():
        np.testing.assert_array_equal(found[what], numbers, err_msg=what)


def test_a_setting_that_no_context_changes_is_said() -> None:
    jax.config.update("jax_random_seed_offset", 3)
    try:
        with pytest.raises(ModelError, match="jax_random_seed_offset"):
            pm.draw(pm.Normal.dist(0, 1))
    finally:
        jax.config.update("jax_random_seed_offset", 0)


def test_the_settings_of_the_user_come_back() -> None:
    with jax.debug_nans(True), jax.numpy_rank_promotion("raise"):
        before = dict(jax.config.values)
        with own_settings():
            assert not jax.config.jax_debug_nans
        assert dict(jax.config.values) == before


def test_settings_that_change_programs_are_in_their_key_and_others_are_not() -> None:
    before = settings_key()
    with jax.log_compiles(True):
        assert settings_key() == before
    for change in (jax.enable_x64(True), jax.threefry_partitionable(False), jax.default_device("cpu")):
        with change:
            assert settings_key() != before


def test_no_other_file_changes_settings() -> None:
    package = Path(pm.__file__).parent
    texts = {path.relative_to(package): path.read_text() for path in package.rglob("*.py")}
    changing = {
        str(name) for name, text in texts.items() if re.search(r"jax\.(enable_x64|config\.update)\(", text)
    }
    assert changing == {str(Path("runtime", "settings.py"))}

"""What happens between chunks: interrupts, memory, progress, errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from pmjax.inference.nuts.sample import sample_nuts
from pmjax.target.density import Density
from tests.inference.densities import gaussian

ROOT = Path(__file__).parents[2]


def run_child(module: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_a_scheduler_leaves_the_draws_made_so_far(sign):
    with run_child("tests.run.interrupted", "drawing") as child:
        assert child.stdout.readline().strip() == "drawing"
        time.sleep(0.3)
        sent = time.time()
        child.send_signal(sign)
        ended, chains, draws, size, finite, n_warnings = child.stdout.readline().split()
        child.wait(60)
    assert child.returncode == 0
    assert (chains, size, finite, n_warnings) == ("3", "5", "True", "1")
    assert 0 < int(draws) < 50_000_000
    # Not a measurement of speed: the promise is an answer, not a wait for the chains' ends.
    assert float(ended) - sent < 30


@pytest.mark.parametrize("phase", ["compiling", "warm_up"])
def test_ctrl_c_before_there_are_draws_is_raised(phase):
    with run_child("tests.run.interrupted", phase) as child:
        assert child.stdout.readline().split() == ["KeyboardInterrupt"]
        child.wait(60)
    assert child.returncode == 0


def test_a_second_ctrl_c_stops_hard():
    with run_child("tests.run.interrupted", "twice") as child:
        assert child.stdout.readline().strip() == "drawing"
        child.send_signal(signal.SIGINT)
        # Chunks of this density take longer than the first interrupt waits for them.
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline().split() == ["KeyboardInterrupt"]
        child.wait(60)
    # Only a chunk that outlasts the patience at the end of the process would be cut short.
    assert child.returncode in (0, -signal.SIGINT)


@pytest.mark.parametrize("phase", ["endless", "blocked", "in_xla"])
def test_a_second_ctrl_c_ends_the_process_by_that_signal(phase):
    with run_child("tests.run.interrupted", phase) as child:
        assert child.stdout.readline().strip() in ("tracing", "compiling")
        time.sleep(0.3)  # until it is inside
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline().split() == ["KeyboardInterrupt"]
        if phase != "endless":  # a loop in Python ends by itself
            time.sleep(0.3)
            child.send_signal(signal.SIGINT)
        child.wait(60)
    assert child.returncode == (0 if phase == "endless" else -signal.SIGINT)


def test_sigterm_with_no_draws_to_keep_ends_the_process_as_ever():
    with run_child("tests.run.interrupted", "blocked") as child:
        assert child.stdout.readline().strip() == "tracing"
        child.send_signal(signal.SIGTERM)
        child.wait(60)
    assert child.returncode == -signal.SIGTERM


@pytest.mark.parametrize("chain_method", ["parallel", "sequential", "vectorized"])
def test_an_interrupt_from_a_callback_keeps_the_draws(chain_method):
    def stop(chain):
        if chain.done > chain.run.tune:
            raise KeyboardInterrupt

    whole = {"draws": 1_000_000, "tune": 20, "chains": 2, "seed": 4, "chain_method": chain_method}
    trace = sample_nuts(gaussian(2), np.zeros((2, 2)), callback=stop, progressbar=False, **whole)
    chains, draws, _ = trace.posterior.theta.shape
    assert chains in (1, 2)
    assert 0 < draws < 1_000_000
    assert all(values.shape == (chains, draws) for values in trace.posterior.stats.values())
    assert "interrupted" in trace.warnings[0]
    again = sample_nuts(gaussian(2), np.zeros((2, 2)), progressbar=False, **{**whole, "draws": 5})
    np.testing.assert_array_equal(trace.posterior.theta[0, :5], again.posterior.theta[0, :draws])


def test_memory_is_kept_draws_and_a_constant():
    """1,000 x 4 draws of a model with 100,000 elements that nobody keeps would be 3.2 GB."""
    with run_child("tests.run.unkept", "1000", "mu") as child:
        baseline, peak, kept = map(float, child.stdout.readline().split())
        child.wait(120)
    assert child.returncode == 0
    assert kept < 1
    assert peak - baseline < 200


def test_kept_outputs_are_held_once():
    """Neither chunks nor the result make a second copy of what is kept."""
    with run_child("tests.run.unkept", "250", "mu", "big") as child:
        baseline, peak, kept = map(float, child.stdout.readline().split())
        child.wait(120)
    assert child.returncode == 0
    assert kept > 700
    assert peak - baseline < kept + 250


def test_errors_of_a_callback_end_the_run():
    def fail(chain):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        sample_nuts(gaussian(2), np.zeros((2, 2)), draws=10, tune=10, chains=2, callback=fail)


def test_errors_of_the_outputs_reach_the_caller():
    def broken(theta, data, knobs, key):
        return {"x": jnp.ones(3) @ jnp.ones((2, 2))}

    density = Density(1, lambda t, d, k: -0.5 * t @ t, broken, {}, {}, None, ("x",))
    with pytest.raises(TypeError):
        sample_nuts(density, np.zeros((1, 1)), draws=10, tune=10, chains=1, progressbar=False)

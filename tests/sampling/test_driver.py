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

from pmjax.density.density import Density
from pmjax.sampling.sample import sample_nuts

from .densities import gaussian

ROOT = Path(__file__).parents[2]


def run_child(module: str, **environment: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **environment}
    return subprocess.Popen(
        [sys.executable, "-m", module], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_ctrl_c_returns_the_draws_made_so_far():
    with run_child("tests.sampling.interrupted") as child:
        assert child.stdout.readline().strip() == "drawing"
        time.sleep(0.3)
        sent = time.time()
        child.send_signal(signal.SIGINT)
        ended, chains, draws, size, finite, n_warnings = child.stdout.readline().split()
        child.wait(60)
    assert child.returncode == 0
    assert (chains, size, finite, n_warnings) == ("3", "5", "True", "1")
    assert 0 < int(draws) < 50_000_000
    # Not a measurement of speed: the promise is an answer, not a wait for the chains' ends.
    assert float(ended) - sent < 30


def test_memory_is_kept_draws_and_a_constant():
    """1,000 x 4 draws of a model with 100,000 elements that nobody keeps would be 3.2 GB."""
    with run_child("tests.sampling.unkept") as child:
        baseline, peak = map(float, child.stdout.readline().split())
        child.wait(120)
    assert child.returncode == 0
    assert peak - baseline < 200


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

"""What the compiler is told makes programs faster and changes no draw."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from pmjax.inference.nuts import schedule
from pmjax.inference.nuts.buffers import capacity
from pmjax.inference.nuts.metric import METRICS, MetricKind
from pmjax.inference.nuts.program import Program, Settings, initial_state
from pmjax.rewrites import pipeline
from pmjax.run.statistics import STATS
from pmjax.runtime import streams
from pmjax.runtime.executable import compiled
from pmjax.target.joint import joint_density

from .models import radon


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_options_change_no_draw(metric: MetricKind) -> None:
    # One of them leaves out copies that it finds needless: where it errs, draws change and nothing fails.
    draws, float64 = 15, np.dtype(np.float64)
    density = joint_density(pipeline.apply(radon().freeze(), "auto")[0])
    flags = np.zeros(capacity(density.size), np.int32)
    flags[:draws] = schedule.warmup_flags(draws)
    with jax.enable_x64(True):
        state = initial_state(np.zeros(density.size), streams.key(1, "trajectories", 0), metric, float64)
        settings = Settings(np.int32(draws), np.int32(6), np.float64(0.8), flags)
        arguments = state, settings, density.data, density.knobs, np.int32(10_000)
        lowered = jax.jit(Program(density, metric, 10, float64).run_chunk).lower(*arguments)
        (_, ours), (_, plain) = (program(*arguments) for program in (compiled(lowered), lowered.compile()))
    steps = STATS.index("n_steps")
    np.testing.assert_array_equal(ours.stats[:draws, steps], plain.stats[:draws, steps])
    np.testing.assert_allclose(ours.theta[:draws], plain.theta[:draws], rtol=1e-6, atol=1e-8)
    assert np.unique(ours.stats[:draws, steps]).size > 2

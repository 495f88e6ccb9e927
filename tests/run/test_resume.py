"""A run that was stopped after any chunk goes on from its snapshots, in another process, bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from .stopped import sampled
from .test_executor import run_child

METRICS, FORMS, METHODS = ("diag", "low_rank", "dense"), ("recentred", "written"), ("parallel", "vectorized")
CASES = ["-".join(parts) for parts in itertools.product(METRICS, FORMS, METHODS)]
QUICK = ["diag-recentred-parallel", "low_rank-written-vectorized"]


def assert_goes_on(folder, cases: list[str], chunks: int) -> None:
    for count in (chunks, 0):
        with run_child("tests.run.stopped", str(folder), str(count), *cases) as child:
            child.wait(600)
        assert child.returncode == 0
        stopped = [case for case in cases if not (folder / case / "draws.npz").exists()]
        assert stopped == (cases if count else [])
    for case in cases:
        whole, kept = sampled(case), np.load(folder / case / "draws.npz")
        np.testing.assert_array_equal(kept["theta"], whole.theta)
        np.testing.assert_array_equal(kept["x"], whole.outputs["x"])
        np.testing.assert_array_equal(kept["lp"], whole.stats["lp"])


def test_a_stopped_run_goes_on_in_another_process(tmp_path):
    assert_goes_on(tmp_path, QUICK, 7)


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [1, 2, 20, 41])
def test_after_any_chunk_with_any_metric(tmp_path, chunks):
    assert_goes_on(tmp_path, CASES, chunks)

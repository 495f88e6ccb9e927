"""Compiled programs: which are kept and for how long, and what they are told apart by."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import pmjax as pm
from pmjax.runtime import machine, programs

ROOT = Path(__file__).parents[2]


def words(tmp_path: Path, module: str, **environment: str) -> list[str]:
    """What a module prints in a process of its own, with its programs in a folder."""
    own = {"PMJAX_CACHE_DIR": str(tmp_path / "programs"), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", module]
    child = subprocess.run(
        command,
        env={**os.environ, **own, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stderr == ""
    return child.stdout.split()


def test_a_program_that_calls_lapack_runs_in_a_new_process(tmp_path: Path) -> None:
    compiled, loaded, total = words(tmp_path, "tests.runtime.from_lapack")
    assert int(compiled) > 0
    assert int(loaded) == 0
    assert words(tmp_path, "tests.runtime.from_lapack") == ["0", compiled, total]


# What changes machine code, or where it can run, and how often that is compiled.
ENVIRONMENTS = [
    ({}, 1),
    ({}, 0),
    ({"XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}, 1),
    ({"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}, 1),
    ({"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "DEVICE": "1"}, 1),
    ({"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "DEVICE": "1"}, 0),
    ({}, 0),
]


def test_programs_of_other_flags_and_devices_are_others(tmp_path: Path) -> None:
    for environment, expected in ENVIRONMENTS:
        compiled, device, total = words(tmp_path, "tests.runtime.on_a_device", **environment)
        assert (int(compiled), device, total) == (expected, environment.get("DEVICE", "0"), "14.0"), (
            environment
        )


@pytest.mark.parametrize("name", ["XLA_FLAGS", "LIBTPU_INIT_ARGS"])
def test_flags_are_part_of_the_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine.machine_key()
    monkeypatch.setenv(name, "--other")
    assert machine.machine_key() != before


def test_the_whole_source_is_part_of_the_key() -> None:
    assert Path(pm.__file__).parent == machine.PACKAGE


def kept(number: int) -> float:
    run = programs.program("power", lambda x: x**number, (np.float32(3),), 0, ("power", number))
    return float(run(np.float32(3)))


def test_a_process_keeps_the_programs_it_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMJAX_CACHE_DIR", "")
    monkeypatch.setattr(programs, "MAX_PROGRAMS", 3)
    programs.forget_programs()

    def made(number: int) -> int:
        before = programs.Counter.compiled
        assert kept(number) == 3.0**number
        return programs.Counter.compiled - before

    assert [made(number) for number in (0, 1, 2, 0, 3, 0, 2, 3, 1, 0)] == [1, 1, 1, 0, 1, 0, 0, 0, 1, 1]


def test_shapes_and_programs_of_one_key_are_one_thing() -> None:
    one = jax.ShapeDtypeStruct((3,), np.float32)
    shapes = programs.shapes_of("doubled", lambda x: {"y": 2 * x}, (one,), ("doubled",))
    run = programs.program("doubled", lambda x: {"y": 2 * x}, (one,), shapes, ("doubled",))
    np.testing.assert_array_equal(run(np.ones(3, np.float32))["y"], 2.0)
    assert shapes["y"].shape == (3,)

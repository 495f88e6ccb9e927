"""Programs from the folder: what one process compiled runs in another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_program_that_calls_lapack_runs_in_a_new_process(tmp_path: Path) -> None:
    environment = {**os.environ, "PMJAX_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "tests.sampling.from_lapack"]

    def words() -> list[str]:
        child = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        return child.stdout.split()

    compiled, loaded, total = words()
    assert int(compiled) > 0
    assert int(loaded) == 0
    assert words() == ["0", compiled, total]

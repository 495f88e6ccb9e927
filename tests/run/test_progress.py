"""What the user sees while chains run: in a notebook, in a terminal, and nothing elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from .test_executor import ROOT

PROGRAM = """
import pmjax as pm
with pm.Model():
    pm.Normal("x", shape=20)
    trace = pm.sample(3000, tune=500, chains={chains}, random_seed=1, compute_convergence_checks=False,
                      nuts_sampler_kwargs={options})
"""
NOTEBOOK = """
import sys, nbformat, nbclient
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(sys.stdin.read())])
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
print(*[o.get("data", {}).get("text/plain", "") for o in notebook.cells[0].outputs], sep="\\n====\\n")
"""


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PMJAX_CACHE_DIR": str(tmp_path)}


def test_a_notebook_shows_one_table_that_is_updated(tmp_path):
    pytest.importorskip("nbclient")
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], input=PROGRAM.format(chains=2, options={}), text=True,
        capture_output=True, env=environment(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    shown = done.stdout.split("\n====\n")
    # One output, which holds the last update.
    tables = [text for text in shown if "divergences" in text]
    assert len(tables) == 1
    header, *rows = tables[0].strip().split("\n")
    assert header.split()[:3] == ["chain", "draws", "divergences"]
    assert [row.split()[:2] for row in rows] == [["0", "3500/3500"], ["1", "3500/3500"]]
    assert all(row.split()[-1] == "done" for row in rows)


def in_a_terminal(program: str, tmp_path: Path) -> str:
    """Return what a program writes to a terminal."""
    reader, writer = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=writer, stderr=writer, env=environment(tmp_path), cwd=ROOT
    ) as child:
        os.close(writer)
        written = b""
        # Linux reports an error where the last process that had the terminal open has ended.
        try:
            while part := os.read(reader, 4096):
                written += part
        except OSError:
            pass
        os.close(reader)
    assert child.returncode == 0, written.decode()
    return written.decode()


def test_a_terminal_shows_the_compiling_then_a_table(tmp_path):
    text = in_a_terminal(PROGRAM.format(chains=2, options={}), tmp_path)
    assert "Compiling the model and the sampler (" in text
    table = text.split("\x1b[")
    assert any("divergences" in part for part in table)
    last = [line for line in text.replace("\x1b[2K", "").splitlines() if line.strip()][-2:]
    assert [line.split()[:2] for line in last] == [["0", "3500/3500"], ["1", "3500/3500"]]
    assert text.index("Compiling") < text.index("divergences")


def test_many_chains_share_a_line(tmp_path):
    program = PROGRAM.format(chains=20, options={"chain_method": "vectorized"})
    text = in_a_terminal(program.replace("3000", "300"), tmp_path)
    last = [line for line in text.replace("\x1b[2K", "").splitlines() if line.strip()][-1]
    assert last.split()[:3] == ["0-19", "800/800", "0"]
    assert last.split()[-1] == "done"


def test_a_pipe_gets_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(chains=1, options={}).replace("3000", "20")], text=True,
        capture_output=True, env=environment(tmp_path), check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")

"""Every notebook of the documentation runs from top to bottom."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "docs" / "notebooks").glob("*.md"))
PLOTS = {"jax_for_faster_sampling": 2, "seasons_and_a_trend": 2, "the_workflow": 4}

# A process of its own: Jupyter's event loop and matplotlib's state stay out of the test process.
RUN = """
import sys, jupytext, nbclient
notebook = jupytext.read(sys.argv[1])
nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
plots = sum("image/png" in o.get("data", {}) for o in outputs)
print("executed", len(notebook.cells), "cells;", plots, "plots")
"""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(notebook)],
        env={
            **os.environ,
            "PMJAX_NOTEBOOK_DRAWS": "100",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "executed" in done.stdout
    assert f"{PLOTS[notebook.stem]} plots" in done.stdout


def test_there_is_every_notebook() -> None:
    assert [n.stem for n in NOTEBOOKS] == list(PLOTS)

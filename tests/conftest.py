"""What every test shares."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

# The models of the benchmarks are those of several tests.
ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT), str(ROOT / "benchmarks")]


@pytest.fixture(scope="session", autouse=True)
def _program_cache_of_its_own(tmp_path_factory):
    """Keep compiled programs of the tests out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PMJAX_CACHE_DIR", str(tmp_path_factory.mktemp("programs")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard():
    """Let interrupts reach tests, and what they start, where a shell has them ignored (in the background)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

"""What every test shares."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def _program_cache_of_its_own(tmp_path_factory):
    """Keep compiled programs of the tests out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PMJAX_CACHE_DIR", str(tmp_path_factory.mktemp("programs")))
        yield

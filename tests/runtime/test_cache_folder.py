"""The folder of compiled programs: what is read was written by this user, bit for bit."""

from __future__ import annotations

import os
import pickle
import pwd
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pmjax.runtime import cache_folder as module
from pmjax.runtime.cache_folder import MAX_ENTRIES, SUFFIX, CacheFolder, cache_folder

PAYLOAD = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path: Path) -> CacheFolder:
    folder = CacheFolder(tmp_path / "programs")
    folder.write("one", PAYLOAD)
    return folder


def file_of(folder: CacheFolder, name: str = "one") -> Path:
    return folder.path / f"{name}{SUFFIX}"


def test_what_was_written_is_read(folder: CacheFolder) -> None:
    assert folder.read("one") == PAYLOAD
    assert folder.read("two") is None
    assert CacheFolder(folder.path / "none").read("one") is None


def test_one_bit_or_byte_more_or_less_is_seen(folder: CacheFolder) -> None:
    file = file_of(folder)
    content = file.read_bytes()
    for place in np.random.default_rng(1).integers(0, 8 * len(content), 200):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << (place % 8)
        file.write_bytes(flipped)
        assert folder.read("one") is None
    for other in (content[:-1], content[: len(content) // 2], content + b"\0", b"", PAYLOAD):
        file.write_bytes(other)
        assert folder.read("one") is None
    folder.write("one", PAYLOAD)
    assert folder.read("one") == PAYLOAD


def test_a_file_under_another_name_is_not_read(folder: CacheFolder) -> None:
    os.rename(file_of(folder), file_of(folder, "two"))
    assert folder.read("two") is None


class Payload:
    """Runs when it is unpickled."""

    ran = False

    def __reduce__(self) -> tuple[object, ...]:
        return setattr, (Payload, "ran", True)


def test_a_pickle_that_somebody_put_there_is_not_run(folder: CacheFolder) -> None:
    file_of(folder).write_bytes(pickle.dumps(Payload()))
    assert folder.read("one") is None
    assert not Payload.ran


def group_may_write(path: Path) -> None:
    path.chmod(0o770)


def all_may_write(path: Path) -> None:
    path.chmod(0o707)


def of_another_user(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the administrator can give a file away")
    os.chown(path, 12345, -1)


@pytest.mark.parametrize("change", [group_may_write, all_may_write, of_another_user])
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_others_may_write_is_refused_in_one_sentence(
    folder: CacheFolder, what: str, change: Callable[[Path], None]
) -> None:
    change(folder.path if what == "folder" else file_of(folder))
    with pytest.warns(UserWarning, match=r"others.*PMJAX_CACHE_DIR"):
        assert folder.read("one") is None
    assert folder.read("one") is None
    if what == "folder":
        folder.write("two", PAYLOAD)
        assert not file_of(folder, "two").exists()


def test_what_is_no_plain_file_is_refused(folder: CacheFolder) -> None:
    os.rename(file_of(folder), folder.path / "elsewhere")
    os.symlink(folder.path / "elsewhere", file_of(folder))
    os.mkfifo(file_of(folder, "pipe"))
    with pytest.warns(UserWarning, match="PMJAX_CACHE_DIR"):
        assert folder.read("one") is None
    assert folder.read("pipe") is None


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = CacheFolder(tmp_path / "file" / "programs")
    with pytest.warns(UserWarning, match="cannot be"):
        folder.write("one", PAYLOAD)
    assert folder.read("one") is None
    folder.write("one", PAYLOAD)


def test_a_full_disk_leaves_nothing_behind(folder: CacheFolder) -> None:
    before = sorted(folder.path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(PAYLOAD), limits[1]))
    try:
        with pytest.warns(UserWarning, match="cannot be written"):
            folder.write("two", 100 * PAYLOAD)
        folder.write("three", 100 * PAYLOAD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(folder.path.iterdir()) == before


def test_old_files_and_parts_of_killed_processes_go(folder: CacheFolder) -> None:
    for number in range(MAX_ENTRIES + 5):
        file_of(folder, f"old{number}").write_bytes(b"")
        os.utime(file_of(folder, f"old{number}"), (number, number))
    (folder.path / "killed.partial").write_bytes(b"")
    os.utime(folder.path / "killed.partial", (1, 1))
    (folder.path / "written.partial").write_bytes(b"")
    os.utime(file_of(folder), (0, 0))
    folder.read("one")
    assert time.time() - file_of(folder).stat().st_mtime < 60
    folder.write("two", PAYLOAD)
    assert len(list(folder.path.glob(f"*{SUFFIX}"))) == MAX_ENTRIES
    assert folder.read("one") == folder.read("two") == PAYLOAD
    assert [path.name for path in folder.path.glob("*.partial")] == ["written.partial"]


def test_only_its_owner_may_read_what_is_written(folder: CacheFolder) -> None:
    assert folder.path.stat().st_mode & 0o077 == 0
    assert file_of(folder).stat().st_mode & 0o077 == 0


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMJAX_CACHE_DIR", "")
    assert cache_folder() is None
    monkeypatch.setenv("PMJAX_CACHE_DIR", "~/there")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == CacheFolder(tmp_path / "there")
    monkeypatch.delenv("PMJAX_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    home = cache_folder()
    assert home is not None
    assert home.path.is_relative_to(tmp_path)
    # A home that does not exist is not made.
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    assert cache_folder() is None

    def no_entry(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", no_entry)
    assert cache_folder() is None


@pytest.fixture(autouse=True)
def _nothing_said_yet(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_said", set())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield

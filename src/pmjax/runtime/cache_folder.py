"""A folder of files that belong to one user, written by this package and trusted by nobody else's word.

What is read from it becomes machine code. So it is read only if no other user can have written it, and only
if it is, bit for bit, what was written. Whatever is wrong with the folder costs time, never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

MAX_ENTRIES = 200
"""Files that a folder keeps; the ones not used for longest go first."""

SUFFIX = ".xla"
_PARTIAL = ".partial"
_ABANDONED_SECONDS = 3600.0
_MAGIC = b"pmjax program 1\n"
_said: set[str] = set()


@dataclass(frozen=True)
class CacheFolder:
    """Named files in a folder that is the user's own.

    Parameters
    ----------
    path : pathlib.Path
        It is made when the first file is written.

    Examples
    --------
    >>> folder = CacheFolder(Path(tempfile.mkdtemp()))
    >>> folder.write("answer", b"42")
    >>> folder.read("answer"), folder.read("question")
    (b'42', None)
    """

    path: Path

    def read(self, name: str) -> bytes | None:
        """Return what was written under a name, or None if it is not there or not to be trusted."""
        try:
            if not self._is_own():
                return None
            content = _read_own(self._file(name))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say(f"cannot be read ({error.strerror or error})")
            return None
        if content is None:
            self._say(f"holds a file that others may write ({name}{SUFFIX}), which is not loaded")
            return None
        start = len(_MAGIC) + hashlib.sha256().digest_size
        payload = content[start:]
        if content[:start] != _MAGIC + _checksum(name, payload):
            return None
        with contextlib.suppress(OSError):
            os.utime(self._file(name))
        return payload

    def write(self, name: str, payload: bytes) -> None:
        """Keep something under a name, and drop what was not used for longest."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._is_own():
                self._replace(name, _MAGIC + _checksum(name, payload) + payload)
                self._prune()
        except OSError as error:
            self._say(f"cannot be written ({error.strerror or error})")

    def _file(self, name: str) -> Path:
        return self.path / f"{name}{SUFFIX}"

    def _replace(self, name: str, content: bytes) -> None:
        handle, partial = tempfile.mkstemp(dir=self.path, suffix=_PARTIAL)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(partial, self._file(name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise

    def _prune(self) -> None:
        entries = sorted(self.path.glob(f"*{SUFFIX}"), key=_last_used)
        # A process that was killed while it wrote leaves its part.
        started = time.time() - _ABANDONED_SECONDS
        left = [path for path in self.path.glob(f"*{_PARTIAL}") if _last_used(path) < started]
        for path in [*entries[:-MAX_ENTRIES], *left]:
            path.unlink(missing_ok=True)

    def _is_own(self) -> bool:
        if _others_may_write(self.path.stat()):
            self._say("may be written by others, and what it holds would be run")
            return False
        return True

    def _say(self, what: str) -> None:
        sentence = (
            f"Compiled programs are not kept: the folder {self.path} {what}; set PMJAX_CACHE_DIR to a folder "
            "that you alone may write, or to the empty string to keep none."
        )
        if str(self.path) not in _said:
            _said.add(str(self.path))
            warnings.warn(sentence, stacklevel=2)


def cache_folder() -> CacheFolder | None:
    """Return the folder of compiled programs, or None if it is switched off or the user has no home.

    The environment variable ``PMJAX_CACHE_DIR`` moves it; set to the empty string it switches it off.
    """
    given = os.environ.get("PMJAX_CACHE_DIR")
    if given == "":
        return None
    if given is not None:
        path = Path(os.path.expanduser(given))
        return CacheFolder(path) if path.is_absolute() else CacheFolder(Path.cwd() / path)
    # Not at the top: `import pmjax` need not wait for it.
    from platformdirs import user_cache_path

    try:
        path = user_cache_path("pmjax", appauthor=False)
    except RuntimeError:  # a user without an entry
        return None
    home = Path(os.path.expanduser("~"))
    homeless = path.is_relative_to(home) and not home.is_dir()
    return CacheFolder(path) if path.is_absolute() and not homeless else None


def _checksum(name: str, payload: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + payload).digest()


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process was quicker
        return 0.0


def _read_own(path: Path) -> bytes | None:
    """Return the content of a plain file, or None if it is another kind of file or others may write it."""
    # A file that is no plain one (a pipe) must not be waited for, and no link be followed (not on Windows)
    flags = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or _others_may_write(status):
            return None
        return file.read()


def _others_may_write(status: os.stat_result) -> bool:
    """Return whether a user who is neither this one nor the administrator may write a file or a folder."""
    if os.name != "posix":  # a folder in the user's profile
        return False
    return status.st_uid not in (0, os.geteuid()) or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))

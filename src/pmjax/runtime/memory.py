"""How much memory there is, so that what cannot fit is refused with a number and not killed."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_memory() -> int | None:
    """Return the bytes that this process may still allocate, or None where the system does not say.

    Examples
    --------
    >>> available_memory() is None or available_memory() > 0
    True
    """
    free = [n for n in (_of_machine(), *(_of_group(*files) for files in _CGROUP)) if n is not None]
    return min(free) if free else None


def readable(size: float) -> str:
    """Return a number of bytes in the unit that a person would use.

    Examples
    --------
    >>> readable(64e9)
    '59.6 GiB'
    """
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def _of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


def _of_group(limit: str, used: str) -> int | None:
    # A container's limit; "max" and absurdly large numbers mean none.
    try:
        most = int(Path(limit).read_text())
        return None if most > 2**60 else max(most - int(Path(used).read_text()), 0)
    except (OSError, ValueError):
        return None

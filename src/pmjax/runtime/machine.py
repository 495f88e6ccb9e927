"""What machine code depends on beside the program it was made of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from functools import cache
from pathlib import Path

import jax
import jaxlib

from pmjax.runtime.settings import default_device, settings_key

PACKAGE = Path(__file__).resolve().parents[1]
# What XLA and the libraries of accelerators read when they start.
_FLAGS = ("XLA_FLAGS", "LIBTPU_INIT_ARGS", "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE")


def machine_key() -> str:
    """Return everything that machine code depends on beside its program, as text.

    Versions, our own source, the processor, the compiler's flags, the devices and which of them programs run
    on, and the settings of JAX.
    """
    device = default_device()
    flags = [os.environ.get(name, "") for name in _FLAGS]
    return repr((_fixed(), flags, device.platform, device.id, settings_key()))


@cache
def _fixed() -> str:
    """Return what does not change while a process lives."""
    devices = [(device.platform, device.device_kind, device.id) for device in jax.devices()]
    versions = (jax.__version__, jaxlib.__version__, jax.devices()[0].client.platform_version)
    system = (sys.version_info[:2], platform.machine(), platform.processor(), _processor_features())
    return repr((versions, system, devices, _source()))


def _source() -> str:
    """Return a digest of the source of the package: functions of ours are known by their names alone."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(source.relative_to(PACKAGE)).encode() + b"\n" + source.read_bytes())
    return digest.hexdigest()


def _processor_features() -> str:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        found = {line for line in lines if line.startswith(("flags", "Features"))}
        return hashlib.sha256("".join(sorted(found)).encode()).hexdigest()
    return ""

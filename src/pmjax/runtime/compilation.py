"""Compiled programs, kept in the process and in a folder: nothing is compiled twice."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import platform
import sys
import tempfile
import threading
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
from jax.experimental.serialize_executable import deserialize_and_load, serialize

MAX_ENTRIES = 200
"""Programs kept in the folder; the ones not used for longest go first."""

_programs: dict[Hashable, Callable[..., Any]] = {}
_shapes: dict[Hashable, Any] = {}
_locks: dict[Hashable, threading.Lock] = {}
_guard = threading.Lock()


class Counter:
    """How programs were obtained so far in this process."""

    compiled = 0
    loaded = 0


def program(
    name: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    result: Any,
    key: Hashable | None,
    traced: Callable[[], None] | None = None,
) -> Callable[..., Any]:
    """Return ``function`` compiled for arguments of these shapes and dtypes.

    Parameters
    ----------
    name : str
        What the program is; part of the key.
    function : callable
        Traceable by JAX.
    arguments : tuple of pytree
        Arrays, or their shapes and dtypes.
    result : pytree
        Any pytree of the structure that ``function`` returns.
    key : hashable or None
        Equal keys, with equal shapes and dtypes, mean equal programs, in every process (its ``repr``
        is what is compared between processes). None: the traced text of the program is the key.
    traced : callable, optional
        Called once Python has done its part: what is left, compiling or loading, needs no interpreter.

    Returns
    -------
    callable
        The executable. Call it under the precision (``jax.enable_x64``) it was made under.
    """
    lowered = None
    if key is None:
        lowered = jax.jit(function).lower(*arguments)
        key = hashlib.sha256(lowered.as_text().encode()).hexdigest()
    full = _full_key(name, arguments, key)
    with _guard:
        lock = _locks.setdefault(full, threading.Lock())
    with lock:
        found = _programs.get(full)
        path = None if found else _entry(full)
        stored = path is not None and path.exists()
        if found is None and not stored:
            lowered = lowered or jax.jit(function).lower(*arguments)
        if traced is not None:
            traced()
        if path is not None and stored:
            found = _load(path, jax.tree.structure((arguments, {})), jax.tree.structure(result))
            Counter.loaded += found is not None
        if found is None:
            lowered = lowered or jax.jit(function).lower(*arguments)
            found = compiled(lowered)
            Counter.compiled += 1
            if path:
                _store(path, found)
        _programs[full] = found
        return found


def shapes_of(
    name: str, function: Callable[..., Any], arguments: tuple[Any, ...], key: Hashable | None
) -> Any:
    """Return the shapes and dtypes of what ``function`` returns; the arguments are those of `program`."""
    if key is None:
        return jax.eval_shape(function, *arguments)
    full = _full_key(name, arguments, key)
    if full not in _shapes:
        _shapes[full] = jax.eval_shape(function, *arguments)
    return _shapes[full]


def _full_key(name: str, arguments: tuple[Any, ...], key: Hashable) -> Hashable:
    flat, tree = jax.tree.flatten(arguments)
    shapes = tuple((tuple(leaf.shape), str(leaf.dtype)) for leaf in flat)
    return (name, key, shapes, str(tree), jax.default_backend(), bool(jax.config.read("jax_enable_x64")))


# What the compiler is told on a CPU. The highest level of optimisation, the default, takes a third longer
# than the first, for programs that are no faster. The analysis of regions finds that copies of what loops
# carry are needless; whole vector registers, where the processor has wide ones, save a tenth of the time of
# compiling and of running. Sums in windows of 32 need what is summed written down first; without windows they
# are made where the terms are, as exactly, and gradients cost up to 14 % less.
CPU_OPTIONS: dict[str, Any] = {
    "xla_backend_optimization_level": 1,
    "xla_cpu_copy_insertion_use_region_analysis": True,
    "xla_cpu_prefer_vector_width": 512,
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
}


def compiled(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
    """Return the executable of a lowered program, compiled with the options for the backend."""
    if jax.default_backend() != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(dict(CPU_OPTIONS))
    except jax.errors.JaxRuntimeError as error:
        # A version of the compiler that has lost one of them is as right without.
        if "No such compile option" not in str(error):
            raise
        return lowered.compile()


def forget_programs() -> None:
    """Forget the programs of this process (those in the folder stay)."""
    _programs.clear()
    _shapes.clear()


def cache_folder() -> Path | None:
    """Return the folder of compiled programs, or None if it is switched off.

    The environment variable ``PMJAX_CACHE_DIR`` moves it; set to the empty string it switches it off.
    """
    given = os.environ.get("PMJAX_CACHE_DIR")
    if given is not None:
        return Path(given).expanduser() if given else None
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pmjax"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "pmjax" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pmjax"


@cache
def _environment() -> str:
    """Return what else machine code depends on: versions, our own source, the processor."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent
    for source in sorted(root.rglob("*.py")):
        digest.update(str(source.relative_to(root)).encode() + source.read_bytes())
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        digest.update("".join(sorted({x for x in lines if x.startswith(("flags", "Features"))})).encode())
    devices = [device.device_kind for device in jax.local_devices()]
    digest.update(repr((platform.machine(), platform.processor(), devices)).encode())
    return f"{jax.__version__} {jaxlib.__version__} {sys.version_info[:2]} {digest.hexdigest()}"


def _entry(key: Hashable) -> Path | None:
    folder = cache_folder()
    name = hashlib.sha256(f"{key!r} {_environment()}".encode()).hexdigest()
    return None if folder is None else folder / f"{name}.xla"


def _load(path: Path, arguments: Any, result: Any) -> Callable[..., Any] | None:
    # Whatever is wrong with an entry, compiling afresh is right.
    try:
        payload = pickle.loads(path.read_bytes())
        if b"lapack_" in payload:
            _bind_lapack()
        loaded: Callable[..., Any] = deserialize_and_load(payload, arguments, result)
        os.utime(path)
        return loaded
    except Exception:
        return None


@cache
def _bind_lapack() -> None:
    # JAX looks LAPACK up when it lowers a linear-algebra operation. A loaded program that calls it in a
    # process that has lowered none jumps to a null pointer (github.com/jax-ml/jax/issues/28908).
    jax.jit(jnp.linalg.cholesky).lower(jax.ShapeDtypeStruct((1, 1), np.float32))


def _store(path: Path, executable: Any) -> None:
    # A folder that cannot be written, or a backend that cannot serialise, costs only the next start.
    try:
        payload, _, _ = serialize(executable)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            pickle.dump(payload, file)
        os.replace(temporary, path)
        entries = sorted(path.parent.glob("*.xla"), key=lambda entry: entry.stat().st_mtime)
        for old in entries[:-MAX_ENTRIES]:
            old.unlink(missing_ok=True)
    except Exception:
        return

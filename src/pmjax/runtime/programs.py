"""Compiled programs, kept in the process and in a folder: nothing is compiled twice."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import jax

from pmjax.runtime.cache_folder import cache_folder
from pmjax.runtime.executable import as_bytes, compiled, from_bytes
from pmjax.runtime.machine import machine_key
from pmjax.runtime.settings import default_device, settings_key
from pmjax.runtime.types import PyTree

MAX_PROGRAMS = 128
"""Programs that a process keeps; the ones not used for longest go first."""

_CALLS_PYTHON = re.compile(r"custom_call @\S*callback|stablehlo\.send")


class Counter:
    """How programs were obtained so far in this process."""

    compiled = 0
    loaded = 0


@dataclass
class _Kept:
    """What a process keeps under one key."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    program: Callable[..., Any] | None = None
    shapes: PyTree = None


_kept: OrderedDict[Hashable, _Kept] = OrderedDict()
_guard = threading.Lock()


def program(
    name: str,
    function: Callable[..., Any],
    arguments: tuple[PyTree, ...],
    result: PyTree,
    key: Hashable | None,
    traced: Callable[[], None] = lambda: None,
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
        is what is compared between processes). None: the traced text of the program is the key, and
        a program that calls Python back, which no text tells from another, is not kept.
    traced : callable, optional
        Called once Python has done its part: what is left, compiling or loading, needs no interpreter.

    Returns
    -------
    callable
        The executable. Call it under the settings (`own_settings`) it was made under.
    """
    lowered = None
    if key is None:
        lowered = jax.jit(function).lower(*arguments)
        text = lowered.as_text()
        if _CALLS_PYTHON.search(text):
            traced()
            return _compile(lowered)
        key = hashlib.sha256(text.encode()).hexdigest()
    full = _full_key(name, arguments, key)
    kept = _keep(full)
    with kept.lock:
        if kept.program is None:
            kept.program = _load_or_compile(full, function, arguments, result, lowered, traced)
        else:
            traced()
        return kept.program


def shapes_of(
    name: str, function: Callable[..., Any], arguments: tuple[PyTree, ...], key: Hashable | None
) -> PyTree:
    """Return the shapes and dtypes of what ``function`` returns; the arguments are those of `program`."""
    if key is None:
        return jax.eval_shape(function, *arguments)
    kept = _keep(_full_key(name, arguments, key))
    if kept.shapes is None:
        kept.shapes = jax.eval_shape(function, *arguments)
    return kept.shapes


def forget_programs() -> None:
    """Forget the programs of this process (those in the folder stay)."""
    with _guard:
        _kept.clear()


def _keep(full: Hashable) -> _Kept:
    with _guard:
        kept = _kept.setdefault(full, _Kept())
        _kept.move_to_end(full)
        while len(_kept) > MAX_PROGRAMS:
            _kept.popitem(last=False)
        return kept


def _full_key(name: str, arguments: tuple[PyTree, ...], key: Hashable) -> Hashable:
    flat, tree = jax.tree.flatten(arguments)
    shapes = tuple((tuple(leaf.shape), str(leaf.dtype)) for leaf in flat)
    device = default_device()
    return (name, key, shapes, str(tree), device.platform, device.id, settings_key())


def _load_or_compile(
    full: Hashable,
    function: Callable[..., Any],
    arguments: tuple[PyTree, ...],
    result: PyTree,
    lowered: jax.stages.Lowered | None,
    traced: Callable[[], None],
) -> Callable[..., Any]:
    folder = cache_folder()
    name = "" if folder is None else hashlib.sha256(f"{full!r} {machine_key()}".encode()).hexdigest()
    payload = None if folder is None else folder.read(name)
    if payload is None:
        lowered = lowered or jax.jit(function).lower(*arguments)
    traced()
    if payload is not None:
        found = from_bytes(payload, jax.tree.structure((arguments, {})), jax.tree.structure(result))
        if found is not None:
            Counter.loaded += 1
            return found
    executable = _compile(lowered or jax.jit(function).lower(*arguments))
    payload = None if folder is None else as_bytes(executable)
    if folder is not None and payload is not None:
        folder.write(name, payload)
    return executable


def _compile(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
    Counter.compiled += 1
    return compiled(lowered)

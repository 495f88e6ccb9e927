"""The arguments of `sample` that need a word: what is refused, and what PyMC has and pmjax does not need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmjax.errors import ModelError, suggest
from pmjax.target.target import Target

DENSITIES = {"log_likelihood": "likelihood", "log_prior": "prior"}
IDATA_OPTIONS = ("include_transformed", "include_unconstrained", "coords", "dims", *DENSITIES)
PROGRESS_BARS = ("combined", "split", "combined+stats", "stats+combined", "split+stats", "stats+split")

NOT_NEEDED = {
    "blas_cores": "threads of BLAS: a program of ours has none of its own",
    "compile_kwargs": "options of PyTensor's compiler",
    "keep_warning_stat": "a statistic that our samplers do not make",
    "mp_ctx": "how processes are started: chains are threads",
    "n_init": "iterations of PyMC's ADVI initialisation",
    "progressbar_theme": "colours of PyMC's progress bar",
}
"""Arguments of PyMC's `sample` that change no draw and have no meaning here: accepted, and not looked at."""

REFUSED = {
    "trace": "draws go to memory, and the result has to_netcdf and to_zarr; names to record are var_names",
}


def check_numbers(draws: Any, tune: Any, chains: Any, cores: Any, jitter_max_retries: Any = 0) -> None:
    """Raise ModelError if a number of draws, chains, cores or retries is none."""
    for name, value, least in (
        ("draws", draws, 1),
        ("tune", tune, 0),
        ("chains", chains, 1),
        ("cores", cores, 1),
        ("jitter_max_retries", jitter_max_retries, 0),
    ):
        if name == "cores" and value is None:
            continue
        check_count("sample", name, value, least)


def check_count(caller: str, name: str, value: Any, least: int = 1) -> None:
    """Raise ModelError if an argument is no integer, or below the least that makes sense."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise ModelError(f"{caller}: {name} must be an integer of at least {least}, got {value!r}")


def shows_progress(progressbar: Any, quiet: bool) -> bool:
    """Return whether progress is shown, for a bool or one of PyMC's words."""
    if isinstance(progressbar, str) and progressbar not in PROGRESS_BARS:
        raise ModelError(
            f"sample: progressbar must be True, False or one of {', '.join(map(repr, PROGRESS_BARS))}, "
            f"got {progressbar!r}"
        )
    return bool(progressbar) and not quiet


def check_unknown(unknown: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise ModelError for an argument that `sample` does not have, or that is refused."""
    for word, value in unknown.items():
        if word in NOT_NEEDED or (word in REFUSED and value is None):
            continue
        if word in REFUSED:
            raise ModelError(f"sample: {word}={value!r}: {REFUSED[word]}")
        if word == "backend":
            if value not in (None, "jax"):
                raise ModelError(
                    f"sample: backend must be None or 'jax', got {value!r}; pmjax compiles by JAX"
                )
            continue
        raise ModelError(
            f"sample: unknown argument {word!r}{suggest(word, known)}; it takes {', '.join(known)}"
        )


def result_options(idata_kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``idata_kwargs``, with the options that PyMC has and pmjax does not need left out."""
    for option in idata_kwargs or {}:
        if option not in IDATA_OPTIONS:
            raise ModelError(f"sample: unknown idata_kwargs {option!r}{suggest(option, IDATA_OPTIONS)}")
    return dict(idata_kwargs or {})


def recorded_names(target: Target, var_names: Sequence[str] | None, recover: bool) -> tuple[str, ...]:
    """Return the names of what is recorded, in the user's order."""
    if isinstance(var_names, str):
        var_names = [var_names]
    left_out = frozenset() if recover else target.drawn_after
    for given in var_names or ():
        name = getattr(given, "name", given)
        if name not in target.names:
            raise ModelError(
                f"sample: var_names has an unknown variable {name!r}{suggest(str(name), target.names)}"
            )
        if name in left_out:
            raise ModelError(f"sample: var_names has {name!r}, which recover=False leaves out")
    wanted = target.names if var_names is None else [getattr(v, "name", v) for v in var_names]
    return tuple(name for name in wanted if name not in left_out)

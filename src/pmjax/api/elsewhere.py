"""Names that PyMC's users find in `pm` and that live elsewhere: ArviZ's functions, those of `pm.math`."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from pmjax.errors import suggest
from pmjax.tensor import math

_STATISTICS = (
    *("bfmi", "compare", "ess", "hdi", "loo", "mcse", "r2_score", "rhat", "summary", "waic", "loo_pit"),
    *("extract", "from_netcdf", "to_netcdf"),
)
_MOVED = ("expand_packed_triangular", "invlogit", "logaddexp", "logit", "logsumexp", "probit", "invprobit")


def found_elsewhere(name: str, known: list[str]) -> Any:
    """Return what a name of `pm` stands for that is not pmjax's own.

    Parameters
    ----------
    name : str
    known : list of str
        The names of pmjax.

    Raises
    ------
    AttributeError
        If there is no such thing.
    """
    if name in _MOVED:
        warnings.warn(
            f"pm.{name} is deprecated: it has moved to pm.math, use pm.math.{name}",
            FutureWarning,
            stacklevel=3,
        )
        return getattr(math, name)
    if name in _STATISTICS or name.startswith("plot_"):
        arviz = importlib.import_module("arviz")  # its import takes long, and most models do not need it here
        if hasattr(arviz, name):
            return getattr(arviz, name)
    raise AttributeError(f"pmjax has no {name!r}{suggest(name, known)}", name=name)

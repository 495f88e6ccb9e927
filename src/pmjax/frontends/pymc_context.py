"""Which objects are models of PyMC, found out without importing PyMC."""

from __future__ import annotations

import sys
from typing import Any


def is_pymc_model(model: Any) -> bool:
    """Return whether an object is a model of PyMC."""
    return type(model).__module__.startswith("pymc.") and hasattr(model, "rvs_to_values")


def pymc_context() -> Any:
    """Return the model of PyMC around this line (``with pymc_model:``), or None."""
    pymc = sys.modules.get("pymc")
    if pymc is None:
        return None
    try:
        return pymc.modelcontext(None)
    except TypeError:
        return None

"""Where the data of the models lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
RADON = REPOSITORY / "src" / "pmjax" / "datasets" / "radon.csv"
POSTERIORDB = REPOSITORY.parent / "shared" / "posteriordb"


def posteriordb_file(name: str) -> Path:
    """Return where the data ``name`` of posteriordb are expected; they are not part of the repository."""
    return POSTERIORDB / f"{name}.data.json"


def posteriordb(name: str) -> dict[str, Any]:
    """Return data of posteriordb, lists as arrays."""
    values = json.loads(posteriordb_file(name).read_text())
    return {key: np.array(value) if isinstance(value, list) else value for key, value in values.items()}

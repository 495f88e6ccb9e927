"""Models that Bambi builds, sampled by pmjax: means against PyMC's own sampler on the same model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import pmjax

pm = pytest.importorskip("pymc", reason="PyMC is not installed: pip install pymc")
bambi = pytest.importorskip("bambi", reason="Bambi is not installed: pip install bambi")
pd = pytest.importorskip("pandas")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default::FutureWarning", "default::UserWarning")]

FORMULAS = {
    "y ~ x + z + (1|group)": "gaussian",
    "count ~ x": "negativebinomial",
    "success ~ x * z": "bernoulli",
}


def table() -> Any:
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"x": rng.normal(size=120), "z": rng.normal(size=120)})
    place = rng.integers(0, 6, 120)
    rows["group"] = np.array(list("abcdef"))[place]
    level = 0.7 * rows.x - 0.3 * rows.z + rng.normal(size=6)[place]
    rows["y"] = 1 + level + rng.normal(scale=0.5, size=120)
    rows["count"] = rng.poisson(np.exp(0.5 + 0.4 * rows.x))
    rows["success"] = (rng.random(120) < 1 / (1 + np.exp(-rows.x))).astype(int)
    return rows


@pytest.mark.parametrize("formula", FORMULAS)
def test_means_are_those_of_pymc(formula: str) -> None:
    settings = {"tune": 500, "chains": 2, "progressbar": False, "compute_convergence_checks": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        built = bambi.Model(formula, table(), family=FORMULAS[formula])
        built.build()
        model = built.backend.model
        theirs = pm.sample(500, model=model, cores=1, random_seed=1, **settings).posterior
    ours = pmjax.sample(500, model=model, random_seed=1, **settings).posterior
    assert set(ours.data_vars) == set(theirs.data_vars)
    for name, values in theirs.data_vars.items():
        axes = [d for d in values.dims if d not in ("chain", "draw")]
        draws = ours[name].transpose("chain", "draw", *axes).values
        error = np.hypot(draws.std((0, 1)), values.values.std((0, 1))) / np.sqrt(150)
        difference = np.abs(draws.mean((0, 1)) - values.values.mean((0, 1)))
        assert np.all(difference < 4 * error + 1e-12), name

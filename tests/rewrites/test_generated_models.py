"""Every pass, alone and with the others, keeps the density of models that nobody thought of."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pmjax.rewrites.pipeline import PASSES, apply

from .compare import SameModel, assert_coordinates_follow
from .generated import GeneratedModel, by_numbers

CHOICES: list[list[str]] = [*([name] for name in PASSES), list(PASSES)]


def check(generated: GeneratedModel) -> None:
    model = generated.model
    before = model.freeze()
    rewritten = {str(choice): apply(before, choice) for choice in CHOICES}
    reports = rewritten["['collapse_rows']"][1]
    assert [report.variable for report in reports] == [v.name for v in before.observed]
    assert all(report.sentence in model.explain(verbose=False) for report in reports)
    changed = {name: spec for name, (spec, said) in rewritten.items() if any(report.done for report in said)}
    same = SameModel(before, list(changed.values()))
    for seed in range(3):
        same.check(np.random.default_rng(seed), list(changed))
    for spec in changed.values():
        if spec.knobs and spec is changed.get(str(list(PASSES))):
            assert_coordinates_follow(spec, np.random.default_rng(0))


@given(st.data())
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_models_keep_their_density(data: st.DataObject) -> None:
    check(GeneratedModel(lambda n: data.draw(st.integers(0, n - 1))))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_many_generated_models_keep_their_density(seed: int) -> None:
    check(GeneratedModel(by_numbers(seed)))

"""Each sign of trouble gives one sentence that names the worst element and the cure."""

from __future__ import annotations

import numpy as np
import pytest

from pmjax.results.convergence import MAX_ELEMENTS, convergence_warnings, metric_advice
from pmjax.run.trace import Phase, Trace


def phase(outputs: dict[str, np.ndarray], **stats: np.ndarray) -> Phase:
    return Phase(np.zeros((4, 0, 0)), outputs, stats)


def white(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape)


def autoregressive(coefficient: float, *shape: int) -> np.ndarray:
    x = white(*shape)
    for t in range(1, shape[1]):
        x[:, t] = coefficient * x[:, t - 1] + np.sqrt(1 - coefficient**2) * x[:, t]
    return x


def test_good_draws_say_nothing() -> None:
    quiet = np.zeros((4, 500), dtype=bool)
    assert convergence_warnings(phase({"x": white(4, 500, 3)}, diverging=quiet)) == []


def test_a_shifted_chain_is_named() -> None:
    x = white(4, 500, 2, 3)
    x[0, :, 1, 2] += 1.0
    first, *_ = convergence_warnings(phase({"x": x}))
    # The means of the eight half chains are 1, 1, 0, ..., 0, with variance 3 / 14: sqrt(1 + 3 / 14) = 1.10.
    assert first.startswith("R-hat is")
    assert float(first.split()[2]) == pytest.approx(1.10, abs=0.03)
    assert "(x[1,2])" in first


def test_chains_that_differ_in_spread_alone_are_found_among_many() -> None:
    x = white(4, 500, 20 * MAX_ELEMENTS)
    x[0, :, 123] *= 4.0
    first, *_ = convergence_warnings(phase({"x": x, "still": np.ones((4, 500))}))
    assert first.startswith("R-hat")
    assert "(x[123])" in first


def test_slow_mixing_is_named_with_its_effective_sample_size() -> None:
    # An AR(1) chain of coefficient r has an effective sample size of n (1 - r) / (1 + r): 8000 / 39 = 205.
    messages = convergence_warnings(phase({"x": white(4, 2000), "slow": autoregressive(0.95, 4, 2000)}))
    (bulk,) = [m for m in messages if m.startswith("The bulk")]
    assert "(slow)" in bulk
    assert float(bulk.split(" is ")[1].split()[0]) == pytest.approx(205, rel=0.35)


def test_divergences_and_tree_depth() -> None:
    diverging = np.zeros((4, 500), dtype=bool)
    diverging[0, :7] = True
    deep = np.zeros((4, 500), dtype=bool)
    deep[:, :250] = True
    messages = convergence_warnings(
        phase({"x": white(4, 500)}, diverging=diverging, reached_max_treedepth=deep), target_accept=0.8
    )
    assert len(messages) == 2
    assert messages[0].startswith("7 of 2000 draws ended in a divergence")
    assert "raise target_accept from 0.8" in messages[0]
    assert messages[1].startswith("50% of the trees")


def test_one_chain_and_few_draws_are_said_to_be_so() -> None:
    assert convergence_warnings(phase({"x": white(1, 500)}))[0].startswith("Only one chain")
    assert convergence_warnings(phase({"x": white(4, 50)}))[0].startswith("50 draws a chain are too few")


def test_constant_and_non_finite_elements_are_left_out() -> None:
    x = white(4, 500, 3)
    x[..., 0] = 2.0
    x[0, 0, 1] = np.nan
    assert convergence_warnings(phase({"x": x, "nothing": np.empty((4, 500, 0))})) == []


def advice(draws: dict[str, np.ndarray], leaves: int = 63, metric: str = "diag") -> str:
    sampled = phase(draws, n_steps=np.full(next(iter(draws.values())).shape[:2], leaves))
    return metric_advice(Trace(sampled, None, {}, 0, {"metric": metric}), ["a", "b", "far"])


def test_long_trajectories_of_dependent_variables_are_told_of_another_metric() -> None:
    a, far, other, noise = white(4, 4, 500)
    b = np.stack([other, a + far + 0.1 * noise], axis=-1)  # b[1] has variance 2.01, given a and far 0.01
    sentence = advice({"a": a, "b": b, "far": far, "double": 2 * a})
    assert sentence.startswith("A draw takes 63 gradients on average, and only ")
    assert float(sentence.split("only ")[1].split("%")[0]) == pytest.approx(100 * 0.01 / 2.01, rel=0.1)
    assert "of the variance of b[1] remains once the other variables are known" in sentence
    assert advice({"a": a, "b": b, "far": far}, leaves=15) == ""
    assert advice({"a": a, "b": b, "far": far}, metric="low_rank") == ""
    # No such signs: what is computed of a, a sum that is fixed, chains that differ by their means alone.
    assert advice({"a": a, "double": 2 * a}) == advice({"a": a, "b": far, "far": 1 - a - far}) == ""
    apart = 9 * np.arange(4)[:, None]
    assert advice({"a": a + apart, "far": far + apart}) == ""
    still = np.broadcast_to(np.arange(4.0)[:, None], (4, 500))
    assert advice({"a": a, "far": still}) == ""
    assert advice({"a": a[:, :0], "far": far[:, :0]}) == ""


def test_arviz_says_nothing_beside_our_sentences() -> None:
    """Elements of few different values, whose ranks tie, make ArviZ divide by a variance of zero."""
    x = np.zeros((4, 400))
    x[0, 0] = 1.0
    stuck = np.repeat(np.arange(4.0), 400).reshape(4, 400)
    stuck[:, 0] += 1e-3
    messages = convergence_warnings(Phase(np.zeros((4, 400, 0)), {"x": x, "stuck": stuck}, {}))
    assert any("R-hat" in message for message in messages)

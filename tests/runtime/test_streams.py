"""Streams of random numbers: each depends on seed, purpose and place alone, and no two are alike."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import pmjax as pm
from pmjax.api.starts import chain_starts
from pmjax.runtime.streams import PURPOSES, draw_keys, key, stream
from pmjax.target.of_model import model_target
from pmjax.target.start import initial_point

PLACES = [
    (),
    *itertools.product(range(4)),
    *itertools.product(range(3), range(3)),
    ("x",),
    ("y",),
    (0, "x"),
    (0, "xx"),
]
SEEDS = [0, 1, 7, 2**31, 2**32 - 1]


def test_no_two_streams_are_alike():
    """Nor streams whose places are filled up with zeros, which NumPy's lists of numbers as seeds are."""
    first = {
        (seed, purpose, place): tuple(stream(seed, purpose, *place).generate_state(2))
        for seed in SEEDS
        for purpose in PURPOSES
        for place in PLACES
    }
    assert len(set(first.values())) == len(first)
    assert tuple(key(7, "jitter", 3)) == first[7, "jitter", (3,)]


def test_what_is_recorded_has_keys_of_its_own():
    recorded = {tuple(k) for k in draw_keys(7, range(4), 0, 200).reshape(-1, 2)}
    assert len(recorded) == 800
    others = {tuple(key(7, purpose, *place)) for purpose in PURPOSES for place in PLACES}
    assert len(recorded & others) <= 4  # the key of the stream itself is that of draw 0


def test_an_unknown_purpose_is_refused():
    with pytest.raises(ValueError, match="not in tuple"):
        stream(1, "jiter")


def three(*names: str) -> pm.Model:
    with pm.Model() as model:
        for name in names:
            pm.Normal(name, initval="prior")
    return model


def test_starts_from_the_prior_differ_from_chain_to_chain_and_belong_to_a_name():
    target = model_target(three("a", "b", "c").freeze())
    starts = chain_starts(target.start, 5, None, jitter=False)
    points = [starts(chain, 0) for chain in range(3)]
    assert len(np.unique(np.concatenate(points))) == 9
    one, other = (initial_point(three(*names).freeze(), 5, 1) for names in (("a", "b"), ("b", "c", "a")))
    assert one["a"] == other["a"]
    assert one["b"] == other["b"]


def test_later_starts_have_less_jitter_and_the_last_one_none():
    with pm.Model() as model:
        pm.Normal("x", shape=100, initval=2.0)
    starts = chain_starts(model_target(model.freeze()).start, 1, None, jitter=True, attempts=10)
    width = [np.abs(starts(0, attempt) - 2.0).max() for attempt in range(10)]
    assert 0.9 < width[0] <= 1
    assert width == sorted(width, reverse=True)
    assert width[-1] == 0


@pytest.mark.filterwarnings("ignore::pmjax.SamplingWarning")
def test_a_log_link_with_a_large_predictor_starts_where_the_user_says():
    x = np.linspace(1e4, 2e5, 30)
    with pm.Model():
        b = pm.Normal("b", 0, 1, initval=1e-6)
        pm.Poisson("y", pm.math.exp(b * x), observed=np.ones(30, int))
        idata = pm.sample(10, tune=10, chains=2, random_seed=1, progressbar=False)
    assert np.isfinite(idata.sample_stats["lp"].values).all()

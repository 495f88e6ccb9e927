"""Starts: the central value of each distribution is the `support_point` of PyMC's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from pmjax.graph.variable import Variable

from .catalogue import EXAMPLES, Example

pymc = pytest.importorskip("pymc", reason="the oracle of these tests is PyMC, which is not installed")

ROUNDED = "PyMC 5 rounds to the nearest whole number, PyMC 6 down"

# Where PyMC's formula is not the mean that it is meant to be, or its coordinates or arguments are others.
OTHERS = {
    "skew t": "PyMC's mean leaves sigma out",
    "Rice": "PyMC's mean of Rice(3, 1.5) is 2.6; it is above 3",
    "hurdle Poisson": "PyMC rounds the centre of the truncated part twice",
    "LKJ": "PyMC packs the factor",
    "LKJ covariance": "PyMC takes sd_dist of its own",
    "Wishart": "PyMC has none",
    "negative binomial": ROUNDED,
    "zero-inflated negative binomial": ROUNDED,
    "hurdle negative binomial": ROUNDED,
    "mixture": "PyMC takes components of its own",
    "mixture, positive": "PyMC takes components of its own",
    "mixture, of counts": "PyMC takes components of its own",
    "Markov chain": "PyMC has no such distribution",
}


def centre(example: Example) -> np.ndarray:
    return np.broadcast_to(example.law.center(*example.values), example.variable.shape)


def test_centres_are_pymcs_support_points() -> None:
    # PyMC takes components (of a walk, of a mixture) of its own.
    plain = [n for n, e in EXAMPLES.items() if not any(isinstance(p, Variable) for p in e.params.values())]
    names = [name for name in plain if name not in OTHERS]
    support_point = pymc.distributions.distribution.support_point
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTensor's own
        theirs = [
            support_point(getattr(pymc, EXAMPLES[name].family.name).dist(**EXAMPLES[name].params))
            for name in names
        ]
        values = dict(zip(names, pymc.pytensorf.compile([], theirs, mode="FAST_COMPILE")(), strict=True))
    wrong = [name for name in names if not np.allclose(centre(EXAMPLES[name]), values[name], rtol=1e-6)]
    assert not [(n, centre(EXAMPLES[n]), values[n]) for n in wrong]

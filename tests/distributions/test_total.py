"""The sum of a log density, where a family has a shorter way to it, is the sum of its terms."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from pmjax import distributions
from pmjax.laws.law import Law
from pmjax.runtime.precision import double_precision

LAWS = [getattr(getattr(distributions, name), "law", None) for name in distributions.__all__]
SHORTER = [law for law in LAWS if law is not None and type(law).total is not Law.total]
PARAMETERS = {"Normal": [(0.3, 1.7), (np.array([0.0, 1.0, -2.0]), 0.4), (0.0, np.array([1.0, 2.0, 0.5]))]}


@pytest.mark.parametrize("law", SHORTER, ids=lambda law: law.name)
def test_total_is_the_sum(law):
    x = np.array([[0.1, -0.4, 2.0], [1.0, 0.5, -3.0]])
    with double_precision():
        for params in PARAMETERS[law.name]:
            expected, slope = jax.value_and_grad(lambda x, p=params: law.log_density(x, *p).sum())(x)
            found, found_slope = jax.value_and_grad(lambda x, p=params: law.total(x, *p))(x)
            np.testing.assert_allclose(found, expected, rtol=1e-13)
            np.testing.assert_allclose(found_slope, slope, rtol=1e-12)

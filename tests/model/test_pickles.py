"""Variables and models in a pickle: another process reads them, and has the same log densities."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pmjax as pm
from pmjax.graph.evaluate import evaluate_host
from pmjax.runtime.precision import double_precision
from tests.distributions.catalogue import EXAMPLES

READ = """
import pickle, sys
import numpy as np
import pmjax as pm
variables, models = pickle.load(sys.stdin.buffer)
from pmjax.graph.evaluate import evaluate_host
from pmjax.runtime.precision import double_precision
with double_precision():
    found = {name: np.asarray(v.op.law.log_density(x, *evaluate_host(v.inputs, {})))
             for name, (v, x) in variables.items()}
found |= {name: np.asarray(model.compile_logp()(point)) for name, (model, point) in models.items()}
sys.stdout.buffer.write(pickle.dumps(found))
"""


def regression() -> pm.Model:
    with pm.Model(coords={"group": ["a", "b"]}) as model:
        x = pm.Data("x", np.arange(4.0))
        mu = pm.Normal("mu", 0, pm.math.exp(pm.Normal("z")), dims="group")
        sigma = pm.HalfNormal("sigma", 1)
        pm.Deterministic("twice", 2 * mu)
        pm.Potential("near", -pm.math.sqr(mu).sum())
        pm.Normal("y", mu[np.array([0, 1, 0, 1])] * x, sigma, observed=np.arange(4.0), shape=x.shape)
    return model


def gaps() -> pm.Model:
    with pm.Model() as model:
        p = pm.Dirichlet("p", np.ones(3))
        pm.Categorical("k", p, observed=[0, 1, 2])
        pm.Normal("s", pm.math.dot(np.eye(3), p), 1, transform=pm.distributions.transforms.ordered)
    return model


def test_the_variables_of_every_family_are_read_back() -> None:
    for name, example in EXAMPLES.items():
        other = pickle.loads(pickle.dumps(example.variable))
        assert other.shape == example.variable.shape, name
        assert other.op.law.fingerprint() == example.law.fingerprint(), name
    values = pickle.loads(pickle.dumps(pm.math.exp(pm.math.maximum(1.0, 0.5))))
    assert values.eval() == pytest.approx(np.e)


@pytest.mark.slow
def test_another_process_has_the_same_log_densities() -> None:
    variables = {name: (e.variable, e.inside[0]) for name, e in EXAMPLES.items()}
    variables["of an expression"] = (pm.Normal.dist(pm.math.exp(pm.math.maximum(1.0, 0.5)), 2), np.array(0.3))
    models = {f.__name__: (m := f(), m.initial_point()) for f in (regression, gaps)}
    with double_precision():
        own: dict[str, Any] = {
            name: v.op.law.log_density(x, *evaluate_host(v.inputs, {})) for name, (v, x) in variables.items()
        }
    own |= {name: model.compile_logp()(point) for name, (model, point) in models.items()}
    process = subprocess.run(
        [sys.executable, "-c", READ],
        input=pickle.dumps((variables, models)),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(pm.__file__).parents[1])},
    )
    assert process.returncode == 0, process.stderr.decode()
    found = pickle.loads(process.stdout)
    assert found.keys() == own.keys()
    for name, value in own.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, err_msg=name)


def test_data_of_a_model_read_from_a_pickle_are_its_own() -> None:
    model = regression()
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        pm.set_data({"x": np.zeros(4)}, model=other)
        point = model.initial_point() | {"mu": np.ones(2)}
        assert other.compile_logp()(point) != pytest.approx(model.compile_logp()(point))


def test_a_function_of_a_user_is_pickled_as_python_does() -> None:
    x = pm.Normal.dist()
    pickle.loads(pickle.dumps(pm.lift(twice)(x)))
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(pm.lift(lambda v: v * 2)(x))


def twice(x: float) -> float:
    return 2 * x

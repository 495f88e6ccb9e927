"""What cannot be summed out is said in one sentence that names the variable, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import pmjax as pm
from pmjax.rewrites.marginalise import NAME
from pmjax.target.of_model import model_target

from .compare import rewritten

Y = np.linspace(-1, 1, 4)


def sum_of_elements(z: pm.Variable) -> None:
    pm.Normal("y", z.sum(), 1.0, observed=Y)


def neighbours(z: pm.Variable) -> None:
    pm.Normal("y", z[1:] - z[:-1], 1.0, observed=Y[1:])


def sorted_elements(z: pm.Variable) -> None:
    pm.Normal("y", pm.math.sort(z), 1.0, observed=Y)


def lifted(z: pm.Variable) -> None:
    pm.Normal("y", pm.lift(lambda z: 1.0 * z)(z), 1.0, observed=Y)


def running_sum(z: pm.Variable) -> None:
    pm.Potential("y", -pm.math.cumsum(z))


def permuted_by_itself(z: pm.Variable) -> None:
    pm.Normal("y", z[z], 1.0, observed=Y)


def multivariate(z: pm.Variable) -> None:
    pm.MvNormal("y", 1.0 * z, cov=np.eye(4), observed=Y)


def repeated_by_data(z: pm.Variable) -> None:
    pm.Potential("y", -pm.lift(jnp.repeat)(z, np.array([2, 1, 0, 0]), total_repeat_length=3))


def bounds(z: pm.Variable) -> None:
    pm.Uniform("x", 0.0, 1.0 + z)


def tied_by_another(z: pm.Variable) -> None:
    b = pm.Bernoulli("b", 0.5, shape=4)
    pm.Normal("y", z + b, 1.0, observed=Y)
    pm.Normal("x", z + b[::-1], 1.0, observed=Y)


ELEMENTS: dict[Callable[[pm.Variable], None], str] = {
    sum_of_elements: r"not independent given the rest \('y': sum\(...\) combines several elements of 'z'",
    neighbours: r"'y': an expression combines several elements of 'z'",
    sorted_elements: r"'y': sort\(...\) combines",
    lifted: r"'y': <lambda>\(...\) combines several elements of 'z', or may do so",
    running_sum: r"'y': cumsum\(...\) combines",
    permuted_by_itself: r"'y': an index combines",
    multivariate: r"'y': a parameter of MvNormal combines",
    repeated_by_data: r"'y': repeat\(...\) combines",
    bounds: r"the support of 'x' depends on it",
    tied_by_another: r"one element of it is tied to several elements of '[bz]' by '[xyb z]+'",
}


def model_of(declare: Callable[[], None]) -> pm.Model:
    with pm.Model() as model:
        declare()
        pm.Normal("other", 0.0, 1.0)
    return model


@pytest.mark.parametrize("declare", ELEMENTS, ids=lambda f: f.__name__)
def test_elements_that_are_not_independent(declare: Callable[[pm.Variable], None]) -> None:
    model = model_of(lambda: declare(pm.Bernoulli("z", 0.3, shape=4)))
    _, after, reports = rewritten(model, NAME)
    (refused,) = (r for r in reports.values() if not r.done)
    sentence = f"{refused.variable!r}: {refused.sentence}"
    assert {refused.variable, "other"} <= {v.name for v in after.free}
    assert re.search(ELEMENTS[declare], sentence)
    assert "or make it continuous" in sentence
    assert sentence.split(": ", 1)[1] in model.explain(verbose=False)


def random_trials() -> None:
    n = pm.Poisson("n", 3.0, observed=4)
    pm.Binomial("z", n=n, p=0.5)


def chain_of_a_chain() -> None:
    a = pm.Bernoulli("a", 0.5)
    P = pm.math.stack([np.array([[0.5, 0.5], [0.1, 0.9]]), np.eye(2)])[a]
    pm.DiscreteMarkovChain("z", P=P, shape=3)


def many_states() -> None:
    z = [pm.DiscreteUniform(f"z{i}", 0, 99) for i in range(3)]
    pm.Normal("y", z[0] + z[1] + z[2], 1.0, observed=0.0)


DISTRIBUTIONS: dict[str, tuple[Callable[[], object], str]] = {
    "Poisson": (lambda: pm.Poisson("z", 1.0), "'z' .*a Poisson variable has infinitely many values"),
    "NegativeBinomial": (lambda: pm.NegativeBinomial("z", 1.0, 2.0), "'z' .*infinitely many values"),
    "n": (random_trials, "'z' .*n of its Binomial is random"),
    "upper": (
        lambda: pm.DiscreteUniform("z", 0, pm.Poisson("k", 1.0, observed=2)),
        "'z' .*upper of its DiscreteUniform is random",
    ),
    "range": (lambda: pm.DiscreteUniform("z", 0, 10**6), "'z' .*1000001 values, more than 10000"),
    "joint states": (many_states, "together with 'z., 'z.', 1000000 states|1000000 states"),
    "chain": (chain_of_a_chain, "'z' .*parameters of its chain depend on another discrete"),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distributions_that_cannot_be_summed(name: str) -> None:
    declare, sentence = DISTRIBUTIONS[name]
    _, _, reports = rewritten(model_of(declare), NAME)
    assert re.search(
        sentence, "\n".join(f"{r.variable!r} {r.sentence}" for r in reports.values() if not r.done)
    )


@pytest.mark.parametrize(
    "key", [lambda z: z, lambda z: (..., z), lambda z: (None, z)], ids=["z", "...", "None"]
)
def test_an_index_that_leaves_the_array_is_an_error(key: Callable[[pm.Variable], object]) -> None:
    def declare() -> None:
        short, z = pm.Normal("short", shape=2), pm.Categorical("z", np.ones(3) / 3)
        pm.Normal("y", short[key(z)], 1.0, observed=Y)

    with pytest.raises(
        pm.ModelError, match=r"'z' takes values from 0 to 2, and indexes 'short', which has 2"
    ):
        pm.sample(10, tune=10, progressbar=False, model=model_of(declare))


def test_one_that_is_refused_leaves_the_others_to_be_summed_out() -> None:
    def declare() -> None:
        a, b = pm.Bernoulli("a", 0.5), pm.Poisson("b", 2.0)
        pm.Normal("y", a + b, 1.0, observed=Y)

    before, after, reports = rewritten(model_of(declare), NAME)
    assert [r.done for r in reports.values()] == [True, False]
    assert [v.name for v in after.free] == ["b", "other"]
    assert after.recorded[:2] == before.recorded[:2]


def test_without_the_pass_a_density_that_nuts_could_sample_is_refused_by_its_name() -> None:
    model = model_of(lambda: pm.Bernoulli("z", 0.3))
    for rewrites in (False, ["recentre"]):
        with pytest.raises(pm.ModelError, match=r"'z' is discrete.*marginalise"):
            model_target(model.freeze(), rewrites)
    want = np.log(0.3) + stats.norm.logpdf(0.5)
    assert model.compile_logp()({"z": 1, "other": 0.5}) == pytest.approx(want)


def test_a_model_of_discrete_variables_alone_leaves_nuts_nothing_to_sample() -> None:
    with pm.Model() as model:
        pm.Normal("y", pm.Bernoulli("z", 0.3), 1.0, observed=Y)
    with pytest.raises(pm.ModelError, match="z: all free variables are discrete"):
        model_target(model.freeze())

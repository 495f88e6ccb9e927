"""What one can ask of a model: values, explanations, pictures, draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import pmjax as pm

from .models import radon


def test_initial_point_has_pymcs_names_and_shapes():
    point = radon().initial_point()
    assert list(point) == ["mu_a", "sigma_a_log__", "mu_b", "sigma_b_log__", "a", "b", "eps_log__"]
    assert point["a"].shape == (85,)
    assert point["sigma_a_log__"] == pytest.approx(np.log(5.0))


def test_compiled_log_density_and_gradient():
    with pm.Model() as model:
        s = pm.HalfNormal("s", 2.0)
        x = pm.Normal("x", 1.0, s, shape=2)
    point = {"s_log__": np.array(0.3), "x": np.array([0.5, -1.0])}
    scale = np.exp(0.3)
    expected = stats.halfnorm(scale=2).logpdf(scale) + 0.3 + stats.norm(1, scale).logpdf(point["x"]).sum()
    assert model.compile_logp()(point) == pytest.approx(expected, rel=1e-12)
    gradient = model.compile_dlogp()(point)
    step = 1e-6
    for i in range(3):
        shift = np.eye(3)[i] * step
        moved = [
            {"s_log__": point["s_log__"] + sign * shift[0], "x": point["x"] + sign * shift[1:]}
            for sign in (1, -1)
        ]
        slope = np.subtract(*map(model.compile_logp(), moved)) / (2 * step)
        assert gradient[i] == pytest.approx(slope, rel=1e-6)


def test_log_density_as_a_graph():
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Potential("pull", -(x**2))
    total = model.logp()
    terms = model.logp([x], sum=False)
    assert terms[0].eval({terms[0].inputs[0]: 1.0}) == pytest.approx(stats.norm.logpdf(1.0))
    assert total.shape == ()
    assert len(terms) == 1
    assert model.point_logps({"x": 1.0}) == {"x": -1.42, "pull": -1.0}


def test_logp_of_a_variable():
    value = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_allclose(pm.logp(pm.Normal.dist(1, 2), value).eval(), stats.norm(1, 2).logpdf(value))


def test_debug_names_the_term_and_the_reason():
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 1)
        pm.Normal("y", 0.0, mu, observed=[1.0, 2.0])
    report = model.debug({"mu": -1.0}, verbose=False)
    assert "y" in report
    assert "sigma is -1.0, and must be positive numbers" in report
    assert "every term is finite" in model.debug({"mu": 1.0}, verbose=False)


def test_a_model_prints_as_it_is_written():
    text = str(radon())
    assert "mu_a ~ Normal(0, 100)" in text
    assert "a ~ Normal(mu_a, sigma_a)  [85]" in text
    assert "radon_like ~ Normal(f(a, b), eps)  [919]  observed" in text


def test_a_model_can_be_drawn():
    source = pm.model_to_graphviz(radon()).source
    assert "mu_a -> a" in source
    assert "a -> radon_like" in source
    assert "lightgrey" in source


def test_draw_is_joint_and_repeatable():
    x = pm.Normal.dist(3.0, 2.0)
    y = x * 2
    a, b = pm.draw([x, y], draws=2000, random_seed=1)
    np.testing.assert_allclose(b, 2 * a)
    assert stats.kstest(a, stats.norm(3, 2).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(a, pm.draw(x, draws=2000, random_seed=1))
    assert pm.draw(pm.MvNormal.dist(np.zeros(3), np.eye(3))).shape == (3,)


def test_draw_follows_the_model():
    with pm.Model():
        p = pm.Beta("p", 8, 2)
        k = pm.Bernoulli("k", p, shape=10)
    p_draws, k_draws = pm.draw([p, k], draws=4000, random_seed=2)
    assert p_draws.mean() == pytest.approx(0.8, abs=0.01)
    assert k_draws.sum(axis=1).mean() == pytest.approx(8.0, abs=0.1)
    assert np.corrcoef(p_draws, k_draws.sum(axis=1))[0, 1] > 0.5


def test_improper_variables_cannot_be_drawn():
    with pytest.raises(pm.ModelError, match="improper"):
        pm.draw(pm.Flat.dist())


@pytest.mark.parametrize("shared", ["gathers", "product"])
def test_latent_variables_may_share_an_expression_with_the_observed(shared):
    """What is rewritten for the observed variable leaves the latent ones what they are."""
    g, x = np.array([0, 1, 1, 2, 0, 2]), np.random.default_rng(0).normal(size=(6, 2))
    point = {"a": np.array([0.1, -0.4, 0.3]), "b": np.array([1.0, 0.5, -0.2]), "c": np.array([0.3, -0.7])}
    point |= {"t": np.linspace(-1, 1, 6), "u": np.linspace(0.5, 1, 6)}
    y = np.arange(6.0)
    with pm.Model() as model:
        a, b, c = (pm.Normal(name, 0, 1, shape=len(point[name])) for name in "abc")
        mean = a[g] + b[g] * 2.0 if shared == "gathers" else pm.math.dot(x, c)
        t = pm.Normal("t", mean, 1.0, shape=6)
        u = pm.Normal("u", t + mean, 0.5)
        pm.Normal("y", u * t + mean, 1.0, observed=y)
    known = point["a"][g] + point["b"][g] * 2 if shared == "gathers" else x @ point["c"]
    terms = [stats.norm.logpdf(point[name]).sum() for name in "abc"]
    terms += [
        stats.norm.logpdf(point["t"], known).sum(),
        stats.norm.logpdf(point["u"], point["t"] + known, 0.5).sum(),
    ]
    terms += [stats.norm.logpdf(y, point["u"] * point["t"] + known).sum()]
    assert model.compile_logp()(point) == pytest.approx(sum(terms), rel=1e-12)

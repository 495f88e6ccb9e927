"""What one can ask of a model: its lists and maps of variables, and its log density by parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import pmjax as pm

transforms = pm.distributions.transforms


def regression() -> Any:
    with pm.Model(coords={"coef": ["a", "b"]}) as model:
        x = pm.Data("x", np.arange(6.0).reshape(3, 2))
        beta = pm.Normal("beta", dims="coef")
        sigma = pm.HalfNormal("sigma")
        mu = pm.Deterministic("mu", x @ beta)
        pm.Normal("y", mu, sigma, observed=np.ones(3))
    return model


def names(variables: Any) -> list[str]:
    return [v.name for v in variables]


def test_lists_and_maps() -> None:
    model = regression()
    assert names(model.basic_RVs) == ["beta", "sigma", "y"]
    assert names(model.unobserved_RVs) == ["beta", "sigma", "mu"]
    assert names(model.continuous_value_vars) == ["beta", "sigma_log__"]
    assert names(model.data_vars) == ["x"]
    assert model.values_to_rvs[model.rvs_to_values[model["beta"]]] is model.beta
    assert model.rvs_to_transforms[model["sigma"]].name == "log"
    assert model.named_vars_to_dims == {"beta": ("coef",)}
    assert model.coords == {"coef": ("a", "b")}
    assert int(model.dim_lengths["coef"].eval()) == 2
    assert model.eval_rv_shapes() == {"beta": (2,), "sigma_log__": (), "sigma": ()}


def test_parts_of_the_log_density() -> None:
    model = regression()
    point = {"beta": np.array([0.5, -1.0]), "sigma_log__": np.array(0.3)}
    mean, sigma = np.arange(6.0).reshape(3, 2) @ point["beta"], np.exp(0.3)
    terms = stats.norm(mean, sigma).logpdf(np.ones(3))
    prior = stats.norm.logpdf(point["beta"]).sum() + stats.halfnorm.logpdf(sigma)
    assert model.compile_logp()(point) == pytest.approx(prior + 0.3 + terms.sum())
    assert model.compile_logp(jacobian=False)(point) == pytest.approx(prior + terms.sum())
    np.testing.assert_allclose(model.compile_logp(vars=[model["y"]], sum=False)(point)[0], terms)
    assert model.compile_fn(model.varlogp)(point) == pytest.approx(prior + 0.3)
    assert model.compile_fn(model.datalogp)(point) == pytest.approx(terms.sum())
    evaluate = model.compile_fn(model["mu"], inputs=[model["beta"]], point_fn=False)
    np.testing.assert_allclose(evaluate(point["beta"]), mean)
    hessian = model.compile_d2logp(vars=[model["beta"]])(point)
    np.testing.assert_allclose(hessian[:2, :2], np.eye(2))


@pytest.mark.parametrize(
    ("transform", "shape"),
    [
        (transforms.log_exp_m1, (2, 3)),
        (transforms.ordered, (3,)),
        (transforms.ordered, (2, 3)),
        (transforms.Ordered(positive=True), (2, 3)),
        (transforms.Ordered(ascending=False), (2, 3)),
        (transforms.Chain([transforms.log, transforms.ordered]), (2, 3)),
        (transforms.Interval(0.0, 3.0), (2, 3)),
        (transforms.Interval(lower=0.0), (3,)),
        (transforms.ZeroSumTransform([-1]), (2, 3)),
        (transforms.ZeroSumTransform([-2, -1]), (2, 3)),
        (transforms.circular, (2,)),
    ],
)
def test_every_reading_counts_the_jacobian_once(transform: Any, shape: tuple[int, ...]) -> None:
    with pm.Model() as model:
        z = pm.Bernoulli("z", 0.3)
        pm.Normal("x", z, 2.0, shape=shape, transform=transform)
        pm.Normal("y", 0.0, 1.0, observed=[0.5])
    point = model.initial_point()
    rng = np.random.default_rng(1)
    point = {k: v + (rng.normal(size=v.shape) if k != "z" else 0) for k, v in point.items()}
    expected = model.compile_logp()(point)
    assert sum(model.point_logps(point, 12).values()) == pytest.approx(expected)
    assert sum(map(np.sum, model.compile_logp(sum=False)(point))) == pytest.approx(expected)
    assert model.compile_fn(model.logp())(point) == pytest.approx(expected)
    assert f"{model.point_logps(point, 4)['x']:.4f}" in model.debug(point, verbose=False)


def test_refused_changes_leave_the_model_as_it_was() -> None:
    with pm.Model(coords={"row": [0, 1, 2]}) as model:
        x = pm.Data("x", np.zeros(3), dims="row")
        pm.HalfNormal("s", shape=2)
        pm.Normal("y", x, 1.0, observed=np.zeros(3), dims="row")
        before = (dict(model.named_vars), model.coords, dict(model.taken), x.get_value().tolist())
        refused = [
            lambda: pm.Data("s", [1.0], dims="fresh"),
            lambda: pm.Data("new", [[1.0]], dims=("fresh", "row")),
            lambda: pm.set_data({"x": np.zeros(5)}, coords={"row": [0, 1, 2, 3]}),
            lambda: pm.set_data({"x": np.ones(3), "s": 1.0}),
            lambda: pm.Normal("s_log__"),
            lambda: pm.Normal("s_dim_0"),
            lambda: pm.Normal("draw"),
            lambda: pm.Normal("row"),
            lambda: pm.Normal("t", dims=("fresh", "row"), shape=(2, 5)),
            lambda: pm.HalfNormal("h", observed=[-1.0]),
            lambda: pm.Deterministic("d", x, dims="unknown"),
            lambda: model.add_coord("y", [1, 2]),
            lambda: model.add_coord("chain", [1, 2]),
            lambda: model.add_coord("half", length=2.5),
            lambda: model.add_coords({"fine": [1], "row": [5, 6]}),
            lambda: pm.Data("masked", np.ma.masked_array([1.0, 2.0], mask=[True, False])),
            lambda: pm.Data("texts", np.array(["007", "1"], dtype=object)),
        ]
        for change in refused:
            with pytest.raises(pm.ModelError):
                change()
            after = (dict(model.named_vars), model.coords, dict(model.taken), x.get_value().tolist())
            assert after == before


def test_frozen_models_keep_their_data_and_shapes_follow_them() -> None:
    with pm.Model() as model:
        x = pm.Data("x", np.array([1, 2, 3], "int8"))
        a = pm.Normal("a", shape=x.shape[0])
        mu = a * x
        pm.Normal("y", mu, 1.0, observed=pm.Data("obs", np.zeros(3)), shape=mu.shape)
    frozen = model.freeze()
    assert model.freeze() is frozen
    pm.set_data({"x": [200, 1], "obs": np.ones(2)}, model)
    assert frozen.data[0].data_value.tolist() == [1, 2, 3]
    assert frozen.free[0].variable.shape == (3,)
    assert (a.shape, mu.shape, model["y"].shape) == ((2,), (2,), (2,))
    assert (x * x).eval().tolist() == [40000, 1]
    point = {"a": np.array([0.1, 0.2])}
    expected = stats.norm.logpdf([0.1, 0.2]).sum() + stats.norm([20.0, 0.2]).logpdf(1.0).sum()
    assert model.compile_logp()(point) == pytest.approx(expected)
    pm.set_data({"x": [3]}, model)
    with pytest.raises(pm.ModelError, match="'x' has a length of 1 now"):
        model.freeze()


def test_models_nest_with_prefixes() -> None:
    class Part(pm.Model):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.inside = pm.Normal("x")
            pm.Deterministic("double", 2 * self.inside)

    with pm.Model() as outer:
        pm.Normal("a")
        with pm.Model(name="one"):
            part = Part("two")
            pm.Normal("b", part.inside)
    assert list(outer.named_vars) == ["a", "one::two::x", "one::two::double", "one::b"]
    assert part["x"] is outer["one::two::x"]
    assert outer.compile_logp()({"a": 0.0, "one::two::x": 1.0, "one::b": 3.0}) == pytest.approx(
        stats.norm.logpdf([0, 1, 2]).sum()
    )


def test_pictures_and_old_names() -> None:
    model = regression()
    text = pm.model_to_mermaid(model)
    assert text.startswith("graph TD\n")
    assert 'n1(["beta ~ Normal"])' in text
    assert 'n4(["y ~ Normal"]):::observed' in text
    assert "n2 --> n4" in text
    with pm.Model(), pytest.warns(FutureWarning, match="use Data"):
        assert pm.MutableData("x", [1.0]).get_value().tolist() == [1.0]
    with pytest.raises(TypeError):
        pm.modelcontext(None)


def test_an_expression_of_random_variables_is_drawn() -> None:
    model = regression()
    assert model["beta"].eval().shape == (2,)
    assert (model["beta"] - model["beta"]).eval().tolist() == [0, 0]
    np.testing.assert_allclose(model["mu"].eval({model["beta"]: [1.0, 0.0]}), [0, 2, 4])

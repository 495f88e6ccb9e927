"""Wrong input gets one clear sentence at the user's line: a table of mistakes and the words of the answer."""

from __future__ import annotations

import inspect
import textwrap
import traceback

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import special

import pmjax as pm
from pmjax.errors import ModelError, NoModelError
from pmjax.target.joint import joint_density
from pmjax.target.start import initial_point

NAMES = {"pm": pm, "np": np, "pd": pd, "jnp": jnp, "special": special}

# (name, code inside a model with coords {"city": ["a", "b", "c"]}, words that the message must have)
MISTAKES: list[tuple[str, str, list[str]]] = [
    # Conditions and functions of NumPy
    ("minus a condition", "-(pm.Normal('x') > 0)", ["a condition", "write ~condition"]),
    ("minus a condition of data", "-(pm.Data('x', [1.0, 2.0]) > 0)", ["a condition", "write ~condition"]),
    # Ordered categories
    (
        "cutpoints out of order",
        "pm.OrderedLogistic('y', eta=0.0, cutpoints=[0.0, 2.0, 1.0])",
        ["'y'", "cutpoints takes increasing numbers", "got 1.0 at cutpoints[2]"],
    ),
    (
        "one cutpoint as a number",
        "pm.OrderedLogistic('y', eta=0.0, cutpoints=0.0)",
        ["'y'", "cutpoints must be a vector"],
    ),
    (
        "a category too many",
        "pm.OrderedLogistic('y', eta=0.0, cutpoints=[0.0, 1.0], observed=[0, 3])",
        ["'y'", "observed row 1 is outside the support"],
    ),
    (
        "a transform for vectors",
        "pm.Normal('c', 0, 1, transform=pm.distributions.transforms.ordered)",
        ["'c'", "the transform 'ordered' is for vectors", "give a shape"],
    ),
    # Shapes, dims and coords
    (
        "shapes do not broadcast",
        "pm.Normal('x', shape=3) + pm.Normal('y', shape=4)",
        ["'x' (3,)", "'y' (4,)", "do not broadcast"],
    ),
    (
        "parameters do not broadcast",
        "pm.Normal('x', np.zeros(3), np.ones(4))",
        ["'x'", "mu (3,)", "sigma (4,)"],
    ),
    ("shape does not fit", "pm.Normal('x', np.zeros(3), shape=4)", ["'x'", "mu (3,)", "shape (4,)"]),
    (
        "shape of a child",
        "pm.Normal('y', pm.Normal('x', shape=3), shape=2)",
        ["'y'", "mu (3,)", "shape (2,)"],
    ),
    (
        "observed shape",
        "pm.Normal('x', np.zeros(3), observed=np.zeros(4))",
        ["'x'", "observed", "(4,)", "(3,)"],
    ),
    (
        "observed and shape",
        "pm.Normal('x', shape=5, observed=np.zeros(4))",
        ["'x'", "observed", "(4,)", "(5,)"],
    ),
    (
        "observed and dims",
        "pm.Normal('x', dims='city', observed=np.zeros(4))",
        ["'x'", "observed", "(4,)", "(3,)"],
    ),
    ("unknown dim", "pm.Normal('x', dims='ctiy')", ["'x'", "'ctiy'", "did you mean 'city'?", "coords"]),
    (
        "unknown dim of a result",
        "pm.Deterministic('y', pm.Normal('x'), dims='town')",
        ["'y'", "'town'", "coords"],
    ),
    ("dims and shape", "pm.Normal('x', shape=4, dims='city')", ["'x'", "'city'", "length 3", "have 4"]),
    (
        "dims of a result",
        "pm.Deterministic('y', pm.Normal('x', shape=4), dims='city')",
        ["'y'", "length 3", "have 4"],
    ),
    ("dims of data", "pm.Data('y', np.zeros(4), dims='city')", ["'y'", "'city'", "length 3", "have 4"]),
    ("too few dims", "pm.Normal('x', shape=(3, 3), dims='city')", ["'x'", "(3, 3)", "names 1"]),
    ("a number as dims", "pm.Normal('x', dims=3)", ["dims", "got 3", "shape="]),
    ("a scalar as coords", "pm.Model(coords={'a': 3})", ["coords['a']", "one-dimensional"]),
    ("a list as coords", "pm.Model(coords=['a'])", ["coords", "got list"]),
    ("negative shape", "pm.Normal('x', shape=-1)", ["shape", "at least 0", "got -1"]),
    ("fractional shape", "pm.Normal('x', shape=2.5)", ["shape", "integer", "got 2.5"]),
    ("symbolic shape", "pm.Normal('x', shape=pm.Data('n', 3))", ["shape", "integer", "n"]),
    ("shape and size", "pm.Normal('x', shape=2, size=2)", ["shape or size", "not both"]),
    # Names
    ("duplicate name", "pm.Normal('x'); pm.Normal('x')", ["'x'", "already", "unique"]),
    ("duplicate data", "pm.Normal('x'); pm.Data('x', [1])", ["'x'", "already"]),
    ("name of a dim", "pm.Normal('city')", ["'city'", "dimension"]),
    ("no name", "pm.Normal(0.0, 1.0)", ["Normal", "first argument", "name", "float"]),
    ("empty name", "pm.Normal('')", ["name", "non-empty"]),
    # Arguments
    ("misspelt argument", "pm.Normal('x', sgima=1)", ["'x'", "'sgima'", "did you mean 'sigma'?"]),
    ("misspelt option", "pm.Normal('x', obseved=1)", ["'x'", "'obseved'", "did you mean 'observed'?"]),
    ("missing parameter", "pm.StudentT('x')", ["'x'", "'nu'", "StudentT takes nu, mu"]),
    ("missing parameters", "pm.Gamma('x')", ["'x'", "(alpha, beta) or (mu, sigma)", "no parameters"]),
    ("half a pair", "pm.Gamma('x', alpha=1)", ["'x'", "(alpha, beta) or (mu, sigma)", "got alpha"]),
    ("three parameters", "pm.Gamma('x', 2, 1, sigma=5)", ["'x'", "got alpha, beta, sigma"]),
    ("sigma beside shapes", "pm.Beta('x', 2, 1, sigma=.1, nu=3)", ["'x'", "got alpha, beta, sigma, nu"]),
    ("sigma beside a shape", "pm.InverseGamma('x', 3, sigma=.1)", ["'x'", "got alpha, sigma"]),
    ("too many parameters", "pm.Normal('x', 0, 1, 2, 3)", ["'x'", "too many", "Normal takes mu"]),
    (
        "sigma and tau",
        "pm.Normal('x', sigma=1, tau=1)",
        ["'x'", "(mu, sigma) or (mu, tau)", "got sigma, tau"],
    ),
    ("no matrix", "pm.MvNormal('x', np.zeros(2))", ["'x'", "(mu, cov", "(mu, tau", "got mu"]),
    ("None", "pm.Normal('x', mu=None)", ["'x'", "mu is None", "0.0"]),
    ("None without a default", "pm.StudentT('x', nu=None)", ["'x'", "nu is None"]),
    ("NaN", "pm.Normal('x', mu=[0.0, np.nan])", ["'x'", "mu", "NaN"]),
    ("string", "pm.Normal('x', mu='0')", ["'x'", "mu", "numbers", "str"]),
    ("negative sigma", "pm.Normal('x', 0, -1)", ["'x'", "sigma", "positive", "-1"]),
    ("zero sigma", "pm.Normal('x', sigma=0)", ["'x'", "sigma", "positive", "got 0"]),
    ("one negative sigma", "pm.Normal('x', sigma=[1, -2])", ["'x'", "positive", "-2 at sigma[1]"]),
    ("negative tau", "pm.Normal('x', tau=-1)", ["'x'", "tau", "positive", "-1"]),
    (
        "negative data for sigma",
        "pm.Normal('x', sigma=pm.Data('s', -1.0))",
        ["'x'", "sigma", "positive", "-1"],
    ),
    ("p above one", "pm.Bernoulli('x', 1.5, observed=[1])", ["'x'", "p", "between 0 and 1", "1.5"]),
    (
        "negative p",
        "pm.Categorical('x', [1.5, -0.5], observed=[1])",
        ["'x'", "p", "at least 0", "-0.5 at p[1]"],
    ),
    ("p of one category", "pm.Categorical('x', 0.5, observed=[1])", ["'x'", "p", "each category"]),
    ("impossible sd", "pm.Beta('x', mu=0.5, sigma=0.9)", ["'x'", "alpha (from mu, sigma)", "positive"]),
    ("negative mean", "pm.Gamma('x', mu=-2, sigma=1)", ["'x'", "mu", "positive", "-2"]),
    ("bounds in the wrong order", "pm.Uniform('x', 2, 1)", ["'x'", "lower", "below upper", "2 and 1"]),
    (
        "not positive definite",
        "pm.MvNormal('x', cov=-np.eye(2))",
        ["'x'", "cov", "positive-definite", "(2, 2)"],
    ),
    ("not square", "pm.MvNormal('x', chol=np.ones((2, 3)))", ["'x'", "chol", "lower-triangular", "(2, 3)"]),
    ("mean of another size", "pm.MvNormal('x', np.zeros(3), cov=np.eye(2))", ["'x'", "mu", "(3,)", "2 x 2"]),
    ("vector wanted", "pm.Dirichlet('x', 2.0)", ["'x'", "a must have at least 1 dimension"]),
    ("a name as transform", "pm.Normal('x', transform='log')", ["'x'", "transform", "'log'"]),
    # Observed values and data
    (
        "NaN observed",
        "pm.Normal('x', observed=pm.Data('d', [1, np.nan, 2, np.nan]))",
        ["'x'", "rows 1, 3", "NaN", "drop"],
    ),
    (
        "NA observed",
        "pm.Normal('x', observed=pm.Data('d', pd.Series([1, None], dtype='Int64')))",
        ["'x'", "row 1", "NaN"],
    ),
    ("masked data", "pm.Data('x', np.ma.masked_invalid([1, np.nan]))", ["'x'", "row 1", "masked"]),
    ("masked predictor", "pm.Normal('x', np.ma.masked_equal([1, -9], -9))", ["'x'", "row 1", "masked"]),
    (
        "many NaN",
        "pm.Normal('x', observed=pm.Data('d', np.full(9, np.nan)))",
        ["rows 0, 1, 2, 3, 4 and 4 others"],
    ),
    (
        "negative observed",
        "pm.HalfNormal('x', observed=[1, -3])",
        ["'x'", "row 1", "HalfNormal", "at least 0", "-3"],
    ),
    ("fraction as a count", "pm.Poisson('x', 3, observed=[1, 1.5])", ["'x'", "row 1", "integers", "1.5"]),
    ("more than n", "pm.Binomial('x', 3, 0.5, observed=[1, 4])", ["'x'", "row 1", "from 0 to n", "4"]),
    (
        "no such category",
        "pm.Categorical('x', [0.5, 0.5], observed=[0, 2])",
        ["'x'", "row 1", "categories", "2"],
    ),
    (
        "beyond the bounds",
        "pm.Uniform('x', 0, 1, observed=[0.5, 3])",
        ["'x'", "row 1", "lower and upper", "3"],
    ),
    ("no simplex", "pm.Dirichlet('x', [1.0, 1], observed=[[0.5, 0.6]])", ["'x'", "row 0", "sum to one"]),
    ("strings observed", "pm.Normal('x', observed=['a', 'b'])", ["'x'", "observed", "factorize"]),
    (
        "categories observed",
        "pm.Normal('x', observed=pd.Series(['a'], dtype='category'))",
        ["'x'", "factorize"],
    ),
    ("ragged rows", "pm.Data('x', [[1, 2], [3]])", ["'x'", "different lengths"]),
    ("strings as data", "pm.Data('x', ['a'])", ["'x'", "factorize"]),
    ("None as data", "pm.Data('x', None)", ["'x'", "None"]),
    (
        "random observed",
        "pm.Normal('y', observed=pm.Normal('x'))",
        ["'y'", "observed", "random", "pm.Potential"],
    ),
    ("string as potential", "pm.Potential('x', 'a')", ["'x'", "str"]),
    # Indices
    (
        "mask that is not constant",
        "x = pm.Normal('x', shape=3); x[x > 0]",
        ["'x'", "mask", "not constant", "switch"],
    ),
    ("mask of another length", "pm.Normal('x', shape=3)[np.array([True])]", ["'x'", "mask", "(1,)", "(3,)"]),
    (
        "out of bounds",
        "pm.Normal('x', shape=3)[np.array([0, 3])]",
        ["'x'", "(3,)", "index 3", "out of bounds"],
    ),
    ("below the bounds", "pm.Normal('x', shape=3)[np.array([-4])]", ["'x'", "index -4", "out of bounds"]),
    ("computed index", "pm.Normal('x', shape=3)[pm.Data('i', [3]) + 1]", ["'x'", "index 4", "out of bounds"]),
    ("one out of bounds", "pm.Normal('x', shape=3)[7]", ["'x'", "index 7", "out of bounds"]),
    ("too many indices", "pm.Normal('x', shape=3)[0, 0]", ["'x'", "too many indices"]),
    ("fractional index", "pm.Normal('x', shape=3)[[0.0, 1.0]]", ["'x'", "float64", "astype(int)"]),
    ("string index", "pm.Normal('x', shape=3)['a']", ["'x'", "index", "str"]),
    # Python and NumPy on symbols
    ("if", "1 if pm.Normal('x') > 0 else 0", ["truth value", "pm.math.switch"]),
    ("and", "x = pm.Normal('x'); 0 < x < 1", ["truth value", "& | ~"]),
    ("float", "float(pm.Normal('x'))", ["'x'", "symbolic", "plain numbers"]),
    ("slice bound", "pm.Normal('x', shape=3)[:pm.Data('n', 2)]", ["'n'", "slice bounds", "plain numbers"]),
    ("array of symbols", "np.array([pm.Normal('x')])", ["'x'", "pm.math.stack"]),
    ("matrix product", "np.ones((2, 3)) @ pm.Normal('x', shape=4)", ["matmul", "'x' (4,)", "(2, 3)"]),
    ("axis", "pm.Normal('x', shape=4).sum(axis=3)", ["sum", "'x' (4,)", "axis 3"]),
    ("reshape", "pm.Normal('x', shape=4).reshape(3, 2)", ["reshape", "'x' (4,)", "(3, 2)"]),
    ("plus None", "pm.Normal('x') + None", ["'x'", "None"]),
    ("plus a string", "pm.Normal('x') + 'a'", ["numbers", "str"]),
    ("SciPy's own function", "special.kv(1, pm.Normal('x'))", ["kv", "no counterpart", "pm.lift"]),
    ("ufunc method", "np.add.reduce(pm.Normal('x', shape=3))", ["add.reduce", "no counterpart"]),
    ("lift with if", "pm.lift(lambda x: 1 if x > 0 else 2)(pm.Normal('x'))", ["'x'", "boolean"]),
    # The whole model
    ("no free variables", "pm.Normal('x', observed=[1.0])", ["no free variables", "nothing to sample"]),
    ("nothing at all", "pass", ["no free variables"]),
    ("discrete free variable", "pm.Poisson('x', 3.0)", ["'x'", "discrete", "continuous"]),
    (
        "a parent without a name",
        "pm.Normal('x', pm.Normal.dist())",
        ["'x'", "Normal", "not part of the model"],
    ),
    (
        "an observed variable's parent without a name",
        "pm.Normal('x'); pm.Normal('y', pm.Normal.dist(), observed=[1.0])",
        ["'y'", "Normal", "not part of the model"],
    ),
    (
        "a parent from another model",
        "with pm.Model(model=None):\n    other = pm.Normal('other')\n"
        "pm.Normal('x'); pm.Deterministic('y', other + 1)",
        ["'y'", "'other'", "not part of the model"],
    ),
    (
        "start outside the support",
        "pm.HalfNormal('x', initval=-1)",
        ["'x'", "initval", "HalfNormal", "at least 0"],
    ),
    (
        "start of another shape",
        "pm.Normal('x', shape=3, initval=[1.0, 2.0])",
        ["'x'", "initval", "(2,)", "(3,)"],
    ),
    ("start that is NaN", "pm.Normal('x', initval=np.nan)", ["'x'", "initval"]),
    ("misspelt start", "pm.Normal('x', initval='pror')", ["'x'", "initval", "'prior'", "'pror'"]),
    ("start on the edge", "pm.HalfNormal('x', initval=0.0)", ["'x'", "edge", "initval"]),
    ("new data without a model", "pm.set_data({'y': [1.0]}, pm.Model())", ["'y'", "no variable"]),
    ("new data for a variable", "pm.Normal('x'); pm.set_data({'x': 1.0})", ["'x'", "not data", "pm.Data"]),
    (
        "new data of other dims",
        "pm.Data('x', [1.0]); pm.set_data({'x': [[1.0]]})",
        ["'x'", "1 dimension", "(1, 1)"],
    ),
    ("new data of another kind", "pm.Data('x', [1]); pm.set_data({'x': [1.5]})", ["'x'", "int64", "float64"]),
    ("new strings", "pm.Data('x', [1]); pm.set_data({'x': ['a']})", ["'x'", "int64"]),
]


def build(code: str) -> None:
    with pm.Model(coords={"city": ["a", "b", "c"]}) as model:
        exec(textwrap.dedent(code), dict(NAMES))
    spec = model.freeze()
    joint_density(spec)
    initial_point(spec)


def assert_one_sentence(error: Exception) -> None:
    message = str(error.args[0])
    assert "\n" not in message
    assert len(message) < 300
    assert not message.endswith(".")


@pytest.mark.parametrize(("code", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_one_clear_sentence(code: str, words: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        build(code)
    assert_one_sentence(caught.value)
    for word in words:
        assert word in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    for library in (jax, np, pd):
        directory = inspect.getfile(library).removesuffix("__init__.py")
        assert directory not in shown, "the traceback shows frames of a library"


@pytest.mark.parametrize(
    "code",
    [
        "pm.Normal('x')",
        "pm.Normal('x', observed=[1.0])",
        "pm.Deterministic('x', 1.0)",
        "pm.Potential('x', 1.0)",
        "pm.Data('x', 1.0)",
    ],
)
def test_outside_a_model(code: str) -> None:
    with pytest.raises(
        NoModelError, match=r"'x'.* outside a model; put it inside `with pm.Model\(\):`"
    ) as caught:
        exec(code, dict(NAMES))
    assert_one_sentence(caught.value)


def test_a_jax_function_on_a_variable() -> None:
    x = pm.Normal.dist()
    with pytest.raises(ModelError, match=r"symbolic: call numpy's or pm.math's function on it"):
        jnp.exp(x)


def test_a_scalar_has_no_length() -> None:
    with pytest.raises(TypeError, match="scalar and has no length"):
        list(pm.Normal.dist())

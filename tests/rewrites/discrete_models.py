"""Small models with discrete variables, with few enough states to sum over all of them by force."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import pmjax as pm

RNG = np.random.default_rng(5)
Y = RNG.normal(size=5)
COUNTS = np.array([0, 2, 1, 3, 5])
GROUP = np.array([0, 2, 1, 0, 2])
ROWS = RNG.normal(size=(3, 2))
P3 = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4]])


def _parameters() -> tuple[pm.Variable, pm.Variable, pm.Variable]:
    return pm.Normal("mu", 0, 2, shape=3), pm.HalfNormal("sigma", 1), pm.Dirichlet("w", np.ones(3))


def scalar() -> None:
    mu, sigma, _ = _parameters()
    z = pm.Bernoulli("z", pm.Beta("p", 2, 2))
    pm.Deterministic("chosen", mu[z])
    pm.Normal("y", mu[z], sigma, observed=Y)


def vector() -> None:
    mu, sigma, w = _parameters()
    z = pm.Categorical("z", w, shape=5)
    pm.Deterministic("ones", (z == 1).sum())
    pm.Normal("y", mu[z], sigma + 0.1 * z, observed=Y)


def arithmetic() -> None:
    mu, sigma, _ = _parameters()
    z = pm.Bernoulli("z", logit_p=mu[0], shape=5)
    pm.Normal("y", mu[1] + z * mu[2], sigma, observed=Y)
    pm.Normal("again", pm.math.switch(z, mu[0], mu[1] * Y), 1.0, observed=-Y)


def probabilities_by_element() -> None:
    mu, sigma, _ = _parameters()
    logits = np.outer(Y, np.array([1.0, 0.0, -1.0])) + mu
    z = pm.Categorical("z", logit_p=logits)
    pm.Normal("y", mu[z], sigma, observed=Y)


def continuous_children() -> None:
    mu, sigma, w = _parameters()
    z = pm.Categorical("z", w, shape=3)
    x = pm.Normal("x", mu[z], 1)
    s = pm.HalfNormal("s", 1.0 + z)
    pm.Deterministic("both", x * z)
    pm.Normal("y", x[GROUP], s[GROUP] + sigma, observed=Y)


def potentials() -> None:
    mu, _, _ = _parameters()
    z = pm.Binomial("z", 3, 0.3, shape=3)
    pm.Potential("tilt", -((z - mu) ** 2))
    pm.Potential("only z", 0.1 * z)


def changepoint() -> None:
    early, late = pm.Exponential("early", 1.0), pm.Exponential("late", 1.0)
    tau = pm.DiscreteUniform("tau", 0, 4)
    pm.Poisson("y", pm.math.switch(tau >= np.arange(5), early, late), observed=COUNTS)


def two_of_the_same_rows() -> None:
    mu, sigma, w = _parameters()
    a = pm.Bernoulli("a", 0.3, shape=4)
    b = pm.Categorical("b", w, shape=4)
    pm.Normal("y", mu[b] * (1 + a), sigma, observed=Y[:4])


def one_after_the_other() -> None:
    mu, sigma, w = _parameters()
    a = pm.Categorical("a", w)
    b = pm.Binomial("b", 3, pm.math.sigmoid(mu[a]))
    c = pm.Bernoulli("c", logit_p=b - 1.0)
    pm.Normal("y", mu[c] + b, sigma, observed=Y)


def scalar_above_a_vector() -> None:
    mu, sigma, _ = _parameters()
    s = pm.Bernoulli("s", 0.4)
    z = pm.Categorical("z", logit_p=mu * (1 + s), shape=4)
    pm.Normal("y", mu[z], sigma * (1 + s), observed=Y[:4])


def scalar_below_a_vector() -> None:
    mu, sigma, _ = _parameters()
    s = pm.Bernoulli("s", 0.4, shape=2)
    z = pm.Bernoulli("z", logit_p=mu[0] + s[np.array([0, 1, 0, 1, 1])])
    pm.Normal("y", mu[z], sigma, observed=Y)


def hidden_markov_by_hand() -> None:
    mu, sigma, w = _parameters()
    P = pm.Dirichlet("P", np.ones((3, 3)))
    z = pm.Categorical("z0", w)
    pm.Normal("y0", mu[z], sigma, observed=Y[0])
    for t in range(1, 4):
        z = pm.Categorical(f"z{t}", P[z])
        pm.Normal(f"y{t}", mu[z], sigma, observed=Y[t])


def hidden_markov_stacked() -> None:
    mu, sigma, w = _parameters()
    P, states = pm.Data("P", P3), [pm.Categorical("z0", w)]
    for t in range(1, 4):
        states.append(pm.Categorical(f"z{t}", P[states[-1]]))
    path = pm.Deterministic("path", pm.math.stack(states))
    pm.Normal("y", mu[path], sigma, observed=Y[:4])


def markov_chain() -> None:
    mu, sigma, w = _parameters()
    P = pm.Dirichlet("P", np.ones((3, 3)))
    z = pm.DiscreteMarkovChain("z", P=P, init_dist=pm.Categorical.dist(w), shape=4)
    pm.Deterministic("switches", (z[1:] != z[:-1]).sum())
    pm.Normal("y", mu[z], sigma, observed=Y[:4])


def markov_chains() -> None:
    mu, sigma, _ = _parameters()
    z = pm.DiscreteMarkovChain("z", P=P3[:2, :2], shape=(2, 3))
    pm.Normal("y", mu[z], sigma, observed=RNG.normal(size=(2, 3)))
    pm.Normal("last", mu[z[:, -1]], 1.0, observed=np.zeros(2))


def markov_chain_to_the_right() -> None:
    mu, sigma, _ = _parameters()
    p = pm.Beta("p", 2, 2)
    P = pm.math.stack([pm.math.stack([p, 1 - p]), np.array([0.0, 1.0])])
    z = pm.DiscreteMarkovChain("z", P=P, init_dist=pm.Categorical.dist(np.array([1.0, 0.0])), shape=5)
    pm.Normal("y", mu[z], sigma, observed=Y)


def mixture_at_each_step_of_a_chain() -> None:
    mu, sigma, _ = _parameters()
    z = pm.DiscreteMarkovChain("z", P=P3[:2, :2], steps=3)
    c = pm.Bernoulli("c", 0.3, shape=4)
    pm.Normal("y", mu[z] + c, sigma, observed=Y[:4])


def trials_by_element() -> None:
    mu, sigma, _ = _parameters()
    z = pm.Binomial("z", n=np.array([1, 3, 0, 2]), p=pm.math.sigmoid(mu[0]))
    pm.Normal("y", mu[1] * z, sigma, observed=Y[:4])


def bounds_by_element() -> None:
    mu, sigma, _ = _parameters()
    z = pm.DiscreteUniform("z", np.array([-1, 0, 2]), np.array([1, 0, 5]))
    pm.Normal("y", mu * z, sigma, observed=Y[:3])
    pm.Poisson("c", np.exp(z * mu[0]), observed=COUNTS[:3])


def rows_of_a_matrix() -> None:
    sigma, w = pm.HalfNormal("sigma", 1), pm.Dirichlet("w", np.ones(2))
    centres = pm.Normal("centres", 0, 2, shape=(2, 2))
    z = pm.Categorical("z", w, shape=3)
    pm.Normal("y", centres[z], sigma, observed=ROWS)
    pm.MvNormal("x", centres[z], cov=np.eye(2), observed=ROWS + 1)


def classes_of_groups() -> None:
    mu, sigma, w = _parameters()
    z = pm.Categorical("z", w, shape=3)
    pm.Normal("y", mu[z][GROUP] + Y, sigma, observed=Y)
    pm.Normal("x", mu[z[GROUP]], sigma, observed=Y)


def matrix() -> None:
    mu, sigma, w = _parameters()
    z = pm.Categorical("z", w, shape=(2, 2))
    pm.Normal("y", mu[z].T, sigma, observed=ROWS[:2])
    pm.Normal("sums", mu[z] * np.ones((3, 1, 1)), sigma, observed=RNG.normal(size=(3, 2, 2)))


def index_of_two_axes() -> None:
    table, w = pm.Normal("table", shape=(3, 4)), pm.Dirichlet("w", np.ones(3))
    z = pm.Categorical("z", w, shape=4)
    pm.Normal("y", table[z, np.arange(4)], 1.0, observed=Y[:4])


def categories_of_rows() -> None:
    P = pm.Dirichlet("P", np.ones((3, 3)))
    z = pm.Categorical("z", P[0], shape=5)
    pm.Categorical("y", P[z], observed=COUNTS % 3)


def parts_of_a_vector() -> None:
    mu, sigma, w = _parameters()
    z = pm.Categorical("z", w, shape=3)
    eta = pm.math.concatenate([mu[z[:2]], mu[:1], (z[2] * mu[1]).reshape(1)])
    pm.Normal("y", eta, sigma, observed=Y[:4])


def lifted() -> None:
    mu, sigma, _ = _parameters()
    z = pm.Bernoulli("z", 0.3)
    pm.Normal("y", pm.lift(lambda z, mu: mu[z] * np.arange(5)[::-1])(z, mu), sigma, observed=Y)


def reductions() -> None:
    centres = pm.Normal("centres", shape=(3, 2))
    z = pm.Categorical("z", np.ones(3) / 3, shape=4)
    pm.Normal("y", centres[z].sum(axis=-1) + (centres[z] @ np.array([1.0, 2.0])), 1.0, observed=Y[:4])
    pm.Potential("p", -pm.math.softmax(centres[z], axis=-1)[:, 0])


def occupancy() -> None:
    """A state in which an observation is impossible has weight zero, and no gradient that is not finite."""
    psi, p = pm.Beta("psi", 1, 1), pm.Beta("p", 1, 1)
    z = pm.Bernoulli("z", psi, shape=3)
    pm.Bernoulli("y", p=z[:, None] * p, observed=[[0, 1], [0, 0], [1, 1]])
    pm.Binomial("k", n=4, p=z * p, observed=[3, 0, 4])
    pm.Poisson("c", z * np.array([1.0, 2.0, 3.0]), observed=[1, 0, 2])


def impossible_category() -> None:
    w, psi = pm.Dirichlet("w", np.ones(3)), pm.Beta("psi", 1, 1)
    z = pm.Bernoulli("z", psi, shape=3)
    rows = pm.math.stack([w, np.array([1.0, 0.0, 0.0]) + 0 * w])
    pm.Categorical("y", rows[z], observed=[0, 1, 2])


def sums_in_potentials() -> None:
    mu, sigma, w = _parameters()
    z = pm.Categorical("z", w, shape=4)
    pm.Potential("likelihood", pm.logp(pm.Normal.dist(mu[z], sigma), Y[:4]).sum())
    pm.Potential("table", pm.math.sum(pm.math.sum(mu[z][:, None] * ROWS[:1], axis=1), keepdims=True))


def separate() -> None:
    mu, sigma, w = _parameters()
    a, b = pm.Bernoulli("a", 0.3, shape=2), pm.Categorical("b", w)
    x = pm.Normal("x", mu[b], 1.0)
    pm.Normal("y", mu[a], sigma, observed=Y[:2])
    pm.Normal("v", x, 1.0, observed=Y)


MODELS: dict[str, Callable[[], None]] = {
    f.__name__: f
    for f in (
        *(scalar, vector, arithmetic, probabilities_by_element, continuous_children, potentials, changepoint),
        *(two_of_the_same_rows, one_after_the_other, scalar_above_a_vector, scalar_below_a_vector),
        *(hidden_markov_by_hand, hidden_markov_stacked, markov_chain, markov_chains),
        *(markov_chain_to_the_right, mixture_at_each_step_of_a_chain, trials_by_element, bounds_by_element),
        *(rows_of_a_matrix, classes_of_groups, matrix, index_of_two_axes, categories_of_rows),
        *(
            parts_of_a_vector,
            lifted,
            reductions,
            separate,
            sums_in_potentials,
            occupancy,
            impossible_category,
        ),
    )
}


def build(declare: Callable[[], None]) -> pm.Model:
    """Return the model that a function declares."""
    with pm.Model() as model:
        declare()
    return model

"""Random models: hierarchies, indices, arithmetic, regressions, several observed variables, potentials.

A model is grown from one function that chooses among options, so that Hypothesis, or a plain generator of
random numbers, decides everything, and a failing model can be built again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pmjax as pm
from pmjax.graph.variable import Variable

Choose = Callable[[int], int]
"""``choose(n)`` is one of 0, ..., n - 1."""

ROWS, COLUMNS = 24, 3


def by_numbers(seed: int) -> Choose:
    """Return a `choose` that takes what a generator of random numbers says."""
    rng = np.random.default_rng(seed)
    return lambda n: int(rng.integers(n))


class GeneratedModel:
    """A random model.

    Parameters
    ----------
    choose : callable

    Attributes
    ----------
    model : pm.Model
    """

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self.rng = np.random.default_rng(choose(2**16))
        self.reals: list[Any] = [0.5]
        self.positives: list[Any] = [1.5]
        self.vectors: list[Variable] = []
        self.tables: list[Variable] = []
        self.known: list[Variable] = []
        self.groups = self.among(2, COLUMNS, 5, ROWS)
        self.names = 0
        with pm.Model() as self.model:
            for _ in range(1 + choose(4)):
                self.scalar()
            if choose(3) == 0:
                self.measured()
            for _ in range(1 + choose(3)):
                self.vector()
            if choose(2):
                self.table()
            for _ in range(1 + choose(3)):
                self.observed()
            if choose(3) == 0:
                self.potential()

    def among(self, *options: Any) -> Any:
        return options[self._choose(len(options))]

    def grow(self, *options: Callable[[], Any]) -> Any:
        """Build one of the options; the others leave no nodes behind."""
        return self.among(*options)()

    def name(self, what: str) -> str:
        self.names += 1
        return f"{what}{self.names}"

    # Constants: few different values, so that rows repeat.
    def data(self, values: np.ndarray) -> Any:
        return pm.Data(self.name("data"), values) if self._choose(4) == 0 else values

    def index(self, shape: int = ROWS, below: int | None = None) -> Any:
        values = self.rng.integers(0, min(below or self.groups, 4), shape)
        return values - (below or self.groups) if self._choose(4) == 0 else self.data(values)

    def switch(self, *shape: int) -> np.ndarray:
        return self.rng.integers(0, 2, shape) * 1.0

    def predictor(self, *shape: int) -> Any:
        return self.data(
            self.grow(
                lambda: self.switch(*shape),
                lambda: self.rng.normal(size=shape),
                lambda: self.rng.integers(-1, 2, shape),
                lambda: 1e3 + self.rng.normal(size=shape).round(1),
            )
        )

    # Parameters
    def real(self) -> Any:
        x = self.among(*self.reals)
        return self.grow(lambda: x, lambda: 0.3 * x, lambda: x - self.among(*self.reals), lambda: np.tanh(x))

    def positive(self) -> Any:
        s = self.among(*self.positives)
        return self.grow(lambda: s, lambda: s, lambda: 0.5 * s + 0.1, lambda: np.exp(0.3 * self.real()))

    def draw(self, name: str, mu: Any, sigma: Any, **options: Any) -> Variable:
        """A variable with values on the real line."""
        return self.grow(
            lambda: pm.Normal(name, mu, sigma, **options),
            lambda: pm.Normal(name, mu, sigma, **options),
            lambda: pm.StudentT(name, 4.0, mu, sigma, **options),
            lambda: pm.Laplace(name, mu, sigma, **options),
            lambda: pm.Logistic(name, mu, sigma, **options),
            lambda: pm.Cauchy(name, mu, sigma, **options),
            lambda: pm.TruncatedNormal(name, mu, sigma, lower=-9.0, **options),
            lambda: pm.Uniform(name, mu - sigma, mu + sigma, **options),
        )

    def draw_positive(self, name: str, **options: Any) -> Variable:
        s = self.positive()
        return self.grow(
            lambda: pm.HalfNormal(name, s, **options),
            lambda: pm.Exponential(name, s, **options),
            lambda: pm.Gamma(name, 2.0, s, **options),
            lambda: pm.LogNormal(name, self.real(), s, **options),
            lambda: pm.InverseGamma(name, 3.0, s, **options),
            lambda: pm.HalfCauchy(name, s, **options),
            lambda: pm.Beta(name, 1 + s, 2.0, **options),
        )

    def scalar(self) -> None:
        if self._choose(2):
            self.reals.append(self.draw(self.name("x"), self.real(), self.positive()))
        else:
            self.positives.append(self.draw_positive(self.name("s")))

    def measured(self) -> None:
        """An observed variable that may be the parent of others."""
        name, values = self.name("o"), self.rng.normal(size=ROWS).round(1)
        self.known.append(
            self.grow(
                lambda: pm.Normal(name, self.real(), self.positive(), observed=self.data(values)),
                lambda: pm.Poisson(name, self.positive(), observed=self.data(np.abs(values).round())),
            )
        )

    def vector(self) -> None:
        if self.known and self._choose(2):
            mu = self.real() * self.among(*self.known)
            self.vectors.append(self.draw(self.name("v"), mu, self.positive(), shape=ROWS))
            return
        size = self.among(self.groups, COLUMNS)
        mu, sigma = self.real(), self.positive()
        if self.vectors and self._choose(2):
            parent = self.among(*self.vectors)
            mu = mu + parent[self.index(size, below=len(parent))]
        if self._choose(4) == 0:
            mu = mu + self.rng.normal(size=(size, COLUMNS)) @ pm.Normal(self.name("slope"), shape=COLUMNS)
        if self._choose(4) == 0:
            sigma = self.draw_positive(self.name("s"), shape=size)
        self.vectors.append(self.draw(self.name("v"), mu, sigma, shape=size))

    def table(self) -> None:
        shape = (self.groups, COLUMNS)
        self.tables.append(self.draw(self.name("t"), self.real(), self.positive(), shape=shape))

    # Linear predictors
    def rows(self, depth: int) -> Any:
        """An expression of shape (ROWS,)."""
        v = self.among(*self.vectors)
        if depth == 0:
            return self.grow(
                lambda: v[self.index(below=len(v))],
                lambda: self.predictor(ROWS) * self.real(),
                lambda: self.real() + v[0] * self.predictor(ROWS),
                lambda: self.predictor(ROWS, len(v)) @ v,
                lambda: pm.math.dot(self.predictor(ROWS, len(v)), v),
                lambda: (self.predictor(ROWS, len(v)) * v).sum(axis=-1),
                lambda: self.matrix(0)[:, self.among(0, -1)],
                lambda: self.real() * (self.among(*self.known) if self.known else np.ones(ROWS)),
                lambda: v * self.switch(ROWS) if len(v) == ROWS else v[:1] * self.switch(ROWS),
            )
        x = self.rows(depth - 1)
        return self.grow(
            lambda: x + self.rows(depth - 1),
            lambda: x - self.rows(depth - 1),
            lambda: self.real() + x,
            lambda: self.positive() * x,
            lambda: x * self.predictor(ROWS),
            lambda: x / self.positive(),
            lambda: (x - self.predictor(ROWS)) / 2.0,
            lambda: -x,
            lambda: np.tanh(x),
            lambda: np.where(self.switch(ROWS) > 0, x, self.rows(depth - 1)),
            lambda: x - x.mean() if isinstance(x, Variable) else x,
            lambda: x[np.arange(ROWS) // 2],
            lambda: x[::-1],
            lambda: np.cumsum(x) / ROWS,
            lambda: self.matrix(depth - 1).sum(axis=1),
            lambda: self.matrix(depth - 1).mean(axis=-1),
            lambda: self.matrix(depth - 1) @ np.array([1.0, 0.0, -2.0]),
            lambda: np.stack([x, 2 * x, self.rows(0)], axis=self.among(0, 1)).sum(axis=0)[..., :1].sum() + x,
        )

    def matrix(self, depth: int) -> Any:
        """An expression of shape (ROWS, COLUMNS)."""
        if depth == 0 and self.tables:
            t = self.among(*self.tables)
            return self.grow(
                lambda: t[self.index()],
                lambda: t[self.index(), :] * self.switch(COLUMNS),
                lambda: t.T[:, self.index()].T,
            )
        return self.grow(
            lambda: self.rows(0)[:, None] * self.switch(1, COLUMNS),
            lambda: np.stack([self.rows(0), self.rows(0), self.rows(0)], axis=-1),
            lambda: self.real() * self.predictor(ROWS, COLUMNS),
        )

    # Observations
    def observed(self) -> None:
        eta = self.rows(self._choose(4))
        if self._choose(3) == 0:
            eta = pm.Deterministic(self.name("eta"), eta)
        s = self.grow(self.positive, lambda: 0.7, lambda: self.positive() * (1 + self.switch(ROWS)))
        bounded, name = np.tanh(eta), self.name("y")
        real = self.rng.normal(size=ROWS)
        coarse, counts = real.round(), self.rng.poisson(1.0, ROWS)
        real = self.data(self.among(real, coarse))
        y = self.grow(
            lambda: pm.Normal(name, eta, s, observed=real),
            lambda: pm.Normal(name, eta, s, observed=real),
            lambda: pm.Normal(name, self.real(), s, observed=real),
            lambda: pm.LogNormal(name, eta, s, observed=np.exp(self.rng.normal(size=ROWS))),
            lambda: pm.StudentT(name, 4.0, eta, s, observed=real),
            lambda: pm.Laplace(name, eta, s, observed=real),
            lambda: pm.Cauchy(name, eta, s, observed=coarse),
            lambda: pm.Normal(name, self.matrix(1), 0.5, observed=self.switch(ROWS, COLUMNS)),
            lambda: pm.Bernoulli(name, logit_p=eta, observed=counts > 0),
            lambda: pm.Bernoulli(name, p=1 / (1 + np.exp(-bounded)), observed=counts > 0),
            lambda: pm.Binomial(name, n=counts + 2, logit_p=eta, observed=counts),
            lambda: pm.Poisson(name, np.exp(bounded), observed=self.data(counts)),
            lambda: pm.Poisson(name, (1 + self.switch(ROWS)) * np.exp(bounded), observed=counts),
            lambda: pm.Poisson(name, np.exp(bounded + np.log(1 + counts)), observed=counts),
            lambda: pm.NegativeBinomial(name, np.exp(bounded), s, observed=counts),
            lambda: pm.Exponential(name, np.exp(bounded), observed=1 + counts),
            lambda: pm.Gamma(name, s, np.exp(bounded), observed=1.0 + counts),
            lambda: pm.OrderedLogistic(name, eta, self.cutpoints(), observed=np.minimum(counts, 2)),
            lambda: pm.Categorical(
                name, logit_p=np.stack([0 * eta, eta, -eta], axis=-1), observed=np.minimum(counts, 2)
            ),
        )
        if self._choose(8) == 0:
            pm.Potential(self.name("p"), -0.1 * (y - self.real()) ** 2)

    def cutpoints(self) -> Any:
        ordered = pm.distributions.transforms.ordered
        return self.grow(
            lambda: np.array([-1.0, 0.5]),
            lambda: pm.Normal(self.name("c"), self.real(), 2.0, shape=2, transform=ordered),
        )

    def potential(self) -> None:
        v = self.among(*self.vectors)
        name = self.name("p")
        self.grow(
            lambda: pm.Potential(name, -0.1 * (v - self.real()) ** 2),
            lambda: pm.Potential(name, -0.5 * (self.rows(1) ** 2).sum() / 1e6),
            lambda: pm.Potential(name, np.where(v > -1e3, 0.0, -np.inf)),
        )

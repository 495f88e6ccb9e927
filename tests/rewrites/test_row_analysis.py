"""Random expressions: where the analysis answers, rows with equal data have equal values."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

import pmjax as pm
from pmjax.graph.evaluate import evaluate_host
from pmjax.graph.variable import Variable
from pmjax.rewrites.row_analysis import NotByRows, RowExpressions
from pmjax.rewrites.row_groups import group_rows

ROWS, COLUMNS = 24, 3


class World:
    """Random variables and data, from which expressions with `ROWS` rows are grown."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        # As many groups as rows or columns, sometimes, so that lengths alone say nothing.
        self.groups = draw(st.sampled_from([2, COLUMNS, ROWS]))
        self.vector = pm.Normal.dist(shape=self.groups)
        self.table = pm.Normal.dist(shape=(self.groups, COLUMNS))
        self.latent = pm.Normal.dist(shape=ROWS)

    def choose(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def index(self) -> Any:
        index = self.rng.integers(0, 2, ROWS)
        return self.choose(index, -1 - index)

    def switch(self, shape: tuple[int, ...]) -> Any:
        return self.rng.integers(0, 2, shape) * 1.0

    def rows(self, depth: int) -> Any:
        """An expression of shape (ROWS,)."""
        if depth == 0:
            return self.choose(
                self.vector[self.index()],
                self.switch((ROWS,)) * self.vector[0],
                self.table[self.index(), self.rng.integers(0, COLUMNS, ROWS) // 2],
                self.table[self.index(), 1],
                self.latent,
            )
        x, table = self.rows(depth - 1), self.matrix(depth - 1)
        return self.choose(
            x + self.rows(depth - 1),
            x * self.switch((ROWS,)),
            np.where(self.switch((ROWS,)) > 0, x, 0.5),
            x - x.mean() if isinstance(x, Variable) else x,
            np.tanh(x),
            x[::-1],
            np.cumsum(x),
            x[np.arange(ROWS) // 2],
            table.sum(axis=self.choose(1, -1)),
            table @ self.choose(self.vector[:1].sum() * np.ones(COLUMNS), np.ones(COLUMNS)),
            table[:, 1],
            table.T[self.choose(0, -1)],
            table[np.arange(ROWS), self.rng.integers(0, COLUMNS, ROWS)],
            np.stack([x, 2 * x], axis=self.choose(0, 1)).max(axis=0)[..., :1].sum() + x,
            np.stack([x, 2 * x], axis=1).max(axis=-1),
        )

    def matrix(self, depth: int) -> Any:
        """An expression of shape (ROWS, COLUMNS)."""
        if depth == 0:
            return self.choose(
                self.table[self.index()],
                self.table[self.index(), :],
                self.switch((ROWS, COLUMNS)) * self.vector[-1],
                self.table.T[:, self.index()].T,
            )
        x = self.rows(depth - 1)
        return self.choose(
            x[:, None] * self.switch((1, COLUMNS)),
            self.matrix(depth - 1) + self.table[0],
            np.stack([x, x + 1, self.rows(depth - 1)], axis=-1),
            np.concatenate([self.matrix(depth - 1)[:, :2], x[:, None]], axis=1),
            self.matrix(depth - 1).cumsum(axis=1),
            self.matrix(depth - 1).cumsum(axis=0),
            self.matrix(depth - 1) / (1 + self.matrix(depth - 1).sum(axis=1, keepdims=True) ** 2),
        )


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_equal_rows_of_data_mean_equal_rows_of_the_expression(data: st.DataObject) -> None:
    world = World(data.draw)
    expression = data.draw(st.sampled_from([world.rows, world.matrix]))(data.draw(st.integers(0, 2)))
    values = {v: world.rng.normal(size=v.shape) for v in (world.vector, world.table, world.latent)}
    (full,) = evaluate_host([expression], values)
    try:
        by_rows = RowExpressions([(expression, 0)])
    except NotByRows:
        return
    groups = group_rows(list(by_rows.columns.values()), ROWS)
    (few,) = evaluate_host(by_rows.at_rows(groups.first), values)
    assert few.shape == (len(groups), *full.shape[1:])
    np.testing.assert_allclose(few[groups.group], full, rtol=1e-12)

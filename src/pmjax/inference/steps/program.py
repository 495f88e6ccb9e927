"""The compiled program of steps that take turns: a chunk of draws per call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pmjax.inference.steps.step import Place, Step
from pmjax.run.statistics import STATS
from pmjax.target.density import Density

MAX_ROWS = 256


class Turn(NamedTuple):
    """What a chain carries from draw to draw: its place, what each step has learnt, key and number."""

    place: Place
    states: tuple[Any, ...]
    key: Any
    draw: Any


class Written(NamedTuple):
    """Draws of a chunk: shapes (rows, D), (rows, len(STATS)) and (rows, steps)."""

    theta: Any
    stats: Any
    accept: Any


@dataclass(frozen=True, eq=False)
class StepProgram:
    """Steps on a density, one after the other in each draw.

    Attributes
    ----------
    density : Density
        Its coordinates hold discrete variables too, as whole numbers.
    steps : sequence of Step
    rows : int
        Draws of a call at most.
    """

    density: Density
    steps: Sequence[Step]
    rows: int = MAX_ROWS

    def run_chunk(
        self, turn: Turn, flags: jax.Array, count: jax.Array, data: Any, knobs: Any
    ) -> tuple[Turn, Written]:
        """Make ``count`` draws; ``flags``, shape (rows,), says what each adapts."""

        def log_density(theta: jax.Array) -> jax.Array:
            return self.density.log_density(theta, data, knobs)

        def draw(row: jax.Array, carry: tuple[Turn, Written]) -> tuple[Turn, Written]:
            turn, written = carry
            key = jax.random.fold_in(jax.random.wrap_key_data(turn.key), turn.draw)
            place, states, accepts = turn.place, [], []
            stats = jnp.full(len(STATS), jnp.nan)
            for number, (step, state) in enumerate(zip(self.steps, turn.states, strict=True)):
                own = jax.random.fold_in(key, number)
                moved = step.move(own, place, state, flags[row], log_density)
                place = moved.place
                states.append(moved.state)
                accepts.append(moved.accept)
                stats = stats if moved.stats is None else moved.stats
            # The log density is that of the whole draw, whichever step came last.
            stats = stats.at[STATS.index("lp")].set(place.value)
            written = Written(
                written.theta.at[row].set(place.theta),
                written.stats.at[row].set(stats),
                written.accept.at[row].set(jnp.stack(accepts)),
            )
            return Turn(place, tuple(states), turn.key, turn.draw + 1), written

        empty = Written(
            jnp.zeros((self.rows, self.density.size)),
            jnp.zeros((self.rows, len(STATS))),
            jnp.zeros((self.rows, len(self.steps))),
        )
        result: tuple[Turn, Written] = jax.lax.fori_loop(0, count, draw, (turn, empty))
        return result

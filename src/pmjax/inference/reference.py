"""NUTS as a Python loop over a compiled density and gradient: textbook code, and the oracle in tests.

Hoffman & Gelman (2014, arXiv:1111.4246), multinomial weights of Betancourt (2017, arXiv:1701.02434).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from pmjax.inference.nuts import schedule
from pmjax.inference.nuts.metric import Diagonal
from pmjax.inference.nuts.randomness import Randomness
from pmjax.inference.others.recorded import record
from pmjax.run.plan import Plan, Run
from pmjax.run.statistics import STATS
from pmjax.run.trace import Trace
from pmjax.runtime.programs import program
from pmjax.runtime.settings import own_settings
from pmjax.runtime.streams import stream
from pmjax.target.density import Density
from pmjax.target.target import Target

ValueAndGrad = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass
class Trajectory:
    """One NUTS transition; calling `grow` makes the draw. Momenta p are whitened: q moves by sigma p."""

    value_and_grad: ValueAndGrad
    random: Any
    step_size: float
    sigma: np.ndarray
    max_depth: int = 10
    stats: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    accept: float = 0.0
    diverging: bool = False

    def grow(self, q: np.ndarray, logp: float, grad: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the next draw with its log density and gradient."""
        p, random = self.random.momentum, self.random
        self.energy = 0.5 * p @ p - logp
        ends = [(q, p, grad), (q, p, grad)]
        tree, log_weight, draw, depth, turning = (p, p, p), 0.0, (q, logp, grad, 0.0, 0), 0, False
        reach = [0, 0]
        while depth < self.max_depth and not turning and not self.diverging:
            forward = int(random.forward[depth])
            # The end being extended, the weight of the new subtree, and the leaf selected in it so far.
            self.end, self.sign, self.offset = ends[forward], 2 * forward - 1, reach[forward]
            self.log_weight, self.uniform, self.selected, self.leaves = -np.inf, random.leaf[depth], draw, 0
            subtree = self.build(depth)
            reach[forward] += self.leaves
            if subtree is not None:
                far, near = (ends[1 - forward][1], ends[forward][1])
                turning = turns((far, near, tree[2]), subtree)
                tree = (far, subtree[1], tree[2] + subtree[2])
                if np.log(random.merge[depth]) < self.log_weight - log_weight:
                    draw = self.selected
                log_weight = np.logaddexp(log_weight, self.log_weight)
                ends[forward] = self.end
            turning, depth = turning or subtree is None, depth + 1
        q, logp, grad, error, index = draw
        limit = depth >= self.max_depth and not turning and not self.diverging
        row = (logp, self.accept / self.steps, self.diverging, self.energy + error, error, depth, self.steps)
        self.stats = dict(zip(STATS, (*row, self.step_size, limit, index), strict=True))
        return q, logp, grad

    def build(self, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Add ``2**depth`` leaves; return (first p, last p, sum of p), or None if they turn or diverge."""
        if depth == 0:
            return self.leaf()
        left = self.build(depth - 1)
        right = self.build(depth - 1) if left is not None else None
        if left is None or right is None or turns(left, right):
            return None
        return left[0], right[1], left[2] + right[2]

    def leaf(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Make one leapfrog step."""
        (q, p, grad), eps = self.end, self.sign * self.step_size
        p = p + 0.5 * eps * self.sigma * grad
        q = q + eps * self.sigma * p
        logp, grad = self.value_and_grad(q)
        p = p + 0.5 * eps * self.sigma * grad
        self.end, self.steps, self.leaves = (q, p, grad), self.steps + 1, self.leaves + 1
        error = 0.5 * p @ p - logp - self.energy
        self.diverging = not -np.inf < error < 1000
        if self.diverging:
            return None
        self.accept += min(1.0, np.exp(-error))
        self.log_weight = np.logaddexp(self.log_weight, -error)
        chance = np.exp(-error - self.log_weight)
        if self.uniform < chance:
            self.selected = (q, logp, grad, error, self.sign * (self.offset + self.leaves))
            self.uniform /= chance
        else:
            self.uniform = (self.uniform - chance) / (1 - chance)
        return p, p, p


def turns(left: tuple[np.ndarray, ...], right: tuple[np.ndarray, ...]) -> bool:
    """U-turn of two adjacent spans (first p, last p, sum of p), and across the seam between them."""
    checks = (
        (left[2] + right[2], left[0], right[1]),
        (left[2] + right[0], left[0], right[0]),
        (left[1] + right[2], left[1], right[1]),
    )
    return any(rho @ first <= 0 or rho @ last <= 0 for rho, first, last in checks)


@dataclass(frozen=True)
class PythonNUTS:
    """The no-U-turn sampler as a loop in Python, chain after chain: slow and readable.

    Parameters
    ----------
    target_accept : float
        Acceptance statistic that the step size is tuned to, in (0, 1).
    max_treedepth : int
        At most ``2 ** max_treedepth - 1`` gradients for each draw.
    """

    target_accept: float = 0.8
    max_treedepth: int = 10

    def sample(self, target: Target, plan: Plan, run: Run) -> Trace:
        """Return draws of a target."""
        began, density = time.perf_counter(), target.density
        run.while_compiling()
        with own_settings():
            value_and_grad = _compile(density)
            ready = time.perf_counter()
            shape = (plan.chains, plan.tune + plan.draws)
            theta = np.empty((*shape, density.size))
            stats = {name: np.empty(shape) for name in STATS}
            for chain, start in enumerate(plan.first_starts):
                for i, (q, row) in enumerate(self._draws(value_and_grad, start, chain, plan)):
                    theta[chain, i] = q
                    for name, value in row.items():
                        stats[name][chain, i] = value
        posterior, warmup = record(density, theta, stats, plan)
        return Trace(
            posterior,
            warmup,
            seconds={"compile": ready - began, "sample": time.perf_counter() - ready},
            gradients=int(stats["n_steps"].sum()),
            attributes={
                "sampler": "python",
                "seed": plan.seed,
                "tune": plan.tune,
                "target_accept": self.target_accept,
            },
        )

    def _draws(
        self, value_and_grad: ValueAndGrad, start: np.ndarray, chain: int, plan: Plan
    ) -> Iterator[tuple[np.ndarray, dict[str, float]]]:
        """Yield the draws of a chain with their statistics, those of the warm-up first."""
        rng = np.random.default_rng(stream(plan.seed, "reference", chain))
        flags, pairs = schedule.warmup_flags(plan.tune), []
        q = np.asarray(start, float)
        logp, grad = value_and_grad(q)
        metric = Diagonal().initial(grad)
        step, centre, error, log_average, count, averaged = 0.1, np.log(1.0), 0.0, 0.0, 0, 0
        for i in range(plan.tune + plan.draws):
            random = numpy_randomness(rng, q.size, self.max_treedepth)
            with np.errstate(over="ignore", invalid="ignore"):
                trajectory = Trajectory(value_and_grad, random, step, metric.sigma, self.max_treedepth)
                q, logp, grad = trajectory.grow(q, logp, grad)
            yield q, trajectory.stats
            if i >= plan.tune:
                continue
            # Dual averaging, Hoffman & Gelman section 3.2.
            count, averaged = count + 1, averaged + 1
            error += (self.target_accept - trajectory.stats["acceptance_rate"] - error) / (count + 10)
            log_step = centre - np.sqrt(count) / 0.05 * error
            log_average += averaged**-0.75 * (log_step - log_average)
            step = float(np.exp(log_average if flags[i] & schedule.FREEZE else log_step))
            pairs.append((q, grad))
            if flags[i] & (schedule.SWITCH | schedule.AVERAGE):
                seen, scores = (np.array(part) for part in zip(*pairs, strict=True))
                metric, pairs, averaged = Diagonal().fit(seen, scores, metric), [], 0
            if flags[i] & schedule.SWITCH:
                centre, error, count = np.log(10 * step), 0.0, 0


def _compile(density: Density) -> ValueAndGrad:
    compiled = program(
        "value_and_grad",
        jax.value_and_grad(density.log_density),
        (jax.ShapeDtypeStruct((density.size,), np.float64), density.data, density.knobs),
        (0, 0),
        density.structure,
    )

    def value_and_grad(q: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = compiled(q, density.data, density.knobs)
        return float(value), np.asarray(gradient)

    return value_and_grad


def numpy_randomness(rng: np.random.Generator, size: int, max_depth: int) -> Randomness:
    """Return the randomness of one draw from a NumPy generator."""
    forward, merge, leaf = rng.random((3, max_depth))
    return Randomness(rng.standard_normal(size), forward < 0.5, merge, leaf)

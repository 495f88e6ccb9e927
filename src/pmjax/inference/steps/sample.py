"""The entry of the samplers that take turns: a density and its steps in, a trace out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from pmjax.inference.nuts import schedule
from pmjax.inference.steps.program import MAX_ROWS, StepProgram, Turn
from pmjax.inference.steps.step import Place, Step
from pmjax.run.executor import Executor, ThreadExecutor
from pmjax.run.progress import Progress
from pmjax.run.starts import ATTEMPTS, StartError
from pmjax.run.statistics import DTYPES, STATS
from pmjax.run.trace import Phase, Trace
from pmjax.runtime import streams
from pmjax.runtime.background import interruptible
from pmjax.runtime.precision import double_precision
from pmjax.runtime.programs import program
from pmjax.target.density import Density
from pmjax.target.over_draws import over_draws

CHUNK_SECONDS = 0.1


@dataclass
class _Run:
    """What all chains of a run share."""

    program: StepProgram
    executable: Callable[..., Any]
    gradient: Callable[..., Any]
    flags: np.ndarray
    tune: int
    draws: int
    starts: Callable[[int, int], np.ndarray]
    attempts: int
    data: Any
    knobs: Any


@dataclass
class StepChain:
    """A chain between two chunks; a job of its own."""

    run: _Run
    index: int
    seed: int
    theta: np.ndarray
    stats: np.ndarray
    accept: np.ndarray
    turn: Turn | None = None
    done: int = 0
    count: int = 1
    gradients: int = 0
    divergences: int = 0
    all_divergent: bool = False
    last_stats: np.ndarray | None = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def tune(self) -> int:
        """Warm-up draws in all."""
        return self.run.tune

    @property
    def draws(self) -> int:
        """Draws that are kept, in all."""
        return self.run.draws

    @property
    def finished(self) -> bool:
        """Whether all draws are made."""
        return self.done == self.run.tune + self.run.draws

    @property
    def members(self) -> Sequence[StepChain]:
        """Itself."""
        return (self,)

    def advance(self) -> None:
        """Make the next chunk of draws, of about CHUNK_SECONDS."""
        run = self.run
        if self.turn is None:
            self.turn = self._begin()
        began = time.perf_counter()
        count = min(self.count, run.program.rows, len(run.flags) - self.done)
        flags = np.zeros(run.program.rows, np.int32)
        flags[:count] = run.flags[self.done : self.done + count]
        self.turn, written = run.executable(self.turn, flags, np.int32(count), run.data, run.knobs)
        rows = slice(self.done, self.done + count)
        self.theta[rows] = np.asarray(written.theta)[:count]
        self.stats[rows] = stats = np.asarray(written.stats)[:count]
        self.accept[rows] = np.asarray(written.accept)[:count]
        self.done += count
        steps = stats[:, STATS.index("n_steps")]
        self.gradients += int(np.nansum(steps))
        kept = self.done - run.tune
        self.divergences += int(np.nansum(stats[max(0, count - max(kept, 0)) :, STATS.index("diverging")]))
        self.last_stats = stats[-1]
        taken = max(time.perf_counter() - began, 1e-6)
        self.count = int(np.clip(count * CHUNK_SECONDS / taken, 1, 4 * count))

    def _begin(self) -> Turn:
        run = self.run
        for attempt in range(run.attempts):
            theta = np.asarray(run.starts(self.index, attempt), float)
            value, gradient = run.gradient(theta, run.data, run.knobs)
            if np.isfinite(value):
                break
        else:
            raise StartError(self.index, theta, float(value), run.attempts)
        key = streams.key(self.seed, "steps", self.index)
        draws = len(run.flags)
        states = tuple(
            step.start(
                theta, np.asarray(gradient), streams.key(self.seed, "steps", self.index, number), draws
            )
            for number, step in enumerate(run.program.steps)
        )
        return Turn(Place(theta, np.asarray(value)), states, key, np.int32(0))


def sample_steps(
    density: Density,
    steps: Sequence[Step],
    starts: Callable[[int, int], np.ndarray],
    *,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    seed: int = 0,
    attempts: int = ATTEMPTS,
    cores: int | None = None,
    progressbar: bool = True,
    callback: Callable[..., None] | None = None,
    keep_warmup: bool = False,
    output_names: tuple[str, ...] = (),
) -> Trace:
    """Draw from a density with steps that take turns, compiled with it into one program.

    Parameters
    ----------
    density : Density
        Its coordinates may hold discrete variables, as whole numbers.
    steps : sequence of Step
        Each coordinate belongs to one of them, at least.
    starts : callable
        ``starts(chain, attempt) -> theta``.
    draws, tune, chains, seed, attempts, cores, progressbar, callback
        As of `pmjax.inference.nuts.sample.sample_nuts`.
    keep_warmup : bool
    output_names : tuple of str
        What to record.

    Returns
    -------
    Trace
        Its statistics are those of NUTS, if that is one of the steps, and the acceptance of each step
        under ``accept``.
    """
    began = time.perf_counter()
    progress = Progress(progressbar)
    flags, _ = schedule.plan(tune, draws, fits_pairs=False)
    whole = StepProgram(density, steps, int(np.clip(2**20 // max(8 * density.size, 1), 1, MAX_ROWS)))
    executable, gradient = interruptible(
        lambda: _compile(whole, density, flags), lambda: progress.phase("Compiling the model and its steps")
    )
    compiled = time.perf_counter() - began
    run = _Run(whole, executable, gradient, flags, tune, draws, starts, attempts, density.data, density.knobs)
    total = tune + draws
    members = [
        StepChain(
            run,
            index,
            seed,
            np.empty((total, density.size)),
            np.empty((total, len(STATS))),
            np.empty((total, len(steps))),
        )
        for index in range(chains)
    ]
    workers = min(chains, cores or os.cpu_count() or 1)
    executor = ThreadExecutor(members, workers, double_precision)
    messages = _wait(executor, members, progress, callback)
    kept = min(chain.done - tune for chain in members if chain.done > tune)
    used = [chain for chain in members if chain.done > tune]
    seconds = {"compile": compiled, "sample": time.perf_counter() - began - compiled}

    def phase(first: int, last: int) -> Phase:
        theta = np.stack([chain.theta[first:last] for chain in used])
        flat = theta.reshape(-1, theta.shape[-1])
        outputs = _outputs(density, flat, output_names, seed)
        shaped = {n: v.reshape((len(used), last - first, *v.shape[1:])) for n, v in outputs.items()}
        columns = np.stack([chain.stats[first:last] for chain in used])
        has_nuts = any(step.name == "NUTS" for step in steps)
        stats = {
            name: columns[:, :, i].astype(DTYPES.get(name, float))
            for i, name in enumerate(STATS)
            if has_nuts or name == "lp"
        }
        stats["accept"] = np.stack([chain.accept[first:last] for chain in used])
        return Phase(theta, shaped, stats)

    return Trace(
        posterior=phase(tune, tune + kept),
        warmup=phase(0, tune) if keep_warmup and tune else None,
        seconds=seconds,
        gradients=sum(chain.gradients for chain in members),
        attributes={"sampler": "steps", "seed": seed, "tune": tune},
        warnings=messages,
    )


def _compile(whole: StepProgram, density: Density, flags: np.ndarray) -> tuple[Any, Any]:
    with double_precision():
        theta, key = np.zeros(density.size), np.zeros(2, np.uint32)
        states = tuple(s.start(theta, theta, key, len(flags)) for s in whole.steps)
        turn = Turn(Place(theta, np.zeros(())), states, key, np.int32(0))
        arguments = (turn, np.zeros(whole.rows, np.int32), np.int32(0), density.data, density.knobs)
        shapes = jax.eval_shape(whole.run_chunk, *arguments)
        executable = program("steps", whole.run_chunk, arguments, shapes, None)
        both = jax.value_and_grad(density.log_density)
        start = (theta, density.data, density.knobs)
        return executable, program("steps_start", both, start, jax.eval_shape(both, *start), None)


def _wait(
    executor: Executor, chains: list[StepChain], progress: Progress, callback: Callable[..., None] | None
) -> list[str]:
    try:
        for item in executor.results():
            progress.update(chains)
            if item is not None and callback is not None:
                for member in item.members:
                    callback(member)
    except KeyboardInterrupt:
        executor.stop()
        executor.join()
        kept = [chain.done - chain.tune for chain in chains]
        if max(kept) < 1:
            raise
        return [
            "Sampling was interrupted: the result holds the draws made so far "
            f"({min(k for k in kept if k > 0)} of each of {sum(k > 0 for k in kept)} chains, "
            f"{chains[0].draws} were asked for)."
        ]
    except BaseException:
        executor.stop()
        raise
    finally:
        progress.update(chains, force=True)
    return []


def _outputs(density: Density, theta: np.ndarray, names: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
    def one(key: jax.Array, values: dict[str, jax.Array], data: Any) -> dict[str, jax.Array]:
        arguments, knobs = data
        found = density.outputs(values["theta"], arguments, knobs, jax.random.key_data(key))
        return {name: found[name] for name in names}

    if not names:
        return {}
    data = (density.data, density.knobs)
    found = over_draws(
        one,
        {"theta": theta},
        data,
        draws=len(theta),
        seed=seed,
        scratch=density.output_bytes,
        what="sample",
    )
    return {name: found[name] for name in names}

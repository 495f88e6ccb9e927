"""The entry of the engine: a density in, a trace out."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from pmjax.inference.nuts import schedule
from pmjax.inference.nuts.batch import Batch
from pmjax.inference.nuts.buffers import Buffers
from pmjax.inference.nuts.chain import Chain, Shared, WindowHook
from pmjax.inference.nuts.metric import METRICS
from pmjax.inference.nuts.program import Program, Settings, initial_state
from pmjax.run.executor import Executor, ThreadExecutor
from pmjax.run.kept import kept_draws, leave_draws
from pmjax.run.progress import Progress
from pmjax.run.snapshot import Snapshot
from pmjax.run.starts import ATTEMPTS, StartError, Starts
from pmjax.run.statistics import STATS
from pmjax.run.store import MemoryStore, Recorder, Store
from pmjax.run.trace import Trace
from pmjax.run.warm import WarmStart
from pmjax.runtime import programs
from pmjax.runtime.background import Background, interruptible
from pmjax.runtime.settings import own_settings
from pmjax.runtime.termination import termination_interrupts
from pmjax.target.density import Density

CHAIN_METHODS = ("parallel", "sequential", "vectorized")
PRECISIONS: dict[str, np.dtype] = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32)}
# Programs have room for this depth; a deeper limit gets a program of its own.
ROOM = 10
HOPELESS = 100


def sample_nuts(
    density: Density,
    starts: np.ndarray | Starts,
    *,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    seed: int = 0,
    target_accept: float = 0.8,
    max_treedepth: int = 10,
    metric: str = "diag",
    chain_method: str | None = None,
    cores: int | None = None,
    progressbar: bool = True,
    callback: Callable[[Any], None] | None = None,
    precision: str = "float64",
    keep_theta: bool = True,
    keep_warmup: bool = False,
    output_names: tuple[str, ...] | None = None,
    window_hook: WindowHook | None = None,
    while_compiling: Callable[[], None] = lambda: None,
    attempts: int = ATTEMPTS,
    own_store: Store | None = None,
    resume: Sequence[Snapshot] = (),
    warm: Sequence[WarmStart] = (),
) -> Trace:
    """Draw from a density with NUTS, compiled with the density into one program.

    Parameters
    ----------
    density : Density
    starts : array_like, shape (chains, D), or callable
        Starting points, or ``starts(chain, attempt) -> theta``: then a start where the density is
        not finite is replaced by the next attempt's.
    draws, tune, chains : int
        Kept draws and warm-up draws of each chain, and the number of chains.
    seed : int
        The draws of a chain depend on ``seed`` and on the chain's index alone.
    target_accept : float
        Acceptance statistic that the step size is tuned to.
    max_treedepth : int
    metric : str
        ``"diag"``, ``"low_rank"`` or ``"dense"``.
    chain_method : str, optional
        ``"parallel"`` (threads), ``"sequential"`` or ``"vectorized"``.
    cores : int, optional
        Threads at most; by default one for each processor.
    progressbar : bool
        Show a table in a terminal or a notebook.
    callback : callable, optional
        ``callback(chain)`` is called after each chunk of draws; `Chain` says how far it has come.
    precision : str
        ``"float64"`` or ``"float32"``.
    keep_theta, keep_warmup : bool
        Keep unconstrained draws; keep warm-up draws.
    output_names : tuple of str, optional
        Outputs to record; all by default. The others are never computed.
    window_hook : callable, optional
        Hears of the draws and gradients of each finished warm-up window of some chains (see `WindowHook`);
        it returns for each of them None or ``(position, knobs, theta, gradient)``: new knobs, and the
        chain's current position, draws and gradients in the coordinates that they define.
    while_compiling : callable, optional
        Called when the program has been traced: a good time for imports that the result needs.
    attempts : int
        Starts that a chain tries, if ``starts`` is callable.
    own_store : Store, optional
        Where draws and snapshots go, instead of to memory.
    resume : sequence of Snapshot
        Where jobs of a run of the same arguments go on, instead of at their starts.
    warm : sequence of WarmStart
        What chains know before their first draw, one after the other: a metric of this kind, a step size and
        knobs, in whose coordinates the starts are.

    Returns
    -------
    Trace

    Examples
    --------
    >>> normal = Density(1, lambda t, data, knobs: -0.5 * (t @ t), lambda t, data, knobs, key: {"x": t[0]},
    ...                  {}, {}, ("normal",), ("x",))
    >>> trace = sample_nuts(normal, np.zeros((2, 1)), draws=100, tune=100, chains=2, progressbar=False)
    >>> trace.posterior.outputs["x"].shape
    (2, 100)
    """
    if resume and own_store is None:
        raise ValueError("resume needs the store that holds the draws made so far.")
    progress = Progress(progressbar)
    prepared = prepare(
        density,
        starts,
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        target_accept=target_accept,
        max_treedepth=max_treedepth,
        metric=metric,
        chain_method=chain_method,
        precision=precision,
        keep_theta=keep_theta,
        keep_warmup=keep_warmup,
        output_names=output_names,
        window_hook=window_hook,
        while_compiling=while_compiling,
        attempts=attempts,
        own_store=own_store,
        warm=warm,
        progress=progress,
    )
    members, units, scope = prepared.members, prepared.units, prepared.scope
    with scope():
        for snapshot in resume:
            units[0 if len(units) < chains else int(snapshot.chains[0])].go_on_from(snapshot.state)
    began = time.perf_counter()
    in_order = prepared.attributes["chain_method"] == "sequential"
    executor = ThreadExecutor(units, prepared.workers(cores), scope, in_order=in_order)
    with termination_interrupts():
        messages = _run(executor, prepared.store, members, progress, callback)
    return prepared.trace(messages, time.perf_counter() - began)


@dataclass(frozen=True)
class Prepared:
    """A run before its first draw: the program is compiled.

    Attributes
    ----------
    members : list of Chain
    units : sequence of Chain or Batch
        The jobs: the chains, or one batch of them.
    store : Store
    scope : callable
        Returns the context manager that sets the precision.
    compile_seconds : float
    attributes : dict
        What is recorded with the result.
    """

    members: list[Chain]
    units: Sequence[Chain | Batch]
    store: Store
    scope: Callable[[], Any]
    compile_seconds: float
    attributes: dict[str, object]

    def workers(self, cores: int | None, runs: int = 1) -> int:
        """Return how many threads this run and others like it may take."""
        several = self.attributes["chain_method"] == "parallel"
        return min(runs * len(self.members), cores or os.cpu_count() or 1) if several else 1

    def trace(self, messages: list[str], seconds: float) -> Trace:
        """Return the draws that have been made, and where the chains have ended."""
        parts = {"compile": self.compile_seconds, "sample": seconds}
        with self.scope():
            attributes = {**self.attributes, **self.units[0].attributes}
            trace = _trace(self.members, self.store, messages, parts, attributes)
            trace.ends, trace.metric = _ends(self.units, kept_draws(self.members)), str(attributes["metric"])
        return trace


def prepare(
    density: Density,
    starts: np.ndarray | Starts,
    *,
    draws: int,
    tune: int,
    chains: int,
    seed: int,
    target_accept: float,
    max_treedepth: int,
    metric: str,
    chain_method: str | None,
    precision: str,
    keep_theta: bool,
    keep_warmup: bool,
    output_names: tuple[str, ...] | None,
    window_hook: WindowHook | None,
    while_compiling: Callable[[], None],
    attempts: int,
    own_store: Store | None,
    warm: Sequence[WarmStart],
    progress: Progress,
) -> Prepared:
    """Compile what a run needs; the arguments are those of `sample_nuts`."""
    dtype: np.dtype = PRECISIONS[_one_of("precision", precision, tuple(PRECISIONS))]
    _one_of("metric", metric, tuple(METRICS))
    method = _one_of("chain_method", chain_method or _default_method(), CHAIN_METHODS)
    batch = chains if method == "vectorized" else 1
    _check_numbers(draws, tune, chains, target_accept, max_treedepth)

    scope = partial(own_settings, double=dtype == np.float64)
    began = time.perf_counter()
    flags, boundaries = schedule.plan(tune, draws, fits_pairs=METRICS[metric].uses_pairs, warm=bool(warm))
    size = density.size if keep_theta else 0
    store = own_store or MemoryStore(chains, tune, draws, size, dtype, keep_warmup)
    with scope():
        data, knobs = jax.device_put(density.data), jax.device_put(density.knobs)
    program = Program(density, METRICS[metric], max(max_treedepth, ROOM), dtype, batch)
    first = 0 if keep_warmup else tune
    recorder = Recorder(
        density, data, knobs, dtype, output_names, scope, store, seed, first, batch, keep_theta
    )

    # Tracing needs the interpreter, compiling does not: what the first window and the results need is made
    # ready meanwhile.
    def traced() -> None:
        recorder.start()
        if window_hook is not None and boundaries.size:
            Background(partial(_prepare, window_hook, batch, dtype, scope)).start()
        while_compiling()

    compiled = interruptible(
        partial(_compile, program, data, knobs, scope, traced),
        lambda: progress.phase("Compiling the model and the sampler"),
    )
    shared = Shared(
        run_chunk=compiled,
        data=data,
        knobs=knobs,
        kind=program.kind,
        dtype=dtype,
        capacity=program.rows,
        flags=flags,
        tune=tune,
        draws=draws,
        target_accept=target_accept,
        max_treedepth=max_treedepth,
        starts=starts if callable(starts) else _fixed(np.asarray(starts), chains, density.size),
        attempts=attempts if callable(starts) else 1,
        boundaries=boundaries,
        window_hook=window_hook,
        keep=recorder.keep,
        save=None if own_store is None else own_store.save,
        warm=warm,
    )
    members = [Chain(shared, index, seed) for index in range(chains)]
    units: Sequence[Chain | Batch] = [Batch(members, program)] if batch > 1 else members
    given = {"seed": seed, "tune": tune, "target_accept": target_accept, "max_treedepth": max_treedepth}
    chosen = {"sampler": "nuts", "metric": metric, "precision": precision, "chain_method": method}
    return Prepared(members, units, store, scope, time.perf_counter() - began, {**chosen, **given})


def _default_method() -> str:
    return "parallel" if jax.default_backend() == "cpu" else "vectorized"


def _prepare(hook: WindowHook, batch: int, dtype: np.dtype, scope: Callable[[], Any]) -> None:
    # Nobody waits for it: what fails here fails again, and is raised, where the first window ends.
    with scope():
        hook.prepare(batch, dtype)


def _compile(
    program: Program, data: Any, knobs: Any, scope: Callable[[], Any], traced: Callable[[], None]
) -> Callable[..., Any]:
    """Return the executable of `run_chunk`, or of `run_batch` for chains in a batch."""
    density, batch, kind, room = program.density, program.batch, program.kind, program.max_depth
    key = None if density.structure is None else (density.structure, kind.name, room)
    flags, buffers = np.zeros(program.rows, np.int32), Buffers(0, 0, 0)
    settings = Settings(np.int32(0), np.int32(0), np.zeros((), program.dtype), flags)
    with scope():
        if batch == 1:
            state = initial_state(np.zeros(density.size), np.zeros(2, np.uint32), kind, program.dtype)
            arguments = (state, settings, data, knobs, np.int32(0))
            return programs.program("nuts", program.run_chunk, arguments, (state, buffers), key, traced)
        walks, one = program.blank_walks(), (settings, knobs)
        settings, knobs = jax.tree.map(lambda x: jax.ShapeDtypeStruct((batch, *x.shape), x.dtype), one)
        together = (walks, settings, data, knobs, np.int32(0))
        return programs.program("nuts", program.run_batch, together, (walks, buffers, 0), key, traced)


def _run(
    executor: Executor,
    store: Store,
    chains: list[Chain],
    progress: Progress,
    callback: Callable[[Any], None] | None,
) -> list[str]:
    """Wait for the chains, show how they come along, and return what the user should know."""
    messages: list[str] = []
    hopeless = False
    try:
        for item in executor.results():
            progress.update(chains)
            for chain in item.members if item is not None else ():
                if callback is not None:
                    callback(chain)
                if not hopeless and chain.all_divergent and chain.done >= HOPELESS:
                    hopeless = True
                    messages.append(
                        f"All of the first {chain.done} draws of the warm-up of chain {chain.index} "
                        "diverged: the density or its gradient is not finite around its start, so check "
                        "the model with model.debug(), its priors and its starting values."
                    )
                    warnings.warn(messages[-1], stacklevel=3)
    except KeyboardInterrupt:
        executor.stop()
        executor.join()
        kept = [chain.done - chain.run.tune for chain in chains]
        if max(kept) < 1:
            raise
        messages.append(
            "Sampling was interrupted: the result holds the draws made so far "
            f"({min(k for k in kept if k > 0)} of each of {sum(k > 0 for k in kept)} chains, "
            f"{chains[0].run.draws} were asked for)."
        )
    except BaseException as error:
        executor.stop()
        if isinstance(error, Exception) and not isinstance(error, StartError):
            executor.join()
            leave_draws(error, store, chains)
        raise
    finally:
        progress.update(chains, force=True)
    return messages


def _trace(
    chains: list[Chain],
    store: Store,
    messages: list[str],
    seconds: dict[str, float],
    attributes: dict[str, object],
) -> Trace:
    """Assemble the trace; chains of an interrupted run are cut to the shortest that has draws."""
    kept = kept_draws(chains)
    frozen = STATS.index("step_size")
    attributes["step_size"] = [float(c.last_stats[frozen]) for c in chains if c.last_stats is not None]
    posterior, warmup = store.phases(list(kept), min(kept.values()))
    return Trace(
        posterior=posterior,
        warmup=warmup,
        seconds=seconds,
        gradients=sum(chain.gradients for chain in chains),
        attributes=attributes,
        warnings=messages,
        knobs=[jax.tree.map(np.asarray, chain.knobs) for chain in chains if chain.index in kept],
    )


def _ends(units: Sequence[Chain | Batch], kept: Container[int]) -> list[WarmStart]:
    """Return where the chains have ended that have draws, with the metric and step size that they have."""
    ends = []
    for unit in units:
        if not any(chain.index in kept for chain in unit.members):
            continue
        for chain, state in zip(unit.members, unit.states(), strict=True):
            if chain.index in kept:
                knobs = {name: np.asarray(knob) for name, knob in chain.knobs.items()}
                sigma, directions, scales = state.metric
                theta, step = state.point.position, float(state.step_size)
                ends.append(WarmStart(theta, sigma, directions, scales, step, knobs))
    return ends


def _fixed(starts: np.ndarray, chains: int, size: int) -> Starts:
    if starts.shape != (chains, size):
        raise ValueError(f"starts must have shape {(chains, size)} (chains, D), not {starts.shape}.")
    return lambda chain, attempt: starts[chain]


def _check_numbers(draws: int, tune: int, chains: int, target_accept: float, max_treedepth: int) -> None:
    least = {
        "draws": (draws, 1),
        "tune": (tune, 0),
        "chains": (chains, 1),
        "max_treedepth": (max_treedepth, 1),
    }
    for name, (value, minimum) in least.items():
        if value < minimum:
            raise ValueError(f"{name} must be at least {minimum}, not {value}.")
    if not 0 < target_accept < 1:
        raise ValueError(f"target_accept must lie between 0 and 1, not {target_accept}.")


def _one_of(argument: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{argument} must be one of {', '.join(map(repr, known))}, not {value!r}.")
    return value

"""Runs the benchmarks: every model with every sampler, each in processes of its own, one at a time.

A cell is one (model, sampler, repeat). It takes two processes: one with empty caches (*cold*), then one
that finds the caches of the first (*cached*) and samples twice, so that the second sample is *warm*.
Repeats are the outermost loop and the samplers take turns within it, so that a slow spell of the machine
hits all of them. Every process adds a line to a file, from which a broken-off run goes on:

    python benchmarks/run.py --models radon funnel --samplers pmjax nutpie --repeats 3
    python benchmarks/run.py --quick
    python benchmarks/report.py
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import report
from models import BENCHMARKS
from models.data import REPOSITORY, posteriordb_file
from samplers import SAMPLERS

RESULTS = Path(__file__).parent / "results"
MODES = ("cold", "cached")
QUICK_MODELS, QUICK_SAMPLERS = ["radon"], ["pmjax", "nutpie", "numpyro"]
CHAINS = 4
# Settings that would decide the times. Without bytecode Python would compile in each process what pip has not
# installed: our own code alone.
UNSET = ("JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS", "PYTHONDONTWRITEBYTECODE")

Cell = tuple[int, str, str]
Record = dict[str, Any]


def main() -> None:
    """Run what is missing from the results, and write the report."""
    arguments = parse_arguments()
    path = arguments.results
    path.parent.mkdir(parents=True, exist_ok=True)
    if arguments.fresh:
        path.unlink(missing_ok=True)
    done = report.read(path)
    if arguments.retry:
        done = [record for record in done if "error" not in record]
        path.write_text("".join(json.dumps(record) + "\n" for record in done))
    finished = {
        (r["repeat"], r["model"], r["sampler"]) for r in done if r["mode"] == MODES[-1] or "error" in r
    }
    todo = [cell for cell in cells(arguments) if cell not in finished]
    began = time.time()
    for number, (repeat, model, sampler) in enumerate(todo, 1):
        print(f"{number}/{len(todo)} {model} {sampler}, repeat {repeat}", end=" ", flush=True)
        with path.open("a") as file:
            for record in run_cell(repeat, model, sampler, arguments):
                file.write(json.dumps(record) + "\n")
                file.flush()
                print(outcome(record), end=" ", flush=True)
        print(flush=True)
    print(f"{len(todo)} cells in {time.time() - began:.0f} s; results in {path}")
    if arguments.quick:
        text = report.text(report.read(path))
        path.with_suffix(".md").write_text(text)
        print(text)
    elif arguments.report:
        report.write(report.read(path))


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true", help="radon with few samplers, always from the start")
    parser.add_argument("--models", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="MODEL")
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=list(SAMPLERS), metavar="SAMPLER")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--draws", type=int, help="for every model; by default each has its own number")
    parser.add_argument("--tune", type=int)
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that a process may take")
    parser.add_argument("--results", type=Path, help="file of JSON lines; by default benchmarks/results/...")
    parser.add_argument("--fresh", action="store_true", help="forget the results so far")
    parser.add_argument("--retry", action="store_true", help="run again what has failed")
    parser.add_argument("--no-report", dest="report", action="store_false", help="write no docs/benchmarks.*")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.models, arguments.samplers, arguments.fresh = QUICK_MODELS, QUICK_SAMPLERS, True
    arguments.results = arguments.results or RESULTS / ("quick.jsonl" if arguments.quick else "full.jsonl")
    return arguments


def cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    """Yield the cells in the order in which they run; each repeat starts with another sampler."""
    models = list(filter(available, arguments.models))
    for repeat in range(arguments.repeats):
        first = repeat % len(arguments.samplers)
        for model in models:
            for sampler in arguments.samplers[first:] + arguments.samplers[:first]:
                yield repeat, model, sampler


def available(name: str) -> bool:
    """Say whether the data of a model are there, and print why a model is skipped."""
    needed = BENCHMARKS[name].data
    found = needed is None or posteriordb_file(needed).exists()
    if not found:
        print(f"{name} skipped: {posteriordb_file(needed or '')} is absent")
    return found


def run_cell(repeat: int, model: str, sampler: str, arguments: argparse.Namespace) -> Iterator[Record]:
    """Yield a record for each process of a cell; none after one that failed."""
    benchmark = BENCHMARKS[model]
    with tempfile.TemporaryDirectory(prefix="pmjax-benchmark-") as caches:
        for mode in MODES:
            record = {
                "model": model,
                "sampler": sampler,
                "repeat": repeat,
                "mode": mode,
                "chains": CHAINS,
                "draws": arguments.draws or benchmark.draws,
                "tune": arguments.tune or benchmark.tune,
                "target_accept": benchmark.target_accept,
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "load": os.getloadavg()[0],
                "machine": machine(),
                "revision": revision(),
            }
            record |= run_process(record, caches, arguments.timeout)
            yield record
            if "error" in record:
                return


def run_process(record: Record, caches: str, timeout: float) -> Record:
    """Return what the worker printed, or ``{"error": ...}``."""
    command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
    for option in ("model", "sampler", "draws", "tune", "chains", "target_accept"):
        command += [f"--{option.replace('_', '-')}", str(record[option])]
    command += ["--seed", str(1 + 100 * record["repeat"] + 10 * MODES.index(record["mode"]))]
    if record["mode"] == "cached":
        command.append("--again")
    environment = {
        **{k: v for k, v in os.environ.items() if k not in UNSET},
        "PMJAX_CACHE_DIR": f"{caches}/pmjax",
        "NUMBA_CACHE_DIR": f"{caches}/numba",
        "PYTENSOR_FLAGS": f"base_compiledir={caches}/pytensor",
        "PYTHONWARNINGS": "ignore",
        # Chains take up the processors. With two threads in BLAS beside them PyMC took 100 times as long.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command += ["--started", str(time.time())]
    try:
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {timeout:g} s"}
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or [f"exit status {finished.returncode}"]
        return {"error": lines[-1], "traceback": lines[-20:]}
    return dict(json.loads(finished.stdout.splitlines()[-1]))


def outcome(record: Record) -> str:
    """Return a record in a few words, to show how things go."""
    if "error" in record:
        return f"FAILED: {record['error']}"
    warm = f", warm {record['warm']:.2f} s" if "warm" in record else ""
    return f"| {record['mode']} {record['total']:.1f} s{warm}"


def machine() -> dict[str, Any]:
    """Return what the times depend on: processor, cores, memory, system."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(x.split(":", 1)[1].strip() for x in lines if x.startswith("model name"))
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (OSError, StopIteration, ValueError):
        memory = float("nan")
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": platform.system(),
    }


def revision() -> str:
    """Return the commit of pmjax, with a plus sign if the source differs from it."""

    def git(*words: str) -> str:
        found = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        return found.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + "+" * bool(git("status", "--porcelain", "src"))


if __name__ == "__main__":
    main()

"""Many chains at once: gradients and effective draws per second, on whatever device JAX has.

Compares chains that are batched but not in step (``chain_method="vectorized"``: one gradient per chain and
tick, whatever tree each is in), chains batched in lockstep (NumPyro's vectorized NUTS, where each waits for
the longest tree of each draw) and, on a CPU, chains in threads. Every configuration has a process of its own:

    python benchmarks/accelerator.py --chains 4 64 1024 --models radon gaussian_100
    python benchmarks/accelerator.py --report
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from models import BENCHMARKS
from models.data import REPOSITORY, posteriordb_file
from worker import statistics

MODELS = ["radon", "eight_schools", "gaussian_100", "wells"]
CHAINS = [4, 16, 64, 256, 1024, 4096]
COLUMNS = 32
LEGEND = """
*desynchronised* is `chain_method="vectorized"`, the default on accelerators; *lockstep* is NumPyro's
vectorized NUTS on the same density; *threads* is `chain_method="parallel"`, the default on CPUs. *Useful* is
the share of the gradients that were not made for a chain that waits: in lockstep for the longest tree of each
draw, else, after the last draw, for the chain whose draws ask for most gradients. *Cold* is the first call
with compiling, *warm* the second. Effective draws are those of the worst coordinate; warm-up is counted in.
"""
PAGE = REPOSITORY / "docs" / "accelerator.md"


def main() -> None:
    """Run every configuration, print the table and, if asked, write the page."""
    arguments = parse_arguments()
    if arguments.worker:
        print(json.dumps(measure(arguments)))
        return
    records = []
    for model in arguments.models:
        data = BENCHMARKS[model].data
        if data is not None and not posteriordb_file(data).exists():
            print(f"{model} skipped: {posteriordb_file(data)} is absent", file=sys.stderr)
            continue
        for chains in arguments.chains:
            for method in arguments.methods:
                records.append(run_process(model, method, chains, arguments))
                print(json.dumps(records[-1]), file=sys.stderr, flush=True)
    table = page(records, arguments)
    print(table)
    if arguments.report:
        PAGE.write_text(table)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--models", nargs="+", choices=BENCHMARKS, default=MODELS, metavar="MODEL")
    parser.add_argument("--chains", nargs="+", type=int, default=CHAINS)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--tune", type=int, default=300)
    parser.add_argument("--precision", choices=["float64", "float32"], default="float64")
    parser.add_argument("--timeout", type=float, default=900, help="seconds that a configuration may take")
    parser.add_argument("--report", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_process(model: str, method: str, chains: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the worker printed, with an ``error`` where it failed."""
    record = {"model": model, "method": method, "chains": chains}
    command = [sys.executable, __file__, "--worker", "--models", model, "--methods", method]
    for option in ("draws", "tune", "precision"):
        command += [f"--{option}", str(getattr(arguments, option))]
    command += ["--chains", str(chains)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=arguments.timeout, check=False)
    except subprocess.TimeoutExpired:
        return record | {"error": f"took more than {arguments.timeout:g} s"}
    if done.returncode:
        return record | {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return record | json.loads(done.stdout.splitlines()[-1])


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Sample one configuration twice: the first run compiles, the second one is warm."""
    import jax

    device = jax.devices()[0]
    name, method, chains = arguments.models[0], arguments.methods[0], arguments.chains[0]
    if method == "threads" and device.platform != "cpu":
        return {"device": device.device_kind, "platform": device.platform, "error": "threads are for CPUs"}
    sample = METHODS[method](name, chains, arguments)
    seconds = []
    for seed in (1, 2):
        began = time.perf_counter()
        gradients, draws, useful = sample(seed)
        seconds.append(time.perf_counter() - began)
    ess = worst_ess(draws)
    return {
        "platform": device.platform,
        "device": device.device_kind,
        "cold": seconds[0],
        "warm": seconds[1],
        "gradients": gradients,
        "gradients_per_second": gradients / seconds[1],
        "ess": ess,
        "ess_per_second": ess / seconds[1],
        "useful": useful,
    }


Sample = Callable[[int], tuple[int, dict[str, np.ndarray], float]]


def ours(name: str, chains: int, arguments: argparse.Namespace, *, method: str) -> Sample:
    """Return ``sample(seed) -> (gradients, draws, useful share of the ticks)`` of our sampler."""
    import pmjax as pm

    benchmark = BENCHMARKS[name]
    model = benchmark.build(pm)

    def sample(seed: int) -> tuple[int, dict[str, np.ndarray], float]:
        trace = pm.sample(
            arguments.draws,
            tune=arguments.tune,
            chains=chains,
            random_seed=seed,
            target_accept=benchmark.target_accept,
            rewrites=False,
            progressbar=False,
            compute_convergence_checks=False,
            nuts_sampler_kwargs={"chain_method": method, "precision": arguments.precision},
            model=model,
        )
        attributes = trace.posterior.attrs
        draws = {str(k): np.asarray(v) for k, v in trace.posterior.data_vars.items()}
        return int(attributes["gradients"]), draws, float(attributes.get("useful_ticks", 1.0))

    return sample


def lockstep(name: str, chains: int, arguments: argparse.Namespace) -> Sample:
    """Return the same for NumPyro's NUTS on the same density, with all chains in one ``vmap``."""
    import jax
    import numpyro

    import pmjax as pm
    from pmjax.target.joint import joint_density

    jax.config.update("jax_enable_x64", arguments.precision == "float64")
    benchmark = BENCHMARKS[name]
    density = joint_density(benchmark.build(pm).freeze())
    data, knobs = jax.device_put(density.data), jax.device_put(density.knobs)
    kernel = numpyro.infer.NUTS(
        potential_fn=lambda theta: -density.log_density(theta, data, knobs),
        target_accept_prob=benchmark.target_accept,
    )
    mcmc = numpyro.infer.MCMC(
        kernel,
        num_warmup=arguments.tune,
        num_samples=arguments.draws,
        num_chains=chains,
        chain_method="vectorized",
        progress_bar=False,
    )

    def sample(seed: int) -> tuple[int, dict[str, np.ndarray], float]:
        starts = np.random.default_rng(seed).uniform(-1, 1, (chains, density.size))
        starts = starts.astype(arguments.precision)
        options = {"init_params": starts, "extra_fields": ("num_steps",)}
        mcmc.warmup(jax.random.PRNGKey(seed), collect_warmup=True, **options)
        steps = [np.asarray(mcmc.get_extra_fields(group_by_chain=True)["num_steps"])]
        mcmc.run(jax.random.PRNGKey(seed + 100), **options)
        steps.append(np.asarray(mcmc.get_extra_fields(group_by_chain=True)["num_steps"]))
        draws = np.asarray(mcmc.get_samples(group_by_chain=True))
        every = np.concatenate(steps, axis=1)
        # All chains wait for the one with the longest tree, draw by draw.
        return int(every.sum()), {"theta": draws}, float(every.mean() / every.max(axis=0).mean())

    return sample


def worst_ess(draws: dict[str, np.ndarray]) -> float:
    """Return the least bulk effective sample size of up to `COLUMNS` coordinates of each variable."""
    ess = statistics()[1]
    columns = []
    for values in draws.values():
        flat = values.reshape(*values.shape[:2], -1).astype(float)
        chosen = np.unique(np.linspace(0, flat.shape[2] - 1, COLUMNS).astype(int))
        columns += [np.ascontiguousarray(flat[:, :, i]) for i in chosen]
    return float(min(map(ess, columns)))


METHODS: dict[str, Callable[..., Sample]] = {
    "desynchronised": lambda *a: ours(*a, method="vectorized"),
    "lockstep": lockstep,
    "threads": lambda *a: ours(*a, method="parallel"),
}


def page(records: list[dict[str, Any]], arguments: argparse.Namespace) -> str:
    """Return the table with what it means, in Markdown."""
    devices = {(r["platform"], r["device"]) for r in records if "platform" in r}
    where = ", ".join(f"{kind} ({platform})" for platform, kind in sorted(devices)) or "no device"
    lines = [
        "# Many chains at once",
        "",
        f"`benchmarks/accelerator.py` on: {where}; {arguments.precision}, {arguments.tune} warm-up draws and "
        f"{arguments.draws} draws of each chain, models as written (`rewrites=False`).",
    ]
    if all(platform == "cpu" for platform, _ in devices):
        lines += [
            "**No accelerator was at hand: these are figures of a CPU**, where chains in threads are the "
            "default, and a batch shows only that it works and what it wastes.",
        ]
    lines += [
        LEGEND,
        "| model | chains | method | cold s | warm s | gradients/s | worst ESS/s | useful |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in records:
        head = f"| {r['model']} | {r['chains']} | {r['method']} |"
        if "error" in r:
            lines.append(f"{head} {r['error']} | | | | |")
            continue
        lines.append(
            f"{head} {r['cold']:.1f} | {r['warm']:.1f} | {r['gradients_per_second']:.3g} | "
            f"{r['ess_per_second']:.3g} | {r['useful']:.0%} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

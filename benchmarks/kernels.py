"""What an accelerator does for one leaf of every chain, counted without having one.

The batch of chains is compiled for an NVIDIA H100 (JAX's compiler needs to know the device, not to have it)
and the operations of a tick of its loop are counted: kernels, copies, and loops that wait for the host at
every turn. Needs ``pip install "jax[cuda12]"``; `make kernels` makes an environment for it:

    python benchmarks/kernels.py --models radon wells --chains 64 1024
"""

from __future__ import annotations

import argparse
import os
import re
from collections import Counter
from typing import Any

# The plugin looks for a driver where it might be asked to run something.
os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import NamedSharding, PartitionSpec
from models import BENCHMARKS

import pmjax as pm
from pmjax.inference.nuts.metric import Diagonal
from pmjax.inference.nuts.program import TICKS, Program, Settings
from pmjax.target.joint import joint_density

MODELS = ["eight_schools", "gaussian_100", "wells", "radon", "irt_2pl", "gp_regression"]
# What the compiler asks of a device, from NVIDIA's data sheet of the H100 SXM.
H100 = """
gpu_device_info {
  threads_per_block_limit: 1024 threads_per_warp: 32 threads_per_core_limit: 2048
  shared_memory_per_block: 49152 shared_memory_per_core: 233472 shared_memory_per_block_optin: 232448
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  memory_bandwidth: 3352320000000 l2_cache_size: 52428800 device_memory_size: 84929347584
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  cuda_compute_capability { major: 9 }
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 7 }
runtime_version { major: 12 minor: 8 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""
# Operations that are names for parts of others, and launch nothing.
NOTHING = {"get-tuple-element", "tuple", "parameter", "bitcast", "constant", "after-all", "opt-barrier"}
OPERATION = re.compile(r"^\s*(?:ROOT )?%?[\w.-]+ = (?:\(.*?\)|\S+) ([a-z][\w-]*)\(")
HEAD = re.compile(r"^(?:ENTRY )?%?([\w.-]+) \(.*\{$")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--models", nargs="+", choices=BENCHMARKS, default=MODELS, metavar="MODEL")
    parser.add_argument("--chains", nargs="+", type=int, default=[64, 1024])
    parser.add_argument("--precision", choices=["float64", "float32"], default="float64")
    arguments = parser.parse_args()
    print(f"{'model':22}{'chains':>8}{'kernels':>9}{'copies':>8}{'waits':>7}   of a tick")
    for model in arguments.models:
        for chains in arguments.chains:
            operations = of_a_tick(compiled_batch(model, chains, np.dtype(arguments.precision)))
            copies = operations.pop("copy", 0)
            # The outer loop asks once in so many ticks whether to go on.
            waits = operations.pop("while", 0) + 1 / TICKS
            print(f"{model:22}{chains:8}{operations.total():9}{copies:8}{waits:7.3g}")


def compiled_batch(model: str, chains: int, dtype: np.dtype) -> str:
    """Return `Program.run_batch` of a benchmark model, as written, in the compiler's words for an H100."""
    topology = topologies.get_topology_desc(platform="cuda", target_config=H100, topology="1x1x1")
    mesh = topologies.make_mesh(topology, (1,), ("device",))
    there = NamedSharding(mesh, PartitionSpec())

    def abstract(tree: Any, *lead: int) -> Any:
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct((*lead, *np.shape(x)), x.dtype, sharding=there), tree
        )

    with jax.enable_x64(dtype == np.float64):
        density = joint_density(BENCHMARKS[model].build(pm).freeze())
        program = Program(density, Diagonal(), 10, dtype, chains)
        settings = Settings(np.int32(0), np.int32(0), np.zeros((), dtype), np.zeros(program.rows, np.int32))
        data, knobs = jax.device_put(density.data), jax.device_put(density.knobs)
        arguments = (
            abstract(program.blank_walks()),
            abstract(settings, chains),
            abstract(data),
            abstract(knobs, chains),
            abstract(np.int32(0)),
        )
        run = jax.jit(program.run_batch, in_shardings=there, out_shardings=there)
        lowered = run.trace(*arguments).lower(lowering_platforms=("cuda",))
        text: str = lowered.compile().as_text()
    return text


def of_a_tick(text: str) -> Counter[str]:
    """Count the operations in the loop that turns `TICKS` times: those of a tick."""
    bodies: dict[str, list[str]] = {}
    for line in text.splitlines():
        if head := HEAD.match(line):
            lines = bodies.setdefault(head[1], [])
        elif bodies:
            lines.append(line)
    counted = re.compile(rf'body=%?([\w.-]+).*known_trip_count":\{{"n":"{TICKS}"')
    (body,) = {found[1] for lines in bodies.values() for line in lines if (found := counted.search(line))}
    operations: Counter[str] = Counter()
    for line in bodies[body]:
        found = OPERATION.match(line)
        if found and found[1] not in NOTHING:
            # A loop that knows its number of turns asks nobody.
            operations["for" if "known_trip_count" in line else found[1]] += 1
    return operations


if __name__ == "__main__":
    main()

"""Write docs/coverage.md: each public name of an installed PyMC (and PyTensor), whether pmjax has it, and why not.

Run it in an environment that has PyMC, with pmjax on the path:

    python docs/coverage.py
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pymc
import pytensor
import pytensor.tensor.linalg
import pytensor.tensor.special

import pmjax
import pmjax.tensor
from pmjax.tensor.absent import ABSENT

PAGE = Path(__file__).with_name("coverage.md")

_COMPILER = "a part of PyTensor's compiler; pmjax compiles with JAX"
_LAWS = "a new family is a law and its parametrisations; see docs/architecture.md"
_TYPES = "tuples of types, for PyTensor's own tests"
_COMPLEX = ABSENT["complex"]
_SAMPLERS = "samplers are compiled whole; see pm.sample"
_INSIDE = "a module of PyMC's own machinery"
_APPROXIMATIONS = "pm.fit has ADVI, full-rank ADVI, Pathfinder and Laplace"
REASONS: dict[str, str] = {
    **ABSENT,
    **dict.fromkeys(("compile", "compile_fn", "as_op"), _COMPILER),
    **dict.fromkeys(("CompoundStep", "BlockedStep"), _SAMPLERS),
    **dict.fromkeys(
        ("eig", "ordqz", "qz", "schur", "solve_discrete_are", "tridiagonal_lu_factor", "tridiagonal_lu_solve"),
        "JAX has no such decomposition with real results and a derivative",
    ),
    **dict.fromkeys(("clone", "dprint", "get_parents", "owner_op", "owner_op_and_inputs"), _COMPILER),
    **dict.fromkeys(("get_underlying_scalar_constant", "pivot_to_permutation", "dense_dot", "pytensor"), _COMPILER),
    **dict.fromkeys(("Distribution", "Continuous", "Discrete", "SymbolicRandomVariable"), _LAWS),
    "gp": "the classes are in pm.gp itself",
    **dict.fromkeys(("choose", "compress", "nonzero", "nonzero_values"), "the function of pmjax.tensor"),
    **dict.fromkeys(("Constant", "TYPE_CHECKING"), "typing"),
    "interpolate1d": "pmjax.tensor.interp",
    "set_tt_rng": _COMPILER,
    "PolyaGamma": "PyMC computes its density with the package polyagamma, in C, which JAX cannot compile",
    **dict.fromkeys(("create_value_var", "make_obs_var", "register_rv", "register_data_var"), _LAWS),
    "logp_dlogp_function": "Model.compile_logp and Model.compile_dlogp",
    "profile": "jax.profiler",
    "BaseModel": "pm.Model",
    "FrozenModel": "pm.Model.freeze() is the frozen description",
    **dict.fromkeys(("ASVGD", "SVGD", "Empirical", "sample_approx"), _APPROXIMATIONS),
    **dict.fromkeys(("FullRank", "Group", "MeanField"), "pm.fit(method=...) returns a pm.Approximation"),
    "DEMetropolis": "pm.DEMetropolisZ, its successor",
    **dict.fromkeys(
        ("apply_momentum", "apply_nesterov_momentum", "norm_constraint", "total_norm_constraint"),
        "pm.momentum, pm.nesterov_momentum, or any optimiser of optax",
    ),
    **dict.fromkeys(("backends", "blocking", "func_utils", "tuning", "vartypes", "progress_bar"), _INSIDE),
    **dict.fromkeys(("data", "step_methods", "plots", "stats"), "its names are in pm itself"),
    **dict.fromkeys(("model_graph", "model_to_networkx"), "pm.model_to_graphviz, pm.model_to_mermaid"),
    "compile_forward_sampling_function": "pm.draw and the predictive functions compile their own",
    "init_nuts": "pm.sample(init=...)",
    "predictions_to_inference_data": "pm.sample_posterior_predictive(predictions=True)",
    "MarginalSparse": "renamed MarginalApprox in PyMC",
}


def public(module: ModuleType | type, names: Iterable[str] | None = None) -> list[str]:
    """Return the public names of a module, without modules of other packages and typing's names."""
    if names is None and module is not pymc:  # whose __all__ is another's
        names = getattr(module, "__all__", None)
    if names is not None:
        return sorted(set(names))
    found = []
    for name in dir(module):
        member = getattr(module, name)
        if name.startswith("_") or str(getattr(member, "__module__", "")).startswith(("typing", "collections", "functools")):
            continue
        if inspect.ismodule(member) and not member.__name__.startswith(("pymc", "pytensor")):
            continue
        found.append(name)
    return found


def line(name: str, ours: Any) -> tuple[str, str, str]:
    """Return the name, its status and the reason."""
    if hasattr(ours, name):
        return name, "yes", ""
    if ours is pmjax.tensor and name.endswith("_types"):
        return name, "no", _TYPES
    if ours is pmjax.tensor and name[0] in "cz" and name[1:] in KINDS:
        return name, "no", _COMPLEX
    return name, "no", REASONS.get(name, "")


KINDS = {"scalar", "vector", "matrix", "row", "col", *(f"tensor{n}" for n in range(3, 8))}


SECTIONS: list[tuple[str, Any, Any, Iterable[str] | None]] = [
    ("pymc.distributions", pymc.distributions, pmjax, None),
    ("pymc.distributions.transforms", pymc.distributions.transforms, pmjax.distributions.transforms, None),
    ("pymc.math", pymc.math, pmjax.math, None),
    ("pymc.gp", pymc.gp, pmjax.gp, None),
    ("pymc.gp.cov", pymc.gp.cov, pmjax.gp.cov, None),
    ("pymc.gp.mean", pymc.gp.mean, pmjax.gp.mean, None),
    ("pymc.gp.util", pymc.gp.util, pmjax.gp.util, ["JITTER_DEFAULT", "conditioned_vars", "kmeans_inducing_points",
                                                  "plot_gp_dist", "replace_with_values", "stabilize"]),
    ("pymc.Model", pymc.Model, pmjax.Model(), [n for n in dir(pymc.Model) if not n.startswith("_")]),
    ("pymc", pymc, pmjax, None),
    ("pytensor.tensor", pytensor.tensor, pmjax.tensor, None),
    ("pytensor.tensor.linalg", pytensor.tensor.linalg, pmjax.tensor.linalg, None),
    ("pytensor.tensor.special", pytensor.tensor.special, pmjax.tensor.special, None),
    (
        "methods of variables",
        pytensor.tensor.TensorVariable,
        pmjax.Variable,
        [n for n in dir(pytensor.tensor.TensorVariable) if not n.startswith("_")],
    ),
]  # fmt: skip


def page() -> str:
    """Return the text of the page."""
    parts = [
        "# Coverage of PyMC's names",
        "",
        f"Written by `docs/coverage.py` from PyMC {pymc.__version__} and PyTensor {pytensor.__version__}. A name "
        "without a reason is still to come.",
        "",
        "| module | names | here |",
        "|---|---|---|",
    ]
    tables: list[str] = []
    counted: set[str] = set()
    for title, theirs, ours, names in SECTIONS:
        rows = [line(n, ours) for n in public(theirs, names) if title != "pymc" or n not in counted]
        counted |= {n for n, _, _ in rows}
        have = sum(status == "yes" for _, status, _ in rows)
        parts.append(f"| `{title}` | {len(rows)} | {have} ({100 * have / max(len(rows), 1):.0f} %) |")
        missing = [r for r in rows if r[1] == "no"]
        tables += ["", f"## {title}", ""]
        if missing:
            tables += ["| name | status | reason |", "|---|---|---|"]
            tables += [f"| `{n}` | {status} | {reason} |" for n, status, reason in missing]
            tables += [""]
        tables.append("Present: " + (", ".join(f"`{n}`" for n, status, _ in rows if status == "yes") or "none") + ".")
    return "\n".join([*parts, *tables, ""])


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # reading an old name of PyMC warns
    PAGE.write_text(page())
    print(PAGE.read_text().split("\n## ")[0])

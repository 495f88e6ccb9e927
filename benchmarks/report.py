"""Writes docs/benchmarks.md and docs/benchmarks.png from the results of `run.py`.

Every figure is a median over repeats; the figure in brackets is its ratio to pmjax's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

Record = dict[str, Any]
Row = dict[str, float | None]

DOCS = Path(__file__).resolve().parents[1] / "docs"
RESULTS = Path(__file__).parent / "results"
OURS, AS_WRITTEN = "pmjax", "pmjax-plain"
WANTED = 400

COLUMNS: dict[str, tuple[str, str]] = {
    "cold": ("cold s", "{:.1f}"),
    "cached": ("cached s", "{:.1f}"),
    "warm": ("sampling s", "{:.2f}"),
    "gradients": ("gradients", "{:,.0f}"),
    "per_gradient": ("µs / gradient", "{:.2f}"),
    "bulk_ess": ("bulk ESS", "{:,.0f}"),
    "tail_ess": ("tail ESS", "{:,.0f}"),
    "ess_second": ("ESS / s", "{:,.1f}"),
    "ess_gradient": ("ESS / 1000 gradients", "{:.2f}"),
    "to_wanted": (f"cold s to {WANTED} ESS", "{:.1f}"),
}
# Larger is better for these, smaller for the others.
YIELDS = ("bulk_ess", "tail_ess", "ess_second", "ess_gradient")


def read(path: Path) -> list[Record]:
    """Return the records of a file of JSON lines; none if there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def summarise(records: Sequence[Record]) -> Row:
    """Return the figures of one model and sampler, medians over the repeats.

    The seconds to a number of effective draws are those of the start, until sampling begins, and those
    of sampling (warm-up included) in proportion: start + sampling * wanted / ESS.
    """

    def middle(values: Sequence[float | None]) -> float | None:
        known = [v for v in values if v is not None]
        return median(known) if known else None

    runs = [run for r in records for run in r["runs"]]
    row: Row = {
        "cold": middle([r["total"] for r in records if r["mode"] == "cold"]),
        "cached": middle([r["total"] for r in records if r["mode"] == "cached"]),
        "warm": middle([r.get("warm") for r in records]),
        **{k: middle([run[k] for run in runs]) for k in ("gradients", "bulk_ess", "tail_ess", "rhat")},
        "divergences": middle([run["divergences"] for run in runs]),
    }
    cold, warm, gradients, ess = (row[k] for k in ("cold", "warm", "gradients", "bulk_ess"))
    row["per_gradient"] = 1e6 * warm / gradients if warm and gradients else None
    row["ess_second"] = ess / warm if ess and warm else None
    row["ess_gradient"] = 1e3 * ess / gradients if ess and gradients else None
    row["to_wanted"] = max(cold - warm, 0) + warm * WANTED / ess if cold and warm and ess else None
    return row


def table_of(records: Sequence[Record]) -> dict[str, dict[str, Row]]:
    """Return the figures by model and sampler, in the order of the records."""
    grouped: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        if "error" not in record:
            grouped.setdefault(record["model"], {}).setdefault(record["sampler"], []).append(record)
    return {m: {s: summarise(found) for s, found in rows.items()} for m, rows in grouped.items()}


def ratio(row: Row, ours: Row | None, key: str) -> float | None:
    """Return a figure divided by ours."""
    a, b = row.get(key), (ours or {}).get(key)
    return a / b if a is not None and b else None


def text(records: Sequence[Record]) -> str:
    """Return the report in Markdown."""
    table = table_of(records)
    parts = ["# Benchmarks", origin(records), HOW, "## All models", overall(table)]
    parts += ["## What the rewrites are worth", rewrites_table(table)]
    for model, rows in table.items():
        parts += [f"## {model}", settings_of(records, model), model_table(rows)]
    failures = [r for r in records if "error" in r]
    if failures:
        parts += [
            "## Failures",
            *(f"* {r['model']}, {r['sampler']}, {r['mode']}: {r['error']}" for r in failures),
        ]
    return "\n\n".join(parts) + "\n"


HOW = f"""Every sampler runs the same model (`benchmarks/models/`, written once in PyMC's language) on
the same data, with the same numbers of chains, warm-up draws and kept draws, in double precision. Each run
is a process of its own, the samplers take turns, and figures are medians over the runs. Chains run on all
processors, BLAS has one thread. In brackets: the figure divided by that of `{OURS}`.

* *cold*: seconds from the start of the process to the first result, with empty caches: import, build,
  compile, sample.
* *cached*: the same in a process that finds the caches of an earlier one.
* *sampling*: a second call in the same process, warm-up included. Compiling is not, but for `pymc-numpyro`,
  which compiles in every call and counts it as sampling.
* *gradients*: of all chains, warm-up included. `pymc-numpyro` does not keep those of its warm-up.
* *ESS*: effective sample size of the worst coordinate over all variables (Vehtari et al. 2021); rates are
  those of the bulk ESS.
* *cold s to {WANTED} ESS*: seconds from the start to sampling, plus the sampling time times {WANTED} / ESS.
* `numpyro` and `blackjax` are these libraries' NUTS kernels on the log density as pmjax reads it, without
  its rewrites, all chains at once in one compiled program. That is the best that can be had of them: their
  own drivers compile again in each call. `pymc-numpyro` is what PyMC does with its own translation."""


def origin(records: Sequence[Record]) -> str:
    """Return the machine, the versions and the dates."""
    good = [r for r in records if "error" not in r]
    if not good:
        return "No results."
    machine, versions = good[-1]["machine"], good[-1]["versions"]
    dates = sorted(r["date"][:10] for r in good)
    days = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    revisions = ", ".join(sorted({r["revision"] for r in good}))
    return (
        f"{days}; {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}; pmjax at {revisions}; "
        + ", ".join(f"{name} {version}" for name, version in versions.items() if name != "pmjax")
        + f"; load before a run {median(r['load'] for r in good):.1f} (median)."
    )


def settings_of(records: Sequence[Record], model: str) -> str:
    """Return the settings of a model's runs in a sentence."""
    keys = ("chains", "tune", "draws", "target_accept")
    found = {tuple(r[k] for k in keys) for r in records if r["model"] == model}
    samplers = [r["sampler"] for r in records if r["model"] == model and r["mode"] == "cold"]
    counts = sorted({samplers.count(sampler) for sampler in samplers})
    each = "; ".join(f"{c} chains of {t} + {d} draws, target {a}" for c, t, d, a in sorted(found))
    return f"{each}; {' to '.join(map(str, counts))} repeat{'s' * (counts[-1] > 1)}."


def model_table(rows: dict[str, Row]) -> str:
    """Return the table of one model."""
    head = ["sampler", *(title for title, _ in COLUMNS.values()), "R-hat", "divergences"]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    for sampler, row in rows.items():
        cells = [cell(row, None if sampler == OURS else rows.get(OURS), key) for key in COLUMNS]
        rhat, divergences = row["rhat"] or float("nan"), row["divergences"] or 0
        lines.append([f"`{sampler}`", *cells, f"{rhat:.3f}", f"{divergences:g}"])
    return markdown(lines)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as a table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(row: Row, ours: Row | None, key: str) -> str:
    """Return a figure with its ratio to ours."""
    value, relative = row.get(key), ratio(row, ours, key)
    if value is None:
        return "–"
    return COLUMNS[key][1].format(value) + (f" ({relative:.2g}×)" if relative is not None else "")


def overall(table: dict[str, dict[str, Row]]) -> str:
    """Return, for each sampler, the geometric mean over the models of how many times better ours is."""
    keys = ("cold", "cached", "to_wanted", "ess_second", "ess_gradient", "per_gradient")
    head = ["sampler", "models", *(COLUMNS[k][0] for k in keys)]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    for sampler in dict.fromkeys(s for rows in table.values() for s in rows if s != OURS):
        shared = [m for m, rows in table.items() if sampler in rows and OURS in rows]
        cells = []
        for key in keys:
            gains = {m: g for m in shared if (g := gain(table[m][sampler], table[m][OURS], key)) is not None}
            worst = min(gains, key=lambda m: gains[m], default="")
            mean = f"{geometric_mean(gains.values()):.2f}" if gains else "–"
            cells.append(mean + (f" (least {gains[worst]:.2f}, {worst})" if len(gains) > 1 else ""))
        lines.append([f"`{sampler}`", str(len(shared)), *cells])
    sentence = (
        f"How many times better `{OURS}` is: geometric means over the models; 1 is equal, more is better."
    )
    return sentence + "\n\n" + markdown(lines)


def rewrites_table(table: dict[str, dict[str, Row]]) -> str:
    """Return our own figures without and with rewrites of the model."""
    columns = {"ess_second": "ESS / s", "divergences": "divergences", "per_gradient": "µs / gradient"}
    both = ("without rewrites", "with rewrites")
    head = ["model", *(f"{title}, {which}" for title in columns.values() for which in both)]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    for model, rows in table.items():
        if OURS in rows and AS_WRITTEN in rows:
            pairs = [(rows[AS_WRITTEN].get(key), rows[OURS].get(key), key) for key in columns]
            cells = [
                "–" if value is None else COLUMNS.get(key, ("", "{:g}"))[1].format(value)
                for before, after, key in pairs
                for value in (before, after)
            ]
            lines.append([model, *cells])
    sentence = f"Our own sampler on the model as written (`{AS_WRITTEN}`) and as rewritten (`{OURS}`)."
    return sentence + "\n\n" + markdown(lines)


def gain(row: Row, ours: Row, key: str) -> float | None:
    """Return how many times better ours is: fewer seconds, or more effective draws."""
    relative = ratio(row, ours, key)
    if not relative:
        return None
    return 1 / relative if key in YIELDS else relative


def plot(table: dict[str, dict[str, Row]], path: Path) -> None:
    """Draw the samplers' figures by model, relative to ours, on logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    panels = {
        "cold": "cold: seconds, times ours",
        "to_wanted": f"cold seconds to {WANTED} effective draws, times ours",
        "ess_second": "effective draws per second, ours times",
        "ess_gradient": "effective draws per gradient, ours times",
    }
    samplers = list(dict.fromkeys(s for rows in table.values() for s in rows if s != OURS))
    models = list(table)
    figure, axes = plt.subplots(
        1, 4, figsize=(16, 1.8 + 0.45 * len(models)), sharey=True, layout="constrained"
    )
    for axis, (key, title) in zip(axes, panels.items(), strict=True):
        for index, sampler in enumerate(samplers):
            gains = [gain(table[m].get(sampler, {}), table[m].get(OURS, {}), key) for m in models]
            known = [(g, y) for y, g in enumerate(gains) if g is not None]
            axis.plot(
                *zip(*known, strict=True), "os^vDPX*"[index % 8], label=sampler, alpha=0.8
            ) if known else None
        axis.axvline(1, color="black", linewidth=1)
        axis.set_xscale("log")
        low, high = axis.get_xlim()
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(title, fontsize=10)
        axis.grid(axis="y", alpha=0.3)
    axes[0].set_yticks(range(len(models)), models)
    axes[0].invert_yaxis()
    figure.supxlabel(f"how many times better {OURS} is (right of the line: better)", fontsize=10)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    figure.savefig(path, dpi=110)


def write(records: Sequence[Record], folder: Path = DOCS) -> None:
    """Write the report and its plot."""
    found = text(records).split("## All models", 1)
    figure = "![Each sampler relative to pmjax, by model](benchmarks.png)\n\n"
    (folder / "benchmarks.md").write_text(found[0] + figure + "## All models" + found[1])
    plot(table_of(records), folder / "benchmarks.png")
    print(f"wrote {folder / 'benchmarks.md'} and benchmarks.png")


def main() -> None:
    """Write the report from a file of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS / "full.jsonl")
    parser.add_argument("--folder", type=Path, default=DOCS)
    arguments = parser.parse_args()
    write(read(arguments.results), arguments.folder)


if __name__ == "__main__":
    main()

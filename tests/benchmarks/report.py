"""Files of the measurements: tables, a picture, the machine, and a page that shows them."""

from __future__ import annotations

import csv
import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measuring import Row
from benchmarks.scaling import AXES, PATIENCE

PACKAGES = ("hopcli", "numpy", "numba", "pandas", "matplotlib", "dwave-samplers")

STYLES: dict[str, dict[str, Any]] = {
    "hopcli": {"color": "black", "linestyle": "-", "marker": "o"},
    "straightforward class loop": {"color": "#d55e00", "linestyle": "-", "marker": "s"},
    "NumPy over chains": {"color": "#0072b2", "linestyle": "--", "marker": "^"},
    "dense numba": {"color": "#009e73", "linestyle": "-.", "marker": "D"},
    "dwave-samplers": {"color": "#999999", "linestyle": "-", "marker": "v"},
}
"""Colour, line and marker: the last two distinguish them in grey."""


def machine() -> dict[str, Any]:
    """Name the processor, its vectors, and the versions of all packages."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    said = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    return {
        "processor": said.get("model name", platform.processor() or platform.machine()),
        "avx512": " avx512f" in said.get("flags", ""),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write(folder: Path, **tables: list[Row]) -> None:
    """Write all measurements into a folder."""
    write_tables(folder, **tables)
    about = machine()
    (folder / "machine.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    has = "with" if about["avx512"] else "without"
    described = f"{about['cores']} cores, {about['processor']}, {has} AVX-512"
    if tables["scaling"]:
        draw(tables["scaling"], described).savefig(folder / "scaling.png", dpi=130)
    if tables["ratios"]:
        template = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
        lines = "\n".join(map(_line, tables["ratios"]))
        page = template.format(machine=described, rows=lines, patience=PATIENCE)
        (folder / "README.md").write_text(page, encoding="utf-8")


def write_tables(folder: Path, **tables: list[Row]) -> None:
    """Write the tables that have rows into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        if rows:
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows({key: _shown(value) for key, value in r.items()} for r in rows)


def _shown(value: object) -> str:
    """Six digits are more than a clock is worth; the ratios can be found again from them."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _line(row: Row) -> str:
    """Write a ratio as a line of the table of the page."""
    met = {"yes": " met", "no": f" missed; what bounds it: {row['bounded_by']}", "": ""}
    ratio = str(row["means"]).replace("peer", str(row["peer"]))
    line = "| {work} | {0} | {ratio:.3g} | {low:.3g} to {high:.3g} | {target}{1} "
    line += "| {ours:.3g} {unit} | {difference} |"
    return line.format(ratio, met[str(row["reached"])], **row)


def draw(points: Sequence[Row], described: str) -> Figure:
    """Draw the cost of an attempt against size, one panel per axis, both logarithmic."""
    figure = Figure(figsize=(8, 7.6), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True).ravel()
    handles: dict[str, Any] = {}
    for panel, axis in zip(panels, AXES.values(), strict=False):
        for program, style in STYLES.items():
            mine = [p for p in points if (p["axis"], p["program"]) == (axis.name, program)]
            timed: list[dict[str, Any]] = [p for p in mine if p["ns_per_attempt"] is not None]
            if not timed:
                continue
            sizes, cost = ([p[name] for p in timed] for name in ("size", "ns_per_attempt"))
            low, high = ([1e9 * p[end] / p["attempts"] for p in timed] for end in ("low", "high"))
            ends = np.abs(np.array([low, high]) - cost)
            lines = {"markersize": 5, "linewidth": 1.5, "elinewidth": 0.8, **style}
            handles[program] = panel.errorbar(sizes, cost, yerr=ends, **lines)
        panel.set(xscale="log", yscale="log", xlabel=axis.label)
        panel.set_xticks(axis.sizes, [f"{size:,}" for size in axis.sizes], fontsize=8)
        panel.minorticks_off()
        panel.yaxis.set_major_formatter("{x:g}")
        panel.grid(visible=True, alpha=0.3)
    for panel in panels[::2]:
        panel.set_ylabel("ns an attempt")
    names = [name for name in STYLES if name in handles]
    drawn = [handles[name] for name in names]
    figure.legend(drawn, names, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(f"What an attempt costs: {described}")
    return figure

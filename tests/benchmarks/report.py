"""What was measured, written: tables, a picture, the machine, and a page that shows them."""

from __future__ import annotations

import csv
import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from benchmarks.scaling import AXES, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.ratios import Ratio, Round
    from benchmarks.scaling import Point

PACKAGES = ("hopcli", "numpy", "numba", "pandas", "matplotlib", "dwave-samplers", "openjij")

STYLES = {
    "hopcli": ("black", "-", "o"),
    "hopcli recall, the whole process": ("black", ":", "o"),
    "hopcli grid run, the whole process": ("black", "--", "o"),
    "straightforward class loop": ("#d55e00", "-", "s"),
    "NumPy over chains": ("#0072b2", "--", "^"),
    "dense numba": ("#009e73", "-.", "D"),
    "dwave-samplers": ("#999999", "-", "v"),
}
"""Colour, line and marker: the last two tell them apart in grey."""

INTRODUCTION = """\
# Benchmarks

Written by `make bench` on {machine}. Programs took turns; a ratio is the median of those of the
rounds, with the lowest and the highest. One thread each unless it says other. The targets are
for a processor without AVX-512. Tables: [ratios.csv](ratios.csv), each turn in
[rounds.csv](rounds.csv), [scaling.csv](scaling.csv); versions: [machine.json](machine.json).

| work | ratio | median | lowest to highest | target | hopcli | recalled, ours / theirs |
| --- | --- | --- | --- | --- | --- | --- |"""

COMPARED = f"""\
## What is compared

All get the same couplings, starts, temperature and number of attempts; models and matrices are
made before the clock starts. Percentages recalled are those of the same starts.

- The straightforward class loop and dense numba are in
  [tests/reference_loops.py](../../tests/reference_loops.py), NumPy over chains in
  [tests/benchmarks/peers.py](../../tests/benchmarks/peers.py).
- dwave-samplers computes the N fields of each start from N x N couplings, which is most of its
  time at 20 half-sweeps, as the panel of half-sweeps shows. It is given 500 starts.
- OpenJij tries the sites in their order and no other, which is another dynamics. Its row is
  against hopcli in that order; its compiled core is called, without the sampler around it, which
  would build its model again for every start.
- In the picture a peer is left out above the size at which a call took more than {PATIENCE:g} s,
  and where its couplings would take more than about a gigabyte: scaling.csv says which.
- Images: ten digits stored. Patterns: training images, by Hebb's rule, for more than about 550
  are linearly dependent. Sites: three random patterns, 20 % of the sites turned. Half-sweeps and
  threads: the study's network. Cells: 500 chains of it each, a seed a cell, on all processors.
"""


def machine() -> dict[str, Any]:
    """Name the processor, what it can do, and the versions of what ran."""
    flags, name = [], platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        said = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
        name, flags = said.get("model name", name), said.get("flags", "").split()
    return {
        "processor": name,
        "avx512": any(flag.startswith("avx512f") for flag in flags),
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


def write(
    folder: Path, ratios: Sequence[Ratio], rounds: Sequence[Round], points: Sequence[Point]
) -> None:
    """Write what there is into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    about = machine()
    (folder / "machine.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    for name, rows in (("ratios", ratios), ("rounds", rounds), ("scaling", points)):
        if rows:
            _write_table(folder / f"{name}.csv", [asdict(row) for row in rows])
    if points:
        draw(points, about).savefig(folder / "scaling.png", dpi=130)
    if ratios:
        (folder / "README.md").write_text(page(ratios, about), encoding="utf-8")


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _shown(value) for key, value in row.items()} for row in rows)


def _shown(value: object) -> str:
    """Six digits are more than a clock is worth; the ratios can be found again from them."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def page(ratios: Sequence[Ratio], about: dict[str, Any]) -> str:
    """Show the ratios and the picture as Markdown."""
    lines = [INTRODUCTION.format(machine=_described(about))]
    for row in ratios:
        ratio = row.means.replace("peer", row.peer)
        met = {"yes": " met", "no": f" missed; what bounds it: {row.bounded_by}", "": ""}[
            row.reached
        ]
        cells = [
            row.work,
            ratio,
            f"{row.ratio:.3g}",
            f"{row.low:.3g} to {row.high:.3g}",
            f"{row.target}{met}",
            f"{row.ours:.3g} {row.unit}",
            row.recalled,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", "![Cost of an attempt against size](scaling.png)", "", COMPARED])


def _described(about: dict[str, Any]) -> str:
    has = "with" if about["avx512"] else "without"
    return f"{about['cores']} cores, {about['processor']}, {has} AVX-512"


def draw(points: Sequence[Point], about: dict[str, Any]) -> Figure:
    """Draw what an attempt costs against size, a panel an axis, both logarithmic."""
    figure = Figure(figsize=(11, 7.6), layout="constrained")
    panels = figure.subplots(2, 3, sharey=True).ravel()
    handles: dict[str, Any] = {}
    for panel, axis in zip(panels, AXES.values(), strict=False):
        mine = [point for point in points if point.axis == axis.name]
        for program in dict.fromkeys(point.program for point in mine):
            handles[program] = _line(panel, [p for p in mine if p.program == program])
        panel.set(xscale="log", yscale="log", xlabel=axis.label)
        panel.set_xticks(axis.sizes, [f"{size:,}" for size in axis.sizes], fontsize=8)
        panel.minorticks_off()
        panel.yaxis.set_major_formatter("{x:g}")
        panel.grid(visible=True, alpha=0.3)
    for panel in panels[::3]:
        panel.set_ylabel("ns an attempt")
    ordered = [name for name in STYLES if name in handles]
    drawn = [handles[name] for name in ordered]
    figure.legend(drawn, ordered, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(f"What an attempt costs: {_described(about)}")
    return figure


def _line(panel: Axes, points: Sequence[Point]) -> Any:
    """Draw a program's line, with the spread of its rounds."""
    timed = [point for point in points if point.ns_per_attempt is not None]
    colour, line, marker = STYLES[points[0].program]
    cost = [1e9 * (p.seconds_per_chain or 0) / p.attempts for p in timed]
    low = [c - 1e9 * (p.low or 0) / p.attempts for c, p in zip(cost, timed, strict=True)]
    high = [1e9 * (p.high or 0) / p.attempts - c for c, p in zip(cost, timed, strict=True)]
    return panel.errorbar(
        [p.size for p in timed],
        cost,
        yerr=[low, high],
        color=colour,
        linestyle=line,
        marker=marker,
        markersize=5,
        linewidth=1.5,
        elinewidth=0.8,
    )

"""Interleaved timing: programs take turns, so that a drifting machine hits all alike."""

from __future__ import annotations

import csv
import statistics
import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Program:
    """Something that does a job and returns final states; `percent` counts the recalled.

    `attempts` is what one call makes; `target` is how many times as long as the first
    program of its job it must take (how many times as fast we want to be).
    """

    name: str
    call: Callable[[], NDArray[np.int8] | None]
    attempts: int
    target: float | None = None
    percent: Callable[[NDArray[np.int8]], NDArray[np.float64]] | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    program: str
    seconds: float
    ns_per_attempt: float | None
    ratio: float
    target: float | None
    reached: str
    recall: str


def race(work: str, programs: list[Program], rounds: int) -> list[Row]:
    """Time every program `rounds` times in turn; ratios are medians of each round's.

    Parameters
    ----------
    work : str
        What the programs do.
    programs : list of Program
        The first is ours; the ratio of each other is its time an attempt over ours.
    rounds : int
        Number of turns.

    Returns
    -------
    list of Row
        One a program.
    """
    recalled = []
    for program in programs:
        ends = program.call()  # also compiles
        recalled.append(program.percent(ends) if program.percent and ends is not None else None)
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for program, seen in zip(programs, times, strict=True):
            begin = time.perf_counter()
            program.call()
            seen.append((time.perf_counter() - begin) / max(program.attempts, 1))
    rows = []
    for program, seen, percent in zip(programs, times, recalled, strict=True):
        ratio = statistics.median(b / a for a, b in zip(times[0], seen, strict=True))
        middle = statistics.median(seen)
        rows.append(
            Row(
                work,
                program.name,
                middle * max(program.attempts, 1),
                1e9 * middle if program.attempts else None,
                ratio,
                program.target,
                "" if program.target is None else ("yes" if ratio >= program.target else "no"),
                _agreement(recalled[0], percent),
            )
        )
    return rows


def _agreement(
    ours: NDArray[np.float64] | None, theirs: NDArray[np.float64] | None, trials: int = 100
) -> str:
    """Say whether percentages of at least `trials` trials are within four standard errors."""
    if ours is None or theirs is None:
        return ""
    if np.array_equal(ours, theirs):
        return "same"
    share = (ours + theirs) / 200
    error = 100 * np.sqrt(2 * share * (1 - share) / trials)
    return "agrees" if np.all(np.abs(ours - theirs) <= 4 * error + 1e-9) else "differs"


def write(rows: list[Row], folder: Path, heading: str) -> str:
    """Write recall.csv and recall.md to `folder`; return the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [field.name for field in fields(Row)]
    with (folder / "recall.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _shown(value) for key, value in asdict(row).items()} for row in rows)
    lines = ["| " + " | ".join(names) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    lines += ["| " + " | ".join(map(_shown, asdict(row).values())) + " |" for row in rows]
    text = f"{heading}\n\n" + "\n".join(lines) + "\n"
    (folder / "recall.md").write_text(text, encoding="utf-8")
    return text


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) and value < 1000 else (
        f"{value:.0f}" if isinstance(value, float) else str(value)
    )  # fmt: skip
